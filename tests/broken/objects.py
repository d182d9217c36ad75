"""Object stores that break one guarantee each."""

import asyncio
from collections.abc import Sequence

from hh_core.errors import ConflictError, NotFoundError
from hh_core.ports.objects import ObjectInfo
from hh_memory.objects import MemoryObjects


class Forgetful(MemoryObjects):
    """A crash takes everything with it."""

    def crash(self) -> None:
        self.backend.objects.clear()
        super().crash()


class Partial(MemoryObjects):
    """A large object is there before all of its bytes are."""

    async def put(self, key: str, data: bytes, *, replace: bool = False) -> None:
        if len(data) > 1 << 20:
            await super().put(key, data[: len(data) // 2 + 1], replace=replace)
            await asyncio.sleep(0.001)
        await super().put(key, data, replace=replace or len(data) > 1 << 20)


class Overwriting(MemoryObjects):
    """The last writer wins, asked or not."""

    async def put(self, key: str, data: bytes, *, replace: bool = False) -> None:
        await super().put(key, data, replace=True)


class Racing(MemoryObjects):
    """Looks first, then writes."""

    async def put(self, key: str, data: bytes, *, replace: bool = False) -> None:
        absent = key not in self.backend.objects
        await asyncio.sleep(0.005)
        await super().put(key, data, replace=replace or absent)


class Pedantic(MemoryObjects):
    """The same bytes again are a conflict, too."""

    async def put(self, key: str, data: bytes, *, replace: bool = False) -> None:
        if not replace and len(data) < 1 << 20 and self.backend.objects.get(key) == data:
            raise ConflictError("the object exists")
        await super().put(key, data, replace=replace)


class Lossy(MemoryObjects):
    """Longer listings lack their last object."""

    async def list(
        self, prefix: str, *, after: str = "", limit: int = 1000
    ) -> Sequence[ObjectInfo]:
        found = await super().list(prefix, after=after, limit=limit)
        return found[:-1] if len(found) > 3 else found


class Foldered(MemoryObjects):
    """Lists as a walk through folders does."""

    async def list(
        self, prefix: str, *, after: str = "", limit: int = 1000
    ) -> Sequence[ObjectInfo]:
        found = await super().list(prefix, after=after)
        return sorted(found, key=lambda info: info.key.split("/"))[:limit]


class Inclusive(MemoryObjects):
    """A page begins with the last object of the one before."""

    async def list(
        self, prefix: str, *, after: str = "", limit: int = 1000
    ) -> Sequence[ObjectInfo]:
        found = await super().list(prefix)
        return [info for info in found if info.key >= after][:limit]


class Silent(MemoryObjects):
    """A missing object reads as an empty one."""

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        try:
            return await super().get(key, start=start, end=end)
        except NotFoundError:
            return b""


class Greedy(MemoryObjects):
    """A range includes its end."""

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        return await super().get(key, start=start, end=end and end + 1)


class Raw(MemoryObjects):
    """The driver's own errors escape."""

    def _check(self, *keys: str) -> None:
        try:
            super()._check(*keys)
        except Exception as error:
            raise RuntimeError("status 599") from error


class Buried(MemoryObjects):
    """What was deleted cannot be put again with other bytes."""

    async def put(self, key: str, data: bytes, *, replace: bool = False) -> None:
        graves = self.backend.__dict__.setdefault("graves", {})
        await super().put(key, graves.get(key, data), replace=replace)

    async def delete(self, keys: Sequence[str]) -> None:
        graves = self.backend.__dict__.setdefault("graves", {})
        graves.update((key, self.backend.objects.get(key, b"")) for key in keys)
        await super().delete(keys)


BROKEN: dict[type[MemoryObjects], str] = {
    Forgetful: "o1",
    Partial: "o2",
    Overwriting: "o3", Racing: "o3", Pedantic: "o3",
    Lossy: "o4", Foldered: "o4", Inclusive: "o4",
    Silent: "o5", Greedy: "o5", Raw: "o5",
    Buried: "model",
}  # fmt: skip
