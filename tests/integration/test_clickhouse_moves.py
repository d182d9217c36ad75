"""Events that stand in two places: an insert that stops half way, and ids chosen to do harm."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from servers.clickhouse import clickhouse_server

from hh_clickhouse.analytics import ClickhouseAnalytics, open_analytics
from hh_clickhouse.query import Compiled
from hh_conformance.analytics_rows import (
    HOUR_NS,
    PROJECT,
    START_NS,
    Cells,
    Writer,
    all_rows,
    event,
    event_id,
    trace_id,
    version,
)
from hh_core.domain.identity import derived_event
from hh_core.errors import UnavailableError
from hh_core.ports.analytics import Column, Condition, Op, Order, Query, Relation, Value

SPAN = {"trace_id": trace_id(1), "span_id": bytes(7) + b"\7"}
DERIVED = UUID(bytes=derived_event(PROJECT.bytes, *SPAN.values()))
_OF_BOTH = Query(
    relation=Relation.EVENTS,
    project=PROJECT,
    columns=("start_ns", "event_id"),
    where=(Condition("event_id", Op.IN, [event_id(1), event_id(2)]),),
    order_by=(Order("start_ns"), Order("event_id")),
)


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


def test_where_an_event_has_moved_nobody_soon_asks_again_as_if_none_had() -> None:
    async def asked() -> list[str]:
        async with open_analytics(clickhouse_server().config()) as analytics:
            assert isinstance(analytics, ClickhouseAnalytics)
            writer, answer = Writer(analytics, telemetry=False), analytics._answer
            short: list[str] = []

            async def noted(compiled: Compiled, order: Query | None) -> Sequence[Column]:
                short.append("movement" if "max(version)" in compiled.sql else "none")
                return await answer(compiled, order)

            analytics._answer = noted  # type: ignore[method-assign]  # to see what is asked
            await writer.insert(Relation.EVENTS, event(1), event(2))
            moved = {"trace_id": trace_id(7), "version": version(9)}
            for times, change in ((2, {}), (3, moved)):
                await writer.insert(Relation.EVENTS, event(1) | change)
                for _ in range(times):
                    names, _ = await analytics.columns(_OF_BOTH)
                    assert len(names) == 2
            return short

    assert asyncio.run(asked()) == [*("none",) * 3, *("movement",) * 3]
