"""Laws of costs: exact, total, the same by columns as one by one."""

from copy import deepcopy
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from hh_core.domain.costing import price, price_sheet, was_computed, written
from hh_core.domain.event import Facts
from hh_core.domain.price_book import DAY_NS
from hh_core.domain.prices import INSTEAD, SMALLEST, Entry, PriceOf, bill, portions
from hh_core.domain.sheet import Sheet
from hh_core.domain.telemetry import MAX_COUNT, USAGE_KINDS
from hh_core.wire.price_lines import price_book

BOOK = price_book()
PREFERS_BOOK = price_book(prefers_told=False)
PROJECT = b"p" * 16
DAY = 20_400

counts = st.integers(0, 2000) | st.integers(0, 400_000) | st.integers(0, MAX_COUNT)
usages = st.dictionaries(st.sampled_from(sorted(USAGE_KINDS)), counts)
units = st.sampled_from(["prompt", "completion", *INSTEAD])
kinds_of_price = st.builds(
    PriceOf, units, st.sampled_from(["", "batch"]), st.sampled_from([0, 0, 128_000, 200_000])
)
amounts = st.decimals(0, 1, places=12, allow_nan=False)
entries = st.builds(
    Entry, st.just("x"), st.just("y"), st.dictionaries(kinds_of_price, amounts), st.just("test")
)


@given(usages)
def test_portions_are_the_whole_and_nothing_twice(usage: dict[str, int]) -> None:
    found = list(portions(usage))
    sums = {"prompt": 0, "completion": 0}
    for unit, amount in found:
        whole = INSTEAD.get(unit, (unit,))[-1]
        if whole in sums:
            sums[whole] += amount

    assert sums["prompt"] == usage.get("prompt_tokens", 0)
    assert sums["completion"] == usage.get("completion_tokens", 0)
    assert all(amount > 0 for _, amount in found)


@given(usages, entries, st.sampled_from(["", "batch"]))
def test_a_bill_is_the_exact_sum_of_its_charges_or_says_why_not(
    usage: dict[str, int], entry: Entry, tier: str
) -> None:
    found = bill(usage, entry, tier)

    exact = sum(
        (Fraction(c.portion.amount) * Fraction(c.price) for c in found.charges), Fraction(0)
    )
    assert (found.dollars is None) == bool(found.unknown)
    if found.dollars is not None:
        assert abs(Fraction(found.dollars) - exact) <= Fraction(1, 2 * 10**12)
        assert found.dollars >= 0
    assert bill(dict(reversed(usage.items())), entry, tier) == found


@given(usages, entries, st.integers(1, 1000))
def test_more_output_never_costs_less(usage: dict[str, int], entry: Entry, more: int) -> None:
    less = bill(usage | {"completion_tokens": 5, "reasoning_tokens": 0}, entry).dollars
    longer = bill(usage | {"completion_tokens": 5 + more, "reasoning_tokens": 0}, entry).dollars

    if less is not None and longer is not None:
        assert longer >= less
    assert less is not None or longer is None, "what is unknown does not become known by more"


texts = st.sampled_from(["gpt-4o", "gpt-4.1-mini", "claude-sonnet-4-5", "gemini-2.5-pro", "x", ""])
told = st.sampled_from([None, 0, 0.25])
small = st.integers(0, 50) | st.integers(0, 400_000)


@st.composite
def sheets(draw: Any) -> tuple[Sheet, list[Facts], list[int]]:
    size = draw(st.integers(1, 6))
    some = [k for k in sorted(USAGE_KINDS) if k not in ("prompt_tokens", "completion_tokens")]
    kinds = ["prompt_tokens", "completion_tokens"]
    kinds += draw(st.lists(st.sampled_from(some), unique=True, max_size=3))
    usage = {kind: draw(st.lists(small, min_size=size, max_size=size)) for kind in kinds}
    columns = {
        "model": [draw(texts) for _ in range(size)]
        if draw(st.booleans())
        else [draw(texts)] * size,
        "provider": [draw(st.sampled_from(["openai", "anthropic", "google", ""]))] * size,
    }
    types = draw(
        st.lists(st.sampled_from(["model", "model", "tool"]), min_size=size, max_size=size)
    )
    attributes: dict[str, list[Any]] = {}
    if draw(st.booleans()):
        attributes["config.service_tier"] = [draw(st.sampled_from(["batch", "auto"]))] * size
    cost = draw(
        st.none() | st.lists(told.filter(lambda c: c is not None), min_size=size, max_size=size)
    )
    if cost is not None:
        attributes["metadata.cost"] = cost
    decimals = None if cost is None else [Decimal(repr(each)) for each in cost]
    starts = [(DAY + draw(st.integers(-900, 0))) * DAY_NS for _ in range(size)]
    facts = [
        Facts(
            event_type=types[row],
            model=columns["model"][row],
            provider=columns["provider"][row],
            usage={k: usage[k][row] for k in kinds} if types[row] == "model" else {},
            cost=None if decimals is None else decimals[row],
            attributes={path: column[row] for path, column in attributes.items()},
        )
        for row in range(size)
    ]
    return Sheet(columns, types, usage, decimals, attributes), facts, starts


@given(sheets(), st.booleans())
def test_a_sheet_costs_what_its_spans_cost(
    drawn: tuple[Sheet, list[Facts], list[int]], prefers_told: bool
) -> None:
    sheet, facts, starts = deepcopy(drawn)
    book = BOOK if prefers_told else PREFERS_BOOK

    price_sheet(book, sheet, [PROJECT], starts)
    for one, start in zip(facts, starts, strict=True):
        price(book, PROJECT, one, start)

    assert (sheet.cost or [None] * len(facts)) == [one.cost for one in facts]
    for row, one in enumerate(facts):
        shown = {path: column[row] for path, column in sheet.attributes.items()}
        assert shown | (sheet.more[row] if sheet.more else {}) == one.attributes


@given(st.floats(min_value=0, max_value=1e12))
@example(1.234567891e-10)
def test_a_told_cost_is_never_taken_for_a_computed_one(told: float) -> None:
    assert not was_computed(repr(told))
    assert was_computed(written(Decimal(repr(told)).quantize(SMALLEST)))
