"""The price book that comes with the product: ``prices.jsonl``, made by ``prices/make_book.py``.

A first line tells version and origins; then one line for each model of a seller: seller, name,
prices by ``unit[/tier][>above]`` as decimal texts, place of the origin, place of the source, and,
where it held for a time only, the days since and until. Lines are read when somebody asks for them.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from hh_core.domain.price_book import Override, PriceBook
from hh_core.domain.prices import BY_ONE, STANDARD, TIERS, UNITS, Entry, PriceOf
from hh_core.errors import RejectedError

FORMAT = 1
_FILE = "prices.jsonl"
_EPOCH = date(1970, 1, 1)
_DEAREST = 100
"""Dollars for one of anything. More is a mistake, and usages would cost more than sums hold."""


@dataclass(frozen=True, slots=True)
class PriceLines:
    """The lines by seller and name, not read yet."""

    version: str
    origins: Sequence[str]
    sources: Sequence[str]
    lines: Mapping[tuple[str, str], Sequence[Any]]
    sellers: frozenset[str]

    def __call__(self, seller: str, name: str) -> Sequence[Entry]:
        """``price_book.Lines``. A line without days comes last: it holds where no other does."""
        return [self._entry(line) for line in self.lines.get((seller, name), ())]

    def _entry(self, line: Sequence[Any]) -> Entry:
        seller, name, told, origin, source, *days = line
        since, until = days or (None, None)
        return Entry(
            seller,
            name,
            prices_of(told),
            self.origins[origin],
            self.sources[source],
            day_of(since),
            day_of(until),
        )


@cache
def price_lines() -> PriceLines:
    """Those of the file, read once for each process: 5,000 lines in about 10 ms."""
    head, *body = files("hh_core.wire").joinpath(_FILE).read_bytes().splitlines()
    told = orjson.loads(head)
    lines: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for each in body:
        line = orjson.loads(each)
        lines[line[0], line[1]].append(line)
    return PriceLines(
        told["version"],
        [f"{each['name']} {each['version']}" for each in told["maps"]],
        told["sources"],
        lines,
        frozenset(seller for seller, _ in lines),
    )


def price_book(
    overrides: Sequence[Override] = (), digest: str = "", *, prefers_told: bool = True
) -> PriceBook:
    """The book with ``overrides`` before it; ``digest`` tells those from others."""
    lines = price_lines()
    version = f"{lines.version}+{digest}" if digest else lines.version
    return PriceBook(
        lines, lines.sellers, version=version, overrides=overrides, prefers_told=prefers_told
    )


def prices_of(told: Mapping[str, Any], *, by_million: bool = False) -> Mapping[PriceOf, Decimal]:
    """Prices by ``unit[/tier][>above]``, each for one of its unit, or ``by_million``: those of
    tokens for a million. Raises ``RejectedError`` that names what is wrong."""
    found = {}
    for name, price in told.items():
        of = price_of(name)
        shift = 6 if by_million and of.unit not in BY_ONE else 0
        found[of] = _dollars(name, price, _DEAREST * 10**shift).scaleb(-shift)
    return found


def price_of(name: str) -> PriceOf:
    rest, _, above = name.partition(">")
    unit, _, tier = rest.partition("/")
    if unit not in UNITS:
        raise RejectedError(f"no unit {unit!r}; there are {', '.join(sorted(UNITS))}", code=422)
    if tier not in TIERS | {STANDARD}:
        raise RejectedError(f"no tier {tier!r}; there are {', '.join(sorted(TIERS))}", code=422)
    if above and not (above.isascii() and above.isdecimal() and len(above) <= 12):
        raise RejectedError(f"{name!r}: after > comes a number of tokens", code=422)
    return PriceOf(unit, tier, int(above or 0))


def _dollars(name: str, price: Any, most: int) -> Decimal:
    try:
        exact = Decimal(str(price))
    except InvalidOperation:
        raise RejectedError(f"the price of {name!r} is no decimal number", code=422) from None
    if not exact.is_finite() or not 0 <= exact <= most:
        raise RejectedError(f"the price of {name!r} must be from 0 to {most}", code=422)
    return exact


def day_of(text: str | None) -> int | None:
    """Days since 1970. Raises ``ValueError`` for what is no day."""
    return None if text is None else (date.fromisoformat(text) - _EPOCH).days


def text_of_day(day: int | None) -> str | None:
    return None if day is None else date.fromordinal(day + _EPOCH.toordinal()).isoformat()


def digest_of(told: Any) -> str:
    """Tells configured prices from others: equal ones have equal digests."""
    data = orjson.dumps(told, option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(data).hexdigest()[:8]
