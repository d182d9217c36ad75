"""Events that stand in two places: an insert that stops half way, and ids chosen to do harm."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from servers.clickhouse import clickhouse_server

from hh_clickhouse.analytics import ClickhouseAnalytics, open_analytics
from hh_conformance.analytics_rows import (
    HOUR_NS,
    PROJECT,
    START_NS,
    Cells,
    Writer,
    all_rows,
    event,
    trace_id,
    version,
)
from hh_core.domain.identity import derived_event
from hh_core.errors import UnavailableError
from hh_core.ports.analytics import Relation, Value

SPAN = {"trace_id": trace_id(1), "span_id": bytes(7) + b"\7"}
DERIVED = UUID(bytes=derived_event(PROJECT.bytes, *SPAN.values()))


def _stop(analytics: ClickhouseAnalytics, statement: int) -> list[str]:
    """Make the next insert end before its nth statement, as a crash would. The list tells which."""
    write, stopped, left = analytics._write, [], statement

    async def maybe(table: str, *rest: Any) -> None:
        nonlocal left
        left -= 1
        if left == -1:
            stopped.append(table)
            raise UnavailableError("stopped")
        await write(table, *rest)

    analytics._write = maybe  # type: ignore[method-assign]  # what a crash does
    return stopped


async def _places(analytics: ClickhouseAnalytics) -> list[tuple[Value, Value]]:
    """Where readers find rows: the same in both orders."""
    found = [
        [(row["trace_id"], row["start_ns"]) for row in rows]
        for relation in (Relation.EVENTS, Relation.LISTING)
        for rows in [await all_rows(analytics, relation, "trace_id", "start_ns")]
    ]
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize(
    ("first", "moved"),
    [
        (event(1), {"trace_id": trace_id(2)}),
        (event(1, event_id=DERIVED, **SPAN), {"start_ns": START_NS - 24 * HOUR_NS}),
        (event(1, event_id=DERIVED, **SPAN), {"trace_id": trace_id(2)}),
    ],
    ids=["a chosen id in another trace", "a span a day later", "a derived id chosen elsewhere"],
)
def test_an_event_that_moves_is_there_once_wherever_the_insert_stops(
    first: Cells, moved: Cells
) -> None:
    second = first | moved | {"version": version(2)}
    before, after = ((row["trace_id"], row["start_ns"]) for row in (first, second))

    async def stopped_before(statement: int) -> list[str]:
        async with open_analytics(clickhouse_server().config()) as analytics:
            assert isinstance(analytics, ClickhouseAnalytics)
            writer = Writer(analytics, telemetry=False)
            await writer.insert(Relation.EVENTS, first)
            stopped = _stop(analytics, statement)
            with pytest.raises(UnavailableError):
                await writer.insert(Relation.EVENTS, second)
            assert await _places(analytics) == [before]
            await writer.insert(Relation.EVENTS, second)
            assert await _places(analytics) == [after]
            return stopped

    async def check() -> list[str]:
        reached: list[str] = []
        while reached[-1:] != ["events"]:
            reached += await stopped_before(len(reached))
        return reached

    reached = asyncio.run(check())
    assert reached[0] == "places"
    assert "movable_events" in reached


def test_ids_whose_halves_are_alike_are_not_taken_for_one_event() -> None:
    """One key for many would look each up at the places of all, and write them all."""

    async def moves() -> object:
        async with open_analytics(clickhouse_server().config()) as analytics:
            assert isinstance(analytics, ClickhouseAnalytics)
            rows = [
                event(n, event_id=UUID(bytes=2 * n.to_bytes(8, "big")), trace_id=trace_id(n))
                for n in range(1, 200)
            ]
            await Writer(analytics, telemetry=False).insert(Relation.EVENTS, *rows)
            return await analytics._client.command("SELECT count() FROM event_moves")

    assert asyncio.run(moves()) == 0
