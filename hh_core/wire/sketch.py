"""The sketch of a pack, version 1: which of its records cannot hold a phrase.

::

    sketch = header(32)  table  page*
    header = "HHSK" u16 version  u16 0  u32 rows  u32 width  u32 table_length  u32 table_crc
             u32 header_crc  u32 0                                              (little endian)
    table  = zstd frame of JSON {"project", "segments": {name: [[record, first, last]…]}}
    page   = as many whole rows as fit into 256 bytes, at least one  u32 crc

A row is a string of bits, ``width`` bytes, one bit for each *column*: a stretch of text, of one
large record a part, or of many small ones all. At each space of a text two windows are looked at,
7 and 10 bytes from three before it on; the hash of a window names a row, in which the column's bit
is set. Whatever holds a phrase holds the windows at its spaces, so a column in which one of their
bits is not set does not hold it. Rows, not columns, stand together: a question reads the few pages
of its windows. Columns overlap by ``OVERLAP`` bytes where a record is cut.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
import zstandard
from isal import isal_zlib

from hh_core.errors import RejectedError

MAGIC = b"HHSK"
FORMAT_VERSION = 1
OVERLAP = 4096
"""Longer phrases are looked for by their beginning."""
BEFORE, AFTER, FAR = 3, 3, 6
"""Bytes of a window before its space, and after it: of the short one and the long one."""
FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)
"""Odd numbers that spread bits: for the short window, for both words of the long one, at last."""
MAX_TABLE_BYTES = 1 << 28
_HEADER = struct.Struct("<4sHHIIIIII")
HEADER_SIZE = _HEADER.size
_CHECKED = HEADER_SIZE - 8
_PAGE_BYTES = 256
_WINDOWS = 12
"""Of a phrase: more would hardly leave out more."""
_SPACE = 0x20
_ALL = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Layout:
    rows: int
    width: int
    """Bytes of a row: an eighth of the columns."""
    table: int
    """Bytes of the table."""

    @property
    def page_rows(self) -> int:
        return max(1, _PAGE_BYTES // self.width)

    def page_range(self, row: int) -> tuple[int, int]:
        """Where the page of a row stands: bytes ``[start, end)``."""
        size = self.page_rows * self.width + 4
        start = HEADER_SIZE + self.table + row // self.page_rows * size
        return start, start + size

    def columns_of(self, page: bytes, row: int) -> int:
        """The columns whose bit is set in ``row``, as a number: column n is bit n. Raises
        ``RejectedError`` if the page does not check."""
        if len(page) != self.page_rows * self.width + 4 or page[-4:] != _crc(page[:-4]):
            raise RejectedError("a page of the sketch is damaged", code=422)
        at = row % self.page_rows * self.width
        return int.from_bytes(page[at : at + self.width], "little")


Held = Mapping[str, Sequence[tuple[int, int, int]]]
"""By segment: the offset of each record, and its first and last column."""


def encode_head(layout: Layout, table: bytes) -> bytes:
    """Header and table."""
    fields = (MAGIC, FORMAT_VERSION, 0, layout.rows, layout.width, len(table))
    checked = _HEADER.pack(*fields, isal_zlib.crc32(table), 0, 0)[:_CHECKED]
    return checked + _crc(checked) + bytes(4) + table


def encode_table(project: UUID, held: Held) -> bytes:
    document = orjson.dumps({"project": str(project), "segments": held})
    return zstandard.ZstdCompressor(level=3, write_content_size=True).compress(document)


def encode_page(rows: bytes) -> bytes:
    return rows + _crc(rows)


def decode_header(data: bytes) -> Layout:
    """From the first ``HEADER_SIZE`` bytes. Raises ``RejectedError`` for what is no sketch."""
    if len(data) < HEADER_SIZE or data[:4] != MAGIC:
        raise RejectedError("not a sketch", code=422)
    _, version, _, rows, width, table, _, _, _ = _HEADER.unpack_from(data)
    if version != FORMAT_VERSION or data[_CHECKED : _CHECKED + 4] != _crc(data[:_CHECKED]):
        raise RejectedError("the sketch is damaged, or of another version", code=422)
    return Layout(rows, width, table)


def decode_table(data: bytes, header: bytes, project: UUID) -> Held:
    """Raises ``RejectedError`` if it does not check, or is of another project."""
    crc = _HEADER.unpack_from(header)[6]
    if isal_zlib.crc32(data) != crc:
        raise RejectedError("the table of the sketch is damaged", code=422)
    plain = zstandard.ZstdDecompressor().decompress(data, max_output_size=MAX_TABLE_BYTES)
    document = orjson.loads(plain)
    if document["project"] != str(project):
        raise RejectedError("the sketch belongs to another project", code=422)
    held: Held = document["segments"]
    return held


def rows_of(phrase: bytes, rows: int) -> Sequence[int]:
    """The rows in which whatever holds ``phrase`` has its bit; none if it has no whole window."""
    found = dict.fromkeys(_hash % rows for _hash in _hashes(phrase[: OVERLAP // 2]))
    return list(found)[:_WINDOWS]


def _hashes(phrase: bytes) -> Iterator[int]:
    """Of each window in ``phrase``, the long ones first: few texts have them. The same numbers as
    ``sketch_writer`` finds."""
    short, low, high, _ = FACTORS
    spaces = [at for at in range(BEFORE, len(phrase) - AFTER) if phrase[at] == _SPACE]
    for at in spaces:
        if at + FAR < len(phrase):
            first = int.from_bytes(phrase[at - BEFORE : at - BEFORE + 8], "little")
            last = int.from_bytes(phrase[at + FAR - 7 : at + FAR + 1], "little")
            yield _finished(first * low + last * high)
    for at in spaces:
        yield _finished(int.from_bytes(phrase[at - BEFORE : at + AFTER + 1], "little") * short)


def _finished(number: int) -> int:
    number &= _ALL
    return ((number ^ number >> 32) * FACTORS[3] & _ALL) >> 32


def _crc(data: bytes) -> bytes:
    return struct.pack("<I", isal_zlib.crc32(data))
