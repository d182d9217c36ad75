"""Rows that several tests of the analytics contract start from."""

from decimal import Decimal

from hh_conformance.analytics_rows import (
    HOUR_NS,
    START_NS,
    Cells,
    event,
    event_id,
    patch,
    row,
    session,
    trace_id,
    version,
)
from hh_core.domain.telemetry import MAX_COST, MAX_COUNT, MAX_TIME_NS
from hh_core.ports.analytics import Relation


def busy_sessions() -> tuple[list[Cells], list[Cells]]:
    """Nested claims, a call told twice, an error, a derived session, the largest values, starts and
    updates."""
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
        *call_told_again(),
        *(event(number, trace_id=trace_id(5), start_ns=MAX_TIME_NS, duration_ns=MAX_TIME_NS,
                usage={"input": MAX_COUNT}, cost=MAX_COST - Decimal("1e-12"))
          for number in range(10, 20)),
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


def call_told_again() -> list[Cells]:
    """A framework's span around its client's, one that had ended before the next began, a chain
    that repeats both, an empty telling, and a tool's own price above a model event's."""
    told = {"trace_id": trace_id(6), "event_type": "model", "duration_ns": 9}

    def below(parent: int) -> bytes:
        return parent.to_bytes(8, "big")

    return [
        event(30, **told, usage={"input": 7}, cost=Decimal(1)),
        event(31, **told, usage={"input": 6}, parent_span_id=below(30), start_ns=START_NS + 9),
        event(32, **told, usage={"input": 40}),
        event(33, **told, usage={"input": 50}, cost=Decimal(3), parent_span_id=below(32),
              start_ns=START_NS + 10),
        event(34, **told, usage={"input": 600}, call_key=session(98)),
        event(35, **told, usage={"input": 0}, call_key=session(98), start_ns=START_NS + 1),
        event(36, **{**told, "event_type": "tool"}, cost=Decimal(16)),
        event(37, **told, cost=Decimal(32), parent_span_id=below(36)),
        event(38, **told, usage={"input": 7_000}, parent_span_id=below(38)),
    ]  # fmt: skip


def three(relation: Relation) -> list[Cells]:
    if relation is Relation.EVENTS:
        return [event(number, trace_id=trace_id(number)) for number in (1, 2, 3)]
    if relation is Relation.PATCHES:
        return [patch(number, event_id=event_id(number % 2)) for number in (1, 2, 3)]
    own: dict[Relation, str] = {
        Relation.SPAN_LOGS: "log_id",
        Relation.SESSION_TRACES: "session_key",
        Relation.TRACE_SESSIONS: "event_id",
        Relation.SCORES: "event_id",
    }
    name = own.get(relation)
    return [row(relation, **({name: event_id(n)} if name else {"path": str(n)})) for n in (1, 2, 3)]
