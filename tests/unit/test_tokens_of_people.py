"""Access and refresh tokens: for one plane each, short, rotated, and gone with their session."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from control_house import ControlHouse, Tenant, run
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from hh_core.ports.records import Record
from hh_core.usecases.revocations import LONGEST_TOKEN_MS
from hh_core.wire.pb.controller_pb2 import Health
from hh_memory.records import MemoryUnit
from hh_runtime.tokens import Kind, TokenKey, sign, verify

ADA, EVE = "ada@example.org", "eve@example.org"


async def with_tenant(house: ControlHouse) -> Tenant:
    return await house.organisation(await house.onboarded(ADA))


def claims_of(house: ControlHouse, token: str, audience: str) -> Any:
    return verify(
        token,
        Kind.ACCESS,
        house.keys.verifying(),
        issuer=house.keys.issuer,
        audience=audience,
        clock=lambda: house.now_ms / 1000,
    )


def test_a_token_for_a_data_plane_names_the_projects_there_and_the_roles_in_them(
    tmp_path: Path,
) -> None:
    async def test(house: ControlHouse) -> None:
        tenant = await with_tenant(house)
        ada, _ = await house.program(ADA)
        audience = f"dp:{tenant.data_plane}"

        answer = (await ada.post("/v1/tokens", {"audience": audience})).data
        claims = claims_of(house, answer["access_token"], audience)

        assert claims["prj"] == {str(tenant.project.id): ["project.admin"]}
        assert claims["exp"] - claims["iat"] == answer["expires_in"] <= 900
        assert answer["audience"] == claims["aud"] == audience
        assert answer["data_plane_url"] is None
        assert "refresh_token" not in answer
        assert (await house.with_bearer(answer["access_token"]).get("/v1/me")).status == 401

    run(tmp_path, test)


def test_the_answer_says_where_a_browser_finds_the_data_plane(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        tenant = await with_tenant(house)
        planes, url = house.plane.data_planes(), "https://data.example"
        await planes.heard(tenant.data_plane, Health(release="1", public_url=url))
        ada, _ = await house.program(ADA)

        issued = await ada.post("/v1/tokens", {"audience": f"dp:{tenant.data_plane}"})
        control = await ada.post("/v1/tokens", {"audience": "control"})
        (listed,) = (await ada.get(f"/v1/orgs/{tenant.org.id}/data-planes")).data

        assert issued.data["data_plane_url"] == listed["url"] == url
        assert control.data["data_plane_url"] is None

    run(tmp_path, test)


def test_nobody_gets_a_token_for_a_data_plane_or_a_project_that_is_not_his(
    tmp_path: Path,
) -> None:
    async def test(house: ControlHouse) -> None:
        tenant = await with_tenant(house)
        foreign = await house.organisation(await house.onboarded(EVE))
        eve, _ = await house.program(EVE)

        async def asked(plane: str, *projects: UUID) -> Any:
            body: dict[str, Any] = {"audience": f"dp:{plane}"}
            if projects:
                body["project_ids"] = [str(id_) for id_ in projects]
            answer = await eve.post("/v1/tokens", body)
            return answer.status, answer.body

        theirs, nobodys = await asked(tenant.data_plane), await asked(str(uuid4()))
        assert theirs == nobodys
        assert theirs[0] == 404
        project, other = foreign.project.id, tenant.project.id
        assert (await asked(foreign.data_plane, project))[0] == 200
        assert (await asked(foreign.data_plane, other))[0] == 404
        assert (await asked(foreign.data_plane, project, other))[0] == 404
        for audience in ("", "dp:", "dp:x", "data", "control ", ["control"], None):
            status = (await eve.post("/v1/tokens", {"audience": audience})).status
            assert (status == 200) == (audience == "control "), audience

    run(tmp_path, test)


def test_a_token_got_by_a_token_does_not_outlive_it(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        tenant = await with_tenant(house)
        ada, _ = await house.program(ADA)
        assert ada.bearer is not None
        first = claims_of(house, ada.bearer, "control")
        house.now_ms += 600_000

        for audience in ("control", f"dp:{tenant.data_plane}"):
            answer = (await ada.post("/v1/tokens", {"audience": audience})).data
            assert claims_of(house, answer["access_token"], audience)["exp"] == first["exp"]
        house.now_ms += 331_000
        assert (await ada.get("/v1/me")).status == 401

    run(tmp_path, test)


def test_a_refresh_token_counts_once_and_a_second_time_ends_the_session(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        await with_tenant(house)
        _, first = await house.program(ADA)
        other, _ = await house.program(ADA)
        refresh = "/v1/tokens/refresh"

        rotated = (await house.anybody().post(refresh, {"refresh_token": first})).data
        fresh = house.with_bearer(rotated["access_token"])
        assert (await fresh.get("/v1/me")).status == 200
        replayed = await house.anybody().post(refresh, {"refresh_token": first})
        after = await house.anybody().post(refresh, {"refresh_token": rotated["refresh_token"]})

        assert (replayed.status, after.status) == (401, 401)
        assert replayed.body == after.body
        assert (await fresh.get("/v1/me")).status == 401
        assert (await other.get("/v1/me")).status == 200
        assert len(await house.kind("revocations")) == 1
        assert first not in repr(await house.dump())

    run(tmp_path, test)


class Slow(MemoryUnit):
    """Others get their turn between a read and what follows from it."""

    async def get(self, kind: str, keys: Sequence[str]) -> Sequence[Record]:
        found = await super().get(kind, keys)
        await asyncio.sleep(0.01)
        return found


def test_of_two_at_the_same_time_one_has_stolen_the_token(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        await with_tenant(house)
        _, token = await house.program(ADA)
        tokens = house.plane.refresh_tokens()
        house.records.unit = Slow

        both = await asyncio.gather(tokens.rotate(token), tokens.rotate(token))

        (one,) = [each for each in both if each is not None]
        assert await tokens.rotate(one[1]) is None
        assert await house.kind("sessions") == {}

    run(tmp_path, test)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-4] + "AAAA",
        lambda token: token.removeprefix("hh_refresh_"),
        lambda token: token + "A",
        lambda token: "hh_refresh_" + "A" * 86,
        lambda token: "x",
    ],
)
def test_a_guessed_refresh_token_ends_nobodys_session(tmp_path: Path, spoil: Any) -> None:
    async def test(house: ControlHouse) -> None:
        await with_tenant(house)
        ada, token = await house.program(ADA)

        answer = await house.anybody().post("/v1/tokens/refresh", {"refresh_token": spoil(token)})

        assert answer.status == 401
        assert (await ada.get("/v1/me")).status == 200

    run(tmp_path, test)


def test_neither_token_passes_for_the_other(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        await with_tenant(house)
        ada, refresh = await house.program(ADA)

        as_access = await house.with_bearer(refresh).get("/v1/me")
        as_refresh = await house.anybody().post("/v1/tokens/refresh", {"refresh_token": ada.bearer})

        assert (as_access.status, as_refresh.status) == (401, 401)

    run(tmp_path, test)


@pytest.mark.parametrize("change", ["kind", "issuer", "audience", "key", "sub", "sid", "no sid"])
def test_a_token_that_is_not_of_this_plane_or_of_a_living_session_is_refused(
    tmp_path: Path, change: str
) -> None:
    async def test(house: ControlHouse) -> None:
        await with_tenant(house)
        ada, _ = await house.program(ADA)
        assert ada.bearer is not None
        claims = dict(claims_of(house, ada.bearer, "control"))
        kind, key = Kind.ACCESS, house.keys.signing()
        match change:
            case "kind":
                kind = Kind.CLUSTER
            case "issuer":
                claims["iss"] = "another"
            case "audience":
                claims["aud"] = "dp:x"
            case "key":
                key = TokenKey(key.kid, generate_private_key(SECP256R1()))
            case "no sid":
                del claims["sid"]
            case _:
                claims[change] = str(uuid4())

        answer = await house.with_bearer(sign(kind, key, claims)).get("/v1/me")

        assert answer.status == 401

    run(tmp_path, test)


def test_a_token_after_a_revocation_counts_and_none_of_before(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        tenant = await with_tenant(house)
        ada, _ = await house.program(ADA)
        audience = f"dp:{tenant.data_plane}"
        user_id = UUID((await ada.get("/v1/me")).data["user"]["user_id"])

        async def issued() -> int:
            answer = (await ada.post("/v1/tokens", {"audience": audience})).data
            return int(claims_of(house, answer["access_token"], audience)["iat"])

        house.now_ms += 400
        before = await issued()
        async with house.records.begin() as unit:
            await house.plane.revocations().end_tokens(unit, user_id)
        after = await issued()
        (revocation,) = (await house.kind("revocations")).values()

        assert before * 1000 < revocation["issued_before_ms"] <= after * 1000
        assert after - before == 1
        house.now_ms += LONGEST_TOKEN_MS
        await house.plane.forget()()
        assert await house.kind("revocations") == {}

    run(tmp_path, test)


def test_the_published_keys_verify_what_is_signed(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        house.now_ms = int(time.time() * 1000)
        await with_tenant(house)
        ada, _ = await house.program(ADA)
        assert ada.bearer is not None
        answer = await house.anybody().get("/.well-known/jwks.json")
        keys = jwt.PyJWKSet.from_dict(answer.body)

        key = keys[jwt.get_unverified_header(ada.bearer)["kid"]]
        decoded = jwt.decode(ada.bearer, key, algorithms=["ES256"], audience="control")

        assert decoded["iss"] == house.keys.issuer
        assert {"d", "k"}.isdisjoint(answer.body["keys"][0])

    run(tmp_path, test)
