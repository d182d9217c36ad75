"""Signing in: one answer for all who may not, throttled; sessions end when they should."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import argon2
import pytest
from control_house import PASSWORD, Answer, Browser, ControlHouse, run

from hh_control.passwords import MAX_WAITING, Argon2Passwords
from hh_core.errors import OverloadedError
from hh_core.usecases.sign_in_throttle import ACCOUNT, ADDRESS

ADA, GRACE = "ada@example.org", "grace@example.org"


async def sign_in(house: ControlHouse, email: str, password: str, **more: str) -> Answer:
    return await house.anybody().post("/v1/sign-in", {"email": email, "password": password, **more})


def test_who_signs_in_is_himself_whatever_the_case_of_his_address(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        user_id = await house.onboarded(ADA, name="Ada")

        browser = await house.browser("ADA@example.org ")
        me = (await browser.get("/v1/me")).data

        assert me["user"] == {"user_id": str(user_id), "email": ADA, "name": "Ada"}
        assert me["csrf_token"] == browser.csrf
        assert me["memberships"] == []

    run(tmp_path, test)


def test_unknown_wrong_and_not_onboarded_are_one_answer_after_the_same_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    real = Argon2Passwords._fits

    def counted(self: Argon2Passwords, hash_: str, password: bytes) -> bool:
        hashed.append(hash_.rpartition("$")[0].rpartition("$")[0])
        return real(self, hash_, password)

    monkeypatch.setattr(Argon2Passwords, "_fits", counted)

    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        async with house.records.begin() as unit:
            await house.plane.people().invited(unit, GRACE)
        reads = ReadsOf(house)

        answers = []
        for email, password in ((ADA, "wrong password!"), ("nobody@x.org", PASSWORD), (GRACE, "")):
            answers.append(await sign_in(house, email, password or PASSWORD))
            reads.next()

        assert {answer.status for answer in answers} == {401}
        assert answers[0].body == answers[1].body == answers[2].body
        assert len(hashed) == 3
        assert len(set(hashed)) == 1, "the same parameters"
        assert reads.counts[0] == reads.counts[1] == reads.counts[2]

    run(tmp_path, test)


class ReadsOf:
    """How many records each request asks for."""

    def __init__(self, house: ControlHouse) -> None:
        self.counts = [0]
        unit = house.records.unit
        counts = self.counts

        class Counted(unit):  # type: ignore[valid-type,misc]  # a class that is a value
            async def get(self, kind: str, keys: Sequence[str]) -> object:
                counts[-1] += len(keys)
                return await super().get(kind, keys)

        house.records.unit = Counted

    def next(self) -> None:
        self.counts.append(0)


def test_an_account_is_throttled_and_says_until_when(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        wrong = [(await sign_in(house, ADA, "not this one!!")).status for _ in range(ACCOUNT.burst)]

        refused = await sign_in(house, ADA, PASSWORD)
        unknown = [
            (await sign_in(house, "nobody@x.org", PASSWORD)).status
            for _ in range(ACCOUNT.burst + 1)
        ]
        house.now_ms += int(refused.headers["Retry-After"]) * 1000

        assert set(wrong) == {401}
        assert refused.status == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= ACCOUNT.refill_ms // 1000
        assert unknown == [401] * ACCOUNT.burst + [429], "as an account that there is"
        assert (await sign_in(house, ADA, PASSWORD)).status == 200

    run(tmp_path, test)


def test_an_address_is_throttled_over_all_accounts(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        statuses = [
            (await sign_in(house, f"{number}@x.org", PASSWORD)).status
            for number in range(ADDRESS.burst + 1)
        ]

        assert statuses == [401] * ADDRESS.burst + [429]
        house.now_ms += ADDRESS.burst * ACCOUNT.refill_ms
        assert await house.plane.throttle().expire() == ADDRESS.burst + 1
        assert await house.kind("sign-in-throttle") == {}

    run(tmp_path, test)


def test_tries_at_the_same_time_are_all_counted(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        tries = (sign_in(house, ADA, "not this one!!") for _ in range(3 * ACCOUNT.burst))
        statuses = [answer.status for answer in await asyncio.gather(*tries)]

        assert statuses.count(401) <= ACCOUNT.burst
        assert set(statuses) <= {401, 429}

    run(tmp_path, test)


def test_a_few_passwords_are_checked_at_once_and_a_crowd_is_turned_away() -> None:
    async def crowd() -> list[object]:
        quick = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        passwords = Argon2Passwords(quick)
        tries = (passwords.verify(None, "x") for _ in range(MAX_WAITING + 3))
        return list(await asyncio.gather(*tries, return_exceptions=True))

    answers = asyncio.run(crowd())

    assert answers.count(False) == MAX_WAITING
    assert sum(isinstance(answer, OverloadedError) for answer in answers) == 3


def test_the_cookie_is_out_of_reach_for_scripts_and_other_pages(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        body = {"email": ADA, "password": PASSWORD}
        here = await house.anybody()("POST", "/v1/sign-in", body)
        proxied = await house.anybody()("POST", "/v1/sign-in", body, Host="control.example")

        for answer, secure in ((here, ""), (proxied, True)):
            morsel = answer.cookies["hh_session"]
            assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "Lax", "/")
            assert morsel["secure"] == secure
            assert len(morsel.value) == 86

    run(tmp_path, test)


def test_what_changes_something_by_cookie_must_repeat_the_csrf_token(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        browser = await house.browser(ADA)
        other = await house.browser(ADA)
        org = {"name": "mine"}

        for csrf in (None, "", "guess", other.csrf):
            forged = Browser(house, cookie=browser.cookie, csrf=csrf)
            assert (await forged.post("/v1/orgs", org)).status == 403
            assert (await forged.post("/v1/sign-out")).status == 403
            assert (await forged.get("/v1/me")).status == 200
        assert await house.kind("organisations") == {}
        assert (await browser.post("/v1/orgs", org)).status == 200

    run(tmp_path, test)


def test_a_form_of_another_page_signs_nobody_in(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        body = {"email": ADA, "password": PASSWORD}
        as_form = {"Content-Type": "text/plain"}

        answer = await house.anybody()("POST", "/v1/sign-in", body, **as_form)

        assert answer.status == 415
        assert answer.cookies == {}

    run(tmp_path, test)


def test_sessions_are_listed_and_revoked_by_their_owner_only(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        await house.onboarded(GRACE)
        one, two = await house.browser(ADA), await house.browser(ADA)
        stranger = await house.browser(GRACE)
        listed = (await one.get("/v1/me/sessions")).data
        (other,) = [each["session_id"] for each in listed if not each["is_current"]]

        foreign = await stranger("DELETE", f"/v1/me/sessions/{other}")
        unknown = await stranger("DELETE", f"/v1/me/sessions/{UUID(int=7)}")
        assert (await two.get("/v1/me")).status == 200
        revoked = await one("DELETE", f"/v1/me/sessions/{other}")

        assert len(listed) == 2
        assert {"digest", "cookie"}.isdisjoint(listed[0])
        assert (foreign.status, foreign.body) == (unknown.status, unknown.body)
        assert foreign.status == 404
        assert revoked.status == 200
        assert (await two.get("/v1/me")).status == 401
        assert (await one.get("/v1/me")).status == 200
        revocations = await house.kind("revocations")
        assert set(revocations) == {f"session/{other}"}

    run(tmp_path, test)


def test_signing_out_ends_the_session_its_tokens_and_its_cookie(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        browser = await house.browser(ADA)
        program, refresh = await house.program(ADA)

        out = await browser.post("/v1/sign-out")
        gone = await program.post("/v1/sign-out")

        assert (out.status, gone.status) == (200, 200)
        assert out.cookies["hh_session"].value == ""
        assert (await browser.get("/v1/me")).status == 401
        assert (await program.get("/v1/me")).status == 401
        body = {"refresh_token": refresh}
        assert (await house.anybody().post("/v1/tokens/refresh", body)).status == 401
        assert await house.kind("session-tokens") == {}
        assert len(await house.kind("revocations")) == 2

    run(tmp_path, test)


def test_a_new_password_ends_the_other_sessions(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        here, there = await house.browser(ADA), await house.browser(ADA)
        program, _ = await house.program(ADA)
        new = "another, longer secret"

        wrong = await here.post("/v1/me/password", {"password": "no", "new_password": new})
        changed = await here.post("/v1/me/password", {"password": PASSWORD, "new_password": new})

        assert (wrong.status, changed.status) == (401, 200)
        assert (await here.get("/v1/me")).status == 200
        assert (await there.get("/v1/me")).status == 401
        assert (await program.get("/v1/me")).status == 401
        assert (await sign_in(house, ADA, PASSWORD)).status == 401
        assert (await sign_in(house, ADA, new)).status == 200

    run(tmp_path, test)


@pytest.mark.parametrize("weak", ["short", "x" * 257, ADA, "ADA@example.ORG", "abababababab"])
def test_a_password_that_is_easy_to_guess_is_refused_by_name(tmp_path: Path, weak: str) -> None:
    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        browser = await house.browser(ADA)
        body = {"password": PASSWORD, "new_password": weak}

        answer = await browser.post("/v1/me/password", body)

        assert answer.status == 422
        assert answer.body["message"].startswith("password:")
        assert weak not in answer.body["message"]

    run(tmp_path, test)


def test_a_session_ends_when_it_is_idle_or_old(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        day = 86_400_000
        idle, used = await house.browser(ADA), await house.browser(ADA)
        for _ in range(5):
            house.now_ms += 5 * day
            assert (await used.get("/v1/me")).status == 200

        assert (await idle.get("/v1/me")).status == 401
        house.now_ms += 6 * day
        assert (await used.get("/v1/me")).status == 401
        assert await house.plane.forget()() > 0
        assert await house.kind("sessions") == {}

    run(tmp_path, test)


def test_nothing_that_opens_anything_is_kept_or_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        browser = await house.browser(ADA)
        program, refresh = await house.program(ADA)
        house.heard.clear()
        await sign_in(house, ADA, "wrong but secret!")
        await browser.get("/v1/me")
        await browser.get("/v1/me/sessions")
        tampered = Browser(house, cookie=f"{browser.cookie}"[:-8] + "AAAAAAAA")
        assert (await tampered.get("/v1/me")).status == 401
        secrets = [PASSWORD, "wrong but secret!", browser.cookie, refresh, program.bearer]

        kept = repr(await house.dump())
        for secret in secrets:
            assert secret is not None
            for where in (kept, caplog.text, *house.heard):
                assert secret not in where
                assert secret[-40:] not in where

    run(tmp_path, test)


def test_a_client_whose_name_is_no_text_signs_in_and_is_listed(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        body = f'{{"email": "{ADA}", "password": "{PASSWORD}"}}'.encode()
        head = (
            b"POST /v1/sign-in HTTP/1.1\r\nHost: x\r\nUser-Agent: a\xff\xfeb\r\nConnection: close"
            b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        server = house.client.server
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(head + body)
        answer = await reader.read()
        writer.close()

        assert answer.startswith(b"HTTP/1.1 200 ")
        sessions = (await (await house.browser(ADA)).get("/v1/me/sessions")).data
        assert "a??b" in {each["agent"] for each in sessions}

    run(tmp_path, test)
