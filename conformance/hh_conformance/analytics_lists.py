"""What a list asks of an index: whole orders, and pages that go on after a row (A5)."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from hh_conformance.analytics_rows import (
    HOUR_NS,
    OTHER_PROJECT,
    PROJECT,
    START_NS,
    Cells,
    event,
    event_id,
    patch,
    row,
    session,
    version,
)
from hh_conformance.analytics_suite import AnalyticsSuite
from hh_conformance.contract import scenario
from hh_core.ports.analytics import (
    Analytics,
    AnyOf,
    Condition,
    Op,
    Order,
    Query,
    Relation,
    Row,
    Value,
)

COLUMNS = ("start_ns", "duration_ns", "cost", "usage.total_tokens", "event_name", "error_class")
"""What lists of events are ordered by; ``SESSIONS`` has no duration and no class of errors."""
RECEIVED_MS = START_NS // 1_000_000
_OF_SESSIONS = ("start_ns", "cost", "usage.total_tokens", "event_name", "num_errors")


class ListsContract(AnalyticsSuite):
    """See ``hh_conformance.analytics.AnalyticsContract``."""

    @scenario
    async def test_a5_pages_after_a_row_are_the_whole_order_cut(self, analytics: Analytics) -> None:
        await self.writer(analytics).events(*_listed())
        await analytics.recount(PROJECT, [session(n) for n in range(1, 6)])
        asked = [
            *((Relation.EVENTS, column, "event_id") for column in COLUMNS),
            *((Relation.LISTING, column, "event_id") for column in COLUMNS),
            *((Relation.SESSIONS, column, "session_key") for column in _OF_SESSIONS),
        ]
        for relation, column, key in asked:
            for descending in (True, False):
                orders = (Order(column, descending=descending), Order(key))
                whole = await _page(analytics, relation, orders)
                assert whole == _in_order(whole, column, key, descending=descending), (
                    relation,
                    orders,
                )
                paged: list[Row] = []
                while page := await _page(analytics, relation, orders, *_after(paged, orders)):
                    paged += page[:3]
                assert paged == whole, (relation, orders)

    @scenario
    async def test_a5_what_was_received_lately_is_found_whatever_its_start(
        self, analytics: Analytics
    ) -> None:
        writer = self.writer(analytics)
        await writer.events(*(event(n, received_ms=RECEIVED_MS + n) for n in (1, 2, 3)))
        again = event(
            2, received_ms=RECEIVED_MS + 10, version=version(99), start_ns=START_NS - HOUR_NS
        )
        await writer.events(again)
        for op, expected in ((Op.GE, [2, 3]), (Op.LT, [1])):
            found = await analytics.select(
                Query(
                    relation=Relation.EVENTS,
                    project=PROJECT,
                    columns=("event_id", "version"),
                    where=(Condition("received_ms", op, RECEIVED_MS + 2),),
                    order_by=(Order("event_id"),),
                )
            )
            assert [row["event_id"] for row in found] == sorted(map(event_id, expected))
            assert {row["version"] for row in found if row["event_id"] == event_id(2)} <= {
                again["version"]
            }

    @scenario
    async def test_a5_the_newest_are_those_of_the_whole_order_whatever_was_replaced(
        self, analytics: Analytics
    ) -> None:
        writer = self.writer(analytics)
        rows = [event(n, start_ns=START_NS - n * HOUR_NS // 3) for n in range(1, 41)]
        await writer.events(*rows)
        again = {"version": version(2)}
        await writer.events(
            *({**rows[n], **again, "event_type": "chain"} for n in (0, 1, 2, 9)),
            *({**rows[n], **again, "is_deleted": 1} for n in (3, 4)),
            *({**rows[n], **again, "start_ns": START_NS - 50 * HOUR_NS} for n in (5, 6)),
            *({**rows[n], **again, "start_ns": START_NS} for n in (38, 39)),
        )
        orders = (Order("start_ns", descending=True), Order("event_id"))
        for where in (
            (),
            (Condition("event_type", Op.EQ, "tool"),),
            (Condition("event_type", Op.EQ, "chain"),),
            (Condition("start_ns", Op.LT, START_NS - 2 * HOUR_NS),),
        ):
            asked = Query(
                relation=Relation.EVENTS,
                project=PROJECT,
                columns=("event_id", "start_ns", "event_type"),
                where=where,
                order_by=orders,
            )
            whole = await analytics.select(asked)
            for limit, offset in ((1, 0), (3, 0), (8, 2), (36, 0), (60, 0)):
                page = await analytics.select(replace(asked, limit=limit, offset=offset))
                assert page == whole[offset : offset + limit], (where, limit, offset)

    @scenario
    async def test_a11_all_that_arrived_is_named_by_what_it_is_of(
        self, analytics: Analytics
    ) -> None:
        writer, since = self.writer(analytics), RECEIVED_MS + 10
        log = row(Relation.SPAN_LOGS, span_id=b"12345678", log_id=event_id(7), received_ms=since)
        rows = {
            n: event(
                n,
                received_ms=since - 2 + n,
                version=version(n),
                session_key=session(1),
                session_id="one",
            )
            for n in (1, 2, 3)
        }
        await writer.events(*rows.values())
        await writer.insert(
            Relation.PATCHES, *(patch(n, received_ms=since - 2 + n) for n in (1, 2))
        )
        await writer.insert(
            Relation.SPAN_LOGS, log, {**log, "log_id": event_id(8), "received_ms": 1}
        )

        found = await analytics.arrived(PROJECT, since, 10)
        newest = await analytics.arrived(PROJECT, since, 1)
        before = await analytics.clock()
        await analytics.recount(PROJECT, [session(1)])
        counted = await analytics.arrived(PROJECT, before // 1_000_000, 10)

        told = {(arrival.relation, arrival.key, arrival.version) for arrival in found}
        assert told == {
            *((Relation.EVENTS, event_id(n), version(n)) for n in (2, 3)),
            (Relation.PATCHES, patch(2)["event_id"], patch(2)["version"]),
            (Relation.SPAN_LOGS, event_id(7), log["version"]),
        }
        spans = {arrival.relation: arrival.span for arrival in found}
        assert spans[Relation.SPAN_LOGS] == (log["trace_id"], b"12345678")
        assert spans[Relation.EVENTS] is None
        assert {one.relation: one.key for one in newest}[Relation.EVENTS] == event_id(3)
        assert len([one for one in newest if one.relation is Relation.EVENTS]) == 1
        sessions = [one for one in counted if one.relation is Relation.SESSIONS]
        assert [one.key for one in sessions] == [session(1)]
        assert sessions[0].version >= before // 1_000_000 * 1_000_000
        assert await analytics.arrived(OTHER_PROJECT, 0, 10) == []


def _in_order(rows: Sequence[Row], column: str, key: str, *, descending: bool) -> Sequence[Row]:
    """What has no value is last; rows of one value stand by their key."""
    by_key = sorted(rows, key=lambda row: cast(Any, row[key]))
    there = [row for row in by_key if row[column] is not None]
    there.sort(key=lambda row: cast(Any, row[column]), reverse=descending)
    return there + [row for row in by_key if row[column] is None]


async def _page(
    analytics: Analytics,
    relation: Relation,
    orders: tuple[Order, ...],
    *where: Condition | AnyOf,
) -> Sequence[Row]:
    return await analytics.select(
        Query(
            relation=relation,
            project=PROJECT,
            columns=tuple(order.column for order in orders),
            where=where,
            order_by=orders,
        )
    )


def _after(rows: Sequence[Row], orders: tuple[Order, ...]) -> Sequence[Condition | AnyOf]:
    """What follows the last of ``rows``."""
    if not rows:
        return ()
    order, key = orders
    last: Value = rows[-1][order.column]
    later = Condition(key.column, Op.GT, rows[-1][key.column])
    missing = Condition(order.column, Op.NOT_EXISTS)
    if last is None:
        return (missing, later)
    past = Condition(order.column, Op.LT if order.descending else Op.GT, last)
    at = Condition(order.column, Op.EQ, last)
    others = (missing,) if order.column in ("cost", "usage.total_tokens") else ()
    return (AnyOf((past, at, *others)), AnyOf((past, later, *others)))


def _listed() -> list[Cells]:
    """Equal values, missing ones, and sessions beside events."""
    return [
        event(
            number,
            start_ns=START_NS + number // 2,
            duration_ns=number % 3,
            cost=None if number % 4 == 0 else Decimal(number % 3) / 8,
            usage={} if number % 5 == 0 else {"total_tokens": number % 4},
            event_name=("b", "a", "é", "B")[number % 4],
            error_class="" if number % 3 else ("_OTHER", "Boom")[number % 2],
            status="ok" if number % 3 else "error",
            session_key=session(1 + number % 5),
            session_id=f"s{number % 5}",
        )
        for number in range(1, 15)
    ]
