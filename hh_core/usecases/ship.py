"""Bring sealed segments from the journal to the object store, and tell dispatch about them.

A segment leaves the journal only when its object is there. Telling is best effort: if the queue
or the metadata database is away, the reconciler finds the object and tells later.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hh_core.domain.segments import KIND, inbox_key
from hh_core.errors import ConflictError, NotFoundError, PortError, RejectedError
from hh_core.ports.journal import Journal
from hh_core.ports.objects import Objects
from hh_core.ports.queue import SEGMENTS, Queue
from hh_core.ports.records import Records
from hh_core.usecases.reconcile import message
from hh_core.wire.segment import Located, read_segment

log = logging.getLogger(__name__)

_TELL_SECONDS = 5.0
_TELL_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Pace:
    parallel: int = 4
    """Segments on their way at once."""
    first_pause: float = 0.1
    longest_pause: float = 10.0
    """Seconds between tries while the store is away; doubled from the first to the longest."""


@dataclass(frozen=True, slots=True)
class Shipped:
    size: int
    records: int


class Ship:
    """``run`` ships what is sealed, also what an earlier process left."""

    def __init__(
        self,
        journal: Journal,
        objects: Objects,
        queue: Queue,
        records: Records,
        *,
        pace: Pace | None = None,
        on_put: Callable[[], None] = lambda: None,
    ) -> None:
        self._journal = journal
        self._objects = objects
        self._queue = queue
        self._records = records
        self._pace = pace or Pace()
        self.on_put = on_put
        """Called when the store has taken an object: it is there."""
        self._wake = asyncio.Event()
        self._wake.set()
        self._tell_wake = asyncio.Event()
        self._untold: dict[str, Shipped] = {}
        self._stuck: set[str] = set()
        self.waiting = 0
        """Sealed segments that the store does not have yet."""
        self.untold = 0
        """Segments that dispatch was never told of, in all; the reconciler finds them."""

    def sealed(self) -> None:
        """There is something new to ship."""
        self._wake.set()

    def stored(self, segment: str, size: int, records: int) -> None:
        """``segment`` is in the store already: only tell."""
        self._untold[segment] = Shipped(size, records)
        self._tell_wake.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Ship until ``stopping`` is set, then ship what is left and return."""
        shipped = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell_all(shipped))
            await self._ship_all(stopping)
            shipped.set()
            self._tell_wake.set()

    async def _ship_all(self, stopping: asyncio.Event) -> None:
        stopped = asyncio.ensure_future(stopping.wait())
        stopped.add_done_callback(lambda _: self._wake.set())
        pause = self._pace.first_pause
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                # What is sealed during a try is not among what it lists.
                is_last = stopping.is_set()
                if await self._ship_once():
                    pause = self._pace.first_pause
                    if is_last:
                        return
                else:
                    await asyncio.sleep(pause)
                    pause = min(self._pace.longest_pause, 2 * pause)
                    self._wake.set()
        finally:
            stopped.cancel()

    async def _ship_once(self) -> bool:
        """One try for each sealed segment, oldest first. False if any is left."""
        try:
            names = [name for name in await self._journal.sealed() if name not in self._stuck]
        except PortError as error:
            log.warning("the journal cannot be listed", extra={"reason": str(error)})
            return False
        self.waiting = len(names)
        places = asyncio.Semaphore(self._pace.parallel)
        async with asyncio.TaskGroup() as tasks:
            tries = [tasks.create_task(self._try(name, places)) for name in names]
        return all(each.result() for each in tries)

    async def _try(self, name: str, places: asyncio.Semaphore) -> bool:
        async with places:
            try:
                await self._ship(name)
            except ConflictError:
                return await self._resolve(name)
            except PortError as error:
                log.warning("a segment waits", extra={"segment": name, "reason": str(error)})
                return False
        return True

    async def _ship(self, name: str) -> None:
        data = await self._journal.read(name)
        shipped = _measured(data, name)
        if shipped.records:
            await self._objects.put(inbox_key(name), data)
            self.on_put()
            self.stored(name, shipped.size, shipped.records)
        await self._journal.discard(name)
        self.waiting -= 1

    async def _resolve(self, name: str) -> bool:
        """The store has other bytes under this name. It may have more than the journal: a put that
        went through unheard, then a crash that tore the journal's copy. Less is never thrown away.
        """
        try:
            data = await self._journal.read(name)
            there = await self._objects.get(inbox_key(name))
            if there.startswith(data):
                self.stored(name, *_fields(_measured(there, name)))
                await self._journal.discard(name)
                return True
        except NotFoundError:
            return False
        except PortError as error:
            log.warning("a segment waits", extra={"segment": name, "reason": str(error)})
            return False
        log.error("the store has another segment of this name; kept here", extra={"segment": name})
        self._stuck.add(name)
        return True

    async def _tell_all(self, shipped: asyncio.Event) -> None:
        """Until ``shipped`` is set and all is told. Never cancelled: what waits for an answer then
        may take the cancellation for itself (``asyncio.wait_for`` before Python 3.12)."""
        while True:
            await self._tell_wake.wait()
            self._tell_wake.clear()
            is_last = shipped.is_set()
            await self._tell()
            if is_last:
                return

    async def _tell(self) -> None:
        while self._untold:
            batch = dict(list(self._untold.items())[:_TELL_AT_ONCE])
            for name in batch:
                del self._untold[name]
            try:
                async with asyncio.timeout(_TELL_SECONDS):
                    await self._note(batch)
            except (PortError, TimeoutError) as error:
                log.warning("segments are in the store untold", extra={"reason": str(error)})
                self.untold += len(batch)
            except asyncio.CancelledError:
                self._untold.update(batch)
                raise

    async def _note(self, batch: Mapping[str, Shipped]) -> None:
        try:
            async with self._records.begin() as unit:
                values = {
                    name: {"size": item.size, "records": item.records}
                    for name, item in batch.items()
                }
                await unit.merge(KIND, values)
        finally:
            await self._queue.publish(SEGMENTS, [message(name, 1) for name in batch])


def _measured(data: bytes, name: str) -> Shipped:
    try:
        records = sum(
            isinstance(found, Located) or not found.torn for found in read_segment(data, name)
        )
    except RejectedError:
        log.error("the journal holds a segment of another format", extra={"segment": name})
        records = 1  # whatever it is, it is kept
    return Shipped(len(data), records)


def _fields(shipped: Shipped) -> tuple[int, int]:
    return shipped.size, shipped.records
