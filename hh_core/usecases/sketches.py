"""Sketches of packs: made beside them in quiet moments, asked before records are searched.

A sketch is an object of its own, which anybody can make again from its pack. It goes with its pack.
What has none, records that are not packed yet among them, is searched itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from hh_core.domain.segments import RAW
from hh_core.errors import NotFoundError, RejectedError
from hh_core.ports.objects import Objects
from hh_core.ports.records import Records
from hh_core.usecases.byte_cache import ByteCache
from hh_core.usecases.segments_source import PACKS
from hh_core.wire.sketch import (
    HEADER_SIZE,
    Held,
    Layout,
    decode_header,
    decode_table,
    rows_of,
)

SKETCHES = "sketches/"
"""Prefix of their objects; the rest of the key is that of the pack."""
MIN_PACK_BYTES = 1 << 20
"""A smaller pack is searched in no more time than its sketch would be."""
REST_SECONDS = 30.0
"""A pack is looked at this long after it was first seen: whoever sends much is not disturbed."""

_MADE, _NONE = "made", "none"
_PAGE = 1000
_PACKS_AT_ONCE = 8
_RECORD_BYTES = 150
"""About what an entry of a table takes in memory."""

Make = Callable[[bytes], Awaitable[bytes]]
"""``sketch_writer.sketch_of``, wherever it runs."""


def sketch_key(pack: str) -> str:
    return SKETCHES + pack.removeprefix(RAW)


def state_of(size: int) -> str | None:
    """What the catalogue says of the sketch of a new pack of ``size`` bytes; None: it is wanted, as
    are those of packs from before there were sketches."""
    return None if size >= MIN_PACK_BYTES else _NONE


class MakeSketches:
    """One pass makes one sketch at most."""

    def __init__(
        self,
        objects: Objects,
        records: Records,
        make: Make,
        *,
        rest_seconds: float = REST_SECONDS,
    ) -> None:
        self._objects = objects
        self._records = records
        self._make = make
        self._rest_seconds = rest_seconds
        self._seen: dict[str, float] = {}

    async def __call__(self) -> int:
        """How many it made. Raises what the ports raise."""
        async with self._records.begin() as unit:
            found = await unit.find(PACKS, limit=_PAGE, where={"sketch": None})
        now = monotonic()
        self._seen = {record.key: self._seen.get(record.key, now) for record in found}
        rested = (key for key, since in self._seen.items() if now - since >= self._rest_seconds)
        pack = next(rested, None)
        if pack is None:
            return 0
        size = next(int(record.value["size"]) for record in found if record.key == pack)
        is_made = state_of(size) is None and await self._written(pack)
        async with self._records.begin() as unit:
            if await unit.get(PACKS, [pack]):
                await unit.merge(PACKS, {pack: {"sketch": _MADE if is_made else _NONE}})
                return int(is_made)
        await self._objects.delete([sketch_key(pack)])  # retention took the pack meanwhile
        return 0

    async def _written(self, pack: str) -> bool:
        try:
            data = await self._make(await self._objects.get(pack))
        except (NotFoundError, RejectedError):
            return False
        await self._objects.put(sketch_key(pack), data, replace=True)
        return True


@dataclass(frozen=True, slots=True)
class _Sketch:
    layout: Layout
    held: Held


@dataclass(slots=True)
class Sketched:
    """What sketches say of some phrases."""

    packs: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Segments whose records have a sketch: key and size of the pack that they stand in."""
    left: set[tuple[str, int]] = field(default_factory=set)
    """Of their records, those that may hold all phrases."""

    def may_hold(self, segment: str, record: int) -> bool:
        return segment not in self.packs or (segment, record) in self.left


class Sketches:
    """Answers for one project at a time."""

    def __init__(self, objects: Objects, records: Records, *, cache_bytes: int = 32 << 20) -> None:
        self._objects = objects
        self._records = records
        self._cache: ByteCache[_Sketch] = ByteCache(cache_bytes)

    async def look(self, project: UUID, phrases: Sequence[bytes]) -> Sketched:
        """Which records may hold ``phrases``. A sketch that is gone or damaged says nothing."""
        found = Sketched()
        packs = await self._packs(project)
        for start in range(0, len(packs), _PACKS_AT_ONCE):
            some = packs[start : start + _PACKS_AT_ONCE]
            await asyncio.gather(*(self._add(found, project, pack, phrases) for pack in some))
        return found

    async def _packs(self, project: UUID) -> Sequence[tuple[str, int]]:
        """Key and size of those that have a sketch."""
        packs: list[tuple[str, int]] = []
        after = ""
        while True:
            async with self._records.begin() as unit:
                page = await unit.find(
                    PACKS,
                    prefix=f"{RAW}{project}/",
                    after=after,
                    limit=_PAGE,
                    where={"sketch": _MADE},
                )
            packs += [(record.key, int(record.value["size"])) for record in page]
            if len(page) < _PAGE:
                return packs
            after = page[-1].key

    async def _add(
        self, found: Sketched, project: UUID, pack: tuple[str, int], phrases: Sequence[bytes]
    ) -> None:
        key, _ = pack
        try:
            sketch = await self._sketch(project, key)
            columns = [await self._columns(key, sketch.layout, phrase) for phrase in phrases]
        except (NotFoundError, RejectedError):
            return
        for segment, records in sketch.held.items():
            found.packs[segment] = pack
            found.left.update(
                (segment, offset)
                for offset, first, last in records
                if all(some >> first & (2 << last - first) - 1 for some in columns)
            )

    async def _sketch(self, project: UUID, pack: str) -> _Sketch:
        sketch = self._cache.get((project, pack))
        if sketch is None:
            key = sketch_key(pack)
            header = await self._objects.get(key, end=HEADER_SIZE)
            layout = decode_header(header)
            table = await self._objects.get(key, start=HEADER_SIZE, end=HEADER_SIZE + layout.table)
            sketch = _Sketch(layout, decode_table(table, header, project))
            size = _RECORD_BYTES * sum(map(len, sketch.held.values()))
            self._cache.put((project, pack), sketch, size)
        return sketch

    async def _columns(self, pack: str, layout: Layout, phrase: bytes) -> int:
        """The columns that may hold ``phrase``, as a number."""
        columns = (1 << 8 * layout.width) - 1
        for row in rows_of(phrase, layout.rows):
            start, end = layout.page_range(row)
            page = await self._objects.get(sketch_key(pack), start=start, end=end)
            columns &= layout.columns_of(page, row)
            if not columns:
                break
        return columns


def keys_of(packs: Collection[str]) -> list[str]:
    """The objects of ``packs``, and those of their sketches."""
    return [key for pack in packs for key in (pack, sketch_key(pack))]
