"""A right request for every route of the control plane, and what the policy says to it."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from control_house import PASSWORD
from matrix_house import UNKNOWN, Answer, Who, World, in_world

from hh_control.answers import moment
from hh_control.documents import openapi
from hh_control.routing import PROJECT_HEADER, Route
from hh_core.domain.authority import Decision, decide
from hh_core.domain.policy import Audience, Operation, Plane, operation
from hh_core.domain.scopes import Level, Scope

STATUS = {Decision.ALLOWED: 200, Decision.FORBIDDEN: 403, Decision.UNKNOWN: 404}
NOT_EMPTY = {"delete_workspace": 409}
"""What the policy allows and the place forbids: this one has a project."""
SCOPE_ID = {Level.ORGANISATION: "org_id", Level.WORKSPACE: "workspace_id",
            Level.PROJECT: "project_id"}  # fmt: skip
PARAMETER = re.compile(r"\{(\w+)(?::.*)?\}")
KEY_LIFE_MS = 3_600_000


def bodies(world: World) -> dict[str, Any]:
    """A request that is right, for each operation that takes a body."""
    text = {"name": "n", "description": "d"}
    question = {"measures": [{"function": "count"}], "group_by": ["event_name"],
                "from": 1, "to": 1 << 42}  # fmt: skip
    expires = world.house.now_ms + KEY_LIFE_MS
    made: dict[str, Any] = {
        "sign_in": {"email": world.own.email, "password": PASSWORD},
        "change_password": {"password": PASSWORD, "new_password": PASSWORD},
        "refresh_token": {"refresh_token": world.refresh_token},
        "issue_token": {"audience": "control"},
        "accept_invitation": {"token": world.invitation, "password": PASSWORD},
        "create_organisation": text,
        "create_workspace": text,
        "create_project": text,
        "update_organisation": text,
        "update_workspace": text,
        "update_project": text,
        "create_data_plane": {"name": "n"},
        "drain_data_plane": {"draining": True},
        "query": question,
        "redrive_dead_letters": {"ids": None},
    }
    for level, word in ((level, level.name.lower()) for level in Level):
        made[f"invite_{level}_member"] = {"email": "somebody@example.org"}
        made[f"update_{level}_member"] = {"role_names": [f"{level}.admin"]}
        made[f"create_{level}_key"] = {
            "kind": "control_plane", "name": "n", "expires_at": moment(expires),
            "permissions": [f"{level}.get_{word}"],
        }  # fmt: skip
    return made


def run(folder: Path, test: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(100):
            await in_world(folder, test)

    asyncio.run(main())


def rules(world: World) -> Iterator[tuple[Route, Operation]]:
    for route in world.house.routes():
        yield route, operation(Plane.CONTROL, route.operation)


def scoped(world: World) -> Iterator[tuple[Route, Level, Operation]]:
    for route, rule in rules(world):
        if rule.level is not None:
            yield route, rule.level, rule


def parameters(path: str) -> list[str]:
    return PARAMETER.findall(path)


def filled(path: str, ids: Any) -> str:
    """A ``KeyError`` names the parameter for which nobody has thought of an id."""
    return PARAMETER.sub(lambda found: str(ids[found[1]]), path)


def targets(world: World, level: Level) -> dict[str, tuple[Scope | None, dict[str, str]]]:
    """What lives where, with the ids of what stands there."""
    own, name = world.own, SCOPE_ID[level]
    found: dict[str, tuple[Scope | None, dict[str, str]]] = {}
    for word, places in (("own", own.places), ("sibling", own.siblings),
                         ("foreign", world.foreign.places)):  # fmt: skip
        found[word] = places[level].scope, dict(places[level].ids)
    ids = found["own"][1]
    found["unknown"] = None, {**ids, name: str(UNKNOWN)}
    found["not an id"] = None, {**ids, name: "x"}
    if level in own.archived:
        found["archived"] = None, {**ids, name: str(own.archived[level])}
    return found


def expected(who: Who, route: Route, rule: Operation, scope: Scope | None) -> int:
    if rule.audience is Audience.PUBLIC:
        return 200
    if who.caller is None:
        return 401
    if who.lacks_csrf and route.method != "GET":
        return 403
    decision = decide(who.caller, rule, scope)
    if decision is Decision.ALLOWED:
        return NOT_EMPTY.get(rule.name, 200)
    return STATUS[decision]


def named(route: Route, level: Level, ids: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Path and header of a request about the place with these ids."""
    by_path = SCOPE_ID[level] in parameters(route.path)
    return filled(route.path, ids), {} if by_path else {PROJECT_HEADER: ids[SCOPE_ID[level]]}


def require_alike(answers: dict[str, Answer], said: Any) -> None:
    """What is not there for somebody answers as what never existed: the same bytes, and the same
    calls of the records. (What is no id at all is not looked up.)"""
    unknown = answers["unknown"]
    for target, answer in answers.items():
        if answer.status == 404:
            assert answer.body == unknown.body, (said, target)
            assert target == "not an id" or answer.work == unknown.work, (said, target)


def body_schemas() -> Iterator[tuple[str, Any]]:
    document = openapi()
    for item in document["paths"].values():
        for described in item.values():
            if "requestBody" in described:
                (content,) = described["requestBody"]["content"].values()
                schema = content["schema"]
                if "$ref" in schema:
                    schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
                yield described["operationId"], schema
