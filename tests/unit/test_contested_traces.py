"""Traces in which several sessions are claimed: all of a batch are told to the index at once."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest

from hh_conformance.analytics_rows import PROJECT, Writer, event, session, trace_id
from hh_core.ports.analytics import Condition, Op, Query, Relation
from hh_core.usecases import recount, recount_here
from hh_memory.analytics import AnalyticsConfig, Backend, MemoryAnalytics

TRACES = 5
RESOLVED = Query(
    relation=Relation.TRACE_SESSIONS,
    project=PROJECT,
    columns=("event_id", "session_key"),
    where=(Condition("trace_id", Op.IN, [trace_id(trace) for trace in range(TRACES)]),),
    limit=100,
)


class Counting(MemoryAnalytics):
    def __init__(self) -> None:
        super().__init__(Backend(), AnalyticsConfig(plane="data"))
        self.inserts: Counter[Relation] = Counter()

    async def insert(self, relation: Relation, arrow: bytes) -> None:
        self.inserts[relation] += 1
        await super().insert(relation, arrow)


@pytest.mark.parametrize("here", [True, False], ids=["counted here", "counted by the index"])
@pytest.mark.parametrize("together", [100, 3], ids=["read together", "too many for one read"])
def test_contested_traces_are_resolved_together(
    monkeypatch: pytest.MonkeyPatch, here: bool, together: int
) -> None:
    monkeypatch.setattr(recount, "_RESOLVED_ROWS", together)
    if not here:
        monkeypatch.setattr(recount_here, "MOST_KEYS", 1)
    analytics = Counting()
    rows = [
        event(
            2 * trace + half,
            trace_id=trace_id(trace),
            session_key=session(2 * trace + half + 1),
            parent_span_id=bytes(8),
        )
        for trace in range(TRACES)
        for half in range(2)
    ]

    asyncio.run(Writer(analytics, telemetry=False).batch(*rows))

    found = asyncio.run(analytics.select(RESOLVED))
    told: dict[object, object] = {row["event_id"]: row["session_key"] for row in found}
    assert told == {row["event_id"]: UUID(str(row["session_key"])) for row in rows}
    is_one_read = here or together > 2 * TRACES
    assert analytics.inserts[Relation.TRACE_SESSIONS] == (1 if is_one_read else TRACES)
