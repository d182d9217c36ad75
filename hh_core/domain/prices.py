"""What a model's tokens cost, and the arithmetic from a usage to exact dollars (``docs/cost.md``).

A usage is cut into portions that do not overlap, each charged at one price: cached tokens at the
price of cached tokens and not at that of the prompt as well. Prices and sums are exact decimals;
only the sum is rounded, to 12 digits after the point.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import partial
from typing import NamedTuple

SMALLEST = Decimal("1e-12")
STANDARD = ""
"""The service tier of a call that names none."""

TIERS = frozenset({"batch", "priority", "flex", "ultrafast", "balanced"})
"""Other service tiers that have prices of their own."""

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


class PriceOf(NamedTuple):
    """What a price is for."""

    unit: str
    tier: str = STANDARD
    above: int = 0
    """It holds for calls with more ``prompt_tokens`` than this: for all their tokens."""


Prices = Mapping[PriceOf, Decimal]
"""US dollars for one of each unit."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a price book."""

    provider: str
    """Who sells it."""
    model: str
    prices: Prices
    origin: str
    """Where the line comes from: a published price map and its version, or a configuration."""
    source: str = ""
    """What the origin gives as its own source: a page of the provider's."""
    since: int | None = None
    """The first day on which it holds, in days since 1970; None: always has."""
    until: int | None = None
    """The first day on which it holds no more; None: it still does."""

    steps: tuple[int, ...] = field(init=False, compare=False)
    """The sizes above which calls are charged otherwise."""

    def __post_init__(self) -> None:
        steps = {of.above for of in self.prices if of.above}
        object.__setattr__(self, "steps", tuple(sorted(steps)))

    def holds(self, day: int) -> bool:
        started = self.since is None or self.since <= day
        return started and (self.until is None or day < self.until)


class Portion(NamedTuple):
    """A part of a usage that has one price."""

    unit: str
    amount: int


class Charge(NamedTuple):
    portion: Portion
    of: PriceOf
    """Whose price was taken: of the portion itself, or of what it is a part of."""
    price: Decimal
    dollars: Decimal
    """Exact: count times price."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a usage costs by an entry, and how that follows."""

    charges: Sequence[Charge] = ()
    unknown: str = ""
    """Why there is no sum; empty: there is."""

    @property
    def dollars(self) -> Decimal | None:
        """The sum, rounded half to even at 12 digits; None if it is not known."""
        if self.unknown:
            return None
        total = Decimal(0)
        for charge in self.charges:
            total = _EXACT.add(total, charge.dollars)
        return total.quantize(SMALLEST, context=_EXACT)


INSTEAD = {
    "cache_read_audio": ("cache_read", "prompt_audio", "prompt"),
    "cache_read": ("prompt",),
    "cache_write_1h": ("cache_write", "prompt"),
    "cache_write": ("prompt",),
    "prompt_audio": ("prompt",),
    "prompt_image": ("prompt",),
    "completion_audio": ("completion",),
    "completion_image": ("completion",),
    "reasoning": ("completion",),
}
"""Whose price a portion takes that has none of its own: then the provider charges it as that."""

SEARCHES = ("search_units",)
"""Units without whose count a call that is charged by them has no known cost."""

INSTEAD_OF_TOKENS = ("prompt_characters", "audio_seconds", "images")
"""Charged only where no tokens are: a model may be sold by either."""

BY_ONE = frozenset({"request", "web_search_requests", *SEARCHES, *INSTEAD_OF_TOKENS})
"""Units that are no tokens."""

UNITS = frozenset(INSTEAD) | BY_ONE | {"prompt", "completion"}


def portions(usage: Mapping[str, int]) -> Iterator[Portion]:
    """``usage`` (normal counts, ``hh_core.domain.tokens``) without overlaps, empty ones left out.

    Of the prompt first what was cached, then sound and image that were not, then the rest; of the
    completion sound, image, reasoning, the rest. A part that is larger than what is left of its
    whole counts as that.
    """

    def count(kind: str) -> int:
        return usage.get(kind, 0)

    read, hour = count("cache_read_tokens"), count("cache_write_1h_tokens")
    heard = min(count("cache_read_audio_tokens"), read)
    yield from _cut(
        count("prompt_tokens"),
        "prompt",
        (
            ("cache_read_audio", heard),
            ("cache_read", read - heard),
            ("cache_write_1h", hour),
            ("cache_write", max(0, count("cache_write_tokens") - hour)),
            ("prompt_audio", max(0, count("prompt_audio_tokens") - heard)),
            ("prompt_image", count("prompt_image_tokens")),
        ),
    )
    yield from _cut(
        count("completion_tokens"),
        "completion",
        (
            ("completion_audio", count("completion_audio_tokens")),
            ("completion_image", count("completion_image_tokens")),
            ("reasoning", count("reasoning_tokens")),
        ),
    )
    for unit in (*SEARCHES, "web_search_requests", *INSTEAD_OF_TOKENS):
        if usage.get(unit):
            yield Portion(unit, usage[unit])


def _cut(whole: int, rest: str, parts: Sequence[tuple[str, int]]) -> Iterator[Portion]:
    for unit, told in parts:
        taken = min(told, whole)
        if taken:
            yield Portion(unit, taken)
            whole -= taken
    if whole:
        yield Portion(rest, whole)


def bill(usage: Mapping[str, int], entry: Entry, tier: str = STANDARD) -> Bill:
    """What ``usage`` costs by ``entry``, portion by portion."""
    return _bill(usage, entry.prices, partial(_priced, entry.prices, tier))


def _bill(usage: Mapping[str, int], prices: Prices, priced: "_Priced") -> Bill:
    if not usage:
        return Bill(unknown="the event tells no usage")
    size = usage.get("prompt_tokens", 0)
    charges: list[Charge] = []
    by_tokens = False
    for portion in portions(usage):
        if portion.unit in INSTEAD_OF_TOKENS and by_tokens:
            continue
        of = priced(size, portion.unit)
        if of is not None:
            by_tokens = by_tokens or _is_tokens(portion)
            charges.append(_charge(portion, of, prices[of]))
        elif _is_tokens(portion) and not _by_other_units(prices, usage):
            return Bill(charges, f"the price book has no price for {portion.unit}")
    for unit in SEARCHES:
        if prices.get(PriceOf(unit)) and not usage.get(unit):
            return Bill(charges, f"it is charged by {unit}, which the event does not tell")
    request = priced(size, "request")
    if request is not None:
        charges.append(_charge(Portion("request", 1), request, prices[request]))
    if not charges and _COUNTED.isdisjoint(usage):
        return Bill(unknown="nothing that the event counts has a price")
    return Bill(charges)


_WHOLES = ("prompt", "completion")
_COUNTED = frozenset({"prompt_tokens", "completion_tokens"})


def _is_tokens(portion: Portion) -> bool:
    return portion.unit in _WHOLES or portion.unit in INSTEAD


def _by_other_units(prices: Prices, usage: Mapping[str, int]) -> bool:
    """Whether the model is sold by units that are counted, and not by tokens."""
    return any(
        usage.get(unit) and PriceOf(unit) in prices for unit in (*SEARCHES, *INSTEAD_OF_TOKENS)
    )


def _charge(portion: Portion, of: PriceOf, price: Decimal) -> Charge:
    return Charge(portion, of, price, _EXACT.multiply(Decimal(portion.amount), price))


_Priced = Callable[[int, str], PriceOf | None]
"""The price that holds for a unit in a call with so many prompt tokens."""


def _priced(prices: Prices, tier: str, size: int, unit: str) -> PriceOf | None:
    """The price that holds for a portion: of its own before that of its whole, of the tier before
    the standard one, of the highest step that the prompt is above."""
    for wanted in (unit, *INSTEAD.get(unit, ())):
        for kind in dict.fromkeys((tier, STANDARD)):
            steps = [
                of
                for of in prices
                if of.unit == wanted and of.tier == kind and (size > of.above or not of.above)
            ]
            if steps:
                return max(steps)
    return None


class Linear(NamedTuple):
    """The prices of calls below the first step, for counts that stand in columns: dollars are the
    sum of each count times its weight, as long as no part is larger than its whole. ``bill`` says
    the same, only slower."""

    weights: tuple[Decimal, ...]
    below: int
    """Calls with more prompt tokens are for ``bill``."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How calls of one model and tier are charged on the days on which ``entry`` holds."""

    entry: Entry
    tier: str
    _linear: dict[tuple[str, ...], Linear | None] = field(default_factory=dict, compare=False)
    _known: dict[tuple[int, str], PriceOf | None] = field(default_factory=dict, compare=False)
    """Which price holds for a unit above so many steps."""

    def bill(self, usage: Mapping[str, int]) -> Bill:
        """As ``bill``: what prices hold is looked up once."""
        return _bill(usage, self.entry.prices, self._priced)

    def _priced(self, size: int, unit: str) -> PriceOf | None:
        key = sum(size > step for step in self.entry.steps), unit
        if key not in self._known:
            self._known[key] = _priced(self.entry.prices, self.tier, size, unit)
        return self._known[key]

    def linear(self, kinds: tuple[str, ...]) -> Linear | None:
        """For usages that count ``kinds``; None: only ``bill`` can tell."""
        if kinds not in self._linear:
            self._linear[kinds] = _linear(self.entry.prices, self.tier, kinds)
        return self._linear[kinds]


PARTS = {
    "cache_read_tokens": ("cache_read", "prompt_tokens"),
    "cache_write_tokens": ("cache_write", "prompt_tokens"),
    "prompt_audio_tokens": ("prompt_audio", "prompt_tokens"),
    "reasoning_tokens": ("reasoning", "completion_tokens"),
    "completion_audio_tokens": ("completion_audio", "completion_tokens"),
}
"""Kinds whose tokens have a price of their own instead of that of their whole."""
_WEIGHTLESS = frozenset(
    {"total_tokens", "tool_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens"}
    | {"cache_write_5m_tokens"}
)
_HIGHEST = 1 << 40


def _linear(prices: Prices, tier: str, kinds: tuple[str, ...]) -> Linear | None:
    whole = {unit: _priced(prices, tier, 0, unit) for unit in _WHOLES}
    special = any(of.unit in ("request", *SEARCHES) for of in prices)
    if special or None in whole.values() or _COUNTED.isdisjoint(kinds):
        return None
    weights = []
    for kind in kinds:
        unit, base = PARTS.get(kind, (kind.removesuffix("_tokens"), ""))
        of = _priced(prices, tier, 0, unit) if kind in _COUNTED or base else None
        if of is None and kind not in _WEIGHTLESS:
            return None
        of_base = whole.get(base.removesuffix("_tokens"))
        less = prices[of_base] if of_base is not None else Decimal(0)
        weights.append(prices[of] - less if of is not None else Decimal(0))
    if any(_decimals(weight) > _decimals(SMALLEST) for weight in weights):
        return None
    return Linear(tuple(weights), min((of.above for of in prices if of.above), default=_HIGHEST))


def _decimals(price: Decimal) -> int:
    exponent = price.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else _HIGHEST
