"""What sessions add up to: the part of the analytics contract about A4."""

import random
from decimal import Decimal
from functools import partial

from hh_conformance.analytics_examples import busy_sessions
from hh_conformance.analytics_rows import (
    NOW_MS,
    PROJECT,
    SESSION_COLUMNS,
    Writer,
    all_rows,
    as_rows,
    event,
    event_rows,
    ids,
    patch,
    patch_rows,
    row,
    session,
    trace_id,
    version,
)
from hh_conformance.analytics_suite import AnalyticsSuite
from hh_conformance.contract import lifetimes, scenario
from hh_core.domain.identity import derived_session
from hh_core.domain.rollup import roll_up
from hh_core.ports.analytics import (
    NO_MARK,
    Analytics,
    Relation,
    Shared,
)
from hh_core.registry import AdapterConfig


class SessionsContract(AnalyticsSuite):
    """See ``hh_conformance.analytics.AnalyticsContract``."""

    @scenario
    async def test_a4_sessions_are_what_their_rows_add_up_to(self, analytics: Analytics) -> None:
        writer = self.writer(analytics)
        rows, patches = busy_sessions()
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
        assert derived not in await ids(analytics, Relation.LISTING)

    @scenario
    async def test_a4_an_inserted_sum_stands_until_a_newer_one(self, analytics: Analytics) -> None:
        writer = self.writer(analytics)
        cells = {"num_events": 7, "last_received_ms": NOW_MS, "recount": 1}
        told = row(Relation.SESSIONS, session_key=session(1), **cells)
        await writer.insert(Relation.SESSIONS, told)
        assert await all_rows(analytics, Relation.SESSIONS, "num_events") == [{"num_events": 7}]

        await writer.batch(event(1, session_key=session(1)), event(1, session_key=session(1)))
        await writer.insert(Relation.SESSIONS, told)
        assert await all_rows(analytics, Relation.SESSIONS, "num_events") == [{"num_events": 1}]

        await writer.batch(event(1, session_key=session(1), is_deleted=1, version=version(2)))
        await writer.insert(Relation.SESSIONS, told)
        assert await all_rows(analytics, Relation.SESSIONS, "num_events") == []

    @lifetimes
    async def test_a4_batches_that_meet_in_a_session_end_in_its_sum(
        self, config: AdapterConfig
    ) -> None:
        acts = [partial(_meet, first=n, telemetry=self.telemetry) for n in (100, 200, 300)]

        assert await self.race(config, acts) == [None, None, None]
        async with self.adapter.open(config) as analytics:
            found = await all_rows(analytics, Relation.SESSIONS, "session_key", "num_events")
            wanted = [{"session_key": session(n), "num_events": 6} for n in range(5)]
            assert found == sorted(wanted, key=lambda one: str(one["session_key"]))

    @scenario
    async def test_a9_a_batch_alone_shares_nothing(self, analytics: Analytics) -> None:
        writer = self.writer(analytics)
        other = event(9, session_key=session(9), trace_id=trace_id(9))
        assert await writer.linked(1, other) == Shared(set(), set())

        mine = [event(n, session_key=session(n), trace_id=trace_id(n)) for n in (1, 2)]
        assert await writer.linked(2, *mine) == Shared(set(), set())

    @scenario
    async def test_a9_what_others_wrote_to_is_shared(self, analytics: Analytics) -> None:
        writer = self.writer(analytics)
        await writer.linked(1, event(1, session_key=session(1)))
        await writer.insert(Relation.PATCHES, patch(1, event_id=session(3)))

        again = event(1, session_key=session(1))
        assert await writer.linked(2, again) == Shared({session(1)}, {trace_id(1)})
        elsewhere = event(2, session_key=session(1), trace_id=trace_id(2))
        assert await writer.linked(3, elsewhere) == Shared({session(1)}, set())
        beside = event(3, session_key=session(2))
        assert await writer.linked(4, beside) == Shared(set(), {trace_id(1)})
        patched = event(4, session_key=session(3), trace_id=trace_id(4))
        assert await writer.linked(5, patched) == Shared({session(3)}, set())
        await analytics.recount(PROJECT, [session(7)])
        counted = event(7, session_key=session(7), trace_id=trace_id(7))
        assert await writer.linked(8, counted) == Shared({session(7)}, set())
        await writer.linked(6, event(5, trace_id=trace_id(5)))
        moved = event(5, trace_id=trace_id(6), session_key=session(6), version=version(2))
        assert await writer.linked(7, moved) == Shared(set(), {trace_id(5), trace_id(6)})

    @scenario
    async def test_a9_what_is_shared_comes_with_all_that_a_recount_must_know(
        self, analytics: Analytics
    ) -> None:
        writer = self.writer(analytics)
        links = {(session(1), trace_id(n)) for n in range(1, 13)}
        for mark in range(1, 13):
            await writer.linked(mark, event(mark, session_key=session(1), trace_id=trace_id(mark)))
        await writer.insert(Relation.PATCHES, patch(1, event_id=session(3)))
        await analytics.recount(PROJECT, [session(1)])
        before = await analytics.clock()

        asked = {session(1), session(3), session(4)}
        around = (await analytics.shared(PROJECT, 20, asked, {trace_id(2)})).around
        assert before <= around.clock <= await analytics.clock()
        assert around.links == links
        assert around.patched == {session(3)}
        assert around.recounts.keys() == {session(1)}
        assert 0 < around.recounts[session(1)] <= before
        around = (await analytics.shared(PROJECT, NO_MARK, (), {trace_id(2)})).around
        assert around.links == {(session(1), trace_id(2))}
        around = (await analytics.shared(PROJECT, 1, {session(1)}, ())).around
        assert around.links == links - {(session(1), trace_id(1))}
        many = {session(n) for n in range(6000)}
        shared = await analytics.shared(PROJECT, 20, many, ())
        assert shared.sessions == {session(1), session(3)}
        assert shared.around.links in (None, links)  # all of them, or none

    @lifetimes
    async def test_a9_of_two_batches_that_meet_the_later_learns_of_it(
        self, config: AdapterConfig
    ) -> None:
        acts = [partial(_claim, first=n, telemetry=self.telemetry) for n in (100, 200)]

        ours, theirs = await self.race(config, acts)
        both = [one.sessions | other.sessions for one, other in zip(ours, theirs, strict=True)]
        assert both == [{session(n)} for n in range(10)]

    @lifetimes
    async def test_a4_concurrent_recounts_end_in_the_newest(self, config: AdapterConfig) -> None:
        acts = [partial(_grow, first=n, telemetry=self.telemetry) for n in (100, 200, 300)]

        assert await self.race(config, acts) == [None, None, None]
        async with self.adapter.open(config) as analytics:
            (found,) = await all_rows(analytics, Relation.SESSIONS, "num_events")
            assert found == {"num_events": 30}


async def _meet(analytics: Analytics, *, first: int, telemetry: bool) -> None:
    writer = Writer(analytics, telemetry=telemetry)
    for number in range(5):
        for part in range(2):
            own = {"trace_id": trace_id(first + number), "session_key": session(number)}
            await writer.batch(event(first + 10 * number + part, **own))


async def _claim(analytics: Analytics, *, first: int, telemetry: bool) -> list[Shared]:
    writer = Writer(analytics, telemetry=telemetry)
    return [
        await writer.linked(
            first + n, event(first + n, session_key=session(n), trace_id=trace_id(first + n))
        )
        for n in range(10)
    ]


async def _grow(analytics: Analytics, *, first: int, telemetry: bool) -> None:
    writer = Writer(analytics, telemetry=telemetry)
    for number in range(first, first + 10):
        cells = event(number, session_key=session(1), received_ms=NOW_MS)
        await writer.events(cells)
        await analytics.recount(PROJECT, [session(1)])
