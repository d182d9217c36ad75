"""Ids and versions of a whole batch as Arrow columns, some bytes of all of them at a time."""

import hashlib
from array import array
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hh_core.domain.identity import MAX_ORDINAL, Version

_EVENT, _TRACE, _SPAN = b"\0\0\0\x05event\0\0\0\x10", b"\0\0\0\x10", b"\0\0\0\x08"
_MESSAGE = len(_EVENT) + 16 + len(_TRACE) + 16 + len(_SPAN) + 8
_VERSION, _VERSION_8 = 0xF << 52, 0x8 << 52
"""Where a UUID's version stands in its first eight bytes, read as a little-endian number."""
_VARIANT, _VARIANT_1 = 0xC0, 0x80
"""Its variant, in the last eight."""
_ALL = (1 << 64) - 1


def derived_events(projects: Any, traces: Any, spans: Any) -> Any:
    """``identity.derived_event`` of each span, as a column of 16 bytes."""
    found = [column.cast(pa.binary()) for column in (projects, traces, spans)]
    joined = _joined(_EVENT, found[0], _TRACE, found[1], _SPAN, found[2])
    messages, sha256 = joined.buffers()[2].to_pybytes(), hashlib.sha256
    starts = range(0, len(joined) * _MESSAGE, _MESSAGE)
    digests = b"".join([sha256(messages[at : at + _MESSAGE]).digest() for at in starts])
    ids = pa.Array.from_buffers(pa.binary(32), len(joined), [None, pa.py_buffer(digests)])
    first = _shaped(word(ids, 0), _VERSION, _VERSION_8)
    last = _shaped(word(ids, 1), _VARIANT, _VARIANT_1)
    return _fixed(_joined(_bytes(first), _bytes(last)), 16)


def versions(ordinals: Sequence[int], rest: Any, generation: int = 0) -> Any:
    """A column of little-endian versions: the ordinals as ``Version.derived`` has them, and the
    ``rest`` of each."""
    if generation or max(ordinals, default=0) > MAX_ORDINAL:
        ordinals = [Version.derived(ordinal, generation) for ordinal in ordinals]
    places = pa.py_buffer(array("I", ordinals).tobytes())
    first = pa.Array.from_buffers(pa.binary(4), len(ordinals), [None, places])
    return _fixed(_joined(first.cast(pa.binary()), rest), 16)


def word(ids: Any, place: int) -> Any:
    """Eight bytes of each id as a number."""
    found = one(pc.binary_slice(ids, 8 * place, 8 * place + 8))
    return pa.Array.from_buffers(pa.uint64(), len(found), found.buffers(), offset=found.offset)


def one(column: Any) -> Any:
    """A column in one piece."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _shaped(words: Any, field: int, value: int) -> Any:
    kept = pc.bit_wise_and(words, pa.scalar(_ALL & ~field, pa.uint64()))
    return pc.bit_wise_or(kept, pa.scalar(value, pa.uint64()))


def _bytes(words: Any) -> Any:
    form = pa.binary(8)
    return pa.Array.from_buffers(form, len(words), words.buffers()).cast(pa.binary())


def _joined(*parts: Any) -> Any:
    return one(pc.binary_join_element_wise(*parts, b""))


def _fixed(column: Any, width: int) -> Any:
    """A column of texts that all have ``width`` bytes, as one of fixed width."""
    return pa.Array.from_buffers(pa.binary(width), len(column), [None, column.buffers()[2]])
