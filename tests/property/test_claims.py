"""Laws of session resolution (DESIGN 4.6)."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hh_core.domain.claims import ClaimRow, resolve
from hh_core.domain.identity import NIL, derived_session

PROJECT = UUID(int=7)
TRACE = b"t" * 16

numbers = st.integers(1, 6)
spans = numbers.map(lambda number: number.to_bytes(8, "big"))
rows = st.builds(
    ClaimRow,
    event_id=numbers.map(lambda number: UUID(int=number)),
    span_id=spans,
    parent_span_id=st.just(b"") | st.just(bytes(8)) | spans,
    claim=st.sampled_from([NIL, NIL, UUID(int=101), UUID(int=102)]),
    start_ns=st.integers(0, 3),
)
traces = st.lists(rows, unique_by=lambda row: row.event_id)


@given(traces)
def test_every_event_has_exactly_one_session(trace: list[ClaimRow]) -> None:
    assert set(resolve(PROJECT, TRACE, trace)) == {row.event_id for row in trace}


@given(st.lists(rows).flatmap(lambda trace: st.tuples(st.just(trace), st.permutations(trace))))
def test_order_and_copies_change_nothing(pair: tuple[list[ClaimRow], list[ClaimRow]]) -> None:
    first, second = pair

    assert resolve(PROJECT, TRACE, first) == resolve(PROJECT, TRACE, second + first)


@given(traces)
def test_an_own_claim_stands(trace: list[ClaimRow]) -> None:
    sessions = resolve(PROJECT, TRACE, trace)

    assert all(sessions[row.event_id] == row.claim for row in trace if row.claim != NIL)


@given(traces)
def test_sessions_are_the_claims_or_without_any_the_derived_one(trace: list[ClaimRow]) -> None:
    claims = {row.claim for row in trace} - {NIL}
    sessions = set(resolve(PROJECT, TRACE, trace).values())

    if not claims:
        assert sessions <= {derived_session(PROJECT, TRACE)}
    else:
        assert sessions == claims


@given(traces)
def test_an_event_without_a_claim_follows_its_nearest_claiming_ancestor(
    trace: list[ClaimRow],
) -> None:
    sessions = resolve(PROJECT, TRACE, trace)
    oldest = sorted(trace, key=lambda row: (row.start_ns, row.event_id))
    by_span = {row.span_id: row for row in reversed(oldest)}
    least = next((row.claim for row in oldest if row.claim != NIL), None)

    for row in trace:
        cursor: ClaimRow | None = row
        for _ in range(len(trace) + 1):
            if cursor is None or cursor.claim != NIL:
                break
            cursor = by_span.get(cursor.parent_span_id)
        claimed = cursor is not None and cursor.claim != NIL
        expected = cursor.claim if cursor is not None and claimed else least
        assert sessions[row.event_id] == (expected or derived_session(PROJECT, TRACE))


def test_a_chain_of_a_hundred_thousand_spans_is_resolved_without_recursion() -> None:
    depth = 100_000
    chain = [
        ClaimRow(
            UUID(int=number + 1),
            (number + 1).to_bytes(8, "big"),
            number.to_bytes(8, "big"),
            UUID(int=9) if number == 0 else NIL,
            depth - number,
        )
        for number in range(depth)
    ]

    assert set(resolve(PROJECT, TRACE, chain).values()) == {UUID(int=9)}
