"""Leases are renewed while the work on deliveries goes on, and no longer."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

import virtual_time

from hh_core.ports.queue import Delivery
from hh_core.usecases.deliveries import leased


class Deaf:
    """A delivery whose queue keeps a cancellation to itself."""

    def __init__(self) -> None:
        self.extended: list[float] = []

    async def extend(self) -> None:
        self.extended.append(asyncio.get_running_loop().time())
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(5)


def test_work_ends_although_a_queue_that_hears_no_cancellation_renews_a_lease() -> None:
    async def work() -> None:
        delivery = Deaf()
        begun = asyncio.get_running_loop().time()
        async with asyncio.timeout(60):
            async with leased(cast("Sequence[Delivery]", [delivery]), 30):
                await asyncio.sleep(12)
        assert asyncio.get_running_loop().time() - begun < 20
        assert [at - begun for at in delivery.extended] == [10]

    virtual_time.run(work())
