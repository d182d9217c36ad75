"""Group commit: requests that arrive close together become durable together."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from hh_core.errors import UnavailableError
from hh_core.usecases.durability import Draft, Durability

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Window:
    """How long the first request of a batch waits for company, and how large a batch grows."""

    seconds: float = 0.005
    bytes: int = 4 << 20
    nudge_seconds: float = 0.025
    """How long readers leave between two segments that they have ended early."""


@dataclass(frozen=True, slots=True)
class _Submission:
    drafts: Sequence[Draft]
    size: int
    at: float
    done: asyncio.Future[None]


class GroupCommit:
    """One writer for many requests. ``run`` must be running for ``commit`` to return.

    ``on_durable`` gets the segment and what is in it before any request of the batch is answered.
    """

    def __init__(
        self,
        durability: Durability,
        *,
        window: Window,
        on_durable: Callable[[str, Sequence[Draft]], None],
    ) -> None:
        self._durability = durability
        self._window = window
        self._on_durable = on_durable
        self._waiting: deque[_Submission] = deque()
        self._size = 0
        self._wake = asyncio.Event()
        self._nudged = False
        self._nudged_at = 0.0
        self._closed = False

    async def commit(self, drafts: Sequence[Draft]) -> None:
        """Returns once all of ``drafts`` are durable. Raises ``UnavailableError`` if they could
        not be made so. A caller that is cancelled leaves its drafts to their fate, whole."""
        if self._closed:
            raise UnavailableError("this process is stopping; try again")
        loop = asyncio.get_running_loop()
        size = sum(len(draft.body) for draft in drafts)
        submission = _Submission(drafts, size, loop.time(), loop.create_future())
        self._waiting.append(submission)
        self._size += size
        self._wake.set()
        await submission.done

    def nudge(self) -> None:
        """Somebody waits to read: end the open segment now rather than when it is due."""
        self._nudged = True
        self._wake.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Write until ``stopping`` is set; then write what waits, seal, and return."""
        stopped = asyncio.ensure_future(stopping.wait())
        stopped.add_done_callback(lambda _: self._wake.set())
        try:
            while not (stopping.is_set() and not self._waiting):
                if not self._waiting:
                    await self._next()
                if self._waiting:
                    await self._gather(stopping)
                    await self._write(self._take())
                await self._seal_if_due()
            self._closed = True
            await self._durability.seal()
        finally:
            self._closed = True
            stopped.cancel()
            self._give_up()

    async def _next(self) -> None:
        """Wait for a request, a nudge, the stop, or the time to seal."""
        due = self._durability.due_ms()
        pause = None if due is None else due / 1000
        if self._nudged:
            pause = max(0.0, self._nudged_at + self._window.nudge_seconds - _now())
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._wake.wait()
        self._wake.clear()

    async def _gather(self, stopping: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        until = self._waiting[0].at + self._window.seconds
        while loop.time() < until and self._size < self._window.bytes and not stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._wake.wait()
            self._wake.clear()

    def _take(self) -> list[_Submission]:
        """At least one request, and no more bytes than a batch may have."""
        batch: list[_Submission] = []
        size = 0
        while self._waiting and (not batch or size + self._waiting[0].size <= self._window.bytes):
            submission = self._waiting.popleft()
            size += submission.size
            if not submission.done.done():  # else the client has gone before anything was written
                batch.append(submission)
        self._size -= size
        return batch

    async def _write(self, batch: Sequence[_Submission]) -> None:
        if not batch:
            return
        drafts = [draft for submission in batch for draft in submission.drafts]
        try:
            segment = await self._durability.write(drafts)
        except UnavailableError as error:
            log.warning("a batch was not stored", extra={"requests": len(batch)})
            _settle(batch, error)
        except BaseException:
            _settle(batch, UnavailableError("the spans could not be stored; try again"))
            raise
        else:
            self._on_durable(segment, drafts)
            _settle(batch, None)

    async def _seal_if_due(self) -> None:
        due = self._durability.due_ms()
        is_asked = self._nudged and _now() >= self._nudged_at + self._window.nudge_seconds
        if due is not None and (is_asked or due <= 0):
            await self._durability.seal()
        if is_asked:
            self._nudged_at = _now()
        self._nudged = self._nudged and not is_asked and due is not None

    def _give_up(self) -> None:
        _settle(self._waiting, UnavailableError("this process is stopping; try again"))
        self._waiting.clear()


def _now() -> float:
    return asyncio.get_running_loop().time()


def _settle(batch: Collection[_Submission], error: Exception | None) -> None:
    for submission in batch:
        if submission.done.done():
            continue
        if error is None:
            submission.done.set_result(None)
        else:
            submission.done.set_exception(error)
