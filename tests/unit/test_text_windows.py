"""A search for a phrase goes through time in windows, and nobody can tell where they are cut."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from read_house import START_MS, ReadHouse, export, read_house, span, where

from hh_core.usecases import text_hits, text_search
from hh_core.usecases.read_limits import ReadLimits

HOUR_MS = 3_600_000
ASKED = where("outputs", "contains", "quick fox")


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands where the house receives."""
    monkeypatch.setattr(text_hits, "time_ns", lambda: START_MS * 1_000_000)
    monkeypatch.setattr(text_search, "_GATHERED", 1)


def said(hours: float, text: str = "the quick fox") -> dict[str, Any]:
    """A span that began so many hours before now."""
    attributes: dict[str, Any] = {"honeyhive_outputs.result": text}
    return span(int(hours * 60) + 1, start=-hours * HOUR_MS, name=f"{hours}", **attributes)


def asked_in(house_of: Sequence[Sequence[float]], **limits: Any) -> "_Asked":
    return _Asked(house_of, ReadLimits(**limits))


class _Asked:
    """Pages of a house that has a record for each of some lists of hours."""

    def __init__(self, records: Sequence[Sequence[float]], limits: ReadLimits) -> None:
        self._records, self._limits = records, limits

    def pages(self, limit: int, pages: int = 1, **body: Any) -> list[str]:
        names: list[str] = []

        async def main() -> None:
            async with read_house(limits=self._limits) as house:
                for hours in self._records:
                    await house.accept(export(*(said(hour) for hour in hours)))
                for page in range(1, pages + 1):
                    names.extend(await _names(house, limit=limit, page=page, **body))

        asyncio.run(main())
        return names


async def _names(house: ReadHouse, **body: Any) -> list[str]:
    found = await house.export(ASKED, **body)
    return [event["event_name"] for event in found.events]


HOURS = (0.5, 5.9, 6, 20, 23.9, 24, 24.1, 30, 95.5, 96, 100, 384, 385, 499)


def test_matches_of_all_windows_come_newest_first_and_once() -> None:
    asked = asked_in([[hour] for hour in HOURS])

    assert asked.pages(limit=100) == [f"{hour}" for hour in HOURS]


def test_a_record_whose_events_began_in_several_windows_is_read_for_each() -> None:
    asked = asked_in([(0.5, 30, 499), (23.9, 24.1, 96), (24, 384, 385)])

    found = asked.pages(limit=100)

    assert found == [str(n) for n in (0.5, 23.9, 24, 24.1, 30, 96, 384, 385, 499)]


def test_pages_that_end_early_tile_the_matches_of_all_windows() -> None:
    asked = asked_in([HOURS[n::3] for n in range(3)], first_page_seconds=0)

    assert asked.pages(limit=4, pages=4) == [f"{hour}" for hour in HOURS]


def test_a_full_page_is_known_without_a_look_at_older_windows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked_for: list[object] = []
    groups = text_search.TextSearch._groups

    async def seen(self: Any, project: Any, among: Any) -> Any:
        asked_for.append(among)
        return await groups(self, project, among)

    monkeypatch.setattr(text_search.TextSearch, "_groups", seen)
    asked = asked_in([[hour] for hour in HOURS], first_page_seconds=0)

    assert asked.pages(limit=2) == ["0.5", "5.9"]
    assert len(asked_for) == 1


def test_a_search_of_another_order_asks_for_all_records_at_once() -> None:
    asked = asked_in([[hour] for hour in HOURS], first_page_seconds=0)

    found = asked.pages(limit=100, sort={"field": "start_time", "order": "asc"})

    assert found == [f"{hour}" for hour in reversed(HOURS)]
