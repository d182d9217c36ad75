"""Makes the sketch of a pack (``sketch``). It looks at every byte of every record, in NumPy: for a
process of its own, which nobody waits for."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from hh_core.domain.segments import SegmentRecord
from hh_core.errors import RejectedError
from hh_core.wire.escapes import may_hide_text
from hh_core.wire.otlp_body import UNLIMITED, decompress
from hh_core.wire.pack import (
    FOOTER_SIZE,
    PackIndex,
    decode_block,
    decode_index,
    index_range,
    record_at,
)
from hh_core.wire.sketch import (
    AFTER,
    BEFORE,
    FACTORS,
    FAR,
    OVERLAP,
    Layout,
    encode_head,
    encode_page,
    encode_table,
)

SHARE = 0.25
"""Of a pack's size, at most: what is packed well has few windows."""
MAX_ROWS = 1 << 17
_PIECE = 256 << 10
"""Bytes of a text that go into one column at most, beside the overlap."""
_FULL = 0.18
"""So much of a column set, the next text begins another one."""
_SPACE = 0x20
_SHORT_BITS = np.uint64((1 << 8 * (BEFORE + 1 + AFTER)) - 1)


def sketch_of(pack: bytes) -> bytes:
    """Raises ``RejectedError`` for what is no whole pack."""
    footer = pack[-FOOTER_SIZE:]
    start, end = index_range(footer)
    index = decode_index(pack[start:end], footer)
    room = max(1, int(len(pack) * SHARE))
    columns = _Columns(min(MAX_ROWS, room), 8 * max(1, room // MAX_ROWS))
    held: dict[str, list[tuple[int, int, int]]] = {}
    for segment, offset, record in _records(pack, index):
        first, last = columns.add(record)
        held.setdefault(segment, []).append((offset, first, last))
    matrix = columns.finished()
    table = encode_table(index.project, held)
    layout = Layout(columns.rows, matrix.shape[1], len(table))
    return b"".join((encode_head(layout, table), *_pages(matrix, layout.page_rows)))


def rows_in(text: bytes, rows: int) -> Any:
    """The rows of all windows in ``text``, as an array of numbers."""
    padded = text + bytes(16)
    spaces = np.flatnonzero(np.frombuffer(text, np.uint8)[BEFORE:] == _SPACE) + BEFORE
    words = np.ndarray((len(padded) - 7,), "<u8", padded, 0, (1,))
    short, low, high, _ = (np.uint64(factor) for factor in FACTORS)
    first = words[spaces - BEFORE]
    far = first * low + words[spaces + (FAR - 7)] * high
    return np.concatenate((_rows(far, rows), _rows((first & _SHORT_BITS) * short, rows)))


def _rows(numbers: Any, rows: int) -> Any:
    mixed = (numbers ^ numbers >> np.uint64(32)) * np.uint64(FACTORS[3])
    return (mixed >> np.uint64(32)) % np.uint64(rows)


class _Columns:
    """Columns as they fill, eight to a byte. At most ``most``: then the last one takes the rest,
    and leaves out less."""

    def __init__(self, rows: int, most: int) -> None:
        self.rows = rows
        self._most = most
        self._done: list[Any] = []
        self._open = np.zeros((8, rows), np.uint8)
        self._at = 0
        self._is_new = True

    def add(self, record: SegmentRecord) -> tuple[int, int]:
        """Set the bits of a record; its first column and its last."""
        if not self._is_new and self._open[self._at % 8].mean() > _FULL:
            self._next()
        first = self._at
        for number, piece in enumerate(_pieces(record)):
            if number:
                self._next()
            self._open[self._at % 8][... if piece is None else rows_in(piece, self.rows)] = 1
            self._is_new = False
        return first, self._at

    def finished(self) -> Any:
        """Rows of bytes."""
        self._done.append(np.packbits(self._open, axis=0, bitorder="little")[0])
        return np.stack(self._done, axis=1)

    def _next(self) -> None:
        if self._at + 1 == self._most:
            return
        self._at += 1
        self._is_new = True
        if self._at % 8 == 0:
            self._done.append(np.packbits(self._open, axis=0, bitorder="little")[0])
            self._open[:] = 0


def _pieces(record: SegmentRecord) -> Iterator[bytes | None]:
    """The text of a record, cut; None: nobody can tell what it holds."""
    try:
        plain = decompress(record.body, record.header.encoding, UNLIMITED)
    except RejectedError:
        yield None
        return
    if may_hide_text(plain):
        yield None
        return
    for start in range(0, max(1, len(plain)), _PIECE):
        yield plain[start : start + _PIECE + OVERLAP]


def _records(pack: bytes, index: PackIndex) -> Iterator[tuple[str, int, SegmentRecord]]:
    """In the order of the blocks, one of which is held at a time."""
    places = [
        (place.block, place.position, segment, offset, place)
        for segment, known in index.segments.items()
        for offset, place in known.items()
    ]
    at, data = -1, b""
    for block, _, segment, offset, place in sorted(places, key=lambda found: found[:2]):
        if block != at:
            found = index.blocks[block]
            at, data = block, decode_block(pack[found.offset : found.offset + found.length], found)
        yield segment, offset, record_at(data, place, segment)


def _pages(matrix: Any, page_rows: int) -> Iterator[bytes]:
    rows, width = matrix.shape
    for start in range(0, rows, page_rows):
        data = matrix[start : start + page_rows].tobytes()
        yield encode_page(data.ljust(page_rows * width, b"\0"))
