"""What a batch adds up to by columns is what the definition says, a rule at a time."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from hh_conformance.analytics_rows import (
    PROJECT,
    SESSION_COLUMNS,
    START_NS,
    Cells,
    arrow,
    as_rows,
    event,
    event_id,
    event_rows,
    session,
    trace_id,
)
from hh_core.domain.identity import NIL, derived_session
from hh_core.domain.rollup import roll_up
from hh_core.domain.telemetry import MAX_COST, MAX_COUNT, MAX_TIME_NS
from hh_core.ports.analytics import Relation
from hh_core.wire import columns
from hh_core.wire.rollups import roll_ups

small = st.integers(0, 3)
PATHS = ["feedback.rating", "metadata.feedback.x"]
MICRO = Decimal("0.000001")
LARGEST_COUNT = st.just(MAX_COUNT)
LARGEST_COST = st.sampled_from([MAX_COST, -MAX_COST, MAX_COST - Decimal("1e-12")]).map(Decimal)


@st.composite
def batches(draw: st.DrawFn) -> list[Cells]:
    """Events of four traces, of which each claims one session at most."""
    claims = {trace: draw(small) for trace in range(4)}
    rows = []
    for number in range(draw(st.integers(0, 12))):
        trace = draw(small)
        claim = draw(st.sampled_from([0, claims[trace]]))
        rows.append(event(number, **draw(contents()), **_claimed(trace, claim)))
    return rows


def _claimed(trace: int, claim: int) -> dict[str, Any]:
    key = session(claim) if claim else NIL
    return {"trace_id": trace_id(trace), "session_key": key}


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "session_id": draw(st.sampled_from(["", "a", "b"])),
        "parent_span_id": draw(st.integers(0, 11)).to_bytes(8, "big"),
        "call_key": draw(st.sampled_from([NIL, event_id(1), event_id(99)])),
        "event_type": draw(st.sampled_from(["model", "tool", "chain"])),
        "event_name": draw(st.sampled_from(["x", "y", ""])),
        "status": draw(st.sampled_from(["ok", "error", "unset"])),
        "start_ns": draw(small.map(START_NS.__add__) | st.just(MAX_TIME_NS)),
        "duration_ns": draw(st.integers(-2, 3) | st.just(MAX_TIME_NS)),
        "received_ms": START_NS // 1_000_000 + draw(small),
        "usage": draw(st.dictionaries(st.sampled_from(["input", "output"]), small | LARGEST_COUNT)),
        "cost": draw(st.none() | small.map(lambda n: n * MICRO) | LARGEST_COST),
        "attributes": draw(
            st.dictionaries(
                st.sampled_from(["feedback.rating", "metadata.feedback.x"]), st.just("1")
            )
        ),
    }


@given(rows=batches(), telemetry=st.booleans(), cut=st.integers(0, 2))
def test_a_batch_adds_up_to_what_the_definition_says(
    rows: list[Cells], telemetry: bool, cut: int
) -> None:
    data = arrow(Relation.EVENTS, [*rows[:cut], *rows], telemetry=telemetry)
    table = columns.decode(Relation.EVENTS, data, telemetry=telemetry).slice(len(rows[:cut]))
    expected = roll_up(PROJECT, event_rows(rows, telemetry=telemetry), ())

    found = roll_ups(PROJECT, table, {trace: _session(rows, trace) for trace in _traces(rows)})

    assert _as_rows(columns.decode(Relation.SESSIONS, columns.table_bytes(_table(found)))) == (
        as_rows(expected.values())
    )


def test_the_largest_that_may_be_told_adds_up_exactly() -> None:
    """No sum wraps around 64 bits, and none loses a digit."""
    told = {"start_ns": MAX_TIME_NS, "duration_ns": MAX_TIME_NS, "trace_id": trace_id(1)}
    told |= {"usage": {"input": MAX_COUNT}, "cost": MAX_COST - Decimal("1e-12")}
    rows = [event(number, **told) for number in range(20_000)]
    data = arrow(Relation.EVENTS, rows, telemetry=True)

    found = roll_ups(
        PROJECT,
        columns.decode(Relation.EVENTS, data, telemetry=True),
        {trace_id(1): derived_session(PROJECT, trace_id(1)).bytes},
    ).to_pylist()

    (expected,) = roll_up(PROJECT, event_rows(rows, telemetry=True), ()).values()
    for end, usage, cost in (
        (found[0]["end_ns"], dict(found[0]["usage"]), found[0]["cost"]),
        (expected.end_ns, expected.usage, expected.cost),
    ):
        assert end == 2 * MAX_TIME_NS
        assert usage == {"input": 20_000 * MAX_COUNT}
        assert cost == Decimal("19999999999999999.999999980000")


@given(rows=batches())
def test_traces_that_are_not_named_do_not_count(rows: list[Cells]) -> None:
    table = columns.decode(Relation.EVENTS, arrow(Relation.EVENTS, rows, telemetry=False))
    named = sorted(_traces(rows))[:1]
    kept = [cells for cells in rows if cells["trace_id"] in named]

    found = roll_ups(PROJECT, table, {trace: _session(rows, trace) for trace in named})

    expected = roll_up(PROJECT, event_rows(kept, telemetry=False), ())
    assert _as_rows(_table(found)) == as_rows(expected.values())


def _traces(rows: list[Cells]) -> set[bytes]:
    return {cells["trace_id"] for cells in rows}


def _session(rows: list[Cells], trace: bytes) -> bytes:
    claims = {cells["session_key"] for cells in rows if cells["trace_id"] == trace} - {NIL}
    return (claims.pop() if claims else derived_session(PROJECT, trace)).bytes


def _table(batch: Any) -> Any:
    return pa.Table.from_batches([batch])


def _as_rows(table: Any) -> list[Any]:
    rows = [
        {name: row[name] for name in SESSION_COLUMNS}
        | {"session_key": UUID(bytes=row["session_key"]), "usage": dict(row["usage"])}
        for row in table.to_pylist()
    ]
    return sorted(rows, key=lambda row: str([row[name] for name in SESSION_COLUMNS]))
