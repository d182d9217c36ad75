"""Journals that break one guarantee each."""

from collections.abc import Sequence

from hh_core.errors import NotFoundError, OverloadedError, UnavailableError
from hh_memory.journal import MemoryJournal, Segment


class Hasty(MemoryJournal):
    """A sync returns before the bytes are durable."""

    def crash(self, *, keep: int = 0) -> None:
        super().crash(keep=keep)
        for segment in self.disk.segments.values():
            segment.data.clear()


class Gapped(MemoryJournal):
    """After a crash the end of a segment is there, and the middle is not."""

    def crash(self, *, keep: int = 0) -> None:
        ends = {
            name: bytes(segment.data[segment.synced or 0 :][-1000:])
            for name, segment in self.disk.segments.items()
        }
        super().crash(keep=keep)
        for name, segment in self.disk.segments.items():
            segment.data += ends[name]


class Shuffled(MemoryJournal):
    """The frames of one append are written in the order of their sizes."""

    async def append(self, name: str, frames: Sequence[bytes]) -> None:
        await super().append(name, sorted(frames, key=len, reverse=True))


class Reopening(MemoryJournal):
    """A sealed segment takes more frames."""

    async def append(self, name: str, frames: Sequence[bytes]) -> None:
        segment = self.disk.segments.get(name)
        if segment is not None and segment.sealed and not segment.abandoned:
            segment.data += b"".join(frames)
        else:
            await super().append(name, frames)


class Unlisting(MemoryJournal):
    """What was sealed at opening is not listed."""

    def seal_what_was_open(self) -> None:
        self.hidden = {name for name, one in self.disk.segments.items() if not one.sealed}
        super().seal_what_was_open()

    async def sealed(self) -> Sequence[str]:
        return [name for name in await super().sealed() if name not in self.hidden]


class Sociable(MemoryJournal):
    """Two processes may write at a time."""

    def seal_what_was_open(self) -> None:
        super().seal_what_was_open()
        self.disk.in_use = False


class Retrying(MemoryJournal):
    """After a failed sync the next one vouches for the same bytes."""

    async def sync(self, name: str) -> None:
        if self.disk.broken:
            raise UnavailableError("try again")
        await super().sync(name)


class Doubtful(MemoryJournal):
    """An abandoned segment keeps the bytes that no sync vouched for."""

    async def sync(self, name: str) -> None:
        segment = self.disk.segments.get(name) or Segment()
        kept = bytes(segment.data)
        try:
            await super().sync(name)
        finally:
            segment.data[:] = kept


class Unbounded(MemoryJournal):
    """Takes more than it may."""

    def _make_room(self, growth: int) -> None:
        return


class Storing(MemoryJournal):
    """Stores what it refuses."""

    async def append(self, name: str, frames: Sequence[bytes]) -> None:
        try:
            await super().append(name, frames)
        except OverloadedError:
            self.disk.segments.setdefault(name, Segment()).data += b"".join(frames)
            raise


class Sulking(MemoryJournal):
    """Once full, refuses until it is opened again."""

    sulks = False

    def _make_room(self, growth: int) -> None:
        try:
            super()._make_room(growth)
        except OverloadedError:
            self.sulks = True
        if self.sulks:
            raise OverloadedError("still full")


class Forgetful(MemoryJournal):
    """The last name goes with the last segment."""

    async def last(self) -> str:
        await super().last()
        return max(self.disk.segments, default="") and self.disk.last


class Latest(MemoryJournal):
    """Answers the name that was synced last, not the greatest."""

    async def sync(self, name: str) -> None:
        await super().sync(name)
        self.disk.last = name


class Raw(MemoryJournal):
    """The driver's own errors escape."""

    def _segment(self, name: str) -> Segment:
        try:
            return super()._segment(name)
        except NotFoundError as error:
            raise FileNotFoundError(2, "no such file") from error


class Undead(MemoryJournal):
    """Goes on after it was closed."""

    def _check(self) -> None:
        return


class Careless(MemoryJournal):
    """A discard takes along what other segments did not sync."""

    async def discard(self, name: str) -> None:
        await super().discard(name)
        for segment in self.disk.segments.values():
            if not segment.sealed:
                del segment.data[segment.synced or 0 :]


BROKEN: dict[type[MemoryJournal], str] = {
    Hasty: "j1",
    Gapped: "j2", Shuffled: "j2",
    Reopening: "j3", Unlisting: "j3", Sociable: "j3",
    Retrying: "j4", Doubtful: "j4",
    Unbounded: "j5", Storing: "j5", Sulking: "j5",
    Forgetful: "j6", Latest: "j6",
    Raw: "j7", Undead: "j7",
    Careless: "model",
}  # fmt: skip
