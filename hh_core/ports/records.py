"""The records port: a plane's metadata database, with units of work.

Documents by (kind, key) with optimistic versions. Kinds are declared by the use cases that own
them (``segments``, ``packs``, ``dead-letters``, ...).
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

Document = Mapping[str, Any]
"""A JSON object: strings, finite numbers, booleans, null, lists, objects with string keys."""


@dataclass(frozen=True, slots=True)
class Record:
    kind: str
    key: str
    value: Document
    version: int
    """1 when first put, one more with each put."""


class UnitOfWork(Protocol):
    """Reads and writes that take effect together, when the block ends without an error."""

    async def get(self, kind: str, keys: Sequence[str]) -> Sequence[Record]:
        """The records that exist among ``keys``, in no order. Sees this unit's own writes."""
        ...

    async def put(self, kind: str, key: str, value: Document, *, expect: int | None = None) -> None:
        """Create or replace. ``expect`` is the version that must be there, 0 for none."""

    async def merge(self, kind: str, values: Mapping[str, Document]) -> None:
        """Set the given top-level fields of each record, creating it; other fields stay (R5)."""

    async def delete(self, kind: str, keys: Sequence[str]) -> None: ...

    async def find(
        self,
        kind: str,
        *,
        prefix: str = "",
        after: str = "",
        limit: int = 1000,
        where: Document | None = None,
    ) -> Sequence[Record]:
        """Records whose key starts with ``prefix`` and is greater than ``after``, in key order,
        whose top-level fields equal those of ``where`` (``None`` also matches a missing field)."""
        ...


class Records(Protocol):
    """Kinds are slugs; keys are text of 1 to 256 characters without NUL, ordered by code point.

    Guarantees, each proved by a test of the same number in ``hh_conformance.records``:

    R1  Atomic. All writes of a unit take effect when its block ends, none if it raises.
    R2  Durable. After the block has ended they survive a crash.
    R3  Isolated. A unit never sees another's unfinished writes.
    R4  Versions. ``put`` with ``expect`` raises ``ConflictError`` when another version is there,
        also when two race: exactly one wins.
    R5  Commuting merges. Concurrent merges of different fields of one record both take effect.
    R6  Paging. ``find`` by the last key sees each matching record once; prefixes are literal, no
        character is a wildcard.
    R7  Honest errors. Only ``PortError`` subclasses escape, with the driver's error as the cause.
        Use after close raises ``ClosedError``; a lost connection is ``UnavailableError`` until the
        backend is back, then it works again by itself.
    """

    def begin(self) -> AbstractAsyncContextManager[UnitOfWork]: ...

    async def ping(self) -> None:
        """Return if the backend answers, raise ``UnavailableError`` if not. Must be cheap."""
