"""Filters on attributes are answered from terms, numbers that stand for a key and its value: every
answer is what a look at the attributes themselves would give."""

import asyncio
from uuid import UUID

from servers.clickhouse import clickhouse_server

from hh_clickhouse.analytics import open_analytics
from hh_conformance.analytics_rows import (
    HOUR_NS,
    PROJECT,
    START_NS,
    Writer,
    event,
    event_id,
    version,
)
from hh_conformance.analytics_rows import trace_id as trace
from hh_core.ports.analytics import Analytics, AnyOf, Condition, Op, Query, Relation

KEYS = ("metadata.tenant", "metadata.a b", "config.model", "metadata.", "metadata.tenant.x")
VALUES = (
    *("t1", "T1", "t1 ", "e", "1e5", "-", "NaN", "inf", "0x10", "1.5", "1.5.", "12", "١٢", "a'b\\"),
    *("true", "\N{SNOWMAN}", "x" * 400, "t1\0", "2024-01-01", "2024-01-01T00", "E+", " "),
)
PAIRS = [(key, value) for key in KEYS for value in VALUES]
OTHER = UUID(int=77)


async def _found(analytics: Analytics, *where: Condition | AnyOf) -> set[UUID]:
    query = Query(
        relation=Relation.EVENTS, project=PROJECT, columns=("event_id",), where=where, limit=9_999
    )
    found = {row["event_id"] for row in await analytics.select(query)}
    assert await analytics.count(query) == len(found)
    return {UUID(str(one)) for one in found}


def _has(key: str, value: str) -> Condition:
    return Condition(f"attributes.{key}", Op.EQ, value)


def test_every_pair_finds_exactly_the_events_that_have_it() -> None:
    async def check() -> None:
        async with open_analytics(clickhouse_server().config()) as analytics:
            writer = Writer(analytics, telemetry=False)
            held = {
                event_id(n): dict([PAIRS[n % len(PAIRS)], PAIRS[(7 * n + 3) % len(PAIRS)]])
                for n in range(4 * len(PAIRS))
            }
            cells = [event(n, attributes=own) for n, own in enumerate(held.values())]
            await writer.events(*cells, event(1, project_id=OTHER, attributes=dict(PAIRS)))
            for key, value in PAIRS:
                wanted = {one for one, own in held.items() if own.get(key) == value}
                assert await _found(analytics, _has(key, value)) == wanted, (key, value)
                others = await _found(analytics, Condition(f"attributes.{key}", Op.NE, value))
                assert others == held.keys() - wanted, (key, value)

    asyncio.run(check())


def test_what_an_event_said_before_it_was_sent_again_finds_it_no_more() -> None:
    """Over many granules, of which the terms leave most unread."""
    tenant, other = {"metadata.tenant": "old one"}, {"metadata.tenant": "new one"}

    async def check() -> None:
        async with open_analytics(clickhouse_server().config()) as analytics:
            writer = Writer(analytics, telemetry=False)
            spread = [
                event(
                    n,
                    trace_id=trace(n),
                    start_ns=START_NS - n % 40 * HOUR_NS,
                    attributes={"a": str(n)},
                )
                for n in range(5_000)
            ]
            again = [{**spread[n], "attributes": tenant} for n in (9, 1_009, 2_009)]
            await writer.insert(Relation.EVENTS, *spread)
            await writer.insert(Relation.EVENTS, *({**one, "version": version(2)} for one in again))
            wanted = {one["event_id"] for one in again}
            assert await _found(analytics, _has("metadata.tenant", "old one")) == wanted
            newest = {**again[0], "version": version(3), "attributes": other, "truncated": 1}
            await writer.insert(Relation.EVENTS, newest)
            wanted -= {newest["event_id"]}
            assert await _found(analytics, _has("metadata.tenant", "old one")) == wanted
            doubtful = AnyOf((_has("metadata.tenant", "old one"), Condition("truncated", Op.GT, 0)))
            assert await _found(analytics, doubtful) == wanted | {newest["event_id"]}

    asyncio.run(check())


def test_a_value_that_most_granules_have_is_found_as_exactly_again_and_again() -> None:
    """From the second time on without the index of terms."""
    tenant, other = {"metadata.tenant": "common"}, {"metadata.tenant": "rare"}

    async def check() -> None:
        async with open_analytics(clickhouse_server().config()) as analytics:
            writer = Writer(analytics, telemetry=False)
            cells = [
                event(n, trace_id=trace(n), attributes=tenant if n % 3 else other)
                for n in range(3_000)
            ]
            await writer.insert(Relation.EVENTS, *cells)
            wanted = {cell["event_id"] for n, cell in enumerate(cells) if n % 3}
            for _ in range(2):
                assert await _found(analytics, _has("metadata.tenant", "common")) == wanted
            again = {**cells[1], "version": version(2), "attributes": other}
            await writer.insert(Relation.EVENTS, again)
            wanted -= {again["event_id"]}
            assert await _found(analytics, _has("metadata.tenant", "common")) == wanted
            assert await _found(analytics, _has("metadata.tenant", "nowhere")) == set()
            assert await _found(analytics, _has("metadata.tenant", "common")) == wanted

    asyncio.run(check())
