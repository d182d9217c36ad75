"""A job of an operator's that must not run beside another of its kind.

A rebuild and a repricing each write under a number of their own (``derivations``), and the later
number wins: beside each other, the later one would bring back what the earlier one has not come to.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from hh_core.errors import UnavailableError
from hh_core.usecases.lease import Lease

log = logging.getLogger(__name__)

T = TypeVar("T")

DERIVING = "deriving"
"""Name of the lease of whoever writes rows under a new number."""
LEASE_SECONDS = 20.0
"""After so long another may begin where one was killed."""
_LOOK_SECONDS = 2.0


async def alone(
    lease: Lease, job: Callable[[], Coroutine[Any, Any, T]], *, look: float = _LOOK_SECONDS
) -> T:
    """Run ``job`` while holding ``lease``; before that wait, looking every ``look`` seconds, until
    nobody else holds it. Raises what ``job`` and the records raise, ``UnavailableError`` when the
    lease is lost: then the job was broken off."""
    told = False
    while not await lease.held():
        if not told:
            log.warning("another rebuild or repricing is under way: this one waits for its end")
            told = True
        await asyncio.sleep(look)
    running = asyncio.create_task(job())
    try:
        while not (await asyncio.wait((running,), timeout=look))[0]:
            if not await lease.held():
                raise UnavailableError("another rebuild or repricing has begun: begin anew")
        return running.result()
    finally:
        running.cancel()
        await asyncio.wait((running,))
        await lease.release()
