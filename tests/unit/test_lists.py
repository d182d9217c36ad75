"""Lists over memory ports."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from list_scenarios import SCENARIOS
from read_house import ReadHouse, read_house

from hh_core.usecases.read_limits import ReadLimits


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_lists(scenario: Callable[[ReadHouse], Awaitable[None]]) -> None:
    limits = ReadLimits(scan_limit=20) if "stops" in scenario.__name__ else ReadLimits()

    async def main() -> None:
        async with read_house(limits=limits) as house:
            await scenario(house)

    asyncio.run(main())
