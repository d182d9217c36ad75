"""Properties of roll-ups: what a session adds up to is a function of the set of its rows."""

from collections import Counter
from decimal import Decimal
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hh_core.domain.identity import NIL
from hh_core.domain.rollup import EventRow, PatchRow, roll_up

PROJECT = UUID(int=1)
ids = st.integers(1, 6).map(lambda number: UUID(int=number))
claims = st.sampled_from([NIL, UUID(int=101), UUID(int=102)])
spans = st.integers(0, 4).map(lambda number: number.to_bytes(8, "big"))
costs = st.none() | st.integers(0, 9).map(lambda number: Decimal(number) / 8)
events = st.lists(
    st.builds(
        EventRow,
        event_id=ids,
        trace_id=st.sampled_from([b"a" * 16, b"b" * 16]),
        span_id=spans,
        parent_span_id=spans,
        claim=claims,
        claim_text=st.sampled_from(["", "one"]),
        call_key=st.sampled_from([NIL, UUID(int=7)]),
        event_type=st.sampled_from(["model", "tool"]),
        event_name=st.sampled_from("xy"),
        status=st.sampled_from(["ok", "error"]),
        start_ns=st.integers(0, 3),
        duration_ns=st.integers(0, 3),
        usage=st.dictionaries(st.sampled_from(["input", "output"]), st.integers(0, 5)),
        cost=costs,
        has_feedback=st.booleans(),
    ),
    unique_by=lambda row: row.event_id,
    max_size=6,
)
patches = st.lists(
    st.builds(
        PatchRow,
        event_id=claims,
        version=st.integers(0, 9),
        is_start=st.booleans(),
        session_id=st.sampled_from(["", "named"]),
        event_name=st.sampled_from(["", "first"]),
        start_ns=st.integers(0, 3),
        end_ns=st.integers(0, 9),
    ),
    unique_by=lambda row: row.version,
    max_size=4,
)


@given(events, patches, st.randoms())
def test_the_order_of_rows_does_not_matter(
    rows: list[EventRow], changes: list[PatchRow], random: Random
) -> None:
    expected = roll_up(PROJECT, rows, changes)
    shuffled, reversed_changes = sorted(rows, key=lambda _: random.random()), changes[::-1]

    assert roll_up(PROJECT, shuffled, reversed_changes) == expected


@given(events, patches)
def test_every_event_counts_in_exactly_one_session(
    rows: list[EventRow], changes: list[PatchRow]
) -> None:
    rollups = roll_up(PROJECT, rows, changes).values()

    assert sum(rollup.num_events for rollup in rollups) == len(rows)
    assert sum(rollup.num_errors for rollup in rollups) == Counter(row.status for row in rows).get(
        "error", 0
    )


@given(events, patches)
def test_a_session_holds_an_event_or_was_started(
    rows: list[EventRow], changes: list[PatchRow]
) -> None:
    for rollup in roll_up(PROJECT, rows, changes).values():
        assert rollup.num_events or rollup.is_started
        assert rollup.start_ns <= rollup.end_ns


@given(events)
def test_a_call_told_twice_is_paid_once(rows: list[EventRow]) -> None:
    calls = {row.event_id if row.call_key == NIL else row.call_key for row in rows}
    dearest = max((row.cost for row in rows if row.cost is not None), default=Decimal(0))

    for rollup in roll_up(PROJECT, rows, []).values():
        assert (rollup.cost or 0) <= dearest * len(calls)


@given(events)
def test_cost_is_unknown_where_no_event_knows_one(rows: list[EventRow]) -> None:
    for rollup in roll_up(PROJECT, [_free(row) for row in rows], []).values():
        assert rollup.cost is None


def _free(row: EventRow) -> EventRow:
    fields = {name: getattr(row, name) for name in row.__slots__}
    return EventRow(**{**fields, "cost": None})
