"""Find records by their logical address, wherever they stand: under inbox/ or in a pack.

A reader looks into the inbox first and then into the catalogue; the packer deletes from the inbox
only after pack and catalogue are durable, so one of the two always answers.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from uuid import UUID

from hh_core.domain.segments import INBOX, SegmentRecord, inbox_key
from hh_core.errors import NotFoundError, RejectedError
from hh_core.ports.objects import Objects
from hh_core.ports.records import Record, Records
from hh_core.usecases.byte_cache import ByteCache
from hh_core.wire.pack import (
    FOOTER_SIZE,
    PackIndex,
    Place,
    decode_block,
    decode_index,
    index_range,
    record_at,
)
from hh_core.wire.segment import (
    RECORD_HEADER_SIZE,
    Located,
    read_record,
    read_segment,
    record_size,
)

PACKS = "packs"
"""Kind: one record per pack, by object key: ``project``, ``day``, ``size``, ``segments`` (count),
``records`` (count), ``sketch`` (see ``sketches``)."""
PACKED = "packed"
"""Kind: which pack holds a project's records of a segment, by ``<segment>/<project hex>``:
``pack`` (object key) and ``size`` (its bytes)."""

_READ_AHEAD = 64 << 10
_JOIN_WITHIN = 4 << 20
_BLOCKS_AT_ONCE = 32
"""Of a pack, for who goes through very many records: some MiB, unless a record is larger."""
_PAGE = 1000
_KNOWN_PACKS = 20_000
"""Segments of which it is remembered where they stand: to ask the catalogue for each segment of a
page takes longer than to read it."""
_PACK_BYTES = 400
"""About what one of them takes in memory."""


_Unpack = Callable[[UUID, str, int, str, Collection[int]], Awaitable[Mapping[int, SegmentRecord]]]


def packed_key(segment: str, project: UUID) -> str:
    return f"{segment}/{project.hex}"


class SegmentsSource:
    """Reads records and segments. Caches are bounded in bytes and keyed by project."""

    def __init__(
        self,
        objects: Objects,
        records: Records,
        *,
        record_cache_bytes: int = 64 << 20,
        block_cache_bytes: int = 32 << 20,
        index_cache_bytes: int = 32 << 20,
    ) -> None:
        self._objects = objects
        self._records = records
        self._cache: ByteCache[SegmentRecord] = ByteCache(record_cache_bytes)
        self._blocks: ByteCache[bytes] = ByteCache(block_cache_bytes)
        self._indexes: ByteCache[PackIndex] = ByteCache(index_cache_bytes)
        self._packs: ByteCache[tuple[str, int]] = ByteCache(_KNOWN_PACKS * _PACK_BYTES)
        """Key and size of the pack that a segment stood in when it was last looked at."""

    async def records(
        self, project: UUID, segment: str, offsets: Collection[int]
    ) -> Mapping[int, SegmentRecord]:
        """The records of ``project`` at ``offsets``.

        Missing from the answer: what retention has taken, what is damaged, and what belongs to
        another project (tenants never meet, whatever an index row says).
        """
        found: dict[int, SegmentRecord] = {}
        for offset in offsets:
            record = self._cache.get((project, segment, offset))
            if record is not None:
                found[offset] = record
        missing = sorted(set(offsets) - found.keys())
        if missing:
            for offset, record in (await self._read(project, segment, missing)).items():
                if record.header.project == project:
                    found[offset] = record
                    self.keep(project, segment, offset, record)
        return found

    def keep(self, project: UUID, segment: str, offset: int, record: SegmentRecord) -> None:
        """What ``scanned`` has found and ``records`` will soon be asked for: a record never changes
        at its place."""
        size = len(record.body) + RECORD_HEADER_SIZE
        self._cache.put((project, segment, offset), record, size)

    async def scanned(
        self,
        project: UUID,
        segment: str,
        offsets: Collection[int],
        pack: tuple[str, int] | None = None,
    ) -> Mapping[int, SegmentRecord]:
        """As ``records``, for those who go through very many: the caches stay as they are, but for
        what they ``keep``.
        ``pack``: the key and size of that which is known to hold the segment."""
        found: Mapping[int, SegmentRecord] | None = None
        if pack is not None:
            try:
                found = await self._swept(project, *pack, segment, offsets)
            except (NotFoundError, RejectedError):
                found = None  # it went, or is damaged: whatever else there is may answer
        if found is None:
            try:
                found = await self._from_inbox(segment, sorted(offsets))
            except NotFoundError:
                found = await self._from_packs(project, segment, offsets, self._swept)
        return {at: record for at, record in found.items() if record.header.project == project}

    async def segment(self, name: str) -> Sequence[Located]:
        """All sound records of a segment, of all projects, in order: for dispatch and rebuild.

        Raises ``NotFoundError`` when it is neither in the inbox nor in a pack.
        """
        try:
            data = await self._objects.get(inbox_key(name))
        except NotFoundError:
            return await self._packed_segment(name)
        return [item for item in read_segment(data, name) if isinstance(item, Located)]

    async def names(self) -> AsyncIterator[str]:
        """Every segment there is, those under inbox/ first: what is packed meanwhile is met again
        among the packed ones. A name may come twice."""
        async for name in inbox_names(self._objects):
            yield name
        async for name in self._packed_names():
            yield name

    async def _packed_names(self) -> AsyncIterator[str]:
        """The names of all segments in packs, oldest first, page by page."""
        after, previous = "", ""
        while True:
            async with self._records.begin() as unit:
                page = await unit.find(PACKED, after=after, limit=_PAGE)
            for record in page:
                name = record.key.partition("/")[0]
                if name != previous:
                    yield name
                previous = name
            if len(page) < _PAGE:
                return
            after = page[-1].key

    async def pack_index(self, project: UUID, pack: str, size: int) -> PackIndex:
        """The index of a pack, which must be the project's own."""
        index = self._indexes.get((project, pack))
        if index is None:
            footer = await self._objects.get(pack, start=max(0, size - FOOTER_SIZE))
            start, end = index_range(footer)
            index = decode_index(await self._objects.get(pack, start=start, end=end), footer)
            if index.project != project:
                raise RejectedError("the pack belongs to another project", code=422)
            self._indexes.put((project, pack), index, index.size)
            for segment in index.segments:
                self._packs.put((project, segment), (pack, size), _PACK_BYTES)
        return index

    async def _read(
        self, project: UUID, segment: str, offsets: Sequence[int]
    ) -> Mapping[int, SegmentRecord]:
        found = await self._from_known(project, segment, offsets)
        if found is not None:
            return found
        try:
            return await self._from_inbox(segment, offsets)
        except NotFoundError:
            return await self._from_packs(project, segment, offsets, self._unpacked)

    async def _from_known(
        self, project: UUID, segment: str, offsets: Sequence[int]
    ) -> Mapping[int, SegmentRecord] | None:
        """From the pack that held the segment before; None where it does not answer all."""
        pack = self._packs.get((project, segment))
        if pack is None:
            return None
        try:
            found = await self._unpacked(project, *pack, segment, offsets)
        except (NotFoundError, RejectedError):
            found = {}
        if len(found) == len(offsets):
            return found
        self._packs.drop((project, segment))
        return None

    async def _from_inbox(
        self, segment: str, offsets: Sequence[int]
    ) -> Mapping[int, SegmentRecord]:
        found: dict[int, SegmentRecord] = {}
        for near in _runs(offsets):
            first = near[0]
            end = near[-1] + _READ_AHEAD
            data = await self._objects.get(inbox_key(segment), start=first, end=end)
            for offset in near:
                record = await self._one(segment, offset, data[offset - first :])
                if record is not None:
                    found[offset] = record
        return found

    async def _one(self, segment: str, offset: int, data: bytes) -> SegmentRecord | None:
        """The record that begins ``data``; fetches the rest of a longer one."""
        try:
            size = record_size(data, segment)
            if size > len(data):
                key = inbox_key(segment)
                data = await self._objects.get(key, start=offset, end=offset + size)
            return read_record(data, segment)
        except RejectedError:
            return None

    async def _from_packs(
        self, project: UUID, segment: str, offsets: Collection[int], unpack: _Unpack
    ) -> Mapping[int, SegmentRecord]:
        async with self._records.begin() as unit:
            entries = await unit.get(PACKED, [packed_key(segment, project)])
        found: dict[int, SegmentRecord] = {}
        for entry in entries:
            try:
                pack, size = _pack_of(entry)
                found.update(await unpack(project, pack, size, segment, offsets))
            except (NotFoundError, RejectedError):
                continue
        return found

    async def _unpacked(
        self, project: UUID, pack: str, size: int, segment: str, offsets: Collection[int] | None
    ) -> Mapping[int, SegmentRecord]:
        index = await self.pack_index(project, pack, size)
        places = index.segments.get(segment, {})
        wanted = places.keys() if offsets is None else [at for at in offsets if at in places]
        return {
            offset: await self._place(project, pack, index, places[offset], segment)
            for offset in wanted
        }

    async def _swept(
        self, project: UUID, pack: str, size: int, segment: str, offsets: Collection[int]
    ) -> Mapping[int, SegmentRecord]:
        """As ``_unpacked``; blocks that stand side by side are read in one piece."""
        index = await self.pack_index(project, pack, size)
        known = index.segments.get(segment, {})
        places = {at: known[at] for at in offsets if at in known}
        found: dict[int, SegmentRecord] = {}
        for run in _neighbours({place.block for place in places.values()}):
            blocks = [index.blocks[number] for number in run]
            start, end = blocks[0].offset, blocks[-1].offset + blocks[-1].length
            data = await self._objects.get(pack, start=start, end=end)
            here = {at: place for at, place in places.items() if place.block in run}
            found.update(await asyncio.to_thread(_taken, data, start, index, here, segment))
        return found

    async def _place(
        self, project: UUID, pack: str, index: PackIndex, place: Place, segment: str
    ) -> SegmentRecord:
        key = (project, pack, place.block)
        data = self._blocks.get(key)
        if data is None:
            block = index.blocks[place.block]
            end = block.offset + block.length
            packed = await self._objects.get(pack, start=block.offset, end=end)
            data = decode_block(packed, block)
            self._blocks.put(key, data, len(data))
        return record_at(data, place, segment)

    async def _packed_segment(self, name: str) -> Sequence[Located]:
        async with self._records.begin() as unit:
            entries = await unit.find(PACKED, prefix=f"{name}/")
        if not entries:
            raise NotFoundError("no such segment")
        located: list[Located] = []
        for entry in entries:
            project = UUID(hex=entry.key.partition("/")[2])
            records = await self._unpacked(project, *_pack_of(entry), name, None)
            located += [Located(offset, record) for offset, record in records.items()]
        return sorted(located, key=lambda item: item.offset)


async def inbox_names(objects: Objects) -> AsyncIterator[str]:
    """The names of all segments under inbox/, oldest first, page by page."""
    after = ""
    while True:
        page = await objects.list(INBOX, after=after, limit=_PAGE)
        for info in page:
            yield info.key.removeprefix(INBOX)
        if len(page) < _PAGE:
            return
        after = page[-1].key


def _pack_of(entry: Record) -> tuple[str, int]:
    """The key of the pack that an entry of the catalogue names, and its size."""
    return str(entry.value["pack"]), int(entry.value["size"])


def _neighbours(blocks: Collection[int]) -> list[range]:
    """The numbers in ``blocks`` as ranges."""
    runs: list[range] = []
    for number in sorted(blocks):
        if runs and runs[-1].stop == number and len(runs[-1]) < _BLOCKS_AT_ONCE:
            runs[-1] = range(runs[-1].start, number + 1)
        else:
            runs.append(range(number, number + 1))
    return runs


def _taken(
    data: bytes, start: int, index: PackIndex, places: Mapping[int, Place], segment: str
) -> Mapping[int, SegmentRecord]:
    """The records at ``places`` of a pack, of which ``data`` is what stands from ``start`` on."""
    decoded: dict[int, bytes] = {}
    for number in {place.block for place in places.values()}:
        block = index.blocks[number]
        at = block.offset - start
        decoded[number] = decode_block(data[at : at + block.length], block)
    return {
        offset: record_at(decoded[place.block], place, segment) for offset, place in places.items()
    }


def _runs(offsets: Sequence[int]) -> list[list[int]]:
    """Offsets that stand near each other are read together."""
    runs: list[list[int]] = []
    for offset in offsets:
        if runs and offset - runs[-1][0] <= _JOIN_WITHIN:
            runs[-1].append(offset)
        else:
            runs.append([offset])
    return runs
