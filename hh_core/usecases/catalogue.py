"""Which pack holds a project's records of a segment; rebuildable from the packs themselves."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

from hh_core.domain.segments import RAW
from hh_core.errors import RejectedError
from hh_core.ports.objects import ObjectInfo, Objects
from hh_core.ports.records import Records
from hh_core.usecases.segments_source import PACKED, PACKS, packed_key
from hh_core.usecases.sketches import state_of
from hh_core.wire.pack import FOOTER_SIZE, PackIndex, decode_index, index_range

_PAGE = 1000


class Catalogue:
    """Owns the kinds ``packs`` and ``packed``."""

    def __init__(self, objects: Objects, records: Records) -> None:
        self._objects = objects
        self._records = records

    async def note(self, key: str, project: UUID, size: int, counts: Mapping[str, int]) -> None:
        """``counts``: records by segment. The pack object must be durable before."""
        entry = {
            "project": str(project),
            "day": key.removeprefix(RAW).split("/")[1],
            "size": size,
            "segments": len(counts),
            "records": sum(counts.values()),
            "sketch": state_of(size),
        }
        names = list(counts)
        for start in range(0, max(1, len(names)), _PAGE):
            part = names[start : start + _PAGE]
            async with self._records.begin() as unit:
                values = {packed_key(name, project): {"pack": key, "size": size} for name in part}
                await unit.merge(PACKED, values)
                if start + _PAGE >= len(names):
                    await unit.put(PACKS, key, entry)

    async def rebuild(self) -> int:
        """Catalogue every pack that is not; how many. Also what a crash left half done."""
        added = 0
        async for info in packs(self._objects):
            async with self._records.begin() as unit:
                known = await unit.get(PACKS, [info.key])
            if known:
                continue
            try:
                index = await self.read_index(info)
            except RejectedError:
                continue  # not a pack of ours: retention by day still finds it
            counts = {name: len(places) for name, places in index.segments.items()}
            await self.note(info.key, index.project, info.size, counts)
            added += 1
        return added

    async def forget(self, info: ObjectInfo) -> None:
        """Remove a pack's entries, before the pack itself is deleted."""
        try:
            index = await self.read_index(info)
        except RejectedError:
            index = None
        async with self._records.begin() as unit:
            if index is not None:
                keys = [packed_key(name, index.project) for name in index.segments]
                entries = await unit.get(PACKED, keys)
                mine = [entry.key for entry in entries if entry.value.get("pack") == info.key]
                await unit.delete(PACKED, mine)
            await unit.delete(PACKS, [info.key])

    async def read_index(self, info: ObjectInfo) -> PackIndex:
        """The index of the pack ``info``; ``RejectedError`` if it is none."""
        footer = await self._objects.get(info.key, start=max(0, info.size - FOOTER_SIZE))
        start, end = index_range(footer)
        return decode_index(await self._objects.get(info.key, start=start, end=end), footer)


async def packs(objects: Objects, prefix: str = RAW) -> AsyncIterator[ObjectInfo]:
    """Every object under raw/, page by page; or under another ``prefix``."""
    after = ""
    while True:
        page = await objects.list(prefix, after=after, limit=_PAGE)
        for info in page:
            yield info
        if len(page) < _PAGE:
            return
        after = page[-1].key
