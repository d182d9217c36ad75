"""What questions to an index mean: the part of the analytics contract about A5."""

import operator
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import pytest

from hh_conformance.analytics_rows import (
    HOUR_NS,
    OTHER_PROJECT,
    PROJECT,
    START_NS,
    Cells,
    event,
    event_id,
    row,
    session,
    trace_id,
    version,
)
from hh_conformance.analytics_suite import AnalyticsSuite
from hh_conformance.contract import scenario
from hh_core.domain.identity import NIL
from hh_core.errors import RejectedError
from hh_core.ports.analytics import (
    Analytics,
    AnyOf,
    Column,
    Condition,
    Function,
    Measure,
    Op,
    Order,
    Query,
    Relation,
    Row,
)

PROJECTS = (PROJECT, OTHER_PROJECT)
HOSTILE = ("' OR 1=1 --", "\\' OR ''='", "{p0:String}", "a\tb\n\\", "%", "é🙂", '"', "`", "\\N")


class QuestionsContract(AnalyticsSuite):
    """See ``hh_conformance.analytics.AnalyticsContract``."""

    @scenario
    async def test_a5_columns_are_the_rows_of_a_select_with_ids_as_bytes(
        self, analytics: Analytics
    ) -> None:
        await self.writer(analytics).events(
            event(1, cost=Decimal("0.000000000123"), usage={"prompt_tokens": 3}, model="m"),
            event(2, cost=None, usage={"total_tokens": 1 << 40}, promoted={"é": "🙂"}),
            event(3, error_class="b", model="m", start_ns=-1, parent_span_id=b"12345678"),
            event(99, project_id=OTHER_PROJECT),
        )
        names = (
            *("start_ns", "event_id", "trace_id", "event_name", "model", "error_class"),
            *("version", "cost", "usage", "usage.prompt_tokens", "is_deleted"),
            *("promoted", "received_ms", "parent_span_id"),
        )
        query = Query(
            relation=Relation.EVENTS, project=PROJECT, columns=names, order_by=(Order("event_id"),)
        )

        rows = await analytics.select(query)
        nobody = replace(query, where=(Condition("event_name", Op.EQ, "nobody's"),))

        ids = [event.bytes for event in sorted(event_id(n) for n in range(1, 4))]
        expected = {name: [row[name] for row in rows] for name in names} | {"event_id": ids}
        found = await analytics.columns(query)
        assert {n: list(column) for n, column in zip(names, found, strict=True)} == expected
        for name, column in zip(names, found, strict=True):
            values = expected[name]
            assert [column[0], column[-1], *column[1:]] == [values[0], values[-1], *values[1:]]
            if isinstance(column, Column):
                assert list(column.at((2, 0, 2))) == [values[2], values[0], values[2]]
                assert list(column.at(())) == []
        assert [list(column) for column in await analytics.columns(nobody)] == [[]] * len(names)

    @scenario
    async def test_a5_columns_come_in_the_order_of_a_select_whatever_the_limit(
        self, analytics: Analytics
    ) -> None:
        starts = (5, 3, 5, 1, 3, 9)
        await self.writer(analytics).events(
            *(event(n, start_ns=start, model=f"m{n % 2}") for n, start in enumerate(starts, 1))
        )
        names = ("start_ns", "event_id", "model")
        orders = (
            (Order("start_ns"), Order("event_id")),
            (Order("start_ns", descending=True), Order("event_id")),
            (Order("model", descending=True), Order("event_id", descending=True)),
            (Order("duration_ns"), Order("event_id")),
        )
        for order in orders:
            for limit, offset in ((100, 0), (6, 0), (2, 0), (2, 1)):
                query = Query(
                    relation=Relation.EVENTS,
                    project=PROJECT,
                    columns=names,
                    order_by=order,
                    limit=limit,
                    offset=offset,
                )
                rows = await analytics.select(query)
                found = zip(*await analytics.columns(query), strict=True)
                ids = [cast(UUID, row["event_id"]).bytes for row in rows]
                assert len(rows) == min(limit, 6)
                assert [event for _, event, _ in found] == ids, query

    @scenario
    async def test_a2_of_many_events_that_are_asked_for_only_the_newest_rows_count(
        self, analytics: Analytics
    ) -> None:
        writer = self.writer(analytics)
        numbers = range(1, 41)
        await writer.events(*(event(n, event_name="old", version=version(1)) for n in numbers))
        await writer.events(*(event(n, event_name="new", version=version(2)) for n in numbers[:30]))
        wanted = Condition("event_id", Op.IN, [event_id(n) for n in numbers])

        for name, there in (("old", numbers[30:]), ("new", numbers[:30])):
            of_name = Condition("event_name", Op.EQ, name)
            query = Query(
                relation=Relation.EVENTS,
                project=PROJECT,
                columns=("event_id",),
                where=(wanted, of_name),
            )
            rows = await analytics.select(query)
            assert {row["event_id"] for row in rows} == {event_id(n) for n in there}
            assert len(rows) == await analytics.count(query) == len(there)

    @scenario
    async def test_a2_groups_of_many_hours_count_the_newest_rows_alone(
        self, analytics: Analytics
    ) -> None:
        writer = self.writer(analytics)
        rows = [event(n, duration_ns=n, start_ns=START_NS - n % 12 * HOUR_NS) for n in range(1, 61)]
        others = [{**cells, "project_id": OTHER_PROJECT} for cells in rows[:7]]
        longer = [{**cells, "duration_ns": 1_000, "version": version(3)} for cells in rows[:13]]
        late = [{**cells, "duration_ns": 5_000, "version": version(2)} for cells in rows[:20]]
        gone = [{**cells, "is_deleted": 1, "version": version(4)} for cells in rows[8:10]]
        moved = {**rows[30], "start_ns": START_NS - 9 * HOUR_NS, "version": version(4)}
        newest = {cells["event_id"]: cells for cells in rows}
        for batch in (rows, [*others, *rows[:9], *longer], [*late, *gone, moved], rows):
            await writer.events(*batch)
            for cells in batch:
                is_own = cells["project_id"] == PROJECT
                if is_own and cells["version"] >= newest[cells["event_id"]]["version"]:
                    newest[cells["event_id"]] = cells
            assert await analytics.select(_by_hour(Relation.LISTING)) == _hours(newest.values())
            await self.compact(analytics)
            assert await analytics.select(_by_hour(Relation.EVENTS)) == _hours(newest.values())

    @scenario
    async def test_a5_values_are_never_read_as_part_of_a_query(self, analytics: Analytics) -> None:
        writer = self.writer(analytics)
        rows = [
            event(n, event_name=text, promoted={text: text}) for n, text in enumerate(HOSTILE, 1)
        ]
        await writer.events(*rows, event(99, project_id=OTHER_PROJECT))

        for number, text in enumerate(HOSTILE, 1):
            for condition in (
                Condition("event_name", Op.EQ, text),
                Condition("event_name", Op.IN, [text]),
                Condition(f"promoted.{text}", Op.EQ, text),
                Condition(f"promoted.{text}", Op.EXISTS),
            ):
                query = Query(
                    relation=Relation.EVENTS,
                    project=PROJECT,
                    columns=("event_id",),
                    where=(condition,),
                )
                assert await analytics.select(query) == [{"event_id": event_id(number)}], condition

    @scenario
    async def test_a5_unknown_columns_are_rejected(self, analytics: Analytics) -> None:
        await self.writer(analytics).events(event(1))
        of_id = (Condition("event_id", Op.EQ, event_id(1)),)
        for name in ("nope", "1", "count()", "event_id)", "promoted", "", "usage.", "model.x"):
            queries: list[dict[str, Any]] = [
                {"columns": ("event_id",), "where": (Condition(name, Op.EQ, "x"),)},
                {"columns": ("event_id",), "order_by": (Order(name),)},
                {"group_by": (name,)},
                {"measures": (Measure("m", Function.MAX, name),)},
                {"columns": (name,)},
                {"columns": (name,), "where": of_id},
                {"columns": ("event_id",), "where": of_id, "order_by": (Order(name),)},
            ]
            for query in queries[: 2 if name == "promoted" else None]:
                if name == "promoted" and "order_by" in query:
                    continue
                with pytest.raises(RejectedError):
                    await analytics.select(
                        Query(relation=Relation.EVENTS, project=PROJECT, **query)
                    )

    @scenario
    async def test_a5_conditions_mean_what_the_port_says(self, analytics: Analytics) -> None:
        await self.writer(analytics).events(*_varied())
        for condition, expected in CONDITIONS:
            for relation in (Relation.EVENTS, Relation.LISTING):
                if relation is Relation.LISTING and _names(condition) & {"promoted", "call_key"}:
                    continue
                query = Query(
                    relation=relation, project=PROJECT, columns=("event_id",), where=(condition,)
                )
                found = {answer["event_id"] for answer in await analytics.select(query)}
                assert found == set(map(event_id, expected)), (relation, condition)
                assert await analytics.count(query) == len(expected)

    @scenario
    async def test_a5_updated_events_are_told_from_the_others(self, analytics: Analytics) -> None:
        writer = self.writer(analytics)
        await writer.events(*(event(n, project_id=p) for n in (1, 2, 3) for p in PROJECTS))
        await writer.insert(
            Relation.PATCHES,
            *(row(Relation.PATCHES, event_id=event_id(1), patch_id=session(n)) for n in (1, 2)),
            row(Relation.PATCHES, event_id=event_id(2), is_start=1),
            row(Relation.PATCHES, event_id=event_id(3), project_id=OTHER_PROJECT),
        )
        is_updated = Condition("event_id", Op.UPDATED)
        third = Condition("event_id", Op.EQ, event_id(3))
        asked: list[tuple[Condition | AnyOf, set[int]]] = [
            (is_updated, {1}),
            (AnyOf((is_updated, third)), {1, 3}),
        ]
        for relation in (Relation.EVENTS, Relation.LISTING):
            for where, expected in asked:
                query = Query(
                    relation=relation, project=PROJECT, columns=("event_id",), where=(where,)
                )
                found = {answer["event_id"] for answer in await analytics.select(query)}
                assert found == set(map(event_id, expected)), (relation, where)
                assert await analytics.count(query) == len(expected)
            misasked = (Condition("session_key", Op.UPDATED),)
            with pytest.raises(RejectedError):
                await analytics.count(Query(relation=relation, project=PROJECT, where=misasked))

    @scenario
    async def test_a5_lists_tell_which_sessions_were_started(self, analytics: Analytics) -> None:
        writer = self.writer(analytics)
        await writer.events(event(1, session_key=session(1)))
        await writer.insert(
            Relation.PATCHES,
            row(Relation.PATCHES, event_id=session(2), is_start=1, start_ns=START_NS),
        )
        await analytics.recount(PROJECT, [session(1), session(2)])
        columns = ("is_started", "num_events", "num_model_events", "num_errors", "has_feedback")
        query = Query(relation=Relation.LISTING, project=PROJECT, columns=("event_id", *columns))
        told = {
            answer["event_id"]: [answer[name] for name in columns]
            for answer in await analytics.select(query)
        }
        (known,) = await analytics.select(
            Query(
                relation=Relation.SESSIONS,
                project=PROJECT,
                columns=columns,
                where=(Condition("session_key", Op.EQ, session(1)),),
            )
        )
        assert told == {
            event_id(1): [0, 0, 0, 0, 0],
            session(1): [known[name] for name in columns],
            session(2): [1, 0, 0, 0, 0],
        }
        assert known["num_events"] == 1
        holding = replace(query, where=(Condition("num_events", Op.GE, 1),))
        assert [row["event_id"] for row in await analytics.select(holding)] == [session(1)]

    @scenario
    async def test_a5_numbers_in_text_are_compared_exactly(self, analytics: Analytics) -> None:
        texts = dict(enumerate((*_NUMBERS, "1e999", "-1e999", "none", "0x10")))
        await self.writer(analytics).events(
            *(event(at, promoted={"metadata.x": text}) for at, text in texts.items())
        )
        finite = {at: float(text) for at, text in texts.items() if text in _NUMBERS}
        for bound in finite.values():
            for op, holds in _COMPARISONS.items():
                query = Query(
                    relation=Relation.EVENTS,
                    project=PROJECT,
                    columns=("event_id",),
                    where=(Condition("promoted.metadata.x", op, bound),),
                )
                found = {row["event_id"] for row in await analytics.select(query)}
                expected = {event_id(at) for at, number in finite.items() if holds(number, bound)}
                assert found == expected, (op, bound)

    @scenario
    async def test_a5_measures_are_of_the_rows_that_match(self, analytics: Analytics) -> None:
        await self.writer(analytics).events(*_varied())
        (found,) = await analytics.select(
            Query(
                relation=Relation.LISTING,
                project=PROJECT,
                where=(Condition("event_type", Op.NE, "session"),),
                measures=MEASURES,
            )
        )
        assert found == {
            "n": 4, "sum": 100, "least": 10, "most": 40, "mean": 25.0, "p50": 30.0, "p90": 40.0,
            "p99": 40.0, "models": 3, "cost": Decimal("1.5"), "usage": {"input": 8, "output": 1},
            "inputs": 8, "cost_p50": 1.0, "cost_p95": 1.0,
        }  # fmt: skip

        nothing = Query(
            relation=Relation.EVENTS,
            project=PROJECT,
            where=(Condition("model", Op.EQ, "none such"),),
            measures=MEASURES[:8],
        )
        assert await analytics.select(nothing) == [
            {"n": 0, **dict.fromkeys(("sum", "least", "most", "mean", "p50", "p90", "p99"))}
        ]

    @scenario
    async def test_a5_groups_buckets_orders_and_pages(self, analytics: Analytics) -> None:
        await self.writer(analytics).events(*_varied())
        groups = Query(
            relation=Relation.LISTING,
            project=PROJECT,
            group_by=("event_type",),
            bucket=timedelta(hours=1),
            measures=(Measure("n", Function.COUNT),),
            order_by=(Order("bucket", descending=True), Order("event_type")),
        )
        assert await analytics.select(groups) == [
            {"event_type": "model", "bucket": START_NS, "n": 2},
            {"event_type": "tool", "bucket": START_NS, "n": 1},
            {"event_type": "tool", "bucket": START_NS - HOUR_NS, "n": 1},
        ]
        assert await analytics.count(groups) == 3

        pages = []
        for offset in range(0, 6, 2):
            page = await analytics.select(
                Query(
                    relation=Relation.LISTING,
                    project=PROJECT,
                    columns=("duration_ns", "cost"),
                    order_by=(Order("cost", descending=True), Order("duration_ns")),
                    limit=2,
                    offset=offset,
                )
            )
            pages += [answer["duration_ns"] for answer in page]
        assert pages == [20, 30, 10, 40]


def _by_hour(relation: Relation) -> Query:
    return Query(
        relation=relation,
        project=PROJECT,
        where=(Condition("event_type", Op.EQ, "tool"),),
        bucket=timedelta(hours=1),
        measures=(
            Measure("n", Function.COUNT),
            Measure("sum", Function.SUM, "duration_ns"),
            Measure("p50", Function.P50, "duration_ns"),
        ),
        order_by=(Order("bucket"),),
    )


def _hours(rows: Collection[Cells]) -> list[Row]:
    """What ``_by_hour`` must answer."""
    hours: dict[int, list[int]] = {}
    for cells in rows:
        if not cells["is_deleted"]:
            hours.setdefault(cells["start_ns"], []).append(cells["duration_ns"])
    return [
        {"bucket": at, "n": len(found), "sum": sum(found), "p50": sorted(found)[len(found) // 2]}
        for at, found in sorted(hours.items())
    ]


_COMPARISONS = {
    Op.EQ: operator.eq,
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
}
_NUMBERS = (
    *("0.1", "0.10000000000000002", "0.30000000000000004", "0.3", "5e-324", "1e22"),
    *("2.2250738585072014e-308", "9007199254740993", "123456789012345678901234567890"),
    *("-3", "+1.5", ".5", "5.", "1E5", "0.0002500000000", "8.41e21", "4.35", "0.000001"),
    "1.7976931348623157e308",
)

MEASURES = (
    Measure("n", Function.COUNT),
    Measure("sum", Function.SUM, "duration_ns"),
    Measure("least", Function.MIN, "duration_ns"),
    Measure("most", Function.MAX, "duration_ns"),
    Measure("mean", Function.AVG, "duration_ns"),
    Measure("p50", Function.P50, "duration_ns"),
    Measure("p90", Function.P90, "duration_ns"),
    Measure("p99", Function.P99, "duration_ns"),
    Measure("models", Function.UNIQ, "model"),
    Measure("cost", Function.SUM, "cost"),
    Measure("cost_p50", Function.P50, "cost"),
    Measure("cost_p95", Function.P95, "cost"),
    Measure("usage", Function.SUM, "usage"),
    Measure("inputs", Function.SUM, "usage.input"),
)

CONDITIONS: tuple[tuple[Condition | AnyOf, Collection[int]], ...] = (
    (Condition("model", Op.EQ, "gpt"), [1]),
    (Condition("model", Op.NE, "gpt"), [2, 3, 4]),
    (Condition("model", Op.IN, ["gpt", "claude", "x"]), [1, 2]),
    (Condition("model", Op.IN, []), []),
    (Condition("model", Op.EXISTS), [1, 2]),
    (Condition("model", Op.NOT_EXISTS), [3, 4]),
    (Condition("model", Op.EQ, None), [3, 4]),
    (Condition("model", Op.NE, None), [1, 2]),
    (Condition("event_name", Op.CONTAINS, "b"), [2, 3]),
    (Condition("event_name", Op.CONTAINS, "B"), []),
    (Condition("event_name", Op.NOT_CONTAINS, "b"), [1, 4]),
    (Condition("duration_ns", Op.GT, 20), [3, 4]),
    (Condition("duration_ns", Op.GE, 20.5), [3, 4]),
    (Condition("duration_ns", Op.IN, [10, 40, 41]), [1, 4]),
    (Condition("duration_ns", Op.IN, [-1, 20, 2**32 + 10, 2**80]), [2]),
    (Condition("duration_ns", Op.IN, [2**80]), []),
    (Condition("duration_ns", Op.LE, 20), [1, 2]),
    (Condition("duration_ns", Op.LT, 2**80), [1, 2, 3, 4]),
    (Condition("start_ns", Op.LT, START_NS), [4]),
    (Condition("start_ns", Op.GE, START_NS), [1, 2, 3]),
    (Condition("start_ns", Op.EQ, START_NS - 1), [4]),
    (Condition("cost", Op.GE, Decimal("0.5")), [2, 3]),
    (Condition("cost", Op.EQ, 0.5), [3]),
    (Condition("cost", Op.NE, 0.5), [1, 2, 4]),
    (Condition("cost", Op.NOT_EXISTS), [1, 4]),
    (Condition("usage.input", Op.GT, 2), [1]),
    (Condition("usage.output", Op.NE, 1), [2, 3, 4]),
    (Condition("usage.output", Op.EXISTS), [1]),
    (Condition("usage", Op.NOT_EXISTS), [3, 4]),
    (Condition("promoted.n", Op.GT, 9), [2]),
    (Condition("promoted.n", Op.EQ, "9"), [1]),
    (Condition("promoted.n", Op.NE, "9"), [2, 3, 4]),
    (Condition("promoted.n", Op.LT, 100), [1, 2]),
    (Condition("promoted.n", Op.IN, ["9", "x"]), [1, 3]),
    (Condition("promoted.n", Op.EXISTS), [1, 2, 3]),
    (Condition("promoted.n", Op.NOT_EXISTS), [4]),
    (Condition("promoted.yes", Op.EQ, True), [1]),
    (Condition("promoted.n", Op.NOT_CONTAINS, "x"), [1, 2, 4]),
    (Condition("event_id", Op.EQ, event_id(2)), [2]),
    (Condition("event_id", Op.IN, [event_id(2), event_id(3), NIL]), [2, 3]),
    (Condition("trace_id", Op.EQ, trace_id(1)), [1, 2, 3]),
    (Condition("trace_id", Op.IN, [trace_id(1), trace_id(2)]), [1, 2, 3, 4]),
    (Condition("span_id", Op.NE, (1).to_bytes(8, "big")), [2, 3, 4]),
    (Condition("session_key", Op.EXISTS), [4]),
    (Condition("call_key", Op.NOT_EXISTS), [1, 2, 3, 4]),
    (AnyOf((Condition("model", Op.EQ, "gpt"), Condition("duration_ns", Op.EQ, 40))), [1, 4]),
    (AnyOf((Condition("event_id", Op.EQ, event_id(3)),)), [3]),
    (AnyOf(()), []),
)  # fmt: skip


def _names(part: Condition | AnyOf) -> set[str]:
    conditions = part.alternatives if isinstance(part, AnyOf) else (part,)
    return {condition.column.partition(".")[0] for condition in conditions}


def _varied() -> list[Cells]:
    return [
        event(
            1, model="gpt", event_type="model", event_name="aa", duration_ns=10,
            usage={"input": 7, "output": 1}, promoted={"n": "9", "yes": "true"},
        ),
        event(
            2, model="claude", event_type="model", event_name="ab", duration_ns=20,
            cost=Decimal(1), usage={"input": 1}, promoted={"n": "10.5"},
        ),
        event(3, event_name="bb", duration_ns=30, cost=Decimal("0.5"), promoted={"n": "x"}),
        event(
            4, event_name="cc", duration_ns=40, start_ns=START_NS - 1, trace_id=trace_id(2),
            session_key=session(4), promoted={"n": ""},
        ),
    ]  # fmt: skip
