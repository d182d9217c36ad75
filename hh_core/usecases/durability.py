"""What makes an acknowledgement true: the journal's disk, or the object store (PROMISES P1)."""

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from hh_core.domain.segments import (
    ContentType,
    Encoding,
    RecordHeader,
    RecordKind,
    SegmentRecord,
    inbox_key,
    segment_created_ms,
    segment_name,
)
from hh_core.errors import OverloadedError, PortError, UnavailableError
from hh_core.ports.journal import Journal
from hh_core.ports.objects import Objects
from hh_core.usecases.receive_clock import ReceiveClock
from hh_core.wire.segment import encode_record, file_header

log = logging.getLogger(__name__)

MARK_MS = 2_000
"""How far ahead the object mode notes its clock on the local disk."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A record before it has a place and a version."""

    kind: RecordKind
    content_type: ContentType
    encoding: Encoding
    project: UUID
    key_id: UUID
    body: bytes


@dataclass(frozen=True, slots=True)
class Bounds:
    segment_bytes: int = 8 << 20
    segment_ms: int = 200
    put_seconds: float = 2.0
    """Object mode: how long a request waits for the store before the journal takes over."""


class Durability(Protocol):
    """Where batches go. One batch at a time."""

    async def write(self, drafts: Sequence[Draft]) -> str:
        """Returns the segment's name once every draft is durable in it, else raises
        ``UnavailableError`` (or ``OverloadedError``); then none of them was acknowledged."""
        ...

    def due_ms(self) -> int | None:
        """In how many milliseconds ``seal`` should be called, ``None`` if nothing is open."""
        ...

    async def seal(self) -> None:
        """End the open segment, if any, so that it can be shipped. Never raises."""


class DiskDurability:
    """Appends to one segment of the journal until it is full or old, and syncs each batch."""

    def __init__(
        self,
        journal: Journal,
        clock: ReceiveClock,
        *,
        bounds: Bounds,
        on_sealed: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._bounds = bounds
        self._on_sealed = on_sealed
        self._open = ""
        self._size = 0
        self._until = 0.0

    async def write(self, drafts: Sequence[Draft]) -> str:
        if self._open and (self.due_ms() == 0 or self._is_old()):
            await self.seal()
        frames = []
        if not self._open:
            self._open = self._clock.new_segment()
            self._size = 0
            self._until = _loop_time() + self._bounds.segment_ms / 1000
            frames.append(file_header(self._clock.node))
        name = self._open
        frames += encoded(drafts, self._clock, name)
        try:
            await self._journal.append(name, frames)
            await self._journal.sync(name)
        except BaseException as error:
            await self._abandon(name)
            if isinstance(error, PortError):
                raise refused(error) from error
            raise
        self._size += sum(map(len, frames))
        return name

    def due_ms(self) -> int | None:
        if not self._open:
            return None
        if self._size >= self._bounds.segment_bytes:
            return 0
        return max(0, math.ceil(1000 * (self._until - _loop_time())))

    async def seal(self) -> None:
        if self._open:
            await self._abandon(self._open)

    def _is_old(self) -> bool:
        """By the receive clock, which may leap: a restart relies on ``segment_ms`` of it. While
        it stands still, because the host's was set back, ``due_ms`` goes by the loop's."""
        return self._clock.now() - segment_created_ms(self._open) >= self._bounds.segment_ms

    async def _abandon(self, name: str) -> None:
        """No more for this segment. If sealing fails the journal has sealed it at what was synced
        (J4), so nothing acknowledged is lost either way."""
        self._open = ""
        try:
            await self._journal.seal(name)
        except PortError as error:
            log.warning("a segment was abandoned", extra={"segment": name, "reason": str(error)})
        self._on_sealed()


class ObjectDurability:
    """Each batch is an object of its own; while the store is away the journal takes over."""

    def __init__(
        self,
        objects: Objects,
        journal: Journal,
        clock: ReceiveClock,
        *,
        bounds: Bounds,
        on_sealed: Callable[[], None],
        on_stored: Callable[[str, int, int], None],
    ) -> None:
        self._objects = objects
        self._journal = journal
        self._clock = clock
        self._bounds = bounds
        self._on_sealed = on_sealed
        self._on_stored = on_stored
        self._marked = 0
        self.away = False
        """Whether the store failed last; ``Ship`` tells when it is back."""

    async def write(self, drafts: Sequence[Draft]) -> str:
        await self._mark()
        name = self._clock.new_segment()
        frames = [file_header(self._clock.node), *encoded(drafts, self._clock, name)]
        data = b"".join(frames)
        if not self.away and await self._stored(name, data, len(drafts)):
            return name
        try:
            await self._journal.append(name, [data])
            await self._journal.sync(name)
        except PortError as error:
            if self.away and await self._stored(name, data, len(drafts)):
                self.back()
                return name
            raise refused(error) from error
        finally:
            with suppress(PortError):
                await self._journal.seal(name)
        self._on_sealed()
        return name

    def due_ms(self) -> int | None:
        return None

    async def seal(self) -> None:
        return

    def back(self) -> None:
        self.away = False

    async def _stored(self, name: str, data: bytes, records: int) -> bool:
        try:
            async with asyncio.timeout(self._bounds.put_seconds):
                await self._objects.put(inbox_key(name), data)
        except (PortError, TimeoutError) as error:
            log.warning("the object store is away", extra={"reason": str(error)})
            self.away = True
            return False
        self._on_stored(name, len(data), records)
        return True

    async def _mark(self) -> None:
        """Note on the local disk how far the clock may run, for the next start.

        A disk that fails costs nothing but the promise of order over a restart with a clock that
        was set back meanwhile.
        """
        now = self._clock.now()
        if now < self._marked:
            return
        self._marked = now + MARK_MS
        name = segment_name(self._marked, 0, self._clock.node)
        with suppress(PortError):
            await self._journal.append(name, [file_header(self._clock.node)])
            await self._journal.seal(name)
            await self._journal.discard(name)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def encoded(drafts: Sequence[Draft], clock: ReceiveClock, segment: str) -> list[bytes]:
    """The drafts as frames of ``segment``. Here their versions are fixed, once and for ever."""
    received = clock.now()
    return [
        encode_record(
            SegmentRecord(
                RecordHeader(
                    draft.kind,
                    draft.content_type,
                    draft.encoding,
                    draft.project,
                    draft.key_id,
                    clock.node,
                    clock.next_sequence(),
                    received,
                ),
                draft.body,
            ),
            segment,
        )
        for draft in drafts
    ]


def refused(error: PortError) -> UnavailableError:
    """What the client is told: come back. Nothing of the batch was acknowledged."""
    if isinstance(error, OverloadedError):
        return OverloadedError(
            "the journal is full; try again later", retry_after=error.retry_after
        )
    return UnavailableError("the spans could not be stored; try again")
