"""Work that comes back at intervals, done by one process of the plane at a time."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from hh_core.errors import PortError
from hh_core.usecases.lease import Lease

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 30.0
_REST = 9.0


class Periodic:
    """Runs ``job`` every ``seconds`` while it holds the lease. Errors of ports pause it."""

    def __init__(
        self,
        name: str,
        job: Callable[[], Awaitable[object]],
        lease: Lease,
        *,
        seconds: float,
        rest: float = _REST,
    ) -> None:
        """``rest``: how many times as long as it took the job pauses at least."""
        self._name = name
        self._job = job
        self._lease = lease
        self._seconds = seconds
        self._rest = rest

    async def run(self, stopping: asyncio.Event) -> None:
        failures = 0
        while not stopping.is_set():
            begun = time.monotonic()
            try:
                if await self._lease.held():
                    await self._job()
                failures = 0
            except PortError as error:
                failures += 1
                level = logging.WARNING if failures in (1, 10, 100) else logging.DEBUG
                log.log(level, "%s pauses: %s", self._name, error)
            if failures:
                pause = min(_LONGEST_PAUSE, 2.0**failures / 4)
            else:  # a job that has much to look at must not take a core for it
                pause = max(self._seconds, self._rest * (time.monotonic() - begun))
            await _wait(stopping, pause)
        try:
            await self._lease.release()
        except PortError:
            log.info("the lease of %s runs out by itself", self._name)


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
