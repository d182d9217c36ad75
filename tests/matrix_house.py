"""Two tenants at one control plane, furnished alike, and everybody who could ask there."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
from canaries import Canaries
from control_house import START_MS, Browser, ControlHouse, control_house
from telemetry_rows import telemetry_rows

from hh_core.domain.api_keys import RANDOM_BYTES, KeyKind, new_key
from hh_core.domain.authority import ApiKey, Caller, Person
from hh_core.domain.policy import permissions
from hh_core.domain.scopes import Level, Role, Scope
from hh_core.errors import RejectedError
from hh_core.ports.records import Document, Record
from hh_core.usecases.api_keys import Wanted
from hh_core.usecases.dead_letters import DeadLetters
from hh_memory.records import MemoryUnit

DAY_MS = 86_400_000
UNKNOWN = UUID("9b2d8f6c-1f0e-4a53-8d4a-3f1f9c010000")
Work = list[tuple[str, str, int]]


class CountingUnit(MemoryUnit):
    """Notes each call of the records port: what, of which kind, how many keys."""

    calls: Work = []  # noqa: RUF012 - one list for all units, emptied before each request

    async def get(self, kind: str, keys: Sequence[str]) -> Sequence[Record]:
        self.calls.append(("get", kind, len(keys)))
        return await super().get(kind, keys)

    async def put(self, kind: str, key: str, value: Document, *, expect: int | None = None) -> None:
        self.calls.append(("put", kind, 1))
        await super().put(kind, key, value, expect=expect)

    async def merge(self, kind: str, values: Mapping[str, Document]) -> None:
        self.calls.append(("merge", kind, len(values)))
        await super().merge(kind, values)

    async def delete(self, kind: str, keys: Sequence[str]) -> None:
        self.calls.append(("delete", kind, len(keys)))
        await super().delete(kind, keys)

    async def find(self, kind: str, **asked: Any) -> Sequence[Record]:
        self.calls.append(("find", kind, 1))
        return await super().find(kind, **asked)


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation, workspace or project with what stands in it."""

    scope: Scope
    ids: Mapping[str, str]
    """By the name of the parameter in a path."""


@dataclass
class Tenant:
    canaries: Canaries
    email: str
    founder: UUID
    places: dict[Level, Place] = field(default_factory=dict)
    siblings: dict[Level, Place] = field(default_factory=dict)
    """Further ones in the same organisation, in which only the founder holds a role."""
    archived: dict[Level, UUID] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    """Ids that nobody of another tenant may read anywhere."""

    def scope(self, level: Level) -> Scope:
        return self.places[level].scope


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who asks, and who the policy should take him for."""

    shown: Mapping[str, str]
    caller: Caller | None
    home: Tenant | None = None
    lacks_csrf: bool = False
    session_id: str = str(UNKNOWN)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    whole: bytes
    """With its headers."""
    work: Work
    changed: Mapping[tuple[str, str], tuple[Record | None, Record | None]]
    table: dict[tuple[str, str], Record]
    """The records thereafter."""

    @property
    def data(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class World:
    house: ControlHouse
    own: Tenant
    foreign: Tenant
    everybody: dict[str, Who]
    invitation: str
    foreign_invitation: str
    refresh_token: str
    _table: dict[tuple[str, str], Record] = field(default_factory=dict)
    _secret: dict[Any, set[tuple[str, str]]] = field(default_factory=dict)

    def keep(self) -> None:
        """Each request from now on finds what stands here now."""
        self._table = self.house.records.backend.table
        for tenant in (self.own, self.foreign):
            self._secret[id(tenant)] = {
                key for key, record in self._table.items() if _names(record, tenant.texts)
            }

    async def ask(
        self, who: Who, method: str, path: str, body: Any = None, **headers: str
    ) -> Answer:
        """And see that nothing of a tenant where ``who`` is not at home is told or changed."""
        before = self.house.records.backend.table = self._table
        sent = {**who.shown, **headers}
        data = None
        if body is not None:
            sent["Content-Type"], data = "application/json", orjson.dumps(body)
        CountingUnit.calls.clear()
        async with self.house.client.request(method, path, data=data, headers=sent) as answer:
            content = await answer.read()
            head = b"".join(b"%s: %s\n" % pair for pair in answer.raw_headers)
        after = self.house.records.backend.table
        keys = before.keys() | after.keys()
        changed = {
            key: (before.get(key), after.get(key))
            for key in keys
            if before.get(key) is not after.get(key)
        }
        heard = Answer(
            answer.status, content, head + content, list(CountingUnit.calls), changed, after
        )
        for tenant in (self.own, self.foreign):
            if who.home is not tenant:
                self._require_unharmed(tenant, heard, (method, path))
        return heard

    def _require_unharmed(self, tenant: Tenant, answer: Answer, asked: Any) -> None:
        assert tenant.canaries.found_in(answer.whole) == [], (asked, answer.whole)
        told = [text for text in tenant.texts if text.encode() in answer.whole]
        assert told == [], (asked, answer.whole)
        assert not self._secret[id(tenant)] & answer.changed.keys(), (asked, answer.changed)


def _names(record: Record, texts: set[str]) -> bool:
    text = f"{record.key} {orjson.dumps(record.value).decode()}"
    return any(each in text for each in texts)


@asynccontextmanager
async def matrix_world(folder: Path) -> AsyncIterator[World]:
    async with control_house(folder) as house:
        house.now_ms = START_MS
        own, foreign = await furnished_tenant(house), await furnished_tenant(house)
        everybody = await _everybody(house, own, foreign)
        invitations = [
            await house.plane.members().invite(
                "operator", "invite_org_member", tenant.scope(Level.ORGANISATION),
                email, {Role.ORG_MEMBER},
            )
            for tenant, email in ((own, "new@example.org"), (foreign, "newer@example.org"))
        ]  # fmt: skip
        _, refresh_token = await house.program(own.email)
        house.records.unit = CountingUnit
        tokens = [str(each.token) for each in invitations]
        world = World(house, own, foreign, everybody, *tokens, refresh_token)
        world.keep()
        for who in everybody.values():  # the first use of a key is noted, and it is remembered
            async with house.client.get("/v1/me", headers=who.shown):
                pass
        world.keep()
        yield world


async def furnished_tenant(house: ControlHouse) -> Tenant:
    canaries = Canaries()
    email = f"{canaries('email')}@example.org"
    founder = await house.onboarded(email, name=canaries("name"))
    tenant = Tenant(canaries, email, founder)
    person, made = Person(founder, uuid4()), house.plane.organisations()

    def fields(what: str) -> dict[str, Any]:
        return {"name": canaries(what), "description": canaries(f"{what}-described")}

    org = (await made.create(person, fields("org"))).scope
    plane = await house.plane.data_planes().create(person, org.org, canaries("plane"))
    spare = {"dp_id": str(plane.dp_id)}
    tenant.places[Level.ORGANISATION] = await _furnished(house, tenant, org, spare)
    for places in (tenant.places, tenant.siblings):
        workspace = (await made.create_workspace(person, org.org, fields("workspace"))).scope
        project = (await made.create_project(person, workspace, fields("project"), None)).scope
        places[Level.WORKSPACE] = await _furnished(house, tenant, workspace, spare)
        places[Level.PROJECT] = await _furnished(house, tenant, project, spare)
    gone = (await made.create_workspace(person, org.org, fields("gone"))).scope
    old = (await made.create_project(person, gone, fields("old"), None)).scope
    for scope in (old, gone):
        await made.archive(person, f"delete_{scope.level}", scope)
        tenant.archived[scope.level] = scope.id
    tenant.siblings[Level.ORGANISATION] = tenant.places[Level.ORGANISATION]
    return tenant


async def _furnished(
    house: ControlHouse, tenant: Tenant, scope: Scope, ids: Mapping[str, str]
) -> Place:
    """With a member, a key, a dead letter and telemetry."""
    canaries, level = tenant.canaries, scope.level
    spare = await house.onboarded(f"{canaries('spare')}@example.org", name=canaries("spare-name"))
    await _joined(house, scope, spare, _role(level, "admin"))
    may, kind = frozenset({f"{level}.get_{level.name.lower()}"}), KeyKind.CONTROL_PLANE
    key = await _key(house, scope, kind, may, tenant.founder, name=canaries("key"))
    found = {**ids, f"{level}_id": str(scope.id), "user_id": str(spare), "key_id": key[1]}
    if level is Level.PROJECT:
        found["id"] = await _measured(house, scope, canaries)
    tenant.texts |= {*found.values(), str(tenant.founder)}
    return Place(scope, found)


async def _measured(house: ControlHouse, scope: Scope, canaries: Canaries) -> str:
    columns = {"project_id": scope.id, "model": canaries("m"), "event_name": canaries("e")}
    rows = telemetry_rows(3, **{name: [value] * 3 for name, value in columns.items()})
    await house.store.rows(rows)
    await house.store.consequences(rows)
    letters = DeadLetters(house.records, now_ms=lambda: house.now_ms)
    await letters.keep_rows([(rows.slice(n, 1), RejectedError("model: no")) for n in range(2)])
    return (await letters.page(project=str(scope.id)))[0].id


async def _joined(
    house: ControlHouse, scope: Scope, user: UUID, role: Role, *, state: str = "active"
) -> None:
    async with house.records.begin() as unit:
        await house.plane.memberships().put(unit, scope, user, {role}, state)


async def _key(
    house: ControlHouse,
    root: Scope,
    kind: KeyKind,
    may: frozenset[str],
    creator: UUID,
    *,
    name: str = "k",
    expires_ms: int = START_MS + DAY_MS,
) -> tuple[str, str]:
    maker = Person(creator, uuid4(), {root.id: frozenset({_role(root.level, "admin")})})
    text = new_key(kind, uuid4().bytes * (RANDOM_BYTES // 16))
    wanted = Wanted(kind=kind, name=name, permissions=may, expires_ms=expires_ms)
    return text, str((await house.plane.api_keys().keep(maker, root, wanted, text)).key_id)


async def _everybody(house: ControlHouse, own: Tenant, foreign: Tenant) -> dict[str, Who]:
    found: dict[str, Who] = {}
    held: dict[UUID, frozenset[Role]] = {}
    for role in Role:
        email, scope = f"{role}@example.org", own.scope(role.level)
        user = await house.onboarded(email)
        await _joined(house, scope, user, role)
        found |= await _both_ways(house, role, email, user, {scope.id: frozenset({role})}, own)
    for name, tenant in (("founder", own), ("outsider", foreign)):
        held = {
            place.scope.id: frozenset({_role(level, "admin")})
            for places in (tenant.places, tenant.siblings)
            for level, place in places.items()
        }
        found |= await _both_ways(house, name, tenant.email, tenant.founder, held, tenant)
    user = await house.onboarded("invited@example.org")
    for level in Level:
        await _joined(house, own.scope(level), user, _role(level, "admin"), state="invited")
    found |= await _both_ways(house, "invited", "invited@example.org", user, {}, None)
    return found | await _programs(house, own, foreign) | await _strangers(house, own)


async def _both_ways(
    house: ControlHouse,
    name: str,
    email: str,
    user: UUID,
    roles: Mapping[UUID, frozenset[Role]],
    home: Tenant | None,
) -> dict[str, Who]:
    by_cookie, (by_token, _) = await house.browser(email), await house.program(email)
    found = {}
    for way, browser in (("cookie", by_cookie), ("token", by_token)):
        session = (await browser.get("/v1/me")).data["session_id"]
        person = Person(user, UUID(session), roles)
        found[f"{name} by {way}"] = Who(_shown(browser), person, home, session_id=session)
    return found


def _shown(browser: Browser) -> dict[str, str]:
    if browser.bearer is not None:
        return {"Authorization": f"Bearer {browser.bearer}"}
    return {"Cookie": f"hh_session={browser.cookie}", "X-CSRF-Token": str(browser.csrf)}


async def _programs(house: ControlHouse, own: Tenant, foreign: Tenant) -> dict[str, Who]:
    found: dict[str, Who] = {}
    lent = {
        tenant.founder: await house.plane.memberships().roles(tenant.founder)
        for tenant in (own, foreign)
    }

    async def add(
        name: str, kind: KeyKind, root: Scope, may: frozenset[str], tenant: Tenant, creator: UUID
    ) -> None:
        text, key_id = await _key(house, root, kind, may, creator)
        borrows = {} if root.level is Level.PROJECT else lent.get(creator, {})
        caller = ApiKey(UUID(key_id), kind, root, may, borrows)
        found[name] = Who({"Authorization": f"Bearer {text}"}, caller, tenant)

    for kind in KeyKind:
        for level in Level:
            root = own.scope(level)
            if not kind.is_fine_grained:
                if level is Level.PROJECT:
                    await add(f"{kind} key", kind, root, frozenset(), own, own.founder)
                continue
            every = permissions(level, kind)
            for name, may in (("all", every), ("one", frozenset({min(every)}))):
                await add(f"{kind} key at {level}: {name}", kind, root, may, own, own.founder)
    control = KeyKind.CONTROL_PLANE
    for level in Level:
        every = permissions(level, control)
        name = f"control key at {level} by somebody who is nobody below"
        await add(name, control, own.scope(level), every, own, UNKNOWN)
        await add(f"foreign control key at {level}", control, foreign.scope(level), every, foreign,
                  foreign.founder)  # fmt: skip
    return found


async def _strangers(house: ControlHouse, own: Tenant) -> dict[str, Who]:
    scope, kind = own.scope(Level.PROJECT), KeyKind.CONTROL_PLANE
    every = permissions(Level.PROJECT, kind)
    revoked, key_id = await _key(house, scope, kind, every, own.founder)
    await house.plane.api_keys().revoke(Person(own.founder, uuid4()), scope, UUID(key_id))
    soon = START_MS + 1
    expired, _ = await _key(house, scope, kind, every, own.founder, expires_ms=soon)
    house.now_ms += 1000
    browser = await house.browser(own.email)
    session = (await browser.get("/v1/me")).data["session_id"]
    roles = await house.plane.memberships().roles(own.founder)
    found = {"nobody": Who({}, None), "by an unknown cookie": Who({"Cookie": "hh_session=x"}, None)}
    for name, text in (("revoked", revoked), ("expired", expired), ("unknown", "hh_unknown")):
        found[f"{name} key"] = Who({"Authorization": f"Bearer {text}"}, None)
    found["founder by cookie, from another page"] = Who(
        {"Cookie": f"hh_session={browser.cookie}"},
        Person(own.founder, UUID(session), roles),
        own,
        lacks_csrf=True,
        session_id=session,
    )
    return found


def _role(level: Level, name: str) -> Role:
    return Role(f"{level}.{name}")


async def in_world(folder: Path, test: Callable[[World], Awaitable[None]]) -> None:
    async with matrix_world(folder) as world:
        await test(world)
