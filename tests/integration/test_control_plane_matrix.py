"""Every route of the control plane's API, by everybody, on own, foreign, unknown and archived
things in path, query, body and header: exactly what the policy says, not a byte of another tenant
told, none of its records changed, and for what is foreign the same work as for what is unknown."""

from pathlib import Path

import pytest
from matrix_house import UNKNOWN, Answer, Tenant, Who, World
from matrix_requests import (
    SCOPE_ID,
    bodies,
    expected,
    filled,
    named,
    parameters,
    require_alike,
    rules,
    run,
    scoped,
    targets,
)

from hh_control.routing import PROJECT_HEADER
from hh_core.domain.authority import ApiKey, Decision, decide
from hh_core.domain.policy import Audience
from hh_core.domain.scopes import Level


def test_every_route_has_a_request_that_is_right(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        takes = {
            route.operation
            for route in world.house.routes()
            if route.method in ("POST", "PUT", "PATCH") and route.takes_body
        }
        assert takes == bodies(world).keys()

    run(tmp_path, test)


def test_every_route_by_everybody_is_what_the_policy_says(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        sent, seen, done = bodies(world), dict.fromkeys((200, 401, 403, 404, 409), 0), set()
        for route, level, rule in scoped(world):
            for name, who in world.everybody.items():
                answers: dict[str, Answer] = {}
                for target, (scope, ids) in targets(world, level).items():
                    path, header = named(route, level, ids)
                    body = sent.get(route.operation)
                    answer = await world.ask(who, route.method, path, body, **header)
                    said = (route.method, path, name, target, answer.status, answer.body[:200])
                    assert answer.status == expected(who, route, rule, scope), said
                    answers[target] = answer
                    seen[answer.status] += 1
                    if who.home is not world.foreign and target in ("foreign", "archived"):
                        assert answer.status in (401, 404) or who.lacks_csrf, said
                    if answer.status in (200, 409):
                        done.add(route.operation)
                    else:
                        assert answer.changed == {}, said
                require_alike(answers, (route.path, name))
        assert all(seen.values()), seen
        assert done == {route.operation for route, _, _ in scoped(world)}

    run(tmp_path, test)


def test_what_concerns_no_place_is_for_anybody_or_for_people(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        sent, seen = bodies(world), set()
        for route, rule in rules(world):
            if rule.level is not None:
                continue
            for name, who in world.everybody.items():
                path = filled(route.path, {"session_id": who.session_id})
                at_home = who if rule.audience is Audience.PERSON else free(who, world.own)
                answer = await world.ask(at_home, route.method, path, sent.get(route.operation))
                assert answer.status == expected(who, route, rule, None), (name, path, answer.body)
                seen.add((rule.audience, answer.status))
        person = Audience.PERSON
        assert {(Audience.PUBLIC, 200), (person, 200), (person, 401), (person, 403)} == seen

    run(tmp_path, test)


def free(who: Who, home: Tenant) -> Who:
    """Whoever signs in or accepts is at home where the sample is, whatever else he shows."""
    return Who(who.shown, who.caller, home)


def test_without_a_header_a_project_key_stands_for_its_project(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        sent, seen = bodies(world), set()
        for route, level, rule in scoped(world):
            if SCOPE_ID[level] in parameters(route.path):
                continue
            for name, who in world.everybody.items():
                home = who.home or world.own
                path = filled(route.path, home.places[level].ids)
                answer = await world.ask(who, route.method, path, sent.get(route.operation))
                wanted = 422
                if who.caller is None:
                    wanted = 401
                elif who.lacks_csrf and route.method != "GET":
                    wanted = 403
                elif isinstance(who.caller, ApiKey) and who.caller.root.level is Level.PROJECT:
                    wanted = expected(who, route, rule, who.caller.root)
                assert answer.status == wanted, (route, name, answer.body)
                seen.add(wanted)
        assert seen == {200, 401, 403, 422}

    run(tmp_path, test)


def test_a_header_changes_nothing_where_the_path_names_the_place(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        who, headers = world.everybody["founder by token"], projects(world)
        for route, level, _ in scoped(world):
            if route.method != "GET" or SCOPE_ID[level] not in parameters(route.path):
                continue
            for target in ("own", "foreign", "unknown"):
                path = filled(route.path, targets(world, level)[target][1])
                plain = await world.ask(who, "GET", path)
                for project in headers:
                    answer = await world.ask(who, "GET", path, **{PROJECT_HEADER: project})
                    assert (answer.status, answer.body) == (plain.status, plain.body), path

    run(tmp_path, test)


def projects(world: World) -> list[str]:
    ids = [tenant.scope(Level.PROJECT).id for tenant in (world.own, world.foreign)]
    return [*map(str, ids), str(UNKNOWN), "x"]


@pytest.mark.parametrize("who", ["founder by cookie", "founder by token", "control"])
def test_a_foreign_thing_within_an_own_place_is_unknown(tmp_path: Path, who: str) -> None:
    """Ids of members, keys, data planes, letters and sessions: of the other tenant, and of another
    place in the own organisation."""

    async def test(world: World) -> None:
        sent, seen = bodies(world), 0
        for route, rule in rules(world):
            inner = [name for name in parameters(route.path) if name not in SCOPE_ID.values()]
            if not inner:
                continue
            level = rule.level or Level.ORGANISATION
            name = who if who != "control" else f"control_plane key at {level}: all"
            asking = world.everybody[name]
            if decide(asking.caller, rule, world.own.scope(level)) is not Decision.ALLOWED:
                continue
            answers = {}
            for word, ids in inner_ids(world, level, inner[0]).items():
                path, header = named(route, level, ids)
                body = sent.get(route.operation)
                answers[word] = await world.ask(asking, route.method, path, body, **header)
                assert answers[word].status == 404, (path, word, answers[word].body)
                assert answers[word].changed == {}
                seen += 1
            require_alike(answers, route.path)
        assert seen > 10

    run(tmp_path, test)


def inner_ids(world: World, level: Level, name: str) -> dict[str, dict[str, str]]:
    own = dict(world.own.places[level].ids)
    if name == "session_id":
        other = world.everybody["outsider by cookie"].session_id
        return {"unknown": {**own, name: str(UNKNOWN)}, "foreign": {**own, name: other}}
    found = {"foreign": world.foreign.places[level].ids[name], "unknown": str(UNKNOWN)}
    sibling = world.own.siblings[level].ids[name]
    if sibling != own[name]:
        found["sibling"] = sibling
    return {word: {**own, name: id_} for word, id_ in found.items()}
