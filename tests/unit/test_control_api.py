"""The control plane's API over memory ports: what it answers, to whom, and as it is described."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient
from control_house import ControlHouse, MadeKey, control_house
from jsonschema_rs import Draft202012Validator
from telemetry_rows import DP_ID, PROJECT, START_NS, telemetry_rows

from hh_control.api import ControlApi
from hh_control.documents import openapi
from hh_core.domain.api_keys import KeyKind
from hh_core.domain.policy import OPERATIONS, Audience, Plane, operation, permissions
from hh_core.domain.scopes import Level
from hh_core.errors import RejectedError
from hh_core.usecases.dead_letters import DeadLetters
from hh_core.usecases.intake import DATA_PLANES
from hh_core.usecases.write import Store
from hh_memory.records import MemoryRecords
from hh_runtime.http import listening
from hh_runtime.net import Address

OTHER = UUID(int=5)
NOW_MS = START_NS // 1_000_000 + 3_600_000
ALL = permissions(Level.PROJECT, KeyKind.CONTROL_PLANE)
KEYS = (
    MadeKey("full", PROJECT, KeyKind.CONTROL_PLANE, ALL),
    MadeKey("reader", PROJECT, KeyKind.READ_ONLY),
    MadeKey("sender", PROJECT, KeyKind.INGESTION),
    MadeKey("stranger", OTHER, KeyKind.CONTROL_PLANE, ALL),
)
Answer = tuple[int, Any]


@dataclass
class World:
    client: TestClient[Any, Any]
    store: Store
    records: MemoryRecords
    letters: DeadLetters
    api: ControlApi
    house: ControlHouse

    async def get(self, path: str, key: str | None = "full") -> Answer:
        async with self.client.get(path, headers=_headers(key)) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, body: Any, key: str | None = "full") -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.client.post(path, data=data, headers=_headers(key)) as answer:
            return answer.status, await answer.json()

    async def ask(self, key: str = "full", **question: Any) -> list[dict[str, Any]]:
        status, answer = await self.post("/v1/analytics/query", question, key)
        assert status == 200, answer
        conforms(answer, "QueryAnswer")
        rows: list[dict[str, Any]] = answer["rows"]
        return rows


def _headers(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Authorization": f"Bearer {key}"}


def conforms(answer: Any, schema: str) -> None:
    """Check an answer against the document that describes it."""
    whole = {**openapi(), "$ref": f"#/components/schemas/{schema}"}
    faults = [fault.message for fault in Draft202012Validator(whole).iter_errors(answer)]
    assert faults == []


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    async with control_house(folder, KEYS, name="prod <eu>") as house:
        house.now_ms = NOW_MS
        letters = DeadLetters(house.records, now_ms=lambda: NOW_MS)
        yield World(house.client, house.store, house.records, letters, house.plane.api(), house)


def run(folder: Path, test: Callable[[World], Awaitable[None]]) -> None:
    async def in_world() -> None:
        async with asyncio.timeout(60), world(folder) as ready:
            await test(ready)

    asyncio.run(in_world())


async def filled(world: World) -> None:
    rows = telemetry_rows(
        40,
        model=["gpt-4o-mini", "claude"] * 20,
        duration_ns=[(row + 1) * 1_000_000 for row in range(40)],
        status=["ok"] * 30 + ["error"] * 10,
    )
    await world.store.rows(rows)
    await world.store.consequences(rows)


def test_telemetry_is_measured_by_name_and_time(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        await filled(world)

        (total,) = await world.ask(
            measures=[
                {"function": "count"},
                {"function": "max", "column": "duration_ms"},
                {"function": "avg", "column": "duration_ms", "name": "mean"},
                {"function": "sum", "column": "usage", "name": "tokens"},
                {"function": "uniq", "column": "trace_id", "name": "traces"},
            ]
        )
        by_model = await world.ask(
            measures=[{"function": "count", "name": "events"}],
            group_by=["model"],
            bucket="hour",
            order_by=[{"column": "model"}],
        )
        slow = await world.ask(
            measures=[{"function": "count", "name": "events"}],
            group_by=["dp_id"],
            filters=[
                {"column": "duration_ms", "op": "gt", "value": 30},
                {"column": "model", "op": "in", "value": ["claude"]},
            ],
        )

        assert total["count"] == 40
        assert total["max_duration_ms"] == 40.0
        assert total["mean"] == 20.5
        assert total["tokens"]["total_tokens"] == 600
        assert total["traces"] == 4
        hour = START_NS // 1_000_000
        assert by_model == [
            {"model": "claude", "bucket": hour, "events": 20},
            {"model": "gpt-4o-mini", "bucket": hour, "events": 20},
        ]
        assert slow == [{"dp_id": DP_ID, "events": 5}]

    run(tmp_path, test)


def test_a_range_holds_what_starts_in_it(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        await filled(world)
        first = START_NS // 1_000_000

        rows = await world.ask(
            measures=[{"function": "count"}], **{"from": first + 10, "to": first + 20}
        )

        assert rows == [{"count": 10}]

    run(tmp_path, test)


def test_the_latest_sessions_come_first_with_their_roll_ups(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        await filled(world)

        status, page = await world.get("/v1/analytics/sessions?limit=3")
        _, rest = await world.get("/v1/analytics/sessions?limit=3&offset=3")

        assert status == 200
        conforms(page, "Sessions")
        starts = [session["start_ms"] for session in page["sessions"] + rest["sessions"]]
        assert starts == sorted(starts, reverse=True)
        assert (len(starts), page["total"]) == (4, 4)
        assert page["sessions"][0]["num_events"] == 10
        assert page["sessions"][0]["num_errors"] == 10

    run(tmp_path, test)


def test_another_projects_key_sees_nothing_of_it(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        await filled(world)
        row = telemetry_rows(1)
        await world.letters.keep_rows([(row, RejectedError("model: no"))])
        (letter,) = await world.letters.page()

        assert await world.ask("stranger", measures=[{"function": "count"}]) == [{"count": 0}]
        _, sessions = await world.get("/v1/analytics/sessions", "stranger")
        assert sessions == {"sessions": [], "total": 0}
        assert (await world.get("/v1/dead-letters", "stranger"))[1]["dead_letters"] == []
        foreign = await world.get(f"/v1/dead-letters/{letter.id}", "stranger")
        unknown = await world.get("/v1/dead-letters/nobody", "stranger")
        assert foreign == unknown
        assert foreign[0] == 404
        _, redriven = await world.post("/v1/dead-letters/redrive", {"ids": [letter.id]}, "stranger")
        assert redriven == {"restored": 0, "failed": 0, "unknown": 1}
        _, redriven = await world.post("/v1/dead-letters/redrive", {}, "stranger")
        assert redriven == {"restored": 0, "failed": 0, "unknown": 0}

    run(tmp_path, test)


def test_dead_letters_are_listed_shown_and_redriven(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        rows = telemetry_rows(3)
        refused = RejectedError("model: a value that the column cannot hold", code=422)
        await world.letters.keep_rows([(rows.slice(row, 1), refused) for row in range(3)])

        _, first = await world.get("/v1/dead-letters?limit=2")
        _, last = await world.get(f"/v1/dead-letters?limit=2&after={first['after']}")
        conforms(first, "DeadLetters")
        assert len(first["dead_letters"] + last["dead_letters"]) == 3
        assert last["after"] is None

        chosen = first["dead_letters"][0]
        status, letter = await world.get(f"/v1/dead-letters/{chosen['id']}")
        assert status == 200
        conforms(letter, "DeadLetterWithRow")
        assert letter["row"]["usage"]["total_tokens"] == 15
        assert UUID(letter["row"]["event_id"]) == UUID(chosen["event"])

        _, one = await world.post("/v1/dead-letters/redrive", {"ids": [chosen["id"]]})
        conforms(one, "Redriven")
        _, rest = await world.post("/v1/dead-letters/redrive", {"ids": None})
        assert (one["restored"], rest["restored"]) == (1, 2)
        assert await world.ask(measures=[{"function": "count"}]) == [{"count": 3}]

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("path", "key", "status"),
    [
        ("/v1/analytics/sessions", None, 401),
        ("/v1/analytics/sessions", "nobody", 401),
        ("/v1/analytics/sessions", "sender", 403),
        ("/v1/dead-letters", "reader", 403),
        ("/v1/dead-letters/x", "reader", 403),
        ("/v1/dead-letters/x", "full", 404),
        ("/v1/analytics/sessions?limit=0", "full", 422),
        ("/v1/analytics/sessions?limit=a", "full", 422),
        ("/v1/analytics/query", "full", 405),
        ("/v1/dead-letters/redrive", "full", 405),
        ("/v1/dead-letters?after=" + "x" * 257, "full", 422),
        ("/v1/nothing", "full", 404),
        ("/v1/nothing", None, 404),
        ("/%2e%2e/etc/passwd", None, 404),
    ],
)
def test_every_error_is_json_with_a_code(
    tmp_path: Path, path: str, key: str | None, status: int
) -> None:
    async def test(world: World) -> None:
        answered, body = await world.get(path, key)

        assert answered == status
        conforms(body, "Error")

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("body", "status", "names"),
    [
        (b"{", 400, "body"),
        (b"[]", 422, "body"),
        (b"{}", 422, "measures"),
        ({"measures": [{"function": "count"}], "surprise": 1}, 422, "surprise"),
        ({"measures": [{"function": "drop"}]}, 422, "measures.function"),
        ({"measures": [{"function": "sum", "column": "event_name"}]}, 422, "measures.column"),
        ({"measures": [{"function": "p95", "column": "usage"}]}, 422, "measures.column"),
        ({"measures": [{"function": "count", "name": "a; DROP"}]}, 422, "measures.name"),
        ({"measures": [{"function": "count", "name": "model"}], "group_by": ["model"]}, 422, "m"),
        ({"measures": [{"function": "count"}] * 33}, 422, "measures"),
        ({"measures": [{"function": "count"}], "group_by": ["project_id"]}, 422, "group_by"),
        ({"measures": [{"function": "count"}], "bucket": "year"}, 422, "bucket"),
        ({"measures": [{"function": "count"}], "from": 5, "to": 5}, 422, "from"),
        ({"measures": [{"function": "count"}], "to": 1e3}, 422, "to"),
        ({"measures": [{"function": "count"}], "limit": True}, 422, "limit"),
        ({"measures": [{"function": "count"}], "filters": [{"column": "x"}]}, 422, "filters"),
        (
            {"measures": [{"function": "count"}], "filters": [{"column": "trace_id", "value": 1}]},
            422,
            "filters.value",
        ),
        (
            {"measures": [{"function": "count"}], "filters": [{"column": "cost", "value": "1"}]},
            422,
            "filters.value",
        ),
        ({"measures": [{"function": "count"}], "order_by": [{"column": "x"}]}, 422, "order_by"),
        (b'{"measures": "' + b"x" * 70_000 + b'"}', 413, "body"),
    ],
)
def test_a_question_that_is_not_understood_names_the_field(
    tmp_path: Path, body: Any, status: int, names: str
) -> None:
    async def test(world: World) -> None:
        answered, answer = await world.post("/v1/analytics/query", body)

        assert (answered, names in answer["message"]) == (status, True), answer

    run(tmp_path, test)


def test_a_backend_that_is_away_is_a_503_that_names_nothing(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        with world.records.outage():
            ready, _ = await world.get("/readyz", None)
            status, answer = await world.get("/v1/dead-letters")
            alive, _ = await world.get("/healthz", None)

        assert (ready, status, alive) == (503, 503, 200)
        assert "records" not in answer["message"]

    run(tmp_path, test)


def test_the_document_describes_every_route_and_no_other(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        assert world.client.app is not None
        routed = {
            (route.resource.canonical, route.method.lower())
            for route in world.client.app.router.routes()
            if route.resource is not None
        }
        described = {(path, method) for path, item in openapi()["paths"].items() for method in item}

        assert described == routed

    run(tmp_path, test)


def test_router_document_and_policy_name_the_same_operations(tmp_path: Path) -> None:
    documented = {
        described["operationId"]
        for item in openapi()["paths"].values()
        for described in item.values()
    }
    decided = {
        name for row in OPERATIONS if row.plane is Plane.CONTROL for name in (row.name, *row.also)
    }

    async def test(world: World) -> None:
        routed = {route.operation for route in world.house.routes()}

        assert documented == routed
        assert decided == routed

    run(tmp_path, test)


def test_the_document_asks_everybody_to_show_who_he_is_but_where_the_policy_is_open() -> None:
    for item in openapi()["paths"].values():
        for described in item.values():
            rule = operation(Plane.CONTROL, described["operationId"])
            shown = {kind for choice in described["security"] for kind in choice}
            takes_keys = rule.audience is Audience.SCOPE and bool(rule.keys)

            assert bool(shown) == (rule.audience is not Audience.PUBLIC)
            assert ("key" in shown) == takes_keys, rule.name


def test_what_is_not_public_is_closed_to_strangers(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        for path, item in openapi()["paths"].items():
            for method, described in item.items():
                if described["security"]:
                    url = re.sub(r"\{\w+\}", str(OTHER), path)
                    async with world.client.request(method, url) as answer:
                        assert answer.status == 401, url

    run(tmp_path, test)


def test_the_boundary_is_told_column_by_column(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        status, answer = await world.get("/v1/boundary", None)

        assert status == 200
        conforms(answer, "Boundary")
        assert len(answer["columns"]) == 24
        assert answer["columns"][0]["name"] == "project_id"
        assert answer["columns"][-1]["name"] == "dp_id"

    run(tmp_path, test)


def test_the_pages_need_no_key_show_no_tenant_and_run_no_script(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        await filled(world)
        seen = {"seen_ms": NOW_MS - 5_000, "backlog": 3, "oldest_ms": NOW_MS - 7_200_000}
        async with world.records.begin() as unit:
            await unit.put(DATA_PLANES, DP_ID, seen)
        session: ClientSession | TestClient[Any, Any] = world.client
        for path in ("/status", "/docs"):
            async with session.get(path) as answer:
                text = await answer.text()
                policy = answer.headers["Content-Security-Policy"]
            assert answer.status == 200
            assert "<script" not in text
            assert "http://" not in text
            assert "https://" not in text
            assert "default-src 'none'" in policy
            assert policy.split("nonce-")[1].split("'")[0] in text
            assert str(PROJECT) not in text
            assert DP_ID not in text
            assert "gpt-4o-mini" not in text
        async with session.get("/status") as answer:
            status = await answer.text()

        assert "prod &lt;eu&gt;" in status
        assert "Behind" in status

    run(tmp_path, test)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX"])
def test_a_client_that_does_not_finish_its_headers_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr("hh_runtime.public_http.HEADER_SECONDS", 0.3)

    async def test(world: World) -> None:
        async with served(world) as (reader, writer), asyncio.timeout(3):
            writer.write(sent)
            assert await reader.read() == b""

    run(tmp_path, test)


def test_a_body_that_drips_is_a_408(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hh_control.bodies.BODY_SECONDS", 0.3)
    head = "POST /v1/analytics/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer full\r\n"

    async def test(world: World) -> None:
        async with served(world) as (reader, writer), asyncio.timeout(3):
            writer.write(head.encode() + b"Content-Length: 100\r\n\r\n")
            for _ in range(10):
                writer.write(b" ")
                await asyncio.sleep(0.05)
            answer = await reader.readuntil(b"\r\n\r\n")

        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"Connection: close" in answer

    run(tmp_path, test)


@asynccontextmanager
async def served(
    world: World,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to the API as a process serves it."""
    application = world.api.application()
    async with listening(application, Address("127.0.0.1", 0), drain_seconds=0.1) as address:
        reader, writer = await asyncio.open_connection(address.host, address.port)
        yield reader, writer
        writer.close()


def test_the_reference_shows_every_operation_and_schema(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        async with world.client.get("/docs") as answer:
            text = await answer.text()
        for item in openapi()["paths"].values():
            for described in item.values():
                assert f'id="{described["operationId"]}"' in text
        for name in openapi()["components"]["schemas"]:
            assert f'id="{name}"' in text

    run(tmp_path, test)
