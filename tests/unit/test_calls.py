"""One model call that several spans tell of counts once in the sums of its session."""

from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from uuid import UUID

import pytest

from hh_core.domain.claims import ClaimRow, resolve
from hh_core.domain.identity import (
    NIL,
    call_key,
    call_session,
    derived_session,
    is_call_session,
    name_key,
)
from hh_core.domain.rollup import EventRow, Rollup, roll_up

PROJECT, KEY = UUID(int=1), b"k" * 32
RESPONSE = "msg_12be2cf2f0395a4cb0b665be"
SESSION = UUID(int=77)


def told(number: int, parent: int = 0, **facts: object) -> EventRow:
    """A model event of one trace, from ``number`` seconds on for half a minute."""
    row = EventRow(
        event_id=UUID(int=number),
        trace_id=b"t" * 16,
        span_id=number.to_bytes(8, "big"),
        parent_span_id=parent.to_bytes(8, "big"),
        claim=SESSION,
        event_type="model",
        start_ns=number * 10**9,
        duration_ns=30 * 10**9,
        usage={"prompt_tokens": 100},
    )
    return replace(row, **facts)  # type: ignore[arg-type]  # facts are fields of EventRow


def session(*rows: EventRow) -> Rollup:
    """What they add up to, the same in whatever order they come."""
    (found,) = {repr(roll_up(PROJECT, some, ())): some for some in permutations(rows)}.values()
    (rollup,) = roll_up(PROJECT, found, ()).values()
    return rollup


def prompt(*rows: EventRow) -> int:
    return session(*rows).usage.get("prompt_tokens", 0)


def test_a_framework_around_a_client_counts_once_and_both_stay_events() -> None:
    found = session(told(1), told(2, parent=1), told(3, parent=2))

    assert found.usage == {"prompt_tokens": 100}
    assert found.num_model_events == 3


def test_what_is_nearest_to_the_wire_counts() -> None:
    around = told(1, usage={"prompt_tokens": 130})

    assert prompt(around, told(2, parent=1)) == 100


def test_a_model_event_that_repeats_the_sum_of_its_calls_does_not_count() -> None:
    calls = told(2, parent=1), told(3, parent=1, usage={"prompt_tokens": 7})

    assert prompt(told(1, usage={"prompt_tokens": 107}), *calls) == 107


def test_calls_with_equal_counts_side_by_side_are_different_calls() -> None:
    assert prompt(told(1), told(2), told(3)) == 300


def test_a_call_that_a_tool_makes_is_another_call() -> None:
    tool = told(2, parent=1, event_type="tool", usage={})

    assert prompt(told(1), tool, told(3, parent=2)) == 200


def test_a_call_that_began_after_its_parent_had_ended_is_another_call() -> None:
    """The context of a span leaks into later requests where an instrumentor never detaches it."""
    assert prompt(told(1, duration_ns=10**9 - 1), told(2, parent=1)) == 200


def test_a_client_that_tells_no_tokens_leaves_those_of_its_framework() -> None:
    assert prompt(told(1), told(2, parent=1, usage={})) == 100
    assert prompt(told(1), told(2, parent=1, usage={"prompt_tokens": 0})) == 100


def test_one_response_id_is_one_call_wherever_its_spans_stand() -> None:
    call = call_key(KEY, PROJECT, RESPONSE)
    elsewhere = told(4, trace_id=b"u" * 16, call_key=call, usage={"prompt_tokens": 99})

    assert prompt(told(1, call_key=call), told(2, call_key=call), elsewhere) == 99


def test_a_client_that_tells_nothing_of_a_call_leaves_the_tokens_of_another_span() -> None:
    call = call_key(KEY, PROJECT, RESPONSE)
    cut = told(2, call_key=call, usage={"cache_read_tokens": 0})

    assert prompt(told(1, call_key=call), cut) == 100


def test_costs_count_once_too_each_by_what_tells_a_cost() -> None:
    priced = told(1, cost=Decimal("0.5"))

    assert session(priced, told(2, parent=1)).cost == Decimal("0.5")
    assert session(priced, told(2, parent=1, cost=Decimal("0.4"))).cost == Decimal("0.4")


def test_a_tool_with_a_price_of_its_own_is_no_repetition() -> None:
    tool = told(1, event_type="tool", usage={}, cost=Decimal(2))

    assert session(tool, told(2, parent=1, cost=Decimal(3))).cost == 5


@pytest.mark.parametrize("short", ["", "1", "chatcmpl-745", "x" * 15])
def test_a_short_response_id_is_no_key(short: str) -> None:
    """Ollama draws its ids from a thousand numbers."""
    assert call_key(KEY, PROJECT, short) == NIL


def test_a_response_id_is_a_key_of_its_own_project() -> None:
    assert call_key(KEY, PROJECT, RESPONSE) == name_key(KEY, PROJECT, RESPONSE)
    assert call_key(KEY, PROJECT, RESPONSE) != call_key(KEY, UUID(int=2), RESPONSE)


CALL = UUID(bytes=call_session(PROJECT.bytes, call_key(KEY, PROJECT, RESPONSE).bytes))


def lone(number: int, claim: UUID, parent: int = 0) -> ClaimRow:
    span, above = number.to_bytes(8, "big"), parent.to_bytes(8, "big")
    return ClaimRow(UUID(int=number), span, above, claim, number)


def test_traces_that_begin_with_one_call_are_one_session() -> None:
    one = resolve(PROJECT, b"t" * 16, [lone(1, CALL), lone(2, NIL, parent=1)])
    other = resolve(PROJECT, b"u" * 16, [lone(3, CALL)])

    assert {*one.values(), *other.values()} == {CALL}


def test_the_session_of_a_call_gives_way_to_one_that_is_claimed() -> None:
    """Some set the session on all spans but the root."""
    sessions = resolve(PROJECT, b"t" * 16, [lone(1, CALL), lone(2, SESSION, parent=1)])

    assert set(sessions.values()) == {SESSION}


def test_a_trace_that_begins_with_several_calls_stays_one_session() -> None:
    other = UUID(bytes=call_session(PROJECT.bytes, b"c" * 16))

    assert set(resolve(PROJECT, b"t" * 16, [lone(1, CALL), lone(2, other)]).values()) == {CALL}


def test_the_session_of_a_call_is_no_other_session() -> None:
    assert is_call_session(CALL.bytes)
    assert not is_call_session(derived_session(PROJECT, b"t" * 16).bytes)
    assert CALL not in (NIL, call_key(KEY, PROJECT, RESPONSE))
