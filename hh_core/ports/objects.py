"""The object-store port: immutable blobs under slash-separated keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    key: str
    size: int
    """Bytes."""


class Objects(Protocol):
    """Keeps whole objects. Keys match ``[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*``, at most 512 bytes,
    no segment of dots only; any other key is a ``RejectedError``.

    Guarantees, each proved by a test of the same number in ``hh_conformance.objects``:

    O1  Durable. Once ``put`` returns, ``get`` answers the same bytes, also after a crash.
    O2  Whole or absent. No reader ever sees a part of an object.
    O3  Create-only. ``put`` of an existing key with equal bytes succeeds and changes nothing; with
        other bytes it raises ``ConflictError`` and changes nothing, also when two race. With
        ``replace=True`` the last writer wins, whole.
    O4  Listing. ``list`` answers every object that was put before the call, in key order, strictly
        after ``after``, at most ``limit``; so pages by the last key see each object once.
    O5  Honest errors. A missing key is ``NotFoundError`` (``delete`` ignores it); a range past the
        end is cut, one that starts past it is empty. Only ``PortError`` subclasses escape. Use
        after close raises ``ClosedError``. A full store is ``OverloadedError``.
    """

    async def put(self, key: str, data: bytes, *, replace: bool = False) -> None: ...

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        """The object's bytes, or its range ``[start, end)``."""
        ...

    async def list(
        self, prefix: str, *, after: str = "", limit: int = 1000
    ) -> Sequence[ObjectInfo]: ...

    async def delete(self, keys: Sequence[str]) -> None: ...

    async def ping(self) -> None:
        """Return if the backend answers, raise ``UnavailableError`` if not. Must be cheap."""
