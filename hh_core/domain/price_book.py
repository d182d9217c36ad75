"""A price book: which entry a call is charged by, from its provider, model, tier and day."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hh_core.domain.model_names import HOMES, MAX_MODEL, VENDORS, forms, is_open, sellers
from hh_core.domain.prices import STANDARD, TIERS, Entry, Rate

DAY_NS = 86_400_000_000_000
REMEMBERED = 10_000
"""Combinations of provider, model and tier that a book knows the answer for."""

Lines = Callable[[str, str], Sequence[Entry]]
"""The entries of a seller's model, by its name in lower case; those that hold only for a time
first. A pure function."""


@dataclass(frozen=True, slots=True)
class Override:
    """Prices that a project or an operator sets for whatever matches: before the book's own."""

    matches: Callable[[str, str], bool]
    """Of provider and model as the span tells them, cut to ``MAX_MODEL`` characters."""
    entry: Entry
    project: bytes | None = None
    """None: for all projects."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry and how it was found."""

    entry: Entry
    how: str
    """``as told``, or how the name that the book has came about."""


Rates = Sequence[Rate]
"""For one call, in order: the first whose entry holds on its day."""


class PriceBook:
    """Pure: the same questions have the same answers, which are remembered."""

    def __init__(
        self,
        lines: Lines,
        known: frozenset[str],
        *,
        version: str,
        overrides: Sequence[Override] = (),
        prefers_told: bool = True,
    ) -> None:
        """``known`` are the sellers that ``lines`` knows. ``version`` names all prices, the
        overrides too. ``prefers_told``: a cost that a span itself tells counts before the book."""
        self._lines = lines
        self._known = known
        self._overrides = tuple(overrides)
        self._own = frozenset(o.project for o in self._overrides if o.project is not None)
        self._rates: dict[tuple[bytes | None, str, str, str], Rates] = {}
        self.version = version
        self.prefers_told = prefers_told

    @property
    def is_one_for_all(self) -> bool:
        """Whether no project has prices of its own."""
        return not self._own

    def rates(self, project: bytes, provider: str, model: str, tier: str) -> Rates:
        """How a call is charged, by day; empty: the model is unknown."""
        key = (project if project in self._own else None, provider, model, tier)
        rates = self._rates.get(key)
        if rates is None:
            if len(self._rates) >= REMEMBERED:
                self._rates.clear()
            found = self.entries(project, provider, model)
            rates = self._rates[key] = tuple(Rate(each.entry, tier) for each in found)
        return rates

    def entries(self, project: bytes, provider: str, model: str) -> Sequence[Found]:
        """Overrides that match, then the book's entries of the first name that it has."""
        if not model:
            return ()
        cut = provider[:MAX_MODEL], model[:MAX_MODEL]
        own = [
            Found(override.entry, "an override")
            for override in self._overrides
            if override.project in (None, project) and override.matches(*cut)
        ]
        return (*own, *self._listed(*cut))

    def _listed(self, provider: str, model: str) -> Sequence[Found]:
        for seller, name, how in self._tried(provider, model):
            lines = self._lines(seller, name)
            if lines:
                return [Found(entry, how or "as told") for entry in lines]
        return ()

    def _tried(self, provider: str, model: str) -> Iterator[tuple[str, str, str]]:
        """Sellers and names in which a model may be listed, the surest first."""
        sold_by = sellers(provider, self._known)
        for seller in sold_by:
            for name, how in forms(model):
                yield seller, name, how
        if "bedrock" in sold_by:
            for vendor in VENDORS:
                yield from _named("bedrock", model, f"with its vendor {vendor}", f"{vendor}.")
        prefix, slash, rest = model.partition("/")
        if slash:
            for seller in sellers(prefix, self._known):
                if is_open(provider) or seller in sold_by:
                    yield from _named(seller, rest, f"by the prefix {prefix}")
        if is_open(provider):
            for seller in HOMES:
                yield from _named(seller, model, f"by its name at {seller}")


def _named(seller: str, model: str, why: str, before: str = "") -> Iterator[tuple[str, str, str]]:
    for name, how in forms(model):
        yield seller, before + name, _joined(why, how)


def _joined(*how: str) -> str:
    return ", ".join(part for part in how if part)


def rate_at(rates: Rates, start_ns: int) -> Rate | None:
    """The rate that holds on the day (UTC) of a start."""
    if not rates:
        return None
    first = rates[0]
    if first.entry.since is None and first.entry.until is None:
        return first
    day = start_ns // DAY_NS
    return next((rate for rate in rates if rate.entry.holds(day)), None)


TIER_PATHS = (
    "metadata.service_tier",
    "metadata.openai.response.service_tier",
    "metadata.gen_ai.openai.response.service_tier",
    "metadata.gen_ai.response.service_tier",
    "config.service_tier",
    "metadata.openai.request.service_tier",
    "metadata.gen_ai.openai.request.service_tier",
)
"""Where a span tells its service tier: the one that answered before the one that was asked for."""

_TIER_NAMES: Mapping[str, str] = {tier: tier for tier in TIERS} | {"batches": "batch"}


def tier_of(told: object) -> str:
    """The tier that has prices of its own; ``default``, ``auto``, ``on_demand`` and whatever else
    a provider says are the standard one."""
    return _TIER_NAMES.get(told.lower(), STANDARD) if type(told) is str else STANDARD


NO_BOOK = PriceBook(lambda seller, name: (), frozenset(), version="")
"""Knows no price."""
