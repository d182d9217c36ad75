"""The journal port: an append-only local log of segments that makes an acknowledgement true."""

from collections.abc import Sequence
from typing import Protocol


class Journal(Protocol):
    """Keeps segments, each a name and the frames appended to it, until they are discarded.

    A segment's name is given by the caller (a ULID and the node, so names sort by age) and one
    process writes to a journal at a time: a second opener is refused with ``ConfigError``.

    Guarantees, each proved by a test of the same number in ``hh_conformance.journal``:

    J1  Durable at sync. What was appended to a segment before ``sync`` returned is there after any
        crash; the first ``sync`` of a segment makes its existence durable too.
    J2  Append-only. A segment reads as the concatenation of its frames, in order. After a crash it
        is a prefix of that which holds at least what was synced.
    J3  Sealed once. ``seal`` syncs and closes; a later ``append`` to that name is a
        ``ConflictError``. Whatever was open when the journal was closed or killed is sealed when it
        opens again.
    J4  Nothing doubtful. After an ``append`` or ``sync`` that failed, the segment is abandoned:
        it seals itself at the bytes that were synced before, and takes no more frames
        (``ConflictError``). A failed sync is never retried as if it were clean.
    J5  Bounded. Above ``max_bytes`` in all segments, or on a full disk, ``append`` raises
        ``OverloadedError`` and stores nothing that a later ``sync`` could acknowledge; it recovers
        without a restart once there is room.
    J6  Remembers. ``last`` is the greatest name ever synced here, also after ``discard`` and after
        opening again; empty if there was none.
    J7  Honest errors. A name that is not there is ``NotFoundError`` (``discard`` ignores it). Only
        ``PortError`` subclasses escape. Use after close raises ``ClosedError``.
    """

    async def append(self, name: str, frames: Sequence[bytes]) -> None:
        """Add ``frames`` to the end of segment ``name``, creating it. Not durable before sync."""

    async def sync(self, name: str) -> None:
        """Make everything appended to ``name`` durable."""

    async def seal(self, name: str) -> None:
        """Sync ``name`` and take no more frames for it."""

    async def sealed(self) -> Sequence[str]:
        """The names of all sealed segments that were not discarded, oldest first."""
        ...

    async def read(self, name: str) -> bytes:
        """All bytes of a sealed segment."""
        ...

    async def discard(self, name: str) -> None:
        """Forget a sealed segment: it is safe elsewhere."""

    async def last(self) -> str: ...

    async def ping(self) -> None:
        """Return if a sync could succeed now, raise ``UnavailableError`` if not. Cheap."""
