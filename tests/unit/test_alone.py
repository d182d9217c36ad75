"""Two who write rows under new numbers take turns."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from read_house import read_house

from hh_core.errors import UnavailableError
from hh_core.ports.records import Records
from hh_core.usecases.alone import DERIVING, alone
from hh_core.usecases.lease import Lease

LOOK = 0.01


def lease(records: Records, holder: str, now_ms: Callable[[], int] = lambda: 10**12) -> Lease:
    return Lease(records, DERIVING, holder, seconds=30.0, now_ms=now_ms)


def test_one_begins_when_the_other_has_ended() -> None:
    async def scenario() -> None:
        log: list[str] = []

        async def job(name: str) -> str:
            log.append(f"{name} begins")
            await asyncio.sleep(5 * LOOK)
            log.append(f"{name} ends")
            return name

        async with read_house() as house:
            both = [
                alone(lease(house.records, name), partial(job, name), look=LOOK)
                for name in ("first", "second")
            ]
            assert await asyncio.gather(*both) == ["first", "second"]

        assert len(log) == 4
        assert [log[0][:-7], log[2][:-7]] == [log[1][:-5], log[3][:-5]]

    asyncio.run(scenario())


def test_a_job_that_fails_lets_the_next_one_begin_at_once() -> None:
    async def scenario() -> None:
        async def fails() -> None:
            raise UnavailableError("away")

        async def works() -> int:
            return 7

        async with read_house() as house:
            with pytest.raises(UnavailableError, match="away"):
                await alone(lease(house.records, "first"), fails, look=LOOK)
            assert await alone(lease(house.records, "second"), works, look=LOOK) == 7

    asyncio.run(scenario())


def test_who_loses_the_lease_stops() -> None:
    async def scenario() -> None:
        stopped = asyncio.Event()

        async def long() -> None:
            try:
                await asyncio.sleep(60)
            finally:
                stopped.set()

        async with read_house() as house:
            now = [10**12]
            held = lease(house.records, "first", lambda: now[0])
            running = asyncio.create_task(alone(held, long, look=10 * LOOK))
            await asyncio.sleep(LOOK)
            now[0] += 60_000  # it was held up for so long
            assert await lease(house.records, "second", lambda: now[0]).held()
            with pytest.raises(UnavailableError, match="another"):
                await running

        assert stopped.is_set()

    asyncio.run(scenario())
