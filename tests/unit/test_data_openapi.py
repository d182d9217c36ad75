"""The published document and the routers of the data plane say the same."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, cast

import orjson
import pytest
from aiohttp.web import AbstractRoute

from hh_core.domain.policy import OPERATIONS, Audience, Operation, Plane, operation
from hh_data.api.app import DOCUMENT, ReadApi
from hh_data.ingest.otlp_http import PATHS
from hh_data.ingest.rest import Making, Rest
from hh_runtime.reference import reference_page
from hh_runtime.schemas import schema_bytes

SPEC = orjson.loads(schema_bytes(DOCUMENT))


def documented() -> set[tuple[str, str]]:
    return {
        (method.upper(), path)
        for path, item in SPEC["paths"].items()
        for method in item
        if method != "parameters"
    }


def read_routes() -> set[tuple[str, str]]:
    nothing = cast(Any, None)
    router = ReadApi(*[nothing] * 6).application().router
    return {(route.method, str(route.resource.canonical)) for route in router.routes()}  # type: ignore[union-attr]  # all have one


def rest() -> Rest:
    nothing = cast(Any, _Anything())
    return Rest(nothing, nothing, nothing, nothing, nothing, nothing)


def making(method: str, path: str) -> Making | None:
    return rest().making(method, re.sub(r"\{\w+\}", "x", path))


class _Anything:
    def __getattr__(self, name: str) -> object:
        return object()


def test_every_route_is_documented_and_everything_documented_is_a_route() -> None:
    reads = read_routes()
    otlp = {("POST", path) for path in PATHS}
    writes = {route for route in documented() if route not in reads | otlp}

    assert reads <= documented()
    assert otlp <= documented()
    assert all(making(method, path) is not None for method, path in writes)
    assert set(rest().fixed) <= documented()


def test_the_policy_and_the_document_name_the_same_operations() -> None:
    named = {
        name
        for each in OPERATIONS
        if each.plane is Plane.DATA
        for name in (each.name, *each.also)
        if name not in ("alive", "ready")
    }
    ids = {item["operationId"] for path in SPEC["paths"].values() for item in path.values()}

    assert ids == named


def test_every_route_is_judged_by_the_operation_that_the_document_names() -> None:
    router = ReadApi(*[cast(Any, None)] * 6).application().router
    judged = {
        (route.method, str(route.resource.canonical)): rule_of(route)  # type: ignore[union-attr]  # all have one
        for route in router.routes()
    }
    for path, item in SPEC["paths"].items():
        for method, said in item.items():
            rule = operation(Plane.DATA, said["operationId"])
            public = rule.audience is Audience.PUBLIC
            assert (said.get("security") == []) is public
            if public:
                continue
            key = (method.upper(), path)
            made = making(*key)
            _, sent = PATHS.get(path, (None, None))
            given = sent or (made.rule if made else judged.get(key))
            assert given == rule, path


def rule_of(route: AbstractRoute) -> Operation | None:
    found = inspect.getclosurevars(route.handler).nonlocals.get("rule")
    return found if isinstance(found, Operation) else None


def test_a_route_on_which_nobody_has_decided_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def questions(self: ReadApi) -> Iterator[Any]:
        yield "GET", "/v1/everything", "dump_everything", self.export

    monkeypatch.setattr(ReadApi, "_questions", questions)

    with pytest.raises(LookupError, match="dump_everything"):
        ReadApi(*[cast(Any, None)] * 6).application()


def test_every_reference_of_the_document_leads_somewhere() -> None:
    for reference in _references(SPEC):
        found = SPEC
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_every_operation_has_an_id_of_its_own_a_tag_and_the_answers_of_its_kind() -> None:
    operations = [
        (path, method, operation)
        for path, item in SPEC["paths"].items()
        for method, operation in item.items()
    ]
    ids = [operation["operationId"] for _, _, operation in operations]
    tags = {tag["name"] for tag in SPEC["tags"]}

    assert len(ids) == len(set(ids))
    for path, _, said in operations:
        assert set(said["tags"]) <= tags
        assert not {"200", "302"}.isdisjoint(said["responses"]), path
        if said.get("security") != []:
            assert {"401", "403", "503"} <= said["responses"].keys(), path
        named = set(re.findall(r"\{(\w+)\}", path))
        given = {p["name"] for p in said.get("parameters", ()) if p["in"] == "path"}
        assert named == given


def test_every_question_about_a_project_may_say_how_long_it_waits() -> None:
    for method, path in read_routes() - {("GET", p) for p in ("/", "/openapi.json", "/docs")}:
        if method == "HEAD":
            continue
        said = SPEC["paths"][path.replace(":[^/]+", "")][method.lower()]
        assert "Prefer" in {p["name"] for p in said["parameters"] if p["in"] == "header"}, path
        assert "Preference-Applied" in said["responses"]["200"]["headers"], path


def test_the_reference_page_escapes_what_the_document_says() -> None:
    hostile = "<script>alert(1)</script>"
    spec = {
        "info": {"title": hostile, "version": "1", "description": hostile},
        "tags": [{"name": hostile}],
        "paths": {
            "/x": {
                "get": {
                    "operationId": '"><script>',
                    "tags": [hostile],
                    "summary": hostile,
                    "parameters": [{"name": hostile, "in": "query", "schema": {"type": hostile}}],
                    "responses": {"200": {"description": hostile}},
                }
            }
        },
    }

    assert "<script" not in reference_page(spec)


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield str(item)
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
