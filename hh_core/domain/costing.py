"""The cost of an event: what its span tells, or what its usage costs by the price book.

A span that tells a cost other than zero is believed (``PriceBook.prefers_told``). Zero is what
instrumentors tell of models that they do not know: beside counted tokens it is no answer. Where the
book does not know either, the cost is unknown. Only model events count tokens, so only their cost
is computed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from hh_core.domain.event import Facts, Json
from hh_core.domain.price_book import DAY_NS, TIER_PATHS, PriceBook, rate_at, tier_of
from hh_core.domain.prices import PARTS, SMALLEST, Rate
from hh_core.domain.sheet import Column, Sheet

COST = "metadata.cost"
TOLD_COST = "metadata.told_cost"
"""What a span told where another cost counts."""


_DIGITS = 13


def written(cost: Decimal) -> str:
    """A computed cost as the index keeps it under ``metadata.cost``. The last of its 13 digits is a
    zero: no float is written so, and ``was_computed`` tells it from a cost that a span told."""
    return f"{cost:.{_DIGITS}f}"


def was_computed(text: str) -> bool:
    """Whether ``written`` wrote it. A tiny float has an exponent, which is no digit."""
    digits = text.rpartition(".")[2]
    return len(digits) == _DIGITS and digits.endswith("0") and digits.isdecimal()


def tier_in(attributes: Mapping[str, Json]) -> str:
    """The service tier that a span tells."""
    return tier_of(next((attributes[path] for path in TIER_PATHS if path in attributes), ""))


def believed(book: PriceBook, told: Decimal | None, usage: Mapping[str, int]) -> bool:
    """Whether the told cost counts without a look into the book."""
    return told is not None and (not usage or (book.prefers_told and bool(told)))


def price(book: PriceBook, project: bytes, facts: Facts, start_ns: int) -> None:
    """Settle the cost of ``facts``, and show it in ``metadata``."""
    told = facts.cost
    if not facts.usage or believed(book, told, facts.usage):
        return
    rates = book.rates(project, facts.provider, facts.model, tier_in(facts.attributes))
    rate = rate_at(rates, start_ns)
    computed = rate.bill(facts.usage).dollars if rate is not None else None
    facts.cost = computed if computed is not None else told or None
    if facts.cost == told:
        return
    if told is not None:
        # the index may have had no room for what was told
        facts.attributes[TOLD_COST] = facts.attributes.pop(COST, float(told))
    if facts.cost is not None:
        facts.attributes[COST] = written(facts.cost)


def price_sheet(
    book: PriceBook, sheet: Sheet, projects: Sequence[bytes], starts: Sequence[int]
) -> None:
    """As ``price``, of all spans of a sheet; ``projects`` may be one for all of them."""
    told = sheet.cost
    if not sheet.usage or "model" not in sheet.facts:
        return
    if told is not None and book.prefers_told and all(told):
        return
    costs: list[Decimal | None] = [None] * len(starts)
    for rate, rows in _charged(book, sheet, projects, starts):
        some = _costs(rate, sheet.usage, rows)
        if rows is None:
            costs = some
        else:
            for row, cost in zip(rows, some, strict=True):
                costs[row] = cost
    if told is not None:
        pairs = zip(told, costs, sheet.event_type, strict=True)
        costs = [
            old if _counts(book, old, kind) else new if new is not None else old or None
            for old, new, kind in pairs
        ]
    _show(sheet, costs)


def _counts(book: PriceBook, told: Decimal | None, kind: str) -> bool:
    return told is not None and (kind != "model" or (book.prefers_told and bool(told)))


def _charged(
    book: PriceBook, sheet: Sheet, projects: Sequence[bytes], starts: Sequence[int]
) -> Iterable[tuple[Rate, Sequence[int] | None]]:
    """The rates that charge the model events of a sheet, each with their rows; None: all rows."""
    models = sheet.facts["model"]
    providers = sheet.facts.get("provider") or [""] * len(models)
    tiers = next((sheet.attributes[path] for path in TIER_PATHS if path in sheet.attributes), None)
    if len(projects) == 1 and tiers is None and set(sheet.event_type) == {"model"}:
        named = set(zip(providers, models, strict=True))
        if len(named) == 1 and min(starts) // DAY_NS == max(starts) // DAY_NS:
            rate = rate_at(book.rates(projects[0], *named.pop(), ""), starts[0])
            return ((rate, None),) if rate is not None else ()
    owners = projects if len(projects) == len(models) else [projects[0]] * len(models)
    told = [tier_of(tier) for tier in tiers] if tiers is not None else [""] * len(models)
    days = [start // DAY_NS for start in starts]
    rows: defaultdict[tuple[bytes, str, str, str, int], list[int]] = defaultdict(list)
    keys = zip(owners, providers, models, told, days, strict=True)
    for row, (key, kind) in enumerate(zip(keys, sheet.event_type, strict=True)):
        if kind == "model":
            rows[key].append(row)
    found = ((rate_at(book.rates(*key[:4]), key[4] * DAY_NS), some) for key, some in rows.items())
    return [(rate, some) for rate, some in found if rate is not None]


def _costs(
    rate: Rate, usage: Mapping[str, Column], rows: Sequence[int] | None
) -> list[Decimal | None]:
    if rows is not None:
        usage = {kind: [counts[row] for row in rows] for kind, counts in usage.items()}
    told = {kind: counts for kind, counts in usage.items() if kind in _WHOLES or any(counts)}
    costs = _evenly(rate, told)
    if costs is None:
        each = zip(*usage.values(), strict=True)
        costs = [rate.bill(dict(zip(usage, row, strict=True))).dollars for row in each]
    return costs


def _evenly(rate: Rate, usage: Mapping[str, Column]) -> list[Decimal | None] | None:
    """The costs of spans that ``rate`` charges, if by one weight for each count; else None."""
    linear = rate.linear(tuple(usage))
    if linear is None or max(usage.get("prompt_tokens", (0,))) > linear.below:
        return None
    for whole in _WHOLES:
        parts = [counts for kind, counts in usage.items() if PARTS.get(kind, ("", ""))[1] == whole]
        if parts and not _within(parts, usage.get(whole)):
            return None
    products = [
        [count * weight for count in counts]
        for counts, weight in zip(usage.values(), linear.weights, strict=True)
        if weight
    ]
    if not products:
        return [_NOTHING] * len(next(iter(usage.values())))
    sums = products[0]
    for product in products[1:]:
        sums = list(map(Decimal.__add__, sums, product))
    return list(sums)


def _within(parts: Sequence[Column], whole: Column | None) -> bool:
    """Whether in no span the parts are more than their whole."""
    sums = parts[0] if len(parts) == 1 else map(sum, zip(*parts, strict=True))
    return whole is not None and not any(map(int.__gt__, sums, whole))


_NOTHING = Decimal(0).quantize(SMALLEST)
_WHOLES = frozenset({"prompt_tokens", "completion_tokens"})


def _show(sheet: Sheet, costs: list[Decimal | None]) -> None:
    """Put the costs where the index and readers find them."""
    told, attributes = sheet.cost, sheet.attributes
    if told is None and None not in costs:
        attributes[COST] = [written(cost) for cost in costs if cost is not None]
        sheet.cost = costs
    elif costs != (told or [None] * len(costs)):
        _show_each(sheet, costs)
        sheet.cost = costs


def _show_each(sheet: Sheet, costs: list[Decimal | None]) -> None:
    """Span by span, where some have a cost and others not, or not the one they told."""
    before = sheet.attributes.pop(COST, None)
    sheet.more = sheet.more or [{} for _ in costs]
    told = sheet.cost or [None] * len(costs)
    for place, (more, cost) in enumerate(zip(sheet.more, costs, strict=True)):
        if before is not None:
            more[COST] = before[place]
        if cost == told[place]:
            continue
        one = told[place]
        if one is not None:
            more[TOLD_COST] = more.pop(COST, float(one))
        if cost is not None:
            more[COST] = written(cost)
