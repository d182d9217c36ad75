"""The pack format, version 1: records of one project and one day, compressed in blocks.

::

    pack   = "HHPK" u16 version  u16 0  block*  index  footer(20)
    block  = zstd frame of whole records, header and body exactly as they stood in their segment
    index  = zstd frame of JSON {"project", "blocks": [[offset, length, raw, crc]…],
             "segments": {name: [[record, block, position, length]…]}}
    footer = u64 index_offset  u32 index_length  u32 index_crc  "HHPE"   (little endian)

A record keeps its logical address: the name of its segment and its byte offset there. Blocks are
cut at ``BLOCK_BYTES`` of records; a larger record has a block of its own. Equal records packed in
equal order give equal bytes. Whatever does not check is ``RejectedError`` (422), never a crash.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import orjson
import zstandard
from isal import isal_zlib

from hh_core.domain.segments import SegmentRecord
from hh_core.errors import RejectedError
from hh_core.wire.segment import encode_record, read_record

MAGIC = b"HHPK"
END_MAGIC = b"HHPE"
FORMAT_VERSION = 1
BLOCK_BYTES = 256 << 10
MAX_RAW_BYTES = 1 << 30
"""No block or index decompresses to more."""
_HEADER = struct.Struct("<4sHH")
_FOOTER = struct.Struct("<QII4s")
FOOTER_SIZE = _FOOTER.size
_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Block:
    """Where a block stands in its pack; ``raw`` is its size decompressed."""

    offset: int
    length: int
    raw: int
    crc: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands: in which block, at which byte of it."""

    block: int
    position: int
    length: int


@dataclass(frozen=True, slots=True)
class PackIndex:
    project: UUID
    blocks: tuple[Block, ...]
    segments: Mapping[str, Mapping[int, Place]]
    """By segment name and record offset."""

    @property
    def size(self) -> int:
        """Roughly how many bytes of memory this index takes."""
        return 200 * (len(self.blocks) + sum(len(places) for places in self.segments.values()))


@dataclass(slots=True)
class PackWriter:
    """Builds one pack in memory. ``add`` in the order of names and offsets."""

    project: UUID
    _parts: list[bytes] = field(default_factory=list)
    _length: int = _HEADER.size
    _open: bytearray = field(default_factory=bytearray)
    _blocks: list[Block] = field(default_factory=list)
    _segments: dict[str, list[tuple[int, int, int, int]]] = field(default_factory=dict)

    def add(self, segment: str, offset: int, record: SegmentRecord) -> None:
        """Raises ``RejectedError`` for a record of another project: tenants never meet."""
        if record.header.project != self.project:
            raise RejectedError("the record belongs to another project", code=422)
        frame = encode_record(record, segment)
        if self._open and len(self._open) + len(frame) > BLOCK_BYTES:
            self._close_block()
        place = (offset, len(self._blocks), len(self._open), len(frame))
        self._segments.setdefault(segment, []).append(place)
        self._open += frame

    def finish(self) -> bytes:
        """The whole pack."""
        if self._open:
            self._close_block()
        document = {
            "project": str(self.project),
            "blocks": [[b.offset, b.length, b.raw, b.crc] for b in self._blocks],
            "segments": self._segments,
        }
        index = _compress(orjson.dumps(document))
        footer = _FOOTER.pack(self._length, len(index), isal_zlib.crc32(index), END_MAGIC)
        return b"".join((_HEADER.pack(MAGIC, FORMAT_VERSION, 0), *self._parts, index, footer))

    def _close_block(self) -> None:
        packed = _compress(bytes(self._open))
        crc = isal_zlib.crc32(packed)
        self._blocks.append(Block(self._length, len(packed), len(self._open), crc))
        self._parts.append(packed)
        self._length += len(packed)
        self._open.clear()


def encode_pack(
    project: UUID, segments: Mapping[str, Iterable[tuple[int, SegmentRecord]]]
) -> bytes:
    writer = PackWriter(project)
    for segment in sorted(segments):
        for offset, record in segments[segment]:
            writer.add(segment, offset, record)
    return writer.finish()


def index_range(footer: bytes) -> tuple[int, int]:
    """Bytes ``[start, end)`` of the index, from a pack's last ``FOOTER_SIZE`` bytes."""
    if len(footer) != FOOTER_SIZE or footer[-4:] != END_MAGIC:
        raise RejectedError("not a whole pack", code=422)
    offset, length, _, _ = _FOOTER.unpack(footer)
    return offset, offset + length


def decode_index(data: bytes, footer: bytes) -> PackIndex:
    """The index from its bytes, checked by the footer."""
    _, length, crc, _ = _FOOTER.unpack(footer)
    if len(data) != length or isal_zlib.crc32(data) != crc:
        raise RejectedError("the pack's index is damaged", code=422)
    document = orjson.loads(_decompress(data, MAX_RAW_BYTES))
    return PackIndex(
        UUID(document["project"]),
        tuple(Block(*block) for block in document["blocks"]),
        {
            name: {offset: Place(block, position, length) for offset, block, position, length in at}
            for name, at in document["segments"].items()
        },
    )


def decode_block(data: bytes, block: Block) -> bytes:
    """The records of a block, one after the other."""
    if len(data) != block.length or isal_zlib.crc32(data) != block.crc:
        raise RejectedError("a block of the pack is damaged", code=422)
    return _decompress(data, block.raw)


def record_at(block: bytes, place: Place, segment: str) -> SegmentRecord:
    return read_record(block[place.position : place.position + place.length], segment)


def read_pack(data: bytes) -> Sequence[tuple[str, int, SegmentRecord]]:
    """Every record of a whole pack with its address, by segment name and offset."""
    footer = data[-FOOTER_SIZE:]
    start, end = index_range(footer)
    index = decode_index(data[start:end], footer)
    blocks = [decode_block(data[b.offset : b.offset + b.length], b) for b in index.blocks]
    return [
        (segment, offset, record_at(blocks[place.block], place, segment))
        for segment, places in sorted(index.segments.items())
        for offset, place in sorted(places.items())
    ]


def _compress(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True).compress(data)


def _decompress(data: bytes, limit: int) -> bytes:
    try:
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=limit)
    except zstandard.ZstdError as error:
        raise RejectedError("a part of the pack cannot be decompressed", code=422) from error
