"""What one question may cost, and how many heavy ones are answered at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID
from weakref import WeakValueDictionary

from hh_core.errors import OverloadedError, RejectedError
from hh_core.usecases.span_logs import LOG_BYTES, MAX_LOGS


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """The bounds of one question; what stops at one says so."""

    scan_limit: int = 10_000
    """Events whose content one search reads."""
    search_seconds: float = 5.0
    """How long one search goes through records for a phrase before it answers what it has found."""
    first_page_seconds: float = 0.5
    """How long it goes on to count at most once the page that was asked for is full."""
    outline_cache_bytes: int = 32 << 20
    """Of the order of large sessions, kept from one page of a tree to the next; as much again of
    outlines."""
    answer_bytes: int = 256 << 20
    """Of one page, as JSON."""
    logs_per_span: int = MAX_LOGS
    """Log records that the event of a span shows."""
    log_bytes_per_span: int = LOG_BYTES
    """Of their texts."""
    seconds: float = 30.0
    """How long one search, export or session may take."""
    at_once: int = 8
    """Searches, exports and sessions that are worked on together."""
    at_once_per_project: int = 4
    wait_seconds: float = 10.0
    """How long one more waits for its turn."""


class Turns:
    """Gives heavy reads their turns, so that no project's questions are the end of all others'.

    Used within one event loop.
    """

    def __init__(self, limits: ReadLimits) -> None:
        self.limits = limits
        self._all = asyncio.Semaphore(limits.at_once)
        self._of: WeakValueDictionary[UUID, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, project: UUID) -> AsyncIterator[None]:
        """The body is one heavy read; it is cut off when its time is over.

        Raises ``OverloadedError`` if no turn comes in time, ``RejectedError`` at the cut.
        """
        own = self._of.setdefault(
            project, asyncio.Semaphore(self.limits.at_once_per_project)
        )  # lives as long as somebody holds it
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self.limits.wait_seconds):
                    await held.enter_async_context(own)
                    await held.enter_async_context(self._all)
            except TimeoutError:
                raise OverloadedError("too many searches run already; try again later") from None
            async with self._deadline():
                yield

    @asynccontextmanager
    async def _deadline(self) -> AsyncIterator[None]:
        seconds = self.limits.seconds
        try:
            async with asyncio.timeout(seconds) as deadline:
                yield
        except TimeoutError:
            if not deadline.expired():
                raise
            raise RejectedError(
                f"the answer takes longer than {seconds:.0f} s; narrow dateRange, filter by an "
                "indexed field such as event_type, or ask for a smaller limit",
                code=422,
            ) from None
