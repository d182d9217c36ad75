"""The journal port in memory, on a disk that can break, fill up and forget what was not synced."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from uuid import uuid4

from pydantic import Field

from hh_core.errors import (
    ClosedError,
    ConfigError,
    ConflictError,
    NotFoundError,
    OverloadedError,
    UnavailableError,
)
from hh_core.registry import Adapter, AdapterConfig


class JournalConfig(AdapterConfig):
    name: str = Field(default_factory=lambda: uuid4().hex)
    """Which disk: journals of one name, opened one after the other, find the same segments."""
    max_bytes: int = 1 << 30
    """Bytes of all segments together."""


class Segment:
    def __init__(self) -> None:
        self.data = bytearray()
        self.synced: int | None = None
        """Bytes that survive a crash; ``None`` while even the segment's name would be lost."""
        self.sealed = False
        self.abandoned = False

    def abandon(self) -> None:
        """Seal at the bytes that are sure."""
        del self.data[self.synced or 0 :]
        self.sealed = self.abandoned = True


class Disk:
    """What is left of a journal when it is closed."""

    def __init__(self) -> None:
        self.segments: dict[str, Segment] = {}
        self.last = ""
        self.in_use = False
        self.broken = False
        self.full = False


_DISKS: dict[str, Disk] = {}


class MemoryJournal:
    """``crash``, ``broken_disk`` and ``full`` are faults for tests."""

    def __init__(self, disk: Disk, max_bytes: int) -> None:
        self.disk = disk
        self._max_bytes = max_bytes
        self._closed = False

    async def append(self, name: str, frames: Sequence[bytes]) -> None:
        self._check()
        data = b"".join(frames)
        segment = self.disk.segments.get(name) or Segment()
        if segment.sealed:
            raise ConflictError("the segment takes no more frames")
        self._make_room(len(data))
        self.disk.segments[name] = segment
        segment.data += data

    async def sync(self, name: str) -> None:
        self._check()
        segment = self._segment(name)
        if segment.abandoned:
            raise ConflictError("the segment was abandoned after a failed write")
        if self.disk.broken:
            segment.abandon()
            raise UnavailableError("the disk did not take a sync")
        segment.synced = len(segment.data)
        self.disk.last = max(self.disk.last, name)

    async def seal(self, name: str) -> None:
        self._check()
        if not self._segment(name).sealed:
            await self.sync(name)
            self._segment(name).sealed = True

    async def sealed(self) -> Sequence[str]:
        self._check()
        return sorted(name for name, segment in self.disk.segments.items() if segment.sealed)

    async def read(self, name: str) -> bytes:
        self._check()
        segment = self._segment(name)
        if not segment.sealed:
            raise NotFoundError("no sealed segment has this name")
        return bytes(segment.data)

    async def discard(self, name: str) -> None:
        self._check()
        if name in self.disk.segments and not self.disk.segments[name].sealed:
            raise ConflictError("the segment is not sealed")
        self.disk.segments.pop(name, None)

    async def last(self) -> str:
        self._check()
        return self.disk.last

    async def ping(self) -> None:
        self._check()
        if self.disk.broken or self.disk.full:
            raise UnavailableError("the disk takes no writes")

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.disk.in_use = False

    def crash(self, *, keep: int = 0) -> None:
        """Lose what was not synced, but for the first ``keep`` bytes of it in each segment."""
        for name, segment in list(self.disk.segments.items()):
            if segment.synced is None and keep == 0:
                del self.disk.segments[name]
            else:
                del segment.data[(segment.synced or 0) + keep :]
        self.close()

    def seal_what_was_open(self) -> None:
        """What a journal does when it opens."""
        for name, segment in self.disk.segments.items():
            if not segment.sealed:
                segment.synced = len(segment.data)
                segment.sealed = True
                self.disk.last = max(self.disk.last, name)

    @contextmanager
    def broken_disk(self) -> Iterator[None]:
        """Writes reach no further than a cache: a sync fails."""
        self.disk.broken = True
        try:
            yield
        finally:
            self.disk.broken = False

    @contextmanager
    def full(self) -> Iterator[None]:
        self.disk.full = True
        try:
            yield
        finally:
            self.disk.full = False

    def _segment(self, name: str) -> Segment:
        try:
            return self.disk.segments[name]
        except KeyError as error:
            raise NotFoundError("no segment has this name") from error

    def _make_room(self, growth: int) -> None:
        size = sum(len(segment.data) for segment in self.disk.segments.values())
        if self.disk.full or size + growth > self._max_bytes:
            raise OverloadedError("the journal is full")

    def _check(self) -> None:
        if self._closed:
            raise ClosedError("the journal is closed")


@asynccontextmanager
async def open_journal(
    config: JournalConfig, kind: type[MemoryJournal] = MemoryJournal
) -> AsyncIterator[MemoryJournal]:
    """``kind`` lets a test open a journal with a fault of its own."""
    disk = _DISKS.setdefault(config.name, Disk())
    if disk.in_use:
        raise ConfigError("[journal] another process writes to this journal")
    disk.in_use = True
    journal = kind(disk, config.max_bytes)
    journal.seal_what_was_open()
    try:
        yield journal
    finally:
        journal.close()


ADAPTER = Adapter(config=JournalConfig, open=open_journal)
