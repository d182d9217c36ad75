"""Reading over memory ports."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from outline_scenarios import SCENARIOS as OUTLINES
from read_house import ReadHouse, read_house
from read_scenarios import SCENARIOS

from hh_core.usecases.read_limits import ReadLimits


@pytest.mark.parametrize(
    "scenario", [*SCENARIOS, *OUTLINES], ids=lambda scenario: scenario.__name__
)
def test_reading(scenario: Callable[[ReadHouse], Awaitable[None]]) -> None:
    async def main() -> None:
        async with read_house(limits=_limits(scenario.__name__)) as house:
            await scenario(house)

    asyncio.run(main())


def _limits(name: str) -> ReadLimits:
    return ReadLimits(scan_limit=20) if "stops" in name else ReadLimits()
