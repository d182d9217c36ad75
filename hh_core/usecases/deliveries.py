"""Keeping the leases of deliveries while the work on them goes on."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence

from hh_core.errors import PortError
from hh_core.ports.queue import Delivery

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def leased(deliveries: Sequence[Delivery], lease_seconds: float) -> AsyncIterator[None]:
    """Renew the leases while the block runs, however long the backends are away."""

    is_done = False

    async def extend() -> None:
        # It ends even if what waits for an answer takes the cancellation for itself, as
        # asyncio.wait_for may before Python 3.12.
        while not is_done:
            await asyncio.sleep(lease_seconds / 3)
            for delivery in deliveries:
                try:
                    await delivery.extend()
                except PortError as error:
                    log.info("a lease could not be extended: %s", error)

    extending = asyncio.ensure_future(extend())
    try:
        yield
    finally:
        is_done = True
        extending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await extending
