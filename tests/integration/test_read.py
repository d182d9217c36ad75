"""Reading over the real index: the ClickHouse engine."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from clickhouse_engine import fresh_index
from outline_scenarios import SCENARIOS as OUTLINES
from read_house import ReadHouse, export, read_house, span
from read_scenarios import SCENARIOS

from hh_core.errors import TooWideError
from hh_core.usecases.read_limits import ReadLimits


@pytest.mark.parametrize(
    "scenario", [*SCENARIOS, *OUTLINES], ids=lambda scenario: scenario.__name__
)
def test_reading(scenario: Callable[[ReadHouse], Awaitable[None]]) -> None:
    limits = ReadLimits(scan_limit=20) if "stops" in scenario.__name__ else ReadLimits()

    async def main() -> None:
        async with read_house(fresh_index(), limits=limits) as house:
            await scenario(house)

    asyncio.run(main())


def test_a_question_over_too_many_rows_says_what_to_narrow_and_which_limit_it_meets() -> None:
    index = fresh_index()

    async def main() -> None:
        async with read_house(index) as house:
            await house.accept(export(*(span(n, trace=n) for n in range(1, 60))))
        async with read_house({**index, "max_query_rows": 50}) as house:
            with pytest.raises(TooWideError, match=r"dateRange.*max_query_rows"):
                await house.export()
        async with read_house({**index, "max_result_rows": 50}) as house:
            with pytest.raises(TooWideError, match=r"dateRange.*max_result_rows"):
                await house.export()

    asyncio.run(main())
