"""The contract of ``hh_core.ports.analytics``. Test aN proves guarantee AN of the port."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import cast
from uuid import UUID

import pytest

from hh_conformance.analytics_examples import three
from hh_conformance.analytics_failures import FailuresContract
from hh_conformance.analytics_history import AnalyticsMachine
from hh_conformance.analytics_lists import ListsContract
from hh_conformance.analytics_questions import QuestionsContract
from hh_conformance.analytics_rows import (
    HOUR_NS,
    OTHER_PROJECT,
    PROJECT,
    START_NS,
    Writer,
    all_rows,
    event,
    event_id,
    ids,
    row,
    session,
    trace_id,
    version,
)
from hh_conformance.analytics_sessions import SessionsContract
from hh_conformance.contract import lifetimes, scenario
from hh_conformance.histories import compare_histories
from hh_core.domain.identity import derived_event
from hh_core.domain.tables import CONTENT
from hh_core.ports.analytics import (
    Analytics,
    Condition,
    Op,
    Order,
    Query,
    Relation,
)
from hh_core.registry import AdapterConfig

_MANY_PROJECTS = [UUID(int=number) for number in range(1_000, 1_024)]

WRITTEN = (
    Relation.EVENTS,
    Relation.PATCHES,
    Relation.SPAN_LOGS,
    Relation.SESSION_TRACES,
    Relation.TRACE_SESSIONS,
    Relation.SCORES,
    Relation.SCHEMAS,
)


class AnalyticsContract(SessionsContract, FailuresContract, QuestionsContract, ListsContract):
    """What is stored is there, once, at once and for its project only; the rest stands in the
    modules beside this one: A4 sessions, A5 questions, A6 to A8 failures."""

    @lifetimes
    async def test_a1_inserted_rows_survive_a_crash(self, config: AdapterConfig) -> None:
        await self.crash_after(config, partial(_insert_and_recount, telemetry=self.telemetry))

        async with self.adapter.open(config) as analytics:
            assert await ids(analytics, Relation.EVENTS) == [event_id(1)]
            (found,) = await all_rows(analytics, Relation.SESSIONS, "session_key", "num_events")
            assert found == {"session_key": session(1), "num_events": 1}

    @lifetimes
    async def test_a1_inserted_rows_are_there_when_opened_again(
        self, config: AdapterConfig
    ) -> None:
        async with self.adapter.open(config) as analytics:
            await self.writer(analytics).events(event(1))

        async with self.adapter.open(config) as analytics:
            assert await ids(analytics, Relation.EVENTS) == [event_id(1)]

    @scenario
    async def test_a2_inserting_again_changes_nothing(self, analytics: Analytics) -> None:
        rows = {relation: three(relation) for relation in WRITTEN}
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
            assert await ids(analytics, relation) == [event_id(2)], relation

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

    @pytest.mark.parametrize("order", [(1, 2, 3), (2, 1, 3), (3, 2, 1)])
    def test_a2_a_span_that_is_sent_again_or_whose_id_is_claimed_elsewhere_is_there_once(
        self, order: Sequence[int]
    ) -> None:
        """An id that is derived from its span is no proof that it stands in one place."""

        async def check() -> None:
            span = {"trace_id": trace_id(2), "span_id": bytes(7) + b"\7"}
            own = UUID(bytes=derived_event(PROJECT.bytes, *span.values()))
            async with self.adapter.open(self.config()) as analytics:
                places = {
                    1: event(1, version=version(1), event_id=own, **span),
                    2: event(1, version=version(2), event_id=own, trace_id=trace_id(1)),
                    3: event(1, version=version(3), event_id=own, start_ns=START_NS - HOUR_NS)
                    | span,
                }
                for number in order:
                    await self.writer(analytics).events(places[number], event(9))
                for relation in (Relation.EVENTS, Relation.LISTING):
                    columns = ("event_id", "trace_id", "start_ns")
                    found = await all_rows(analytics, relation, *columns)
                    assert len(found) == 2, relation
                    assert {name: places[3][name] for name in columns} in found, relation

        asyncio.run(asyncio.wait_for(check(), self.timeout))

    @scenario
    async def test_a10_an_id_that_a_client_chose_is_known_of_its_project(
        self, analytics: Analytics
    ) -> None:
        span = {"trace_id": trace_id(2), "span_id": bytes(7) + b"\7"}
        own = UUID(bytes=derived_event(PROJECT.bytes, *span.values()))
        await self.writer(analytics).events(event(1, event_id=own, **span))
        assert not await analytics.has_chosen_ids(PROJECT)

        await self.writer(analytics).events(event(2, event_id=own, version=version(9)))
        await self.writer(analytics).events(event(1, event_id=own, version=version(1), **span))

        assert await analytics.has_chosen_ids(PROJECT)
        assert not await analytics.has_chosen_ids(OTHER_PROJECT)

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

    @scenario
    async def test_a2_an_event_asked_by_its_id_is_the_newest_of_however_many_rows(
        self, analytics: Analytics
    ) -> None:
        """Adapters may look through a few rows themselves, and leave many to the backend."""
        of_id = Condition("event_id", Op.EQ, event_id(1))
        columns = ("event_name",)
        query = Query(relation=Relation.EVENTS, project=PROJECT, columns=columns, where=(of_id,))
        for first, count in ((1, 1), (2, 13), (15, 1), (16, 1), (17, 1), (18, 60)):
            numbers = random.sample(range(first, first + count), count)
            rows = [event(1, event_name=f"v{n}", version=version(n)) for n in numbers]
            await self.writer(analytics).events(*rows, event(2, version=version(999)))
            newest = first + count - 1
            assert await analytics.select(query) == [{"event_name": f"v{newest}"}]
            assert await analytics.count(query) == 1

        gone = event(1, version=version(78), is_deleted=1)
        await self.writer(analytics).events(gone)
        assert await analytics.select(query) == []

    @lifetimes
    async def test_a2_at_no_moment_is_an_event_seen_twice(self, config: AdapterConfig) -> None:
        telemetry = self.telemetry
        async with self.adapter.open(config) as analytics:
            await self.writer(analytics).events(event(1, version=version(1)))

        results = await self.race(
            config, [partial(_move_about, telemetry=telemetry), _look_on, _look_on]
        )
        assert results == [None, None, None]

    @lifetimes
    async def test_a2_nor_when_the_first_event_of_a_project_moves(
        self, config: AdapterConfig
    ) -> None:
        telemetry = self.telemetry
        async with self.adapter.open(config) as analytics:
            await self.writer(analytics).events(
                *(event(1, project_id=project, version=version(1)) for project in _MANY_PROJECTS)
            )

        results = await self.race(
            config, [partial(_move_once_in_each, telemetry=telemetry), _look_at_each, _look_at_each]
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
                assert event_id(number) in await ids(analytics, relation), relation
            await analytics.recount(PROJECT, [session(number)])
            assert session(number) in await ids(analytics, Relation.LISTING)
            found = await all_rows(analytics, Relation.SESSIONS, "session_key")
            assert len(found) == number

    @scenario
    async def test_a3_an_index_is_empty_until_its_first_event(self, analytics: Analytics) -> None:
        assert await analytics.is_empty()

        await self.writer(analytics).events(event(1))

        assert not await analytics.is_empty()

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
    async def test_a5_projects_never_meet(self, analytics: Analytics) -> None:
        writer = self.writer(analytics)
        for project in (PROJECT, OTHER_PROJECT):
            await writer.events(
                event(1, project_id=project, session_key=session(1), cost=Decimal(1)),
                event(2, project_id=project, session_key=session(1)),
            )
            for relation in WRITTEN[1:]:
                rows = [{**cells, "project_id": project} for cells in three(relation)]
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

    def test_any_history_matches_the_model(self) -> None:
        """Events and patches in any order, batching and repetition, recounted as they come."""
        compare_histories(self, AnalyticsMachine)


def _content_columns() -> set[str]:
    return {column.name for column in CONTENT}


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


async def _move_once_in_each(analytics: Analytics, *, telemetry: bool) -> None:
    writer = Writer(analytics, telemetry=telemetry)
    for project in _MANY_PROJECTS:
        moved = event(1, project_id=project, version=version(2), start_ns=START_NS - HOUR_NS)
        await writer.insert(Relation.EVENTS, moved | {"trace_id": trace_id(2)})


async def _look_at_each(analytics: Analytics) -> None:
    of_id = Condition("event_id", Op.EQ, event_id(1))
    for project in _MANY_PROJECTS:
        query = Query(
            relation=Relation.EVENTS,
            project=project,
            columns=("start_ns", "version"),
            where=(of_id,),
            order_by=(Order("start_ns"),),
        )
        seen = 0
        while seen < version(2):
            _, versions = await analytics.columns(query)
            (now,) = versions
            assert cast(int, now) >= seen, "an older version came back"
            seen = cast(int, now)
            await asyncio.sleep(0.001)


async def _look_on(analytics: Analytics) -> None:
    seen = 0
    of_id = Condition("event_id", Op.EQ, event_id(1))
    by_id = Query(
        relation=Relation.EVENTS, project=PROJECT, columns=("version",), where=(of_id,), limit=1
    )
    in_columns = replace(
        by_id, columns=("start_ns", "version"), order_by=(Order("start_ns"),), limit=9
    )
    while seen < version(25):
        (asked,) = await analytics.select(by_id)
        assert cast(int, asked["version"]) >= seen, "an older version came back by its id"
        _, (told,) = await analytics.columns(in_columns)
        assert cast(int, told) >= cast(int, asked["version"]), "an older version came in columns"
        for relation in (Relation.EVENTS, Relation.LISTING):
            found = await all_rows(analytics, relation, "event_id", "version")
            assert len(found) == 1, f"{relation} shows {len(found)} rows of one event"
            now = cast(int, found[0]["version"])
            assert now >= seen or relation is Relation.LISTING, "an older version came back"
        seen = now
        await asyncio.sleep(0.001)  # the writer's turn, also where all share one interpreter
