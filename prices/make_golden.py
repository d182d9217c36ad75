"""Make ``tests/unit/golden_costs.csv``: calls, and what they cost by ``published.csv``.

    python prices/make_golden.py

``published.csv`` holds prices as providers publish them (dollars for a million tokens; for one of
any other unit), each with the page to check it by: typed by hand, or taken from genai-prices
(https://github.com/pydantic/genai-prices), a second list that others keep, where it agrees with the
price book. So it finds mistakes of the arithmetic and of the conversion for certain, and those of
the list itself as far as two lists do not share them. Nothing of the product takes part here: the
arithmetic is that of the pages, in fractions.
"""

import csv
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "tests" / "unit" / "golden_costs.csv"
TODAY = date(2026, 11, 15)
FIELDS = ("provider", "model", "tier", "date", "usage", "usd", "working", "source")
BY_ONE = ("search_units", "audio_seconds", "prompt_characters")

Usage = dict[str, int]
Price = Mapping[str, str]


def main() -> None:
    with (HERE / "published.csv").open(newline="") as file:
        cases = [case for price in csv.DictReader(file) for case in _cases(price)]
    with GOLDEN.open("w", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(cases)
    print(f"{GOLDEN}: {len(cases)} cases")


def _cases(price: Price) -> Iterator[dict[str, str]]:
    day = date.fromisoformat(price["until"]) - timedelta(days=1) if price["until"] else TODAY
    for number, usage in enumerate(_usages(price)):
        begins = date.fromisoformat(price["since"]) if price["since"] and number else day
        working = list(_working(price, usage))
        total = sum((count * per for _, count, per in working), Fraction(0))
        yield {
            **{name: price[name] for name in ("provider", "model", "tier", "source")},
            "date": begins.isoformat(),
            "usage": " ".join(f"{kind}={count}" for kind, count in usage.items()),
            "usd": _decimal(total),
            "working": " + ".join(
                f"{count} {what} x {_decimal(per)}" for what, count, per in working
            ),
        }


def _usages(price: Price) -> Iterator[Usage]:
    """Calls of several kinds, as far as the page has a price for them."""
    for unit in BY_ONE:
        if price[unit]:
            yield from ({unit: count} for count in (1, 37, 4096))
    if not price["prompt"]:
        return
    if not price["completion"]:
        yield {"prompt_tokens": 8191}
        yield {"prompt_tokens": 123_457}
        return
    seed = sum(map(ord, price["model"] + price["tier"]))
    yield {"prompt_tokens": 1000 + seed, "completion_tokens": 137 + seed % 977}
    yield from _cached(price, seed)
    if price["prompt_audio"]:
        heard = {"prompt_tokens": 2_000, "prompt_audio_tokens": 1_777, "completion_tokens": 600}
        yield heard | ({"completion_audio_tokens": 450} if price["completion_audio"] else {})
    if price["reasoning"]:
        yield {"prompt_tokens": 811, "completion_tokens": 9_001, "reasoning_tokens": 8_192}
    if price["above"]:
        yield from _long(price, int(price["above"]))


def _cached(price: Price, seed: int) -> Iterator[Usage]:
    if price["cache_write"]:
        write = {"cache_read_tokens": 20_011, "cache_write_tokens": 3_007}
        yield {"prompt_tokens": 25_000 + seed, **write, "completion_tokens": 911}
    elif price["cache_read"]:
        yield {"prompt_tokens": 5_000 + seed, "cache_read_tokens": 3_072, "completion_tokens": 513}
    if price["cache_write_1h"]:
        hour = {"cache_write_tokens": 5_003, "cache_write_1h_tokens": 2_001}
        yield {"prompt_tokens": 9_000 + seed, **hour, "completion_tokens": 77}


def _long(price: Price, step: int) -> Iterator[Usage]:
    """Calls around the size from which on they are dearer."""
    yield {"prompt_tokens": step, "completion_tokens": 1_000}
    yield {"prompt_tokens": step + 1, "completion_tokens": 1_000}
    if price["cache_read_above"]:
        cached = {"prompt_tokens": step + 50_000, "cache_read_tokens": 40_000}
        yield {**cached, "completion_tokens": 2_000}


def _working(price: Price, usage: Usage) -> Iterator[tuple[str, int, Fraction]]:
    """What is charged, how much of it, and the dollars for one."""
    get = usage.get
    for unit in BY_ONE:
        if get(unit):
            yield unit, usage[unit], Fraction(price[unit])
    is_long = bool(price["above"]) and get("prompt_tokens", 0) > int(price["above"])
    hour = get("cache_write_1h_tokens", 0)
    prompt = {
        "cache_read": get("cache_read_tokens", 0),
        "cache_write": get("cache_write_tokens", 0) - hour,
        "cache_write_1h": hour,
        "prompt_audio": get("prompt_audio_tokens", 0),
    }
    completion = {
        "completion_audio": get("completion_audio_tokens", 0),
        "reasoning": get("reasoning_tokens", 0),
    }
    for whole, parts in (("prompt", prompt), ("completion", completion)):
        rest = get(f"{whole}_tokens", 0) - sum(parts.values())
        for what, count in (*parts.items(), (whole, rest)):
            if count:
                column = f"{what}_above" if is_long else what
                yield what, count, Fraction(price[column]) / 1_000_000


def _decimal(exact: Fraction) -> str:
    """Its digits; all of these end."""
    digits = 0
    while (exact * 10**digits).denominator != 1:
        digits += 1
    whole = str(exact.numerator * 10**digits // exact.denominator).rjust(digits + 1, "0")
    return f"{whole[:-digits]}.{whole[-digits:]}" if digits else whole


if __name__ == "__main__":
    main()
