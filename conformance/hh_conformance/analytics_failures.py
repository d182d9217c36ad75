"""Bad rows, limits and outages: the part of the analytics contract about A6 to A8."""

import asyncio
from functools import partial
from typing import Any, cast

import pytest

from hh_conformance.analytics_rows import (
    PROJECT,
    arrow,
    event,
    event_id,
    ids,
    row,
    session,
)
from hh_conformance.analytics_suite import AnalyticsSuite
from hh_conformance.contract import lifetimes, scenario
from hh_core.errors import ClosedError, RejectedError, TooWideError, UnavailableError
from hh_core.ports.analytics import (
    Analytics,
    Query,
    Relation,
)
from hh_core.registry import AdapterConfig


class FailuresContract(AnalyticsSuite):
    """See ``hh_conformance.analytics.AnalyticsContract``."""

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
        assert await ids(analytics, Relation.EVENTS) == [event_id(1)]

    @scenario
    async def test_a6_what_may_pass_later_is_unavailable(self, analytics: Analytics) -> None:
        with self.outage(analytics):
            with pytest.raises(UnavailableError):
                await self.writer(analytics).events(event(1))
            with pytest.raises(UnavailableError):
                await analytics.recount(PROJECT, [session(1)])

        await _retried(partial(self.writer(analytics).events, event(1)))
        assert await ids(analytics, Relation.EVENTS) == [event_id(1)]

    def test_a7_a_query_over_its_limits_answers_nothing(self) -> None:
        async def check() -> None:
            async with self.adapter.open(self.bounded(10)) as analytics:
                writer = self.writer(analytics)
                await writer.insert(Relation.EVENTS, *(event(n) for n in range(1, 6)))
                assert len(await ids(analytics, Relation.EVENTS)) == 5

                await writer.insert(Relation.EVENTS, *(event(n) for n in range(6, 60)))
                for query in (
                    Query(relation=Relation.EVENTS, project=PROJECT, columns=("event_id",)),
                    Query(relation=Relation.LISTING, project=PROJECT, group_by=("model",)),
                ):
                    with pytest.raises(TooWideError, match=r"dateRange.*max_query_rows"):
                        await analytics.select(query)
                    with pytest.raises(TooWideError, match=r"dateRange.*max_query_rows"):
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


async def _retried(use: Any) -> None:
    while True:
        try:
            await use()
        except UnavailableError:
            await asyncio.sleep(0.05)
        else:
            return
