"""The data plane over HTTP: recorded clients are answered, and what they sent is readable."""

import asyncio
import gzip
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest
import zstandard
from captures import OTHERS, WHOLE, captured
from clickhouse_engine import fresh_index
from data_plane import INGEST_KEY, KEY, PROJECT, STRANGERS_KEY, RunningDataPlane, data_plane
from honeyhive._generated.models import (
    ExportEventsResponse,
    GetEventResponse,
    GetEventsSchemaResponse,
)
from honeyhive.models import EventExportResponse
from read_house import where

from hh_core.domain.identity import MAX_ID

EXPORT = "/v1/events/export"
OURS = {
    ("POST", "/session/start"),
    ("POST", "/events"),
    ("PUT", "/events"),
    ("POST", "/events/batch"),
    ("POST", EXPORT),
    ("POST", "/v1/events/search"),
    ("GET", "/v1/events/schema"),
    ("POST", "/opentelemetry/v1/traces"),
}
"""The routes that this release promises to recorded clients."""
UNPACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


def run(scenario: Callable[[RunningDataPlane], Awaitable[None]], **sections: Any) -> None:
    async def main() -> None:
        async with data_plane(fresh_index(), **sections) as plane:
            await scenario(plane)

    asyncio.run(main())


async def replay(plane: RunningDataPlane, scenario: str) -> None:
    for request in captured(scenario):
        answer = await plane.ask(
            request.method, request.target, data=request.data, headers=request.headers
        )
        said = (scenario, request.number, request.path, answer)
        if (request.method, request.path) in OURS:
            assert answer.status == 200, said
        elif answer.status != 200:
            assert answer.status == 404, said
            assert answer.body["message"], said


async def everything(plane: RunningDataPlane, *filters: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await plane.ask_settled("POST", EXPORT, {"filters": list(filters)})
    assert answer.status == 200, answer
    assert "incomplete" not in answer.body
    assert len(answer.body["events"]) == answer.body["count"] == answer.body["totalEvents"]
    return list(answer.body["events"])


@pytest.mark.parametrize("scenario", WHOLE)
def test_a_recorded_client_is_answered_and_its_events_are_readable(scenario: str) -> None:
    async def main(plane: RunningDataPlane) -> None:
        await replay(plane, scenario)

        events = await everything(plane)

        assert {event["event_type"] for event in events} >= {"session"}
        sent = sum(
            len(scope["spans"])
            for request in captured(scenario)
            if request.path.endswith("/v1/traces")
            for resource in request.body["resourceSpans"]
            for scope in resource["scopeSpans"]
        )
        of_spans = [event for event in events if "span_id" in event["metadata"]]
        assert len(of_spans) == sent > 0
        sessions = {e["session_id"] for e in events if e["event_type"] == "session"}
        assert {event["session_id"] for event in events} == sessions
        EventExportResponse(events=events, totalEvents=len(events))
        for session in sessions:
            await the_tree_holds_what_the_list_holds(plane, session, events)

    run(main)


async def the_tree_holds_what_the_list_holds(
    plane: RunningDataPlane, session: str, events: list[dict[str, Any]]
) -> None:
    answer = await plane.ask_settled("GET", f"/v1/sessions/{session}")
    assert answer.status == 200

    def below(node: dict[str, Any]) -> set[str]:
        found = {child["event_id"] for child in node["children"] if "pending" not in child}
        return found.union(*(below(child) for child in node["children"]))

    listed = {
        event["event_id"]
        for event in events
        if event["session_id"] == session and event["event_type"] != "session"
    }
    assert below(answer.body["session"]) == listed
    assert answer.body["count"] == len(listed)
    assert answer.body["session"]["metadata"]["num_events"] == len(listed)


@pytest.mark.parametrize("scenario", OTHERS)
def test_of_other_recordings_our_routes_are_answered_and_the_rest_is_a_404(scenario: str) -> None:
    run(lambda plane: replay(plane, scenario))


def test_what_the_sdk_enriches_arrives_where_it_belongs() -> None:
    async def main(plane: RunningDataPlane) -> None:
        await replay(plane, "trace_json")
        session_id = "42557e62-eb0e-48d0-838a-bf5f93adb229"

        session = (await plane.ask_settled("GET", f"/v1/events/{session_id}")).body["event"]

        assert session["metadata"]["via"] == "method"
        assert session["metadata"]["loose_kw"] == "y"
        assert session["outputs"] == {"final": "Paris."}
        assert session["user_properties"] == {"user_id": "u1"}
        assert session["metadata"]["has_feedback"] is True
        failed = await everything(plane, {"field": "error", "operator": "exists", "type": "string"})
        assert failed
        assert all(isinstance(event["error"], str) for event in failed)
        of_session = {"field": "session_id", "operator": "is", "value": session_id}
        assert len(await everything(plane, of_session | {"type": "id"})) == len(
            [e for e in await everything(plane) if e["session_id"] == session_id]
        )

    run(main)


def test_answers_have_the_shapes_that_the_sdk_demands() -> None:
    async def main(plane: RunningDataPlane) -> None:
        await replay(plane, "trace_async")
        exported = await plane.ask_settled("POST", EXPORT, {"filters": [], "limit": 5.0})
        ExportEventsResponse.model_validate(exported.body)
        for event in exported.body["events"]:
            one = await plane.ask("GET", f"/v1/events/{event['event_id']}")
            assert GetEventResponse.model_validate(one.body)
            assert one.body["event"] == event
            for name in ("start_time", "end_time", "duration"):
                assert isinstance(event[name], int | float)
            for name in ("inputs", "outputs", "config", "metadata", "metrics", "feedback"):
                assert isinstance(event[name], dict)
        python_text = quote("{'$gte': '2026-01-01T00:00:00Z'}")
        schema = await plane.ask("GET", f"/v1/events/schema?dateRange={python_text}")
        GetEventsSchemaResponse.model_validate(schema.body)
        assert schema.body["fields"]
        legacy = await plane.ask("POST", "/events/export", {"project": "demo", "filters": []})
        assert legacy.body["totalEvents"] == exported.body["count"]
        session = next(e for e in exported.body["events"] if e["event_type"] == "session")
        old = await plane.ask("GET", f"/session/{session['event_id']}")
        assert old.body["event_id"] == session["event_id"]

    run(main)


def test_without_a_key_nothing_is_said_and_a_foreign_id_is_as_unknown_as_any() -> None:
    async def main(plane: RunningDataPlane) -> None:
        started = await plane.ask("POST", "/session/start", {"session": {"session_name": "s"}})
        mine = started.body["session_id"]
        routes = [
            ("POST", EXPORT),
            ("POST", "/v1/events/search"),
            ("POST", "/events/export"),
            ("GET", "/v1/events/schema"),
            ("GET", f"/v1/events/{mine}"),
            ("GET", f"/v1/sessions/{mine}"),
            ("GET", f"/v1/sessions/{mine}/outline"),
            ("GET", f"/session/{mine}"),
        ]
        for method, path in routes:
            body = {} if method == "POST" else None
            for key, status in ((None, 401), ("hh_unknown", 401), (INGEST_KEY, 403)):
                refused = await plane.ask(method, path, body, key=key)
                assert refused.status == status, (path, key)
                assert set(refused.body) == {"message", "errorCode"}
            assert (await plane.ask_settled(method, path, body)).status == 200
        for path in (f"/v1/events/{mine}", f"/v1/sessions/{mine}", f"/session/{mine}"):
            foreign = await plane.ask("GET", path, key=STRANGERS_KEY)
            unknown = await plane.ask("GET", path.replace(mine, str(uuid4())), key=STRANGERS_KEY)
            assert foreign.status == unknown.status == 404
            assert foreign.body == unknown.body

    run(main)


MISTAKES: list[tuple[Any, str]] = [
    ([], "body"),
    ({"limit": 7501}, "limit"),
    ({"limit": "many"}, "limit"),
    ({"page": 0}, "page"),
    ({"dateRange": {"since": "x"}}, "dateRange"),
    ({"dateRange": {"$gte": "soon"}}, "dateRange.$gte"),
    ({"filters": [{"field": "a", "operator": "like", "value": 1}]}, "filters[0].operator"),
    ({"projections": [1]}, "projections"),
    ({"projections": [".".join("a" * 33)]}, "projections[0] has more than 32 parts"),
    ({"filters": [{"field": ".".join("a" * 33), "value": 1}]}, "filters[0].field has more than"),
    ({"limit": "1" * 32_000 + "x"}, "limit"),
    ({"sort": {"field": "durations"}}, "did you mean 'duration'?"),
    ({"sort": {"field": "cost", "order": "up"}}, "sort.order"),
    ({"count": "some"}, "count must be exact or none"),
    ({"detail": 1}, "detail must be full or row"),
    ({"cursor": "forged"}, "cursor is not one of this question"),
    ({"since": "forged"}, "since is not one of this question"),
    ({"since": "a", "cursor": "b"}, "since and cursor"),
    ({"cursor": 7}, "cursor must be the text"),
]


def test_a_mistake_is_named() -> None:
    async def main(plane: RunningDataPlane) -> None:
        for body, names in MISTAKES:
            answer = await plane.ask("POST", EXPORT, body)

            assert answer.status == 400
            assert names in answer.body["message"]
            assert answer.body["errorCode"] == "bad_request"

    run(main)


def test_a_mistake_in_a_question_beside_a_list_is_named() -> None:
    async def main(plane: RunningDataPlane) -> None:
        for name, body, names in (
            ("histogram", {"buckets": 201}, "buckets must be a whole number from 1 to 200"),
            ("histogram", [], "body"),
            ("histogram", {"filters": [{"field": "a", "operator": "like"}]}, "filters[0].operator"),
            ("values", {}, "field must be a dotted path"),
            ("values", {"field": "a", "limit": 51}, "limit"),
            ("values", {"field": "a", "prefix": "x" * 257}, "prefix"),
        ):
            answer = await plane.ask("POST", f"/v1/events/{name}", body)

            assert answer.status == 400, (name, body, answer)
            assert names in answer.body["message"]

    run(main)


def test_what_stands_beside_a_list_is_answered_to_its_clients() -> None:
    async def main(plane: RunningDataPlane) -> None:
        for n in (1, 2, 3):
            event = {"event_name": f"step {n % 2}", "duration": n, "metadata": {"user_id": f"u{n}"}}
            await plane.ask("POST", "/events", {"event": event})
        search = "/v1/events/search"
        body: dict[str, Any] = {"filters": [where("event_type", "is", "tool")], "limit": 2}
        body["sort"] = {"field": "duration", "order": "asc"}

        first = await plane.ask_settled("POST", search, {**body, "live": True})
        second = await plane.ask("POST", search, {**body, "cursor": first.body["next_cursor"]})
        quiet = await plane.ask("POST", search, {**body, "since": first.body["since"]})
        histogram = await plane.ask("POST", "/v1/events/histogram", {"filters": body["filters"]})
        values = await plane.ask("POST", "/v1/events/values", {"field": "metadata.user_id"})

        events = [*first.body["events"], *second.body["events"]]
        assert [event["duration"] for event in events] == [1, 2, 3]
        assert (first.body["count"], second.body["count"], second.body["totalEvents"]) == (
            3,
            None,
            None,
        )
        assert second.body["next_cursor"] is None
        assert "since" not in second.body
        assert quiet.body["events"] == []
        assert isinstance(quiet.body["since"], str)
        assert (histogram.body["count"], histogram.body["errors"]) == (3, 0)
        assert sum(bucket["count"] for bucket in histogram.body["buckets"]) == 3
        assert {each["value"] for each in values.body["values"]} == {"u1", "u2", "u3"}
        assert values.body["sampled"] is False

    run(main)


EDGES: list[dict[str, Any]] = [
    {"filters": [where("duration", "less than", 1e308, "number")]},
    {
        "filters": [
            where("event_type", "is", "session"),
            where("metadata.cost", "is", 1e99, "number"),
        ]
    },
    {"dateRange": {"$gte": 1e308, "$lte": -1e308}},
    {"dateRange": {"$gte": -(1 << 63), "$lte": (1 << 64) - 1}},
    {"dateRange": {"$gte": "0001-01-01T00:00:00+14:00", "$lte": "9999-12-31T23:59:59-14:00"}},
    {"page": 1_000_000, "limit": 7500},
    {"filters": [where("start_time", "greater than", 1e308, "number")]},
    {"filters": [where("metrics.x", "is", -1e308, "number")]},
    {"filters": [where("metadata.a", "is", "\0'; DROP TABLE events --")]},
    {"filters": [where(".", "not contains", "\\")]},
    {"filters": [where("event_name", "contains", "%_\u202e\U0001f600")]},
]


def test_an_extreme_question_is_answered() -> None:
    async def main(plane: RunningDataPlane) -> None:
        await plane.ask("POST", "/events", {"event": {"event_name": "one"}})
        for body in EDGES:
            answer = await plane.ask_settled("POST", EXPORT, body)
            assert answer.status == 200, (body, answer)
            for name in ("histogram", "values"):
                asked = {**body, "field": "metadata.a", "limit": None}
                answer = await plane.ask("POST", f"/v1/events/{name}", asked)
                assert answer.status == 200, (name, body, answer)
        for range_ in ("{'$gte': 1e308}", "{'$lte': -1e308}", "{'$gte': -9e18, '$lte': 9e18}"):
            answer = await plane.ask("GET", f"/v1/events/schema?dateRange={quote(range_)}")
            assert answer.status == 200, (range_, answer)

    run(main)


def test_a_client_that_leaves_in_the_midst_of_its_body_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main(plane: RunningDataPlane) -> None:
        address = urlsplit(plane.url)
        head = f"POST {EXPORT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        for rest in (
            'Content-Length: 99\r\n\r\n{"limit":',
            "Transfer-Encoding: chunked\r\n\r\n9\r\n{",
        ):
            _, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write((head + rest).encode())
            await writer.drain()
            await asyncio.sleep(0.2)
            writer.close()
            await writer.wait_closed()
        await asyncio.sleep(0.2)

        assert (await plane.ask("POST", EXPORT, {})).status == 200
        assert [entry for entry in caplog.records if entry.levelno >= logging.WARNING] == []

    run(main)


def test_a_browser_at_the_bare_address_finds_the_reference() -> None:
    async def main(plane: RunningDataPlane) -> None:
        answer = await plane.ask("GET", "/", key=None)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")

    run(main)


def test_an_outline_is_compressed_as_asked_and_not_sent_again_while_it_is_known() -> None:
    async def main(plane: RunningDataPlane) -> None:
        events = [
            {"event_type": "tool", "event_name": f"step {number}", "session_id": "run"}
            for number in range(100)
        ]
        assert (await plane.ask("POST", "/events/batch", {"events": events})).status == 200
        path = "/v1/sessions/run/outline"
        plain = await plane.ask_settled("GET", path, headers={"Accept-Encoding": "identity"})
        assert plain.status == 200
        assert (plain.body["count"], plain.body["next_offset"]) == (100, None)
        assert "Content-Encoding" not in plain.headers
        for accepted, used in (
            ("gzip", "gzip"),
            ("br, zstd;q=0, GZIP;q=0.5", "gzip"),
            ("gzip, zstd", "zstd"),
        ):
            async with plane.client.get(
                plane.url + path,
                headers={"Authorization": f"Bearer {KEY}", "Accept-Encoding": accepted},
                auto_decompress=False,
            ) as answer:
                raw = await answer.read()
            assert answer.headers["Content-Encoding"] == used, accepted
            assert json.loads(UNPACKED[used](raw)) == plain.body, accepted
        tag = plain.headers["ETag"]
        for known in (tag, f'"older", {tag.removeprefix("W/")}'):
            same = await plane.ask("GET", path, headers={"If-None-Match": known})
            assert (same.status, same.body, same.headers["ETag"]) == (304, b"", tag)
        await plane.ask("POST", "/events", {"event": events[0]})
        changed = await plane.ask_settled("GET", path, headers={"If-None-Match": tag})
        assert (changed.status, changed.body["count"]) == (200, 101)
        for query in ("limit=0", "limit=25001", "limit=x", "offset=-1", "offset=1e3"):
            assert (await plane.ask("GET", f"{path}?{query}")).status == 400, query

    run(main)


def test_an_id_that_may_be_written_may_be_asked_for() -> None:
    async def main(plane: RunningDataPlane) -> None:
        longest = "i" * MAX_ID
        event = {"event_type": "tool", "event_name": "n", "event_id": longest}
        created = await plane.ask("POST", "/events", {"event": event | {"session_id": longest}})
        assert created.status == 200, created
        for path in (f"/v1/events/{longest}", f"/v1/sessions/{longest}"):
            answer = await plane.ask_settled("GET", path)
            assert answer.status == 200, answer
        refused = await plane.ask("GET", f"/v1/events/{longest}i")
        assert (refused.status, str(MAX_ID) in refused.body["message"]) == (400, True)

    run(main)


def test_what_is_no_route_is_a_404_in_json() -> None:
    async def main(plane: RunningDataPlane) -> None:
        for method, path in (
            ("GET", "/v1/runs"),
            ("DELETE", EXPORT),
            ("POST", "/v1/datasets"),
            ("GET", "/v1/events/"),
            ("GET", "/../etc/passwd"),
        ):
            answer = await plane.ask(method, path)
            assert answer.status == 404, (method, path)
            assert answer.body["message"]
        malformed = await plane.ask("POST", EXPORT, data=b"{")
        assert (malformed.status, malformed.body["message"]) == (400, "the body is not JSON")
        large = await plane.ask("POST", EXPORT, data=b" " * (2 << 20))
        assert large.status == 413

    run(main)


def test_the_reference_is_served_without_a_key_and_loads_nothing_from_elsewhere() -> None:
    async def main(plane: RunningDataPlane) -> None:
        page = await plane.ask("GET", "/docs", key=None)
        document = await plane.ask("GET", "/openapi.json", key=None)

        assert page.status == document.status == 200
        assert page.headers["Content-Type"].startswith("text/html")
        text = page.body.decode()
        assert "<script" not in text
        assert "http://" not in text
        assert "https://" not in text
        for path in document.body["paths"]:
            assert path in text
        assert document.body["openapi"].startswith("3.1")

    run(main)


def test_a_span_is_readable_right_after_its_acknowledgement() -> None:
    async def main(plane: RunningDataPlane) -> None:
        for number in range(20):
            event = {"event_type": "tool", "event_name": f"n{number}", "inputs": {"n": number}}
            created = await plane.ask("POST", "/events", {"event": event})
            answer = await plane.ask_settled("GET", f"/v1/events/{created.body['event_id']}")
            assert answer.status == 200
            assert answer.body["event"]["inputs"] == {"n": number}
            assert answer.body["event"]["project_id"] == PROJECT

    run(main)


def test_a_client_says_how_long_it_is_prepared_to_wait() -> None:
    async def main(plane: RunningDataPlane) -> None:
        await plane.ask("POST", "/events", {"event": {"event_type": "tool", "session_id": "run"}})
        loop = asyncio.get_running_loop()
        for prefer, applied, least, most in (
            ("wait=0", "wait=0", 0.0, 4.9),
            ("wait=1", "wait=1", 0.9, 4.9),
            ("wait=60", "wait=5", 4.9, 60.0),
            ("respond-async", None, 4.9, 60.0),
        ):
            begun = loop.time()
            answer = await plane.ask("POST", EXPORT, {"filters": []}, headers={"Prefer": prefer})
            assert least <= loop.time() - begun <= most, prefer
            assert (answer.status, answer.body["behind"]) == (200, True)
            assert answer.headers.get("Preference-Applied") == applied
        missing = await plane.ask("GET", "/v1/sessions/run", headers={"Prefer": "wait=0"})
        assert (missing.status, missing.body["behind"]) == (404, True)
        assert missing.headers["Preference-Applied"] == "wait=0"

    run(main, services=["ingest", "api"], read={"wait_seconds": 4.9})
