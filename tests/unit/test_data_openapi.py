"""The published document and the routers of the data plane say the same."""

import re
from collections.abc import Iterator
from typing import Any, cast

import orjson

from hh_data.api.app import DOCUMENT, ReadApi
from hh_data.ingest.otlp_http import TRACES
from hh_data.ingest.rest import Rest
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
    router = ReadApi(nothing, nothing, nothing).application().router
    return {(route.method, str(route.resource.canonical)) for route in router.routes()}  # type: ignore[union-attr]  # all have one


def is_write(method: str, path: str) -> bool:
    rest = Rest.__new__(Rest)
    object.__setattr__(rest, "writes", _Anything())
    return rest.making(method, re.sub(r"\{\w+\}", "x", path)) is not None


class _Anything:
    def __getattr__(self, name: str) -> object:
        return object()


def test_every_route_is_documented_and_everything_documented_is_a_route() -> None:
    reads = read_routes()
    otlp = {("POST", path) for path in TRACES}
    writes = {route for route in documented() if route not in reads | otlp}

    assert reads <= documented()
    assert otlp <= documented()
    assert all(is_write(method, path) for method, path in writes)
    fixed = Rest._fixed(cast(Any, type("R", (), {"writes": _Anything()})()))
    assert set(fixed) <= documented()


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
    for path, _, operation in operations:
        assert set(operation["tags"]) <= tags
        assert "200" in operation["responses"]
        if operation.get("security") != []:
            assert {"401", "403", "503"} <= operation["responses"].keys(), path
        named = set(re.findall(r"\{(\w+)\}", path))
        given = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
        assert named == given


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
