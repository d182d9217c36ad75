"""The contract of ``hh_core.ports.analytics``. Test aN proves guarantee AN of the port."""

import asyncio
import random
from abc import abstractmethod
from collections.abc import Collection, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar, cast

import pytest

from hh_conformance.analytics_history import AnalyticsMachine
from hh_conformance.analytics_rows import (
    HOUR_NS,
    NOW_MS,
    OTHER_PROJECT,
    PROJECT,
    SESSION_COLUMNS,
    START_NS,
    Cells,
    Writer,
    all_rows,
    arrow,
    as_rows,
    event,
    event_id,
    event_rows,
    patch,
    patch_rows,
    row,
    session,
    trace_id,
    version,
)
from hh_conformance.contract import Contract, lifetimes, scenario
from hh_conformance.histories import compare_histories
from hh_core.domain.identity import NIL, derived_session
from hh_core.domain.rollup import roll_up
from hh_core.domain.tables import CONTENT
from hh_core.errors import ClosedError, OverloadedError, RejectedError, UnavailableError
from hh_core.ports.analytics import (
    Analytics,
    AnyOf,
    Condition,
    Function,
    Measure,
    Op,
    Order,
    Query,
    Relation,
)
from hh_core.registry import AdapterConfig

WRITTEN = (
    Relation.EVENTS,
    Relation.PATCHES,
    Relation.SESSION_TRACES,
    Relation.TRACE_SESSIONS,
    Relation.SCORES,
    Relation.SCHEMAS,
)
HOSTILE = ("' OR 1=1 --", "\\' OR ''='", "{p0:String}", "a\tb\n\\", "%", "é🙂", '"', "`", "\\N")


class AnalyticsContract(Contract):
    telemetry: ClassVar[bool] = False
    """Whether EVENTS of this index are the 24 columns of a telemetry record."""

    @abstractmethod
    def bounded(self, rows: int) -> AdapterConfig:
        """Settings under which a query that must read more than ``rows`` rows is refused."""

    def writer(self, analytics: Analytics) -> Writer:
        return Writer(analytics, telemetry=self.telemetry)

    @lifetimes
    async def test_a1_inserted_rows_survive_a_crash(self, config: AdapterConfig) -> None:
        await self.crash_after(config, partial(_insert_and_recount, telemetry=self.telemetry))

        async with self.adapter.open(config) as analytics:
            assert await _ids(analytics, Relation.EVENTS) == [event_id(1)]
            (found,) = await all_rows(analytics, Relation.SESSIONS, "session_key", "num_events")
            assert found == {"session_key": session(1), "num_events": 1}

    @lifetimes
    async def test_a1_inserted_rows_are_there_when_opened_again(
        self, config: AdapterConfig
    ) -> None:
        async with self.adapter.open(config) as analytics:
            await self.writer(analytics).events(event(1))

        async with self.adapter.open(config) as analytics:
            assert await _ids(analytics, Relation.EVENTS) == [event_id(1)]

    @scenario
    async def test_a2_inserting_again_changes_nothing(self, analytics: Analytics) -> None:
        rows = {relation: _three(relation) for relation in WRITTEN}
        for _ in range(3):
            for relation, cells in rows.items():
                again = random.sample(cells, len(cells))
                await self.writer(analytics).insert(relation, *again, again[0])

        for relation in WRITTEN:
            count = await analytics.count(Query(relation=relation, project=PROJECT))
            assert count == 3, relation

    @scenario
    async def test_a2_the_highest_version_wins_in_any_order(self, analytics: Analytics) -> None:
        versions = [event(1, event_name=f"v{n}", version=version(n)) for n in (2, 3, 1)]
        for cells in versions:
            await self.writer(analytics).events(cells)
        mixed = [event(2, event_name=f"v{n}", version=version(n)) for n in (1, 3, 2)]
        await self.writer(analytics).events(*mixed)

        for relation in (Relation.EVENTS, Relation.LISTING):
            found = await all_rows(analytics, relation, "event_name", "version")
            assert found == [{"event_name": "v3", "version": version(3)}] * 2, relation

    @scenario
    async def test_a2_a_deleted_event_is_gone_whatever_comes_late(
        self, analytics: Analytics
    ) -> None:
        writer = self.writer(analytics)
        await writer.events(event(1, version=version(1)), event(2, version=version(3)))
        await writer.events(
            event(1, version=version(3), is_deleted=1), event(2, version=version(2), is_deleted=1)
        )
        await writer.events(event(1, version=version(2)))

        for relation in (Relation.EVENTS, Relation.LISTING):
            assert await _ids(analytics, relation) == [event_id(2)], relation

    @pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
    def test_a2_an_event_with_another_start_or_trace_is_there_once(
        self, order: Sequence[int]
    ) -> None:
        """However its rows come: the key of a table may hold what changed."""

        async def check() -> None:
            async with self.adapter.open(self.config()) as analytics:
                places = {
                    1: event(1, version=version(1)),
                    2: event(1, version=version(2), start_ns=START_NS - 25 * HOUR_NS),
                    3: event(1, version=version(3), trace_id=trace_id(2)),
                }
                for number in order:
                    await self.writer(analytics).events(places[number], event(9))
                for relation in (Relation.EVENTS, Relation.LISTING):
                    columns = ("event_id", "trace_id", "start_ns")
                    found = await all_rows(analytics, relation, *columns)
                    assert len(found) == 2, relation
                    wanted = {name: places[3][name] for name in columns}
                    assert wanted in found, relation

        asyncio.run(asyncio.wait_for(check(), self.timeout))

    @scenario
    async def test_a2_what_an_event_left_behind_is_found_nowhere(
        self, analytics: Analytics
    ) -> None:
        early = START_NS - 25 * HOUR_NS
        await self.writer(analytics).events(event(1, version=version(1), model="old"))
        await self.writer(analytics).events(
            event(1, version=version(2), start_ns=early, trace_id=trace_id(2), model="new")
        )
        left: list[Condition] = [
            Condition("start_ns", Op.GE, START_NS),
            Condition("trace_id", Op.EQ, trace_id(1)),
            Condition("model", Op.EQ, "old"),
        ]
        for relation in (Relation.EVENTS, Relation.LISTING):
            for condition in left:
                query = Query(relation=relation, project=PROJECT, where=(condition,))
                assert await analytics.count(query) == 0, (relation, condition)
            byid = Condition("event_id", Op.EQ, event_id(1))
            query = Query(relation=relation, project=PROJECT, columns=("model",), where=(byid,))
            assert await analytics.select(query) == [{"model": "new"}], relation

    @lifetimes
    async def test_a2_at_no_moment_is_an_event_seen_twice(self, config: AdapterConfig) -> None:
        telemetry = self.telemetry
        async with self.adapter.open(config) as analytics:
            await self.writer(analytics).events(event(1, version=version(1)))

        results = await self.race(
            config, [partial(_move_about, telemetry=telemetry), _look_on, _look_on]
        )
        assert results == [None, None, None]

    @scenario
    async def test_a2_what_only_grows_keeps_its_extremes(self, analytics: Analytics) -> None:
        writer = self.writer(analytics)
        for first, last in ((5, 5), (1, 3), (7, 9)):
            await writer.insert(
                Relation.SCHEMAS,
                row(Relation.SCHEMAS, path="a", first_ns=START_NS + first, last_ns=START_NS + last),
            )
            await writer.insert(
                Relation.SESSION_TRACES,
                row(
                    Relation.SESSION_TRACES,
                    session_key=session(1),
                    min_hour=first * HOUR_NS,
                    max_hour=last * HOUR_NS,
                ),
            )

        assert await all_rows(analytics, Relation.SCHEMAS, "first_ns", "last_ns") == [
            {"first_ns": START_NS + 1, "last_ns": START_NS + 9}
        ]
        wanted = [{"min_hour": HOUR_NS, "max_hour": 9 * HOUR_NS}]
        for condition in (
            Condition("session_key", Op.EQ, session(1)),
            Condition("trace_id", Op.EQ, bytes(16)),
        ):
            query = Query(
                relation=Relation.SESSION_TRACES,
                project=PROJECT,
                columns=("min_hour", "max_hour"),
                where=(condition,),
            )
            assert await analytics.select(query) == wanted, condition

    @scenario
    async def test_a2_the_latest_resolution_and_the_newest_score_win(
        self, analytics: Analytics
    ) -> None:
        writer = self.writer(analytics)
        for number in (2, 3, 1):
            await writer.insert(
                Relation.TRACE_SESSIONS,
                row(Relation.TRACE_SESSIONS, session_key=session(number), resolved=number),
            )
            await writer.insert(
                Relation.SCORES,
                row(Relation.SCORES, evaluator="e", number=number / 2, version=version(number)),
            )

        assert await all_rows(analytics, Relation.TRACE_SESSIONS, "session_key") == [
            {"session_key": session(3)}
        ]
        assert await all_rows(analytics, Relation.SCORES, "number") == [{"number": 1.5}]

    @scenario
    async def test_a3_rows_are_seen_as_soon_as_insert_returns(self, analytics: Analytics) -> None:
        for number in range(1, 6):
            await self.writer(analytics).events(event(number, session_key=session(number)))
            for relation in (Relation.EVENTS, Relation.LISTING):
                assert event_id(number) in await _ids(analytics, relation), relation
            await analytics.recount(PROJECT, [session(number)])
            assert session(number) in await _ids(analytics, Relation.LISTING)
            found = await all_rows(analytics, Relation.SESSIONS, "session_key")
            assert len(found) == number

    @scenario
    async def test_a3_every_value_comes_back_as_it_went_in(self, analytics: Analytics) -> None:
        cells = event(
            1,
            event_name="chat é🙂",
            model="gpt-4.1",
            cost=Decimal("0.000000000001"),
            usage={"input": 2**63, "output": 0},
            duration_ns=-1,
            start_ns=START_NS + 1,
            promoted={"k": "it's \\ \n"},
        )
        if not self.telemetry:
            cells |= {"attributes": {"metadata.a b": "x", "": ""}, "record": 2**32 - 1}
        await self.writer(analytics).events(cells)

        kept = [name for name in cells if not self.telemetry or name not in _content_columns()]
        (found,) = await all_rows(analytics, Relation.EVENTS, *kept)
        assert found == {name: cells[name] for name in kept}

    @scenario
    async def test_a4_sessions_are_what_their_rows_add_up_to(self, analytics: Analytics) -> None:
        writer = self.writer(analytics)
        rows, patches = _busy_sessions()
        for cells in random.sample(rows, len(rows)):
            await writer.events(cells, cells)
        await writer.insert(Relation.PATCHES, *patches)
        await writer.recount(*rows, *patches)

        expected = roll_up(PROJECT, event_rows(rows, telemetry=self.telemetry), patch_rows(patches))
        assert len(expected) >= 5
        found = await all_rows(analytics, Relation.SESSIONS, *SESSION_COLUMNS)
        assert found == as_rows(expected.values())

    @scenario
    async def test_a4_sums_shrink_and_empty_sessions_go(self, analytics: Analytics) -> None:
        writer = self.writer(analytics)
        full = event(
            1, session_key=session(1), usage={"input": 9}, cost=Decimal(1), version=version(1)
        )
        await writer.events(full)
        await writer.recount(full)
        fewer = {**full, "usage": {"input": 2}, "cost": None, "version": version(2)}
        await writer.events(fewer)
        await writer.recount(fewer)
        (found,) = await all_rows(analytics, Relation.SESSIONS, "num_events", "usage", "cost")
        assert found == {"num_events": 1, "usage": {"input": 2}, "cost": None}

        other = {**full, "session_key": session(2), "version": version(3)}
        await writer.events(other)
        await writer.recount(other)
        assert await all_rows(analytics, Relation.SESSIONS, "session_key") == [
            {"session_key": session(2)}
        ]

    @scenario
    async def test_a4_a_derived_session_disappears_when_a_claim_arrives(
        self, analytics: Analytics
    ) -> None:
        writer = self.writer(analytics)
        child = event(2, version=version(1))
        await writer.events(child)
        await writer.recount(child)
        derived = derived_session(PROJECT, trace_id(1))
        assert await all_rows(analytics, Relation.SESSIONS, "session_key", "session_id") == [
            {"session_key": derived, "session_id": str(derived)}
        ]

        root = event(1, session_key=session(1))
        await writer.events(root)
        await writer.recount(root)
        (found,) = await all_rows(analytics, Relation.SESSIONS, "session_key", "num_events")
        assert found == {"session_key": session(1), "num_events": 2}
        assert derived not in await _ids(analytics, Relation.LISTING)

    @lifetimes
    async def test_a4_concurrent_recounts_end_in_the_newest(self, config: AdapterConfig) -> None:
        acts = [partial(_grow, first=n, telemetry=self.telemetry) for n in (100, 200, 300)]

        assert await self.race(config, acts) == [None, None, None]
        async with self.adapter.open(config) as analytics:
            (found,) = await all_rows(analytics, Relation.SESSIONS, "num_events")
            assert found == {"num_events": 30}

    @scenario
    async def test_a5_projects_never_meet(self, analytics: Analytics) -> None:
        writer = self.writer(analytics)
        for project in (PROJECT, OTHER_PROJECT):
            await writer.events(
                event(1, project_id=project, session_key=session(1), cost=Decimal(1)),
                event(2, project_id=project, session_key=session(1)),
            )
            for relation in WRITTEN[1:]:
                rows = [{**cells, "project_id": project} for cells in _three(relation)]
                if relation is not Relation.SESSION_TRACES:
                    await writer.insert(relation, *rows)
        await writer.events(event(3, project_id=OTHER_PROJECT, session_key=session(1)))
        for project in (PROJECT, OTHER_PROJECT):
            await analytics.recount(project, [session(1)])

        (mine,) = await all_rows(analytics, Relation.SESSIONS, "num_events", "cost")
        assert mine == {"num_events": 2, "cost": Decimal(1)}
        for relation in (*WRITTEN, Relation.LISTING, Relation.SESSIONS):
            found = await all_rows(analytics, relation, "project_id")
            assert {answer["project_id"] for answer in found} == {PROJECT}, relation
            assert await analytics.count(Query(relation=relation, project=PROJECT)) == len(found)
        assert await all_rows(analytics, Relation.EVENTS, "event_id", project=session(7)) == []

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
        for name in ("nope", "1", "count()", "event_id)", "promoted", "", "usage.", "model.x"):
            queries: list[dict[str, Any]] = [
                {"columns": ("event_id",), "where": (Condition(name, Op.EQ, "x"),)},
                {"columns": ("event_id",), "order_by": (Order(name),)},
                {"group_by": (name,)},
                {"measures": (Measure("m", Function.MAX, name),)},
                {"columns": (name,)},
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
            "inputs": 8,
        }  # fmt: skip

        nothing = Query(
            relation=Relation.EVENTS,
            project=PROJECT,
            where=(Condition("model", Op.EQ, "none such"),),
            measures=MEASURES[:6],
        )
        assert await analytics.select(nothing) == [
            {"n": 0, "sum": None, "least": None, "most": None, "mean": None, "p50": None}
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

    @scenario
    async def test_a6_a_row_that_can_never_be_stored_is_rejected(
        self, analytics: Analytics
    ) -> None:
        good = arrow(Relation.EVENTS, [event(1)], telemetry=self.telemetry)
        for relation, bad in (
            (Relation.EVENTS, b""),
            (Relation.EVENTS, b"not arrow"),
            (Relation.EVENTS, good[: len(good) // 2]),
            (Relation.SCORES, good),
            (Relation.SESSIONS, good),
            (Relation.LISTING, good),
        ):
            with pytest.raises(RejectedError):
                await analytics.insert(relation, bad)
        for number in (float("nan"), float("inf")):
            with pytest.raises(RejectedError):
                await self.writer(analytics).insert(
                    Relation.SCORES, row(Relation.SCORES, evaluator="e", number=number)
                )

        for relation in (Relation.EVENTS, Relation.SCORES, Relation.LISTING):
            assert await analytics.count(Query(relation=relation, project=PROJECT)) == 0
        await analytics.insert(Relation.EVENTS, good)
        assert await _ids(analytics, Relation.EVENTS) == [event_id(1)]

    @scenario
    async def test_a6_what_may_pass_later_is_unavailable(self, analytics: Analytics) -> None:
        with self.outage(analytics):
            with pytest.raises(UnavailableError):
                await self.writer(analytics).events(event(1))
            with pytest.raises(UnavailableError):
                await analytics.recount(PROJECT, [session(1)])

        await _retried(partial(self.writer(analytics).events, event(1)))
        assert await _ids(analytics, Relation.EVENTS) == [event_id(1)]

    def test_a7_a_query_over_its_limits_answers_nothing(self) -> None:
        async def check() -> None:
            async with self.adapter.open(self.bounded(10)) as analytics:
                writer = self.writer(analytics)
                await writer.insert(Relation.EVENTS, *(event(n) for n in range(1, 6)))
                assert len(await _ids(analytics, Relation.EVENTS)) == 5

                await writer.insert(Relation.EVENTS, *(event(n) for n in range(6, 60)))
                for query in (
                    Query(relation=Relation.EVENTS, project=PROJECT, columns=("event_id",)),
                    Query(relation=Relation.LISTING, project=PROJECT, group_by=("model",)),
                ):
                    with pytest.raises(OverloadedError):
                        await analytics.select(query)
                    with pytest.raises(OverloadedError):
                        await analytics.count(query)

        asyncio.run(asyncio.wait_for(check(), self.timeout))

    @lifetimes
    async def test_a8_use_after_close_raises_closed(self, config: AdapterConfig) -> None:
        async with self.adapter.open(config) as analytics:
            await analytics.ping()

        query = Query(relation=Relation.EVENTS, project=PROJECT, columns=("event_id",))
        for use in (
            analytics.ping,
            partial(analytics.select, query),
            partial(analytics.count, query),
            partial(analytics.recount, PROJECT, [session(1)]),
            partial(self.writer(analytics).insert, Relation.EVENTS, event(1)),
        ):
            with pytest.raises(ClosedError):
                await cast(Any, use)()

    @scenario
    async def test_a8_an_outage_is_unavailable_and_passes(self, analytics: Analytics) -> None:
        query = Query(relation=Relation.EVENTS, project=PROJECT, columns=("event_id",))
        with self.outage(analytics):
            for use in (analytics.ping, partial(analytics.select, query)):
                with pytest.raises(UnavailableError):
                    await cast(Any, use)()

        await _retried(analytics.ping)
        assert await analytics.select(query) == []

    def test_any_history_matches_the_model(self) -> None:
        """Events and patches in any order, batching and repetition, recounted as they come."""
        compare_histories(self, AnalyticsMachine)


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


def _busy_sessions() -> tuple[list[Cells], list[Cells]]:
    """Nested claims, a call told twice, an error, a derived session, starts and updates."""
    call = session(99)
    rows = [
        event(1, session_key=session(1), session_id="one", event_name="root", duration_ns=50),
        event(2, parent_span_id=(1).to_bytes(8, "big"), event_type="model", call_key=call,
              start_ns=START_NS + 2),
        event(3, parent_span_id=(2).to_bytes(8, "big"), event_type="model", call_key=call,
              start_ns=START_NS + 3, usage={"input": 5, "output": 2}, cost=Decimal("0.25")),
        event(4, parent_span_id=(3).to_bytes(8, "big"), event_type="model", call_key=call,
              start_ns=START_NS + 4, usage={"input": 6}, cost=Decimal("0.5")),
        event(5, session_key=session(2), session_id="two", parent_span_id=(1).to_bytes(8, "big"),
              status="error", start_ns=START_NS + 5, usage={"input": 1}),
        event(6, parent_span_id=(5).to_bytes(8, "big"), start_ns=START_NS + 6, cost=Decimal(2)),
        event(7, trace_id=trace_id(2), event_name="alone", usage={"output": 3}),
        event(8, trace_id=trace_id(3), session_key=session(3), session_id="three"),
        event(9, trace_id=trace_id(4), start_ns=START_NS - 3 * HOUR_NS),
        event(9, trace_id=trace_id(4), session_key=session(3), version=version(0),
              start_ns=START_NS - 3 * HOUR_NS),
    ]  # fmt: skip
    patches = [
        patch(1, event_id=session(3), is_start=1, session_id="named", event_name="first",
              start_ns=START_NS - 7, end_ns=START_NS + 7),
        patch(2, event_id=session(3), is_start=1, event_name="second"),
        patch(3, event_id=session(3), end_ns=START_NS + 99),
        patch(4, event_id=session(4), is_start=1, session_id="empty", start_ns=START_NS),
        patch(5, event_id=session(5), end_ns=START_NS),
    ]  # fmt: skip
    return [cells for cells in rows if cells["version"] == version(1)], patches


def _three(relation: Relation) -> list[Cells]:
    if relation is Relation.EVENTS:
        return [event(number, trace_id=trace_id(number)) for number in (1, 2, 3)]
    if relation is Relation.PATCHES:
        return [patch(number, event_id=event_id(number % 2)) for number in (1, 2, 3)]
    own: dict[Relation, str] = {
        Relation.SESSION_TRACES: "session_key",
        Relation.TRACE_SESSIONS: "event_id",
        Relation.SCORES: "event_id",
    }
    name = own.get(relation)
    return [row(relation, **({name: event_id(n)} if name else {"path": str(n)})) for n in (1, 2, 3)]


def _content_columns() -> set[str]:
    return {column.name for column in CONTENT}


async def _ids(analytics: Analytics, relation: Relation) -> list[Any]:
    found = await all_rows(analytics, relation, "event_id")
    return [answer["event_id"] for answer in found]


async def _insert_and_recount(analytics: Analytics, *, telemetry: bool) -> None:
    writer = Writer(analytics, telemetry=telemetry)
    cells = event(1, session_key=session(1))
    await writer.events(cells)
    await writer.recount(cells)


async def _move_about(analytics: Analytics, *, telemetry: bool) -> None:
    """Send one event again and again, each time with another start hour and trace."""
    writer = Writer(analytics, telemetry=telemetry)
    for number in range(2, 26):
        await writer.insert(
            Relation.EVENTS,
            event(
                1,
                version=version(number),
                start_ns=START_NS - number % 5 * HOUR_NS,
                trace_id=trace_id(number % 3),
            ),
        )


async def _look_on(analytics: Analytics) -> None:
    seen = 0
    while seen < version(25):
        for relation in (Relation.EVENTS, Relation.LISTING):
            found = await all_rows(analytics, relation, "event_id", "version")
            assert len(found) == 1, f"{relation} shows {len(found)} rows of one event"
            now = cast(int, found[0]["version"])
            assert now >= seen or relation is Relation.LISTING, "an older version came back"
        seen = now
        await asyncio.sleep(0)


async def _grow(analytics: Analytics, *, first: int, telemetry: bool) -> None:
    writer = Writer(analytics, telemetry=telemetry)
    for number in range(first, first + 10):
        cells = event(number, session_key=session(1), received_ms=NOW_MS)
        await writer.events(cells)
        await analytics.recount(PROJECT, [session(1)])


async def _retried(use: Any) -> None:
    while True:
        try:
            await use()
        except UnavailableError:
            await asyncio.sleep(0.05)
        else:
            return
