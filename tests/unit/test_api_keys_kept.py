"""API keys at the control plane: who gets one, what it may do, and what is left of it."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from hh_control.answers import moment
from hh_control.key_authentication import KeyAuthentication
from hh_control.routes.keys import key_routes
from hh_control.routing import Presented, Scopes, application
from hh_core.domain.api_keys import KeyKind, digest_of, is_well_formed, kind_of
from hh_core.domain.authority import ApiKey, Caller, Decision, Person, decide
from hh_core.domain.policy import Plane, operation
from hh_core.domain.scopes import Level, Role, Scope
from hh_core.errors import ConflictError, NotFoundError, RejectedError
from hh_core.ports.records import Records
from hh_core.usecases import api_keys
from hh_core.usecases.api_keys import API_KEYS, CACHE_MS, DIGESTS, HOUR_MS, ApiKeys, Wanted
from hh_core.usecases.audit import AUDIT, Audit
from hh_core.usecases.changes import CONFIGURATION, EPOCH
from hh_memory.records import RecordsConfig, open_records

ORG, WORKSPACE, PROJECT = UUID(int=1), UUID(int=2), UUID(int=3)
HERE = Scope(ORG, WORKSPACE, PROJECT)
ABOVE = Scope(ORG)
ELSEWHERE = Scope(UUID(int=11), UUID(int=12), UUID(int=13))
ANNA = Person(
    UUID(int=100),
    UUID(int=101),
    {PROJECT: frozenset({Role.PROJECT_ADMIN}), ORG: frozenset({Role.ORG_ADMIN})},
)
CLASSIC = Wanted(kind=KeyKind.PROJECT, name="ci")


@dataclass
class World:
    records: Records
    keys: ApiKeys
    clock: list[int] = field(default_factory=lambda: [1_800_000_000_000])
    roles: dict[UUID, Mapping[UUID, frozenset[Role]]] = field(default_factory=dict)

    @property
    def now(self) -> int:
        return self.clock[0]

    def other_process(self) -> ApiKeys:
        return keys_of(self.records, self.clock)

    async def roles_of(self, user_id: UUID) -> Mapping[UUID, frozenset[Role]]:
        return self.roles.get(user_id, {})

    def authentication(self) -> KeyAuthentication:
        return KeyAuthentication(self.keys, self.roles_of, now_ms=lambda: self.now)

    async def dump(self) -> str:
        async with self.records.begin() as unit:
            kinds = (API_KEYS, DIGESTS, AUDIT, CONFIGURATION)
            return repr([await unit.find(kind) for kind in kinds])

    async def epoch(self) -> str:
        async with self.records.begin() as unit:
            found = await unit.get(CONFIGURATION, [EPOCH])
        return str(found[0].value[EPOCH]) if found else ""

    async def actions(self) -> list[tuple[str, str]]:
        async with self.records.begin() as unit:
            found = [record.value for record in await unit.find(AUDIT)]
        return sorted((entry["action"], entry["actor"]) for entry in found)


def keys_of(records: Records, clock: list[int]) -> ApiKeys:
    audit = Audit(records, now_ms=lambda: clock[0])
    return ApiKeys(records, audit, now_ms=lambda: clock[0], random=os.urandom, new_id=uuid4)


def run(test: Callable[[World], Awaitable[None]]) -> None:
    async def in_world() -> None:
        async with open_records(RecordsConfig()) as records:
            clock = [1_800_000_000_000]
            await test(World(records, keys_of(records, clock), clock))

    asyncio.run(in_world())


@pytest.mark.parametrize("kind", KeyKind)
def test_a_key_is_shown_once_and_only_its_digest_is_kept(kind: KeyKind) -> None:
    async def test(world: World) -> None:
        chosen = {
            KeyKind.DATA_PLANE: {"project.export_events"},
            KeyKind.CONTROL_PLANE: {"project.query"},
        }.get(kind, set())
        expires = world.now + HOUR_MS if kind.is_fine_grained else None
        wanted = Wanted(kind=kind, name="ci", permissions=frozenset(chosen), expires_ms=expires)

        key, stored = await world.keys.create(ANNA, HERE, wanted)

        assert kind_of(key) is kind
        assert is_well_formed(key)
        assert stored.shown.endswith(key[-4:])
        assert len(stored.shown) < 16
        found = await world.keys.find(digest_of(key))
        assert found == stored
        dump = await world.dump()
        assert digest_of(key) in dump
        assert key not in dump
        assert key[12:40] not in dump

    run(test)


def test_keys_that_are_made_alike_differ() -> None:
    async def test(world: World) -> None:
        made = [await world.keys.create(ANNA, HERE, CLASSIC) for _ in range(20)]

        assert len({key for key, _ in made}) == len({key.key_id for _, key in made}) == 20

    run(test)


def test_a_revoked_key_is_found_no_more_and_elsewhere_after_five_seconds() -> None:
    async def test(world: World) -> None:
        other = world.other_process()
        key, stored = await world.keys.create(ANNA, HERE, CLASSIC)
        assert await other.find(digest_of(key)) == stored
        before = await world.epoch()

        revoked = await world.keys.revoke(ANNA, HERE, stored.key_id)

        assert revoked.revoked_ms == world.now
        assert await world.epoch() != before
        assert await world.keys.find(digest_of(key)) is None
        world.clock[0] += CACHE_MS
        assert await other.find(digest_of(key)) is None
        assert await world.keys.revoke(ANNA, HERE, stored.key_id) == revoked
        assert await world.actions() == [
            ("create_project_key", f"user/{ANNA.user_id}"),
            ("revoke_project_key", f"user/{ANNA.user_id}"),
        ]

    run(test)


def test_an_expired_key_is_found_no_more() -> None:
    async def test(world: World) -> None:
        wanted = Wanted(kind=KeyKind.READ_ONLY, name="x", expires_ms=world.now + 1000)
        key, _ = await world.keys.create(ANNA, HERE, wanted)
        assert await world.keys.find(digest_of(key)) is not None
        world.clock[0] += 1000

        assert await world.keys.find(digest_of(key)) is None

    run(test)


def test_keys_of_another_scope_are_neither_listed_nor_revoked() -> None:
    async def test(world: World) -> None:
        _, own = await world.keys.create(ANNA, HERE, CLASSIC)

        assert [key.key_id for key in await world.keys.page(HERE)] == [own.key_id]
        for other in (ABOVE, Scope(ORG, WORKSPACE), ELSEWHERE):
            assert await world.keys.page(other) == []
            with pytest.raises(NotFoundError) as foreign:
                await world.keys.revoke(ANNA, other, own.key_id)
            with pytest.raises(NotFoundError) as unknown:
                await world.keys.revoke(ANNA, other, uuid4())
            assert str(foreign.value) == str(unknown.value)
        assert (await world.keys.page(HERE))[0].revoked_ms is None

    run(test)


LATER = 1_800_000_000_000 + HOUR_MS
DATA_PLANE, CONTROL_PLANE = KeyKind.DATA_PLANE, KeyKind.CONTROL_PLANE


@pytest.mark.parametrize(
    ("root", "wanted", "field"),
    [
        (ABOVE, CLASSIC, "kind"),
        (Scope(ORG, WORKSPACE), Wanted(kind=KeyKind.INGESTION, name="x"), "kind"),
        (ABOVE, Wanted(kind=KeyKind.READ_ONLY, name="x"), "kind"),
        (HERE, Wanted(kind=KeyKind.PROJECT, name="x", permissions=frozenset({"a"})), "permissions"),
        (HERE, Wanted(kind=DATA_PLANE, name="x", expires_ms=LATER), "permissions"),
        (
            HERE,
            Wanted(
                kind=DATA_PLANE,
                name="x",
                permissions=frozenset({"project.query"}),
                expires_ms=LATER,
            ),
            "permissions",
        ),
        (
            HERE,
            Wanted(
                kind=CONTROL_PLANE,
                name="x",
                permissions=frozenset({"org.list_workspaces"}),
                expires_ms=LATER,
            ),
            "permissions",
        ),
        (
            HERE,
            Wanted(
                kind=CONTROL_PLANE,
                name="x",
                permissions=frozenset({"project.create_project_key"}),
                expires_ms=LATER,
            ),
            "permissions",
        ),
        (
            HERE,
            Wanted(kind=DATA_PLANE, name="x", permissions=frozenset({"project.get_event"})),
            "expires_at",
        ),
        (HERE, Wanted(kind=KeyKind.PROJECT, name="x", expires_ms=1), "expires_at"),
        (HERE, Wanted(kind=KeyKind.PROJECT, name="x", expires_ms=1 << 44), "expires_at"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused_by_the_name_of_the_field(
    root: Scope, wanted: Wanted, field: str
) -> None:
    async def test(world: World) -> None:
        with pytest.raises(RejectedError, match=f"^{field}: ") as refusal:
            await world.keys.create(ANNA, root, wanted)

        assert refusal.value.code == 422
        assert await world.keys.page(root) == []

    run(test)


def test_nobody_gives_a_key_what_he_does_not_hold_himself() -> None:
    async def test(world: World) -> None:
        member = Person(UUID(int=7), UUID(int=8), {PROJECT: frozenset({Role.PROJECT_MEMBER})})
        wanted = Wanted(
            kind=CONTROL_PLANE,
            name="x",
            permissions=frozenset({"project.query", "project.delete_project"}),
            expires_ms=LATER,
        )

        with pytest.raises(RejectedError, match=r"do not hold project\.delete_project here"):
            await world.keys.create(member, HERE, wanted)
        with pytest.raises(RejectedError, match="do not hold"):
            await world.keys.create(member, ELSEWHERE, CLASSIC)

    run(test)


def test_a_key_of_an_organisation_borrows_its_makers_rights_below_it() -> None:
    async def test(world: World) -> None:
        wanted = Wanted(
            kind=CONTROL_PLANE,
            name="x",
            permissions=frozenset({"org.list_workspaces", "project.query", "project.get_project"}),
            expires_ms=LATER,
        )
        key, _ = await world.keys.create(ANNA, ABOVE, wanted)
        authentication = world.authentication()
        query = operation(Plane.CONTROL, "query")

        async def decided(scope: Scope) -> Decision:
            caller = await authentication.find(key)
            assert caller is not None
            return decide(caller, query, scope)

        assert await decided(HERE) is Decision.UNKNOWN
        world.roles[ANNA.user_id] = {PROJECT: frozenset({Role.PROJECT_MEMBER})}
        assert await decided(HERE) is Decision.ALLOWED
        assert await decided(Scope(ORG, WORKSPACE, UUID(int=4))) is Decision.UNKNOWN
        world.roles.clear()
        assert await decided(HERE) is Decision.UNKNOWN
        caller = await authentication.find(key)
        assert decide(caller, operation(Plane.CONTROL, "list_workspaces"), ABOVE) is (
            Decision.ALLOWED
        )

    run(test)


def test_last_use_moves_forward_only_to_the_hour_and_only_for_the_tenants_own_keys() -> None:
    async def test(world: World) -> None:
        _, stored = await world.keys.create(ANNA, HERE, CLASSIC)
        epoch = await world.epoch()
        hour = world.now // HOUR_MS * HOUR_MS

        async def last_used() -> int | None:
            return (await world.keys.page(HERE))[0].last_used_ms

        await world.keys.note_uses({stored.key_id: hour - HOUR_MS, uuid4(): 1})
        assert await last_used() == hour - HOUR_MS
        await world.keys.note_uses({stored.key_id: world.now * 1000})
        assert await last_used() == hour
        await world.keys.note_uses({stored.key_id: 5})
        assert await last_used() == hour
        assert await world.epoch() == epoch

    run(test)


def test_a_key_used_at_the_control_plane_says_when() -> None:
    async def test(world: World) -> None:
        key, _ = await world.keys.create(ANNA, HERE, CLASSIC)
        authentication = world.authentication()

        assert await authentication.find(key) is not None
        assert await authentication.find(key + "x") is None
        assert await authentication.find("hh_" + "x" * 1000) is None

        assert (await world.keys.page(HERE))[0].last_used_ms == world.now // HOUR_MS * HOUR_MS

    run(test)


def test_what_is_remembered_of_keys_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(world: World) -> None:
        monkeypatch.setattr(api_keys, "CACHE_KEYS", 3)
        for number in range(10):
            assert await world.keys.find(digest_of(str(number))) is None
            assert len(world.keys._found) <= 3

    run(test)


def test_a_scope_holds_a_bounded_number_of_living_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(world: World) -> None:
        monkeypatch.setattr(api_keys, "MAX_KEYS", 2)
        for _ in range(2):
            _, stored = await world.keys.create(ANNA, HERE, CLASSIC)
        with pytest.raises(ConflictError, match="revoke"):
            await world.keys.create(ANNA, HERE, CLASSIC)
        await world.keys.revoke(ANNA, HERE, stored.key_id)

        await world.keys.create(ANNA, HERE, CLASSIC)

    run(test)


class Places:
    """``Scopes`` over the three that there are."""

    async def find(self, level: Level, id_: UUID) -> Scope | None:
        for scope in (HERE, Scope(ORG, WORKSPACE), ABOVE, ELSEWHERE):
            if scope.level is level and scope.id == id_:
                return scope
        return None


@dataclass
class Signed:
    """``Authentication`` that believes whoever is named."""

    caller: Caller

    async def __call__(self, request: web.Request) -> Presented | None:
        return Presented(self.caller)


Ask = Callable[..., Awaitable[tuple[int, Any]]]


def served(test: Callable[[World, Ask], Awaitable[None]], caller: Caller = ANNA) -> None:
    async def with_routes(world: World) -> None:
        places: Scopes = Places()
        app = application(key_routes(world.keys), Signed(caller), places)

        async with TestClient(TestServer(app)) as client:

            async def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
                data = None if body is None else json.dumps(body)
                headers = {"Content-Type": "application/json"}
                async with client.request(method, path, data=data, headers=headers) as answer:
                    return answer.status, await answer.json()

            await test(world, ask)

    run(with_routes)


PATH = f"/v1/projects/{PROJECT}/keys"


def test_a_key_is_made_listed_and_revoked_over_http() -> None:
    async def test(world: World, ask: Ask) -> None:
        status, made = await ask(
            "POST", PATH, {"kind": "ingestion", "name": "prod", "description": "of the app"}
        )
        assert status == 200
        key = made["data"].pop("key_value")
        assert await world.keys.find(digest_of(key)) is not None
        assert made["data"]["root_scope_type"] == "project"
        assert made["data"]["root_scope_id"] == str(PROJECT)

        status, listed = await ask("GET", PATH)
        assert (status, listed["data"]) == (200, [made["data"]])
        assert key not in json.dumps(listed)

        status, revoked = await ask("DELETE", f"{PATH}/{made['data']['key_id']}")
        assert status == 200
        assert revoked["data"]["revoked_at"] == moment(world.now)
        assert await world.keys.find(digest_of(key)) is None

    served(test)


def test_pages_of_keys_hold_each_once() -> None:
    async def test(world: World, ask: Ask) -> None:
        made = {str((await world.keys.create(ANNA, HERE, CLASSIC))[1].key_id) for _ in range(5)}
        seen: list[str] = []
        after: str | None = ""
        while after is not None:
            tail = f"&after={after}" if after else ""
            _, page = await ask("GET", f"{PATH}?limit=2{tail}")
            seen += [key["key_id"] for key in page["data"]]
            after = page["after"]

        assert len(seen) == 5
        assert set(seen) == made

    served(test)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "root"}, "kind"),
        ({"kind": None}, "kind"),
        ({"name": ""}, "name"),
        ({"name": "x" * 129}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"description": 7}, "description"),
        ({"permissions": "all"}, "permissions"),
        ({"permissions": ["project.query"]}, "permissions"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"expires_at": True}, "expires_at"),
        ({"expires_at": 0}, "expires_at"),
        ({"expires_at": "2027-01-31T12:00:00"}, "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00Z"}, "expires_at"),
        ({"project_id": str(ELSEWHERE.project)}, "project_id"),
        ({"creator_id": str(uuid4())}, "creator_id"),
        ({"key_value": "hh_mine"}, "key_value"),
    ],
)
def test_a_wrong_field_is_refused_by_name(change: dict[str, Any], field: str) -> None:
    async def test(world: World, ask: Ask) -> None:
        status, refusal = await ask("POST", PATH, {"kind": "project", "name": "x", **change})

        assert status == 422
        assert field in refusal["message"].partition(":")[0]
        assert await world.keys.page(HERE) == []

    served(test)


@pytest.mark.parametrize("kind", KeyKind)
def test_no_key_makes_keys(kind: KeyKind) -> None:
    async def test(world: World, ask: Ask) -> None:
        status, _ = await ask("POST", PATH, {"kind": "project", "name": "x"})

        assert status == 403
        assert await world.keys.page(HERE) == []

    served(test, ApiKey(uuid4(), kind, HERE, frozenset({"project.create_project_key"})))


def test_of_a_foreign_and_an_unknown_project_the_same_is_said() -> None:
    async def test(world: World, ask: Ask) -> None:
        other = Person(UUID(int=9), UUID(int=9), {ELSEWHERE.id: frozenset({Role.PROJECT_ADMIN})})
        _, foreign_key = await world.keys.create(other, ELSEWHERE, CLASSIC)
        body = {"kind": "project", "name": "x"}
        for method, tail, sent in (
            ("GET", "", None),
            ("POST", "", body),
            ("DELETE", f"/{foreign_key.key_id}", None),
        ):
            foreign = await ask(method, f"/v1/projects/{ELSEWHERE.project}/keys{tail}", sent)
            unknown = await ask(method, f"/v1/projects/{uuid4()}/keys{tail}", sent)
            assert foreign == unknown
            assert foreign[0] == 404
        by_own_path = await ask("DELETE", f"{PATH}/{foreign_key.key_id}")
        assert by_own_path == foreign
        assert [key.revoked_ms for key in await world.keys.page(ELSEWHERE)] == [None]

    served(test)
