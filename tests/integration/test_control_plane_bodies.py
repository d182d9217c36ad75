"""What a body of the control plane's API may name and set: nothing of another tenant, by any
field; and nothing that is not to be set."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from matrix_house import UNKNOWN, World
from matrix_requests import NOT_EMPTY, bodies, body_schemas, filled, named, rules, run

from hh_control.routing import PROJECT_HEADER
from hh_core.domain.scopes import Level
from hh_core.usecases.access_tokens import REFRESH_PREFIX
from hh_core.usecases.members import TOKEN_PREFIX
from hh_core.usecases.opaque import SECRET_BYTES, Opaque, parse_opaque

NEVER_SET = ("role", "project_id", "owner", "org_id", "id", "is_admin")


@dataclass(frozen=True, slots=True)
class InBody:
    """Bodies of one operation that differ in whose thing a field names."""

    fields: tuple[str, ...]
    status: int
    bodies: dict[str, Any]
    """Foreign, unknown, of a sibling."""


def in_bodies(world: World, event_name: str) -> dict[str, InBody]:
    own, foreign = world.own.places, world.foreign.places
    project, sibling = Level.PROJECT, world.own.siblings[Level.PROJECT].ids
    plane = own[Level.ORGANISATION].ids["dp_id"]
    ids = {"foreign": foreign[project].ids, "sibling": sibling}
    own_project = own[project].ids["project_id"]
    audience, unknown = f"dp:{plane}", str(UNKNOWN)
    session = UUID(world.everybody["outsider by cookie"].session_id)
    open_one = parse_opaque(world.foreign_invitation, TOKEN_PREFIX)
    assert open_one is not None
    invitation = Opaque(open_one.first, open_one.second, bytes(SECRET_BYTES))
    refresh = Opaque(world.foreign.founder, session, bytes(SECRET_BYTES))
    nobody = Opaque(UNKNOWN, UNKNOWN, bytes(SECRET_BYTES))
    question = bodies(world)["query"]
    wrong = "not the password"
    return {
        "create_project": InBody(("data_plane_id",), 422, {
            "foreign": {"name": "n", "data_plane_id": foreign[project].ids["dp_id"]},
            "unknown": {"name": "n", "data_plane_id": unknown},
        }),
        "issue_token": InBody(("audience", "project_ids"), 404, {
            "foreign": {"audience": f"dp:{foreign[project].ids['dp_id']}"},
            "unknown": {"audience": f"dp:{unknown}"},
            "foreign project": {"audience": audience,
                                "project_ids": [ids["foreign"]["project_id"]]},
            "unknown project": {"audience": audience, "project_ids": [unknown]},
            **{
                f"{word} of two": {"audience": audience, "project_ids": [own_project, other]}
                for word, other in (("foreign", ids["foreign"]["project_id"]), ("unknown", unknown))
            },
        }),
        "redrive_dead_letters": InBody(("ids",), 200, {
            "foreign": {"ids": [ids["foreign"]["id"]]},
            "unknown": {"ids": [unknown]},
            "sibling": {"ids": [sibling["id"]]},
        }),
        "query": InBody(("filters",), 200, {
            word: {**question, "filters": [{"column": "event_name", "value": value}]}
            for word, value in (("foreign", event_name), ("unknown", "unknown"))
        }),
        "sign_in": InBody(("email", "password"), 401, {
            "foreign": {"email": world.foreign.email, "password": wrong},
            "unknown": {"email": "unknown@example.org", "password": wrong},
        }),
        "accept_invitation": InBody(("token",), 401, {
            word: {"token": token.text(TOKEN_PREFIX), "password": wrong}
            for word, token in (("foreign", invitation), ("unknown", nobody))
        }),
        "refresh_token": InBody(("refresh_token",), 401, {
            word: {"refresh_token": token.text(REFRESH_PREFIX)}
            for word, token in (("foreign", refresh), ("unknown", nobody))
        }),
    }  # fmt: skip


def test_a_foreign_thing_in_a_body_is_unknown(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        who = world.everybody["founder by token"]
        asked = in_bodies(world, await event_name_of(world, "outsider by token"))
        for route, rule in rules(world):
            found = asked.pop(rule.name, None)
            if found is None:
                continue
            level = rule.level or Level.ORGANISATION
            ids = dict(world.own.places[level].ids)
            path, header = named(route, level, ids) if rule.level else (route.path, {})
            answers = {}
            for word, body in found.bodies.items():
                answers[word] = await world.ask(who, route.method, path, body, **header)
                said = (rule.name, word, answers[word].body)
                assert answers[word].status == found.status, said
                kinds = {kind for kind, _ in answers[word].changed}
                assert kinds <= {"sign-in-throttle"}, said
            for word, answer in answers.items():
                unknown = answers[re.sub("foreign|sibling", "unknown", word)]
                assert answer.body == unknown.body, (rule.name, word)
                assert answer.work == unknown.work, (rule.name, word)
        assert asked == {}

    run(tmp_path, test)


async def event_name_of(world: World, name: str) -> str:
    """As the one who owns it reads it: so it is there to be found."""
    who = world.everybody[name]
    assert who.home is not None
    project = str(who.home.scope(Level.PROJECT).id)
    body = bodies(world)["query"]
    answer = await world.ask(who, "POST", "/v1/analytics/query", body, **{PROJECT_HEADER: project})
    (row,) = answer.data["rows"]
    assert row["count"] == 3
    return str(row["event_name"])


def test_every_field_that_names_something_of_somebody_is_tried(tmp_path: Path) -> None:
    """But for the address in an invitation, which has its own test."""

    async def test(world: World) -> None:
        naming = re.compile(r"(.*_)?ids?|email|audience|(.*_)?token")
        described = {
            (operation_id, field)
            for operation_id, schema in body_schemas()
            for field in schema["properties"]
            if naming.fullmatch(field) and not operation_id.startswith("invite_")
        }
        tried = {
            (name, field) for name, found in in_bodies(world, "n").items() for field in found.fields
        }
        assert described
        assert described <= tried

    run(tmp_path, test)


def test_an_invitation_does_not_tell_whether_the_person_is_known(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        founder, other = (world.everybody[f"{name} by cookie"] for name in ("founder", "outsider"))
        path = f"/v1/projects/{world.foreign.scope(Level.PROJECT).id}/members"
        known = await world.ask(other, "POST", path, {"email": "Known@Example.org"})
        assert known.status == 200
        world.house.records.backend.table = known.table
        world.keep()
        for level in Level:
            path = f"{path_of(level)}/{world.own.scope(level).id}/members"
            told = [
                masked((await world.ask(founder, "POST", path, {"email": email})).data["data"])
                for email in ("KNOWN@example.org", "OTHER@example.org")
            ]
            assert told[0] == {**told[1], "email": told[1]["email"].replace("other", "known")}

    run(tmp_path, test)


def path_of(level: Level) -> str:
    return {Level.ORGANISATION: "/v1/orgs", Level.WORKSPACE: "/v1/workspaces",
            Level.PROJECT: "/v1/projects"}[level]  # fmt: skip


def masked(data: dict[str, Any]) -> dict[str, Any]:
    """Without what is drawn at random."""
    drawn = ("id", "user_id", "key_id", "invitation_token", "one_time_token", "key_value", "shown")
    return {name: "drawn" if name in drawn else value for name, value in data.items()}


def test_names_of_others_may_be_taken(tmp_path: Path) -> None:
    """SECURITY C30."""

    async def test(world: World) -> None:
        sent, owner = bodies(world), world.everybody["outsider by token"]
        making = [
            (route, rule.level or Level.ORGANISATION)
            for route, rule in rules(world)
            if route.operation.startswith("create_")
        ]
        assert len(making) == 7
        for route, level in making:
            path = filled(route.path, world.foreign.places[level].ids)
            body = {**sent[route.operation], "name": "Common"}
            world.house.records.backend.table = (await world.ask(owner, "POST", path, body)).table
            world.keep()
        who = world.everybody["founder by token"]
        for route, level in making:
            path = filled(route.path, world.own.places[level].ids)
            told = []
            for name in ("Common", "Common", "Unique"):
                answer = await world.ask(who, "POST", path, {**sent[route.operation], "name": name})
                assert answer.status == 200, (path, answer.body)
                told.append((masked(answer.data["data"]) | {"name": ""}, answer.work))
            assert told[0] == told[1] == told[2]

    run(tmp_path, test)


def test_a_field_that_is_not_to_be_set_is_refused_everywhere(tmp_path: Path) -> None:
    """SECURITY C25."""

    async def test(world: World) -> None:
        sent, who, seen = bodies(world), world.everybody["founder by token"], 0
        settable = {name: schema["properties"].keys() for name, schema in body_schemas()}
        for route, rule in rules(world):
            if route.method == "GET":
                continue
            level = rule.level or Level.ORGANISATION
            ids = {**world.own.places[level].ids, "session_id": who.session_id}
            path, header = named(route, level, ids) if rule.level else (filled(route.path, ids), {})
            body = sent.get(route.operation)
            right = await world.ask(who, route.method, path, body, **header)
            assert right.status == NOT_EMPTY.get(rule.name, 200), (path, right.body)
            for name in NEVER_SET:
                assert name not in settable.get(route.operation, ())
                value = str(world.foreign.scope(level).id)
                added = {**(body or {}), name: value}
                answer = await world.ask(who, route.method, path, added, **header)
                assert answer.status == 422, (route.operation, name, answer.body)
                assert answer.changed == {}
                seen += 1
        assert seen > 200

    run(tmp_path, test)
