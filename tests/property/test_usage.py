"""Laws of the one meaning of token counts."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from hh_core.domain.telemetry import MAX_COUNT
from hh_core.domain.tokens import (
    COMPLETION,
    KINDS,
    PROMPT,
    READ,
    REASONING,
    TELLING,
    TOTAL,
    WRITE,
    normalised,
)

counts = st.integers(0, 40) | st.integers(0, MAX_COUNT)
usages = st.dictionaries(st.sampled_from(sorted(KINDS)), counts)


@given(usages)
def test_parts_never_exceed_their_whole_and_counts_stay_sane(told: dict[str, int]) -> None:
    found, _ = normalised(told)

    assert all(0 <= count <= MAX_COUNT for count in found.values())
    cached = found.get(READ, 0) + found.get(WRITE, 0)
    if not TELLING.isdisjoint(found):
        assert found.get(PROMPT, 0) >= min(cached, MAX_COUNT) or _has_aside(told, found)
        assert found.get(COMPLETION, 0) >= found.get(REASONING, 0)


@given(usages)
def test_what_was_told_is_never_made_smaller_and_never_lost(told: dict[str, int]) -> None:
    found, _ = normalised(told)

    assert all(found[kind] >= count for kind, count in told.items())


@given(usages, st.randoms())
def test_the_order_in_which_counts_are_told_does_not_matter(
    told: dict[str, int], random: Random
) -> None:
    items = list(told.items())
    random.shuffle(items)

    assert normalised(dict(items)) == normalised(told)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_inclusive_and_exclusive_counting_of_one_call_come_to_the_same(
    fresh: int, read: int, write: int, answer: int
) -> None:
    whole = fresh + read + write
    cached = {READ: read, WRITE: write, COMPLETION: answer, TOTAL: whole + answer}

    inclusive, _ = normalised({PROMPT: whole, **cached})
    exclusive, _ = normalised({PROMPT: fresh, **cached})

    assert inclusive == exclusive


def _has_aside(told: dict[str, int], found: dict[str, int]) -> bool:
    """The total may say that only a part of what lies beside was left out."""
    return found.get(PROMPT, 0) > told.get(PROMPT, 0) and found[TOTAL] == told.get(TOTAL)
