"""A walk of allowed calls: some who work together never come to what none of them had.

They call everything that there is, with every id that they know, as people with cookies and tokens
and as programs with keys that they made; they invite each other and strangers, and accept. What
they could do in another's places at first is all that they can ever do there.
"""

import asyncio
import os
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from control_house import PASSWORD, Answer, Browser, ControlHouse, Tenant, control_house

from hh_control.answers import moment
from hh_control.routing import Route
from hh_core.domain.api_keys import KeyKind
from hh_core.domain.authority import Person
from hh_core.domain.policy import OPERATIONS, Audience, Plane, operation, permissions
from hh_core.domain.scopes import Level, Role, Scope
from hh_memory.records import MemoryUnit, Table, Write

ALLOWED = 10_000 if os.environ.get("CI") else 2_000
MOST = 20 * ALLOWED
_PAGES = frozenset(
    {"home", "status", "reference", "openapi", "alive", "ready", "boundary", "jwks", "sign_out"}
)
VICTIM = "victim@example.org"
GANG = ("eve@example.org", "mallory@example.org", "oscar@example.org")
_RARE = re.compile("^(create_(?!.*key).*|(delete|remove|revoke|update_.*member).*)$")
CANARY = "canary-of-the-victim"
_IDS = {"org_id": "org", "workspace_id": "workspace", "project_id": "project"}


class QuickUnit(MemoryUnit):
    """Reads without a copy of all records while it has written nothing: a walk is long."""

    def table(self) -> Table:
        return super().table() if self.writes else self.records.backend.table

    def write(self, write: Write) -> None:
        write(dict(self.table()))
        self.writes.append(write)


class Walk:
    def __init__(self, house: ControlHouse, chance: random.Random) -> None:
        self.house = house
        self.chance = chance
        self.browsers: dict[str, Browser] = {}
        self.keys: list[str] = []
        self.invitations: list[str] = []
        self.ids: dict[str, list[str]] = {name: [] for name in ("org", "workspace", "project")}
        self.own: dict[tuple[str | None, str], list[str]] = {}
        self.others: list[str] = []
        self.theirs: dict[str, Scope] = {}
        self.may: dict[str, frozenset[str]] = {}
        self.allowed: Counter[str] = Counter()

    async def prepare(self) -> None:
        self.house.records.unit = QuickUnit
        victim = await self.house.onboarded(VICTIM, "only the victim knows")
        gang = [await self.house.onboarded(email) for email in GANG]
        self.others += [str(id_) for id_ in (victim, *gang)]
        open_one = await self.house.organisation(victim)
        closed = await self.house.organisation(victim)
        await self._mark(closed)
        self.others += [open_one.data_plane, closed.data_plane]
        await self._joined(open_one.org, gang[0], Role.ORG_MEMBER)
        await self._joined(open_one.workspace, gang[1], Role.WORKSPACE_ADMIN)
        await self._joined(open_one.project, gang[2], Role.PROJECT_MEMBER)
        for tenant in (open_one, closed):
            for scope in (tenant.org, tenant.workspace, tenant.project):
                self.theirs[str(scope.id)] = scope
                self.ids[scope.level].append(str(scope.id))
        self.may = {id_: await self._can(scope) for id_, scope in self.theirs.items()}
        for email in GANG:
            self.browsers[email] = await self.house.browser(email)

    async def step(self, routes: list[Route]) -> None:
        self.house.now_ms += 6_000
        route = self.chance.choice(routes)
        if _RARE.search(route.operation) and self.chance.random() < 0.8:
            return  # or they would drown in keys, or have no place of their own
        who, email = self._caller()
        path, scope = self._path(route.path, email)
        body = self._body(route.operation) if route.method in ("POST", "PUT", "PATCH") else None
        answer = await who(route.method, path, body, **self._header())
        closed = operation(Plane.CONTROL, route.operation).audience is not Audience.PUBLIC
        if answer.status == 401 and email is not None and closed:
            self.browsers[email] = await self.house.browser(email)
        assert answer.status < 500, (route, answer.body)
        if answer.status == 200:
            self.allowed[route.operation] += 1
            self._require_allowed(route.operation, scope)
            await self._learn(route.operation, answer, email)
        assert CANARY not in self.house.heard[-1], (route, answer.body)
        self.house.heard.clear()

    def forget(self) -> None:
        """The audit, and places of the gang that it no longer calls: memory's answers take time in
        proportion to what is kept."""
        known = {id_ for ids in self.ids.values() for id_ in ids}
        backend = self.house.records.backend
        backend.table = {key: kept for key, kept in backend.table.items() if _counts(*key, known)}

    async def require_no_gain(self) -> None:
        for id_, scope in self.theirs.items():
            assert await self._can(scope) <= self.may[id_], scope

    async def _mark(self, tenant: Tenant) -> None:
        """This organisation of the victim's is nobody else's."""
        change = self.house.plane.organisations().update
        for scope in (tenant.org, tenant.workspace, tenant.project):
            fields = {"name": CANARY, "description": CANARY}
            await change(Person(UUID(self.others[0]), uuid4()), "update", scope, fields)

    async def _joined(self, scope: Scope, user_id: UUID, role: Role) -> None:
        memberships = self.house.plane.memberships()
        async with self.house.records.begin() as unit:
            await memberships.put(unit, scope, user_id, {role}, "active")

    async def _can(self, scope: Scope) -> frozenset[str]:
        """What the gang, and whoever it has made known, may do there: all but the victim."""
        async with self.house.records.begin() as unit:
            members = await self.house.plane.memberships().page(unit, scope)
        victim = UUID(self.others[0])
        held = [each.roles for each in members if each.user_id != victim]
        roles = frozenset[Role]().union(*held)
        return frozenset(row.name for row in OPERATIONS if not roles.isdisjoint(row.roles))

    def _require_allowed(self, name: str, scope: Scope | None) -> None:
        rule = operation(Plane.CONTROL, name)
        if scope is None or rule.audience is not Audience.SCOPE:
            return
        assert rule.name in self.may[str(scope.id)], (name, scope)

    def _caller(self) -> tuple[Browser, str | None]:
        if self.keys and self.chance.random() < 0.3:
            return self.house.with_bearer(self.chance.choice(self.keys)), None
        email = self.chance.choice(sorted(self.browsers))
        return self.browsers[email], email

    def _header(self) -> dict[str, str]:
        if self.chance.random() < 0.5:
            return {}
        return {"X-HH-Project-Id": self.chance.choice(self.ids["project"])}

    def _path(self, path: str, email: str | None) -> tuple[str, Scope | None]:
        """Filled with ids; and the victim's place that they name."""
        named: Scope | None = None

        def filled(found: re.Match[str]) -> str:
            nonlocal named
            id_ = self._id(_IDS.get(found[1], ""), email)
            named = self.theirs.get(id_, named)
            return id_

        return re.sub(r"\{(\w+)(?::(?:[^{}]|\{[^{}]*\})*)?\}", filled, path), named

    def _id(self, level: str, email: str | None) -> str:
        """Of one's own, of the victim, of anybody, of nobody."""
        dice = self.chance.random()
        if dice < 0.03:
            return str(uuid4())
        own = self.own.get((email, level), ())
        if own and dice < 0.55:
            return self.chance.choice(own)
        theirs = [id_ for id_, scope in self.theirs.items() if scope.level == level]
        if theirs and dice < 0.85:
            return self.chance.choice(theirs)
        return self.chance.choice(self.ids.get(level, self.others))

    def _body(self, name: str) -> dict[str, Any]:
        chance = self.chance
        if name.startswith("invite_"):
            body: dict[str, Any] = {"email": chance.choice((*GANG, "new@example.org", VICTIM))}
            return body | ({"role_names": self._roles_asked(name)} if chance.random() < 0.7 else {})
        if name.startswith("update_") and name.endswith("_member"):
            return {"role_names": self._roles_asked(name)}
        if name.startswith("create_") and name.endswith("_key"):
            return self._key_asked(name)
        match name:
            case "accept_invitation":
                token = chance.choice(self.invitations) if self.invitations else "x"
                return {"token": token, "password": PASSWORD}
            case "change_password":
                return {"password": PASSWORD, "new_password": PASSWORD}
            case "issue_token":
                return {"audience": "control"}
            case "sign_in":
                return {"email": chance.choice(GANG), "password": PASSWORD}
        return {"name": "n"}

    def _roles_asked(self, name: str) -> list[str]:
        level = next(level for level in Level if f"_{level}_" in name)
        own = [role.value for role in Role if role.level is level]
        wild = [role.value for role in Role]
        among = own if self.chance.random() < 0.8 else wild
        return self.chance.sample(among, self.chance.randint(1, 2))

    def _key_asked(self, name: str) -> dict[str, Any]:
        level = next(level for level in Level if f"_{level}_" in name)
        kind = self.chance.choice(list(KeyKind))
        body: dict[str, Any] = {"kind": kind, "name": "k"}
        if kind.is_fine_grained:
            may = sorted(permissions(level, kind))
            chosen = self.chance.sample(may, self.chance.randint(1, len(may)))
            body |= {"permissions": chosen, "expires_at": moment(self.house.now_ms + 86_400_000)}
        return body

    async def _learn(self, name: str, answer: Answer, email: str | None) -> None:
        data = answer.body.get("data") if isinstance(answer.body, dict) else None
        found = data if isinstance(data, list) else [data]
        for item in found:
            if not isinstance(item, dict):
                continue
            for field in ("user_id", "session_id", "key_id"):
                if isinstance(item.get(field), str):
                    self._remember(self.others, item[field])
            if item.get("key_value"):
                self._remember(self.keys, item["key_value"])
            if item.get("invitation_token"):
                self._remember(self.invitations, item["invitation_token"])
        if name == "create_data_plane" and isinstance(data, dict):
            self._remember(self.others, data["id"])
        made = {"create_organisation": "org", "create_workspace": "workspace",
                "create_project": "project"}  # fmt: skip
        if name in made and isinstance(data, dict):
            level = made[name]
            self._remember(self.ids[level], data["id"])
            self._remember(self.own.setdefault((email, level), []), data["id"])
            if level == "org":
                plane = await self.house.data_plane(Person(uuid4(), uuid4()), UUID(data["id"]))
                self._remember(self.others, plane)

    def _remember(self, known: list[str], value: str) -> None:
        """The newest, and always those of the beginning."""
        if value not in known:
            known.append(value)
        if len(known) > 30:
            del known[12]


def _counts(kind: str, key: str, known: set[str]) -> bool:
    match kind:
        case "audit":
            return False
        case "members" | "memberships" | "invitations":
            return not known.isdisjoint(key.split("/"))
        case "organisations" | "workspaces" | "projects" | "member-turns":
            return key in known
    return True


@pytest.mark.timeout(600)
def test_no_walk_of_allowed_calls_gains_a_permission(tmp_path: Path) -> None:
    chance = random.Random(20_261_121)

    async def walk() -> Walk:
        async with control_house(tmp_path) as house:
            walk = Walk(house, chance)
            await walk.prepare()
            routes = [route for route in house.routes() if route.operation not in _PAGES]
            for number in range(MOST):
                await walk.step(routes)
                if number % 100 == 0:
                    await walk.require_no_gain()
                    walk.forget()
                if walk.allowed.total() >= ALLOWED:
                    break
            await walk.require_no_gain()
            return walk

    walked = asyncio.run(walk())

    assert walked.allowed.total() >= ALLOWED
    scoped = {
        route.operation
        for route in walked.house.routes()
        if operation(Plane.CONTROL, route.operation).audience is Audience.SCOPE
    }
    assert len(scoped & walked.allowed.keys()) > len(scoped) * 2 // 3, walked.allowed
