"""Every route of the control plane's API by every role and kind of key: own, foreign, unknown."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from control_house import Answer, Browser, ControlHouse, Tenant, control_house

from hh_control.answers import given
from hh_control.routing import Call, Route, application
from hh_core.domain.api_keys import KeyKind
from hh_core.domain.authority import ApiKey, Caller, Decision, Person, decide
from hh_core.domain.policy import Audience, Operation, Plane, operation, permissions
from hh_core.domain.scopes import Level, Role, Scope
from hh_core.usecases.api_keys import Wanted

STATUS = {Decision.ALLOWED: 200, Decision.FORBIDDEN: 403, Decision.UNKNOWN: 404}
_NAMES = {"org_id": Level.ORGANISATION, "workspace_id": Level.WORKSPACE}


@dataclass(frozen=True, slots=True)
class Asking:
    """Somebody at the API, and what the policy must take him for."""

    name: str
    browser: Browser
    caller: Caller


async def reached(_: Call) -> web.Response:
    return given("reached")


@asynccontextmanager
async def guarded(folder: Path) -> AsyncIterator[ControlHouse]:
    """The API with all its routes and guards, and handlers that only say that they were reached."""
    async with control_house(folder) as house:
        routes = [replace(route, handler=reached) for route in house.routes()]
        app = application(routes, house.plane.authentication(), house.plane.places())
        async with TestClient(TestServer(app), cookie_jar=DummyCookieJar()) as client:
            house.client = client
            yield house


def test_every_call_is_answered_as_the_policy_decides(tmp_path: Path) -> None:
    async def matrix() -> int:
        async with guarded(tmp_path) as house:
            mine = await house.organisation(await house.onboarded("ada@example.org"))
            foreign = await house.organisation(await house.onboarded("eve@example.org"))
            everybody = [*await _persons(house, mine), *await _keys(house, mine)]
            asked = 0
            for route in house.routes():
                for asking in everybody:
                    asked += await _row(route, asking, mine, foreign)
            return asked

    assert asyncio.run(matrix()) > 1500


@pytest.mark.parametrize("header", ["Bearer x", "Bearer", "Basic eDp5", "Bearer a.b.c", ""])
def test_what_does_not_count_is_nobody(tmp_path: Path, header: str) -> None:
    async def test() -> None:
        async with guarded(tmp_path) as house:
            for route in house.routes():
                public = _rule(route).audience is Audience.PUBLIC
                answer = await house.anybody()(route.method, _path(route, {}), Authorization=header)
                assert answer.status == (200 if public else 401), route.operation

    asyncio.run(test())


async def _row(route: Route, asking: Asking, mine: Tenant, foreign: Tenant) -> int:
    rule = _rule(route)
    answers = []
    for tenant in (mine, foreign, None):
        scope = _scope(tenant, rule.level)
        answer = await _ask(route, asking, tenant)
        expected = STATUS[decide(asking.caller, rule, scope)]
        assert answer.status == expected, (asking.name, route.operation, tenant is mine)
        answers.append(answer)
    if rule.audience is Audience.SCOPE:
        assert (answers[1].status, answers[1].body) == (answers[2].status, answers[2].body)
        assert answers[1].status == 404
    return len(answers)


async def _ask(route: Route, asking: Asking, tenant: Tenant | None) -> Answer:
    ids = (
        {}
        if tenant is None
        else {
            Level.ORGANISATION: tenant.org.id,
            Level.WORKSPACE: tenant.workspace.id,
            Level.PROJECT: tenant.project.id,
        }
    )
    project = str(ids.get(Level.PROJECT, uuid4()))
    return await asking.browser(route.method, _path(route, ids), **{"X-HH-Project-Id": project})


def _path(route: Route, ids: Mapping[Level, UUID]) -> str:
    def filled(found: re.Match[str]) -> str:
        level = {**_NAMES, "project_id": Level.PROJECT}.get(found[1])
        return str(uuid4() if level is None else ids.get(level, uuid4()))

    return re.sub(r"\{(\w+)(?::[^/]*)?\}", filled, route.path)


def _scope(tenant: Tenant | None, level: Level | None) -> Scope | None:
    if tenant is None or level is None:
        return None
    return {
        Level.ORGANISATION: tenant.org,
        Level.WORKSPACE: tenant.workspace,
        Level.PROJECT: tenant.project,
    }[level]


async def _persons(house: ControlHouse, mine: Tenant) -> list[Asking]:
    found = []
    for role in Role:
        scope = _scope(mine, role.level)
        assert scope is not None
        email = f"{role}@example.org"
        user_id = await house.onboarded(email)
        async with house.records.begin() as unit:
            await house.plane.memberships().put(unit, scope, user_id, {role}, "active")
        found.append(await _person(house, email, user_id, {scope.id: frozenset({role})}))
    user_id = await house.onboarded("invited@example.org")
    async with house.records.begin() as unit:
        put = house.plane.memberships().put
        await put(unit, mine.org, user_id, {Role.ORG_ADMIN}, "invited")
    found.append(await _person(house, "invited@example.org", user_id, {}))
    return found


async def _person(
    house: ControlHouse, email: str, user_id: UUID, roles: Mapping[UUID, frozenset[Role]]
) -> Asking:
    browser = await house.browser_of(user_id)
    return Asking(email, browser, Person(user_id, uuid4(), roles))


async def _keys(house: ControlHouse, mine: Tenant) -> list[Asking]:
    """Of each kind at each level where it can be made, with all that it may carry."""
    maker = await house.onboarded("maker@example.org")
    roles: dict[UUID, frozenset[Role]] = {}
    for scope in (mine.org, mine.workspace, mine.project):
        roles[scope.id] = frozenset({Role(f"{scope.level}.admin")})
        async with house.records.begin() as unit:
            put = house.plane.memberships().put
            await put(unit, scope, maker, roles[scope.id], "active")
    found = []
    for scope in (mine.org, mine.workspace, mine.project):
        for kind in KeyKind:
            if not kind.is_fine_grained and scope.level is not Level.PROJECT:
                continue
            may = permissions(scope.level, kind) if kind.is_fine_grained else frozenset[str]()
            expires = house.now_ms + 86_400_000
            wanted = Wanted(kind=kind, name="k", permissions=may, expires_ms=expires)
            person = Person(maker, uuid4(), roles)
            text, key = await house.plane.api_keys().create(person, scope, wanted)
            lent = {} if scope.level is Level.PROJECT else roles
            caller = ApiKey(key.key_id, kind, scope, may, lent)
            found.append(Asking(f"{kind} of {scope.level}", house.with_bearer(text), caller))
    return found


def _rule(route: Route) -> Operation:
    return operation(Plane.CONTROL, route.operation)
