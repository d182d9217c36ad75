"""What calls cost by the price book is what the providers' published prices say."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from hh_core.domain.price_book import DAY_NS, rate_at
from hh_core.wire.price_lines import price_book

PROJECT = b"p" * 16
EXACT = Decimal("1e-9")


class Case(NamedTuple):
    provider: str
    model: str
    tier: str
    date: str
    usage: str
    usd: str
    working: str
    source: str

    def counts(self) -> dict[str, int]:
        return {kind: int(count) for kind, count in (p.split("=") for p in self.usage.split())}

    def start_ns(self) -> int:
        return (date.fromisoformat(self.date) - date(1970, 1, 1)).days * DAY_NS


with Path(__file__).with_name("golden_costs.csv").open(newline="") as file:
    CASES = [Case(**row) for row in csv.DictReader(file)]


def test_the_table_is_as_large_and_as_wide_as_promised() -> None:
    assert len(CASES) >= 200
    assert all(case.source.startswith("https://") for case in CASES)
    assert len({case.provider for case in CASES}) >= 15
    assert {case.tier for case in CASES} == {"", "batch", "priority", "flex"}


@pytest.mark.parametrize("provider", sorted({case.provider for case in CASES}))
def test_every_case_costs_what_the_provider_publishes(provider: str) -> None:
    book, wrong = price_book(), []
    for case in CASES:
        if case.provider != provider:
            continue
        rates = book.rates(PROJECT, case.provider, case.model, case.tier)
        rate = rate_at(rates, case.start_ns())
        found = rate.bill(case.counts()).dollars if rate is not None else None
        if found is None or abs(found - Decimal(case.usd)) > EXACT:
            wrong.append((case.model, case.tier, case.date, case.usage, found, case.usd))
    assert not wrong
