"""REST writes, the way to the read API, and what is inside the plane only, on real sockets."""

import asyncio
import gzip
import json
import socket
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import psutil
import pytest
from aiohttp import web
from captures import OTHERS, WHOLE, captured
from honeyhive._generated.models import (
    LegacyPostEventBatchRequest,
    LegacyPostEventRequest,
    LegacyUpdateEventRequest,
)
from honeyhive.api import HoneyHive
from ingest_house import HEADERS, KEY, PROJECT, READ_KEY, House, ingest_house, serving
from yarl import URL

from hh_core.domain.segments import RecordKind
from hh_core.errors import UnavailableError
from hh_core.usecases.commit import Window
from hh_data.api.positions import IngestPositions, open_positions
from hh_runtime.http import listening
from hh_runtime.net import Address

SESSION = "6561af38-d9ec-41f3-9fda-15c906b27e24"

OURS = {
    "/opentelemetry/v1/traces",
    "/session/start",
    "/v1/sessions",
    "/events",
    "/v1/events",
    "/events/batch",
    "/v1/events/batch",
    "/v1/sessions/s/events/batch",
    ("PUT", "/v1/events/e"),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serving(tmp_path_factory.mktemp("rest")) as running:
        yield running


def ask(house: House, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """Status, headers and JSON body of an answer."""

    async def work() -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {**HEADERS, "Content-Type": "application/json", **headers}
        async with (
            aiohttp.ClientSession() as client,
            client.request(
                method, URL(house.url + path, encoded=True), data=data, headers=given
            ) as answer,
        ):
            return answer.status, answer.headers, await answer.json()

    return asyncio.run(work())


def test_every_write_is_answered_with_a_200_in_json_and_journalled(tmp_path: Path) -> None:
    with serving(tmp_path) as house:
        started = ask(house, "POST", "/session/start", {"session": {"session_id": SESSION}})
        answers = [
            started,
            ask(house, "POST", "/v1/sessions", {"session_name": "bare"}),
            ask(house, "POST", "/events", {"event": {"event_type": "model", "event_name": "e"}}),
            ask(house, "POST", "/v1/events", {"event_type": "tool", "inputs": {"a": 1}}),
            ask(house, "PUT", "/events", {"event_id": SESSION, "feedback": {"rating": 1}}),
            ask(house, "PUT", "/v1/events/a%2Fb%20c", {"metadata": {"a": 1}}),
            ask(house, "POST", "/events/batch", {"events": [{}], "single_session": True}),
            ask(house, "POST", "/v1/events/batch", {"events": [{}, {}]}),
            ask(house, "POST", "/v1/sessions/s/events/batch", {"events": [{}]}),
        ]
        events = house.documents(RecordKind.EVENT, "events")
        patches = house.documents(RecordKind.PATCH, "patches")

    assert [status for status, _, _ in answers] == [200] * 9
    assert {"event_id", "session_id", "org_id", "workspace_id", "project_id"} <= set(started[2])
    assert started[2]["project_id"] == str(PROJECT)
    assert len(events) == 6
    assert [patch["event_id"] for patch in patches][2:4] == [SESSION, "a/b c"]
    assert [patch["is_start"] for patch in patches] == [True, True, False, False, True]
    assert events[-1]["session_id"] == "s"
    assert answers[2][2]["event_id"] == events[0]["event_id"]


def test_the_official_client_starts_sessions_and_writes_events(tmp_path: Path) -> None:
    given = {"event_type": "model", "event_name": "e", "session_id": SESSION, "inputs": {"x": 1}}
    several = [{"event_type": "tool", "event_name": "t", "inputs": {}}]
    with serving(tmp_path) as house:
        client = HoneyHive(api_key=KEY, base_url=house.url)
        session = client.sessions.start({"session": {"session_name": "s", "source": "dev"}})
        event = client.events.create(LegacyPostEventRequest.model_validate({"event": given}))
        client.events.update(
            LegacyUpdateEventRequest(event_id=event.event_id, metrics={"score": 1})
        )
        batch = client.events.create_batch(
            LegacyPostEventBatchRequest.model_validate({"events": several})
        )
        names = [item["event_name"] for item in house.documents(RecordKind.EVENT, "events")]

    assert UUID(session.session_id)
    assert session.project_id == str(PROJECT)
    assert len(batch.event_ids) == 1
    assert names == ["e", "t"]


@pytest.mark.parametrize("scenario", [*WHOLE, *OTHERS])
def test_captured_writes_of_the_official_client_replay_with_success(
    house: House, scenario: str
) -> None:
    async def work() -> list[tuple[str, int]]:
        answers = []
        async with aiohttp.ClientSession() as client:
            for request in captured(scenario):
                if request.path not in OURS and (request.method, request.path) not in OURS:
                    continue
                async with client.request(
                    request.method,
                    house.url + request.target,
                    data=request.data,
                    headers={**request.headers, **HEADERS},
                ) as answer:
                    await answer.read()
                    answers.append((request.path, answer.status))
        return answers

    answers = asyncio.run(work())

    assert answers
    assert {status for _, status in answers} == {200}


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        (("POST", "/events", {"event": {"event_type": "llm"}}), 400, "event_type must be one of"),
        (("POST", "/events", b'{"event":{"metrics":{"a":NaN}}}'), 400, "not JSON"),
        (("POST", "/events", b""), 400, "not JSON"),
        (("PUT", "/events", {}), 400, "event_id"),
        (("POST", "/events/batch", {"events": {}}), 400, "events must be an array"),
        (("POST", "/events/batch", {"events": [{}] * 1_001}), 413, "more than 1000 items"),
        (("POST", "/session/start", b" " * (17 << 20)), 413, "larger than"),
        (("PUT", "/v1/events/%ff", {}), 400, "UTF-8"),
    ],
)
def test_a_refusal_is_json_that_clients_surface(
    house: House, given: tuple[str, str, Any], status: int, said: str
) -> None:
    answered, headers, body = ask(house, *given)

    assert answered == status
    assert headers["Content-Type"].startswith("application/json")
    assert said in body["message"]
    assert body["errorCode"]


def test_writes_need_a_key_that_may_write(house: House) -> None:
    body = {"event": {}}

    assert ask(house, "POST", "/events", body, Authorization="Bearer nobody")[0] == 401
    assert ask(house, "POST", "/events", body, Authorization=f"Bearer {READ_KEY}")[0] == 403


def test_a_bomb_of_small_parts_is_refused_without_being_built(house: House) -> None:
    bomb = b'{"events":[' + b"{}," * 5_000_000 + b"{}]}"
    before = psutil.Process().memory_info().rss

    status, _, body = ask(house, "POST", "/events/batch", bomb)

    assert (status, body["errorCode"]) == (413, "too_large")
    assert "small parts" in body["message"]
    assert psutil.Process().memory_info().rss - before < 150 << 20


def test_a_body_is_counted_as_large_as_it_becomes(tmp_path: Path) -> None:
    body = gzip.compress(b'{"event":{"inputs":{"a":"%s"}}}' % (b"x" * 900_000))
    packed = {"Content-Encoding": "gzip"}
    with serving(tmp_path, max_in_flight_bytes=500_000) as house:
        assert ask(house, "POST", "/events", body, **packed)[0] == 503
        assert house.ingest.path.admission.bytes == 0
    with serving(tmp_path) as house:
        assert ask(house, "POST", "/events", body, **packed)[0] == 200


def test_a_body_on_the_way_to_the_read_api_may_not_stall(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hh_data.ingest.bodies.STALL_SECONDS", 0.3)
    head = f"POST /v1/events/search HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
    with (
        _with_read_api(house),
        socket.create_connection(("127.0.0.1", house.ingest.http.port), timeout=5) as connection,
    ):
        connection.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
        answer = connection.recv(65_536)

    assert b" 408 " in answer.split(b"\r\n")[0]
    assert b"faster" in answer


def test_without_the_read_api_everything_else_is_a_503_and_writes_go_on(house: House) -> None:
    status, headers, body = ask(house, "POST", "/v1/events/export", {"filters": []})

    assert status == 503
    assert int(headers["Retry-After"]) >= 1
    assert "read API" in body["message"]
    assert ask(house, "POST", "/events", {"event": {}})[0] == 200


async def _echo(request: web.Request) -> web.StreamResponse:
    if request.path == "/missing":
        return web.json_response({"message": "no"}, status=404)
    if request.path == "/stream":
        answer = web.StreamResponse(headers={"X-Kind": "stream"})
        await answer.prepare(request)
        for _ in range(3):
            await answer.write(b"x" * 100_000)
        return answer
    body = await request.read()
    seen = {
        "method": request.method,
        "path": request.raw_path,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "size": len(body),
    }
    return web.json_response(seen, headers={"Connection": "x-secret", "X-Secret": "1", "X-Ok": "1"})


@contextmanager
def _with_read_api(house: House) -> Iterator[None]:
    application = web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/{tail:.*}", _echo)
    serving_api = listening(application, house.settings.api, drain_seconds=0.1)
    asyncio.run_coroutine_threadsafe(serving_api.__aenter__(), house.loop).result(5)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(
            serving_api.__aexit__(None, None, None), house.loop
        ).result(10)


def test_what_is_no_write_goes_to_the_read_api_and_back_as_it_is(house: House) -> None:
    with _with_read_api(house):
        status, headers, seen = ask(
            house,
            "POST",
            "/v1/events/search?a=%2F&b=c%20d",
            b"y" * 3_000_000,
            **{"X-Mine": "1", "Connection": "keep-alive, x-hop", "X-Hop": "1"},
        )
        missing = ask(house, "GET", "/missing")[:1] + ask(house, "GET", "/missing")[2:]

    assert status == 200
    assert (seen["method"], seen["path"]) == ("POST", "/v1/events/search?a=%2F&b=c%20d")
    assert seen["size"] == 3_000_000
    assert seen["headers"]["authorization"] == f"Bearer {KEY}"
    assert seen["headers"]["x-mine"] == "1"
    assert "x-hop" not in seen["headers"]
    assert headers["X-Ok"] == "1"
    assert "X-Secret" not in headers
    assert missing == (404, {"message": "no"})


def test_a_head_request_is_passed_on(house: House) -> None:
    async def work() -> tuple[int, bytes]:
        async with (
            aiohttp.ClientSession() as client,
            client.head(f"{house.url}/docs", headers=HEADERS) as answer,
        ):
            first = (answer.status, await answer.read())
            async with client.get(f"{house.url}/docs", headers=HEADERS) as again:
                assert (await again.json())["method"] == "GET"
            return first

    with _with_read_api(house):
        assert asyncio.run(work()) == (200, b"")


def test_a_client_that_asks_first_is_invited_on_the_way_to_the_read_api(house: House) -> None:
    head = (
        "POST /v1/events/export HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        "Content-Length: 2\r\nConnection: close\r\n\r\n"
    )
    with (
        _with_read_api(house),
        socket.create_connection(("127.0.0.1", house.ingest.http.port), timeout=5) as connection,
    ):
        connection.sendall(head.encode())
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_a_long_answer_is_streamed(house: House) -> None:
    async def work() -> tuple[str, int]:
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"{house.url}/stream", headers=HEADERS) as answer,
        ):
            return answer.headers["X-Kind"], len(await answer.read())

    with _with_read_api(house):
        assert asyncio.run(work()) == ("stream", 300_000)


def test_readers_of_the_plane_are_told_what_is_pending(tmp_path: Path) -> None:
    async def work() -> None:
        async with (
            ingest_house(tmp_path) as house,
            open_positions([house.settings.internal]) as positions,
            aiohttp.ClientSession() as client,
        ):
            assert await _known(positions) == set()
            async with client.post(
                f"{house.url}/events", json={"event": {}}, headers=HEADERS
            ) as answer:
                assert answer.status == 200
            (name,) = await positions.pending(PROJECT)
            assert await positions.pending(UUID(int=9)) == set()
            await asyncio.sleep(0.1)
            assert [info.key for info in await house.ports.objects.list("inbox/")] == [
                f"inbox/{name}"
            ]

    asyncio.run(work())


async def _known(positions: IngestPositions) -> Collection[str]:
    """A process that has just started says for a moment that it does not know."""
    for _ in range(100):
        try:
            return await positions.pending(PROJECT)
        except UnavailableError:
            await asyncio.sleep(0.01)
    raise AssertionError("the process never knew")


def test_the_internal_endpoints_are_not_on_the_public_port(house: House) -> None:
    status = ask(house, "GET", f"/internal/pending?project={PROJECT}")[0]

    assert status == 503  # passed on to the read API, which is not there
    assert house.settings.internal.path is not None
    assert house.settings.internal.path.stat().st_mode & 0o077 == 0


def test_stopping_answers_what_is_in_flight_and_ends(tmp_path: Path) -> None:
    body = b'{"event":{}}'
    head = (
        f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with (
        serving(tmp_path, window=Window(seconds=0.5)) as house,
        socket.create_connection(("127.0.0.1", house.ingest.http.port)) as connection,
    ):
        connection.sendall(head.encode() + body)
        time.sleep(0.2)
        house.loop.call_soon_threadsafe(house.stopping.set)
        answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_house_finds_its_address_free_again(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        port = first.ingest.http.port
    with serving(tmp_path, http=Address("127.0.0.1", port)) as second:
        assert ask(second, "POST", "/events", {"event": {}})[0] == 200
