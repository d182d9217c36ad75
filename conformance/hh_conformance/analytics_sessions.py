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
    patch_rows,
    session,
    trace_id,
    version,
)
from hh_conformance.analytics_suite import AnalyticsSuite
from hh_conformance.contract import lifetimes, scenario
from hh_core.domain.identity import derived_session
from hh_core.domain.rollup import roll_up
from hh_core.ports.analytics import (
    Analytics,
    Relation,
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

    @lifetimes
    async def test_a4_concurrent_recounts_end_in_the_newest(self, config: AdapterConfig) -> None:
        acts = [partial(_grow, first=n, telemetry=self.telemetry) for n in (100, 200, 300)]

        assert await self.race(config, acts) == [None, None, None]
        async with self.adapter.open(config) as analytics:
            (found,) = await all_rows(analytics, Relation.SESSIONS, "num_events")
            assert found == {"num_events": 30}


async def _grow(analytics: Analytics, *, first: int, telemetry: bool) -> None:
    writer = Writer(analytics, telemetry=telemetry)
    for number in range(first, first + 10):
        cells = event(number, session_key=session(1), received_ms=NOW_MS)
        await writer.events(cells)
        await analytics.recount(PROJECT, [session(1)])
