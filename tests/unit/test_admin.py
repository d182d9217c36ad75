"""What an operator does at the control plane's host, over a database in memory."""

import asyncio
import ssl
import stat
import time
import tomllib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import argon2
import pytest
from cryptography import x509
from typer.testing import CliRunner

from hh_cli.admin import projects
from hh_cli.admin.certificate import issue
from hh_cli.admin.founding import found, initialise
from hh_cli.admin.invitation import invitation
from hh_cli.admin.office import Office, office
from hh_cli.admin.people import (
    add_person,
    administrator_of,
    join,
    list_people,
    list_projects,
    reset_password,
    the_data_plane,
    the_organisation,
)
from hh_cli.embedded.credentials import Credentials, make_credentials
from hh_cli.embedded.host import read_invitation
from hh_cli.embedded.layout import Layout
from hh_cli.main import app
from hh_control.key_ring import KeyRing
from hh_control.passwords import Argon2Passwords
from hh_core.domain.api_keys import KeyKind, digest_of
from hh_core.domain.scopes import Level, Role, Scope
from hh_core.errors import ConflictError, NotFoundError, RejectedError
from hh_core.usecases.audit import OPERATOR
from hh_core.usecases.data_planes import fingerprint_in
from hh_core.usecases.user_sessions import SessionKind
from hh_memory.records import Backend, MemoryRecords

T = TypeVar("T")
PASSWORD = "correct horse battery"


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    (tmp_path / "trust").mkdir(mode=0o700)
    return KeyRing(tmp_path / "trust")


@pytest.fixture
def known(tmp_path: Path) -> Credentials:
    layout = Layout.of(tmp_path / "hh")
    layout.base.mkdir()
    return make_credentials(layout)


def _at(ring: KeyRing, work: Callable[[Office], Awaitable[T]]) -> T:
    async def run() -> T:
        cheap = Argon2Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=32, parallelism=1))
        return await work(replace(office(MemoryRecords(Backend()), ring), passwords=cheap))

    return asyncio.run(run())


async def _dump(at: Office) -> str:
    """Everything that the database holds."""
    kinds = (
        *("organisations", "workspaces", "projects", "users", "user-emails", "members", "audit"),
        *("api-keys", "api-key-digests", "data-planes-known", "sessions", "memberships"),
    )
    async with at.records.begin() as unit:
        return "\n".join([repr(await unit.find(kind)) for kind in kinds])


def test_the_first_start_makes_people_places_keys_and_a_data_plane(
    ring: KeyRing, known: Credentials
) -> None:
    async def work(at: Office) -> None:
        token = await found(at, known)

        assert token is not None
        assert fingerprint_in(token) == ring.fingerprint()
        places = {
            level: await at.places.find(level, UUID(id_))
            for level, id_ in {
                Level.ORGANISATION: known.org_id,
                Level.WORKSPACE: known.workspace_id,
                Level.PROJECT: known.project_id,
            }.items()
        }
        assert None not in places.values()
        project = await at.places.get(places[Level.PROJECT] or Scope(UUID(int=0)))
        assert project.value["data_plane_id"] == known.dp_id
        (user,) = await list_people(at)
        assert user.email == known.admin_email
        assert await at.passwords.verify(user.password, known.admin_password)
        held = await at.memberships.roles(user.user_id)
        assert held == {
            UUID(known.org_id): frozenset({Role.ORG_ADMIN}),
            UUID(known.workspace_id): frozenset({Role.WORKSPACE_ADMIN}),
            UUID(known.project_id): frozenset({Role.PROJECT_ADMIN}),
        }
        key = await at.keys.find(digest_of(known.api_key))
        assert key is not None
        assert (str(key.key_id), key.kind) == (known.key_id, KeyKind.PROJECT)
        cli = await at.keys.find(digest_of(known.control_key))
        assert cli is not None
        assert "project.redrive_dead_letters" in cli.permissions

    _at(ring, work)


def test_a_first_start_that_was_cut_off_goes_on_where_it_stopped(
    ring: KeyRing, known: Credentials
) -> None:
    class CutError(Exception):
        pass

    async def work(at: Office) -> None:
        writes = 0
        begin = at.records.begin

        def cut_after(allowed: int) -> None:
            nonlocal writes
            writes = 0

            def counted() -> object:
                nonlocal writes
                writes += 1
                if writes > allowed:
                    raise CutError
                return begin()

            at.records.begin = counted  # type: ignore[method-assign, assignment]  # the cut

        tokens = set()
        for allowed in range(1, 40):
            cut_after(allowed)
            try:
                tokens.add(await found(at, known))
            except CutError:
                continue
            break
        at.records.begin = begin  # type: ignore[method-assign]  # whole again

        assert len(tokens) == 1
        assert len(await list_people(at)) == 1
        assert len(await list_projects(at)) == 1
        assert len(await at.planes.list(UUID(known.org_id))) == 1
        assert await at.keys.find(digest_of(known.control_key)) is not None

    _at(ring, work)


def test_no_password_key_or_token_stands_in_the_database(ring: KeyRing, known: Credentials) -> None:
    async def work(at: Office) -> None:
        token = await found(at, known)
        made = await projects.add(at, "second", known.dp_id, organisation=None, workspace=None)
        dump = await _dump(at)
        for secret in (known.admin_password, known.api_key, known.control_key, made.api_key, token):
            assert secret is not None
            assert secret not in dump
        assert known.project_id in dump

    _at(ring, work)


def test_the_first_organisation_is_made_once(ring: KeyRing) -> None:
    async def work(at: Office) -> None:
        org, user = await initialise(at, "ada@example.com", PASSWORD, "Acme")

        assert (await the_organisation(at, None)).scope == org
        assert await administrator_of(at, org) == user.user_id
        with pytest.raises(ConflictError, match="reset-password"):
            await initialise(at, "eve@example.com", PASSWORD, "Evil")
        assert [each.email for each in await list_people(at)] == ["ada@example.com"]

    _at(ring, work)


def test_a_new_password_ends_every_session(ring: KeyRing) -> None:
    async def work(at: Office) -> None:
        _, user = await initialise(at, "ada@example.com", PASSWORD, "Acme")
        async with at.records.begin() as unit:
            await at.sessions.open(
                unit, user.user_id, SessionKind.COOKIE, address="192.0.2.9", agent="a"
            )

        await reset_password(at, "Ada@Example.com", "another long password")

        assert await at.sessions.of_person(user.user_id) == []
        (fresh,) = await list_people(at)
        assert await at.passwords.verify(fresh.password, "another long password")
        assert not await at.passwords.verify(fresh.password, PASSWORD)
        with pytest.raises(NotFoundError, match="nobody has the address"):
            await reset_password(at, "bob@example.com", PASSWORD)
        with pytest.raises(RejectedError, match="password: must have"):
            await reset_password(at, "ada@example.com", "short")

    _at(ring, work)


def test_somebody_who_is_added_is_a_member_and_no_administrator(ring: KeyRing) -> None:
    async def work(at: Office) -> None:
        org, _ = await initialise(at, "ada@example.com", PASSWORD, "Acme")
        bob = await add_person(at, "bob@example.com", PASSWORD)
        await join(at, bob, org, [Role.ORG_MEMBER])

        assert await at.memberships.roles(bob.user_id) == {org.org: frozenset({Role.ORG_MEMBER})}
        with pytest.raises(ConflictError, match="is known"):
            await add_person(at, "BOB@example.com", PASSWORD)

    _at(ring, work)


def test_a_data_plane_is_found_by_name_or_id(ring: KeyRing) -> None:
    async def work(at: Office) -> None:
        org, _ = await initialise(at, "ada@example.com", PASSWORD, "Acme")
        made = await at.planes.create(OPERATOR, org.org, "eu-1")

        assert await the_data_plane(at, org.org, "eu-1") == made.dp_id
        assert await the_data_plane(at, org.org, str(made.dp_id)) == made.dp_id
        with pytest.raises(NotFoundError, match="us-1"):
            await the_data_plane(at, org.org, "us-1")
        await at.planes.create(OPERATOR, org.org, "eu-1")
        with pytest.raises(RejectedError, match="use the id"):
            await the_data_plane(at, org.org, "eu-1")

    _at(ring, work)


def test_what_the_operator_does_is_in_the_audit(ring: KeyRing) -> None:
    async def work(at: Office) -> None:
        org, _ = await initialise(at, "ada@example.com", PASSWORD, "Acme")
        await at.planes.create(OPERATOR, org.org, "eu-1")
        entries = await at.audit.entries(org.org)

        assert {entry.actor for entry in entries} == {"operator"}
        assert {entry.action for entry in entries} == {
            "create_organisation",
            "create_workspace",
            "create_data_plane",
        }

    _at(ring, work)


@pytest.mark.parametrize("name", ["control.example", "192.0.2.1", "::1"])
def test_a_certificate_is_good_for_its_names_and_its_authority_only(
    tmp_path: Path, name: str
) -> None:
    ca, certificate, key = issue(tmp_path / "tls", [name, "other.example"])
    issue(tmp_path / "foreign", [name])

    assert {stat.S_IMODE(path.stat().st_mode) for path in (ca, certificate, key)} == {0o600}
    assert _handshake(ca, certificate, key, name)
    assert _handshake(ca, certificate, key, "other.example")
    assert not _handshake(ca, certificate, key, "third.example")
    assert not _handshake(tmp_path / "foreign" / "ca.pem", certificate, key, name)


def test_a_certificate_that_is_renewed_has_the_same_authority(tmp_path: Path) -> None:
    ca, first, _ = issue(tmp_path, ["control.example"])
    authority, old = ca.read_bytes(), first.read_bytes()

    _, second, key = issue(tmp_path, ["control.example"])

    assert ca.read_bytes() == authority
    assert second.read_bytes() != old
    assert _handshake(ca, second, key, "control.example")
    lasts = x509.load_pem_x509_certificate(second.read_bytes()).not_valid_after_utc.timestamp()
    assert 396 * 86_400 < lasts - time.time() < 398 * 86_400


def _handshake(ca: Path, certificate: Path, key: Path, name: str) -> bool:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cafile=str(ca))
    c_in, c_out, s_in, s_out = (ssl.MemoryBIO() for _ in range(4))
    ends = [
        (client.wrap_bio(c_in, c_out, server_hostname=name), c_out, s_in),
        (server.wrap_bio(s_in, s_out, server_side=True), s_out, c_in),
    ]
    done: set[int] = set()
    for _ in range(10):
        for number, (end, outgoing, peer) in enumerate(ends):
            try:
                end.do_handshake()
                done.add(number)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                return False
            peer.write(outgoing.read())
    return done == {0, 1}


@pytest.mark.parametrize("name", ["eu-1", 'a "b" \\ ü', "two\nlines"])
def test_what_is_printed_for_a_data_plane_is_what_its_host_reads(tmp_path: Path, name: str) -> None:
    token = "hh_enrol_" + "k" * 43 + "_" + "0f" * 32
    dp_id = "6c1b1c52-6f0e-4a5e-9d5a-6f2f0d5e7a10"
    text = invitation(name, dp_id, "control.example:8473", None, token)
    (tmp_path / "ca.pem").write_text("the authority")
    (tmp_path / "eu-1.toml").write_text(text)

    read = read_invitation(tmp_path / "eu-1.toml")

    assert (str(read.dp_id), read.intake) == (dp_id, "control.example:8473")
    assert (read.enrolment_token, read.tls_ca) == (token, "the authority")
    assert tomllib.loads(invitation(name, dp_id, "127.0.0.1:1", None, token))["control"].keys() == {
        "intake",
        "enrolment_token",
    }


def test_no_command_takes_a_password_or_a_token_as_an_option() -> None:
    for words in ("init", "user add", "user reset-password", "data-plane add", "project add"):
        shown = CliRunner().invoke(app, ["admin", *words.split(), "--help"], terminal_width=200)
        assert shown.exit_code == 0, shown.output
        options = {word for word in shown.output.split() if word.startswith("--")}
        assert {word for word in options if "password" in word} <= {"--ask-password"}
        assert not any("token" in word or "key" in word for word in options)
