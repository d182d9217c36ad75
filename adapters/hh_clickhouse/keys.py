"""The ids of a whole batch, eight bytes at a time: short keys, and which ones clients chose."""

import hashlib
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_EVENT, _TRACE, _SPAN = b"\0\0\0\x05event\0\0\0\x10", b"\0\0\0\x10", b"\0\0\0\x08"
_MESSAGE = len(_EVENT) + 16 + len(_TRACE) + 16 + len(_SPAN) + 8
_VERSION, _VERSION_8 = 0xF << 52, 0x8 << 52
"""Where a UUID's version stands in its first eight bytes, read as a little-endian number."""
_VARIANT, _VARIANT_1 = 0xC0, 0x80
"""Its variant, in the last eight."""
_ALL = (1 << 64) - 1


_ID = 16

TRACE = 1 << 63
"""Set in the keys of traces, not in those of events: so each sort together."""


def trace_key(trace: bytes) -> int:
    """A trace's id in eight bytes: both halves meet, as either may be the same in all ids."""
    return int.from_bytes(trace[:8], "little") ^ int.from_bytes(trace[8:], "little") | TRACE


def event_key(event: bytes) -> int:
    """An event's id in eight bytes of its SHA-256: clients choose ids, and many with one key would
    each be looked up at the places of all."""
    return int.from_bytes(hashlib.sha256(event).digest()[:8], "little") & ~TRACE


def trace_keys(traces: Any) -> Any:
    """``trace_key`` of each id of an Arrow column, as uint64."""
    both = pc.bit_wise_xor(_word(traces, 0), _word(traces, 1))
    return pc.bit_wise_or(both, pa.scalar(TRACE, pa.uint64()))


def event_keys(events: Any) -> Any:
    """``event_key`` of each id of an Arrow column, as uint64."""
    found, sha256 = _one(events), hashlib.sha256
    first, count = found.offset * _ID, len(found)
    ids = found.buffers()[1].slice(first, count * _ID).to_pybytes()
    starts = range(0, len(ids), _ID)
    words = b"".join([sha256(ids[start : start + _ID]).digest()[:8] for start in starts])
    keys = pa.Array.from_buffers(pa.uint64(), count, [None, pa.py_buffer(words)])
    return pc.bit_wise_and(keys, pa.scalar(_ALL ^ TRACE, pa.uint64()))


def chosen(table: Any) -> Any:
    """For each row whether its event's id is not ``identity.derived_event`` of its span."""
    project, trace, span = (
        table.column(name).cast(pa.binary()) for name in ("project_id", "trace_id", "span_id")
    )
    joined = _one(pc.binary_join_element_wise(_EVENT, project, _TRACE, trace, _SPAN, span, b""))
    messages, sha256 = joined.buffers()[2].to_pybytes(), hashlib.sha256
    starts = range(0, len(joined) * _MESSAGE, _MESSAGE)
    digests = b"".join([sha256(messages[start : start + _MESSAGE]).digest() for start in starts])
    wanted = pa.Array.from_buffers(pa.binary(32), len(joined), [None, pa.py_buffer(digests)])
    own = table.column("event_id")
    first, last = _word(wanted, 0), _word(wanted, 1)
    return pc.or_(
        pc.not_equal(_word(own, 0), _shaped(first, _VERSION, _VERSION_8)),
        pc.not_equal(_word(own, 1), _shaped(last, _VARIANT, _VARIANT_1)),
    )


def _shaped(words: Any, field: int, value: int) -> Any:
    kept = pc.bit_wise_and(words, pa.scalar(_ALL & ~field, pa.uint64()))
    return pc.bit_wise_or(kept, pa.scalar(value, pa.uint64()))


def _word(ids: Any, place: int) -> Any:
    """Eight bytes of each id as a number."""
    found = _one(pc.binary_slice(ids, 8 * place, 8 * place + 8))
    return pa.Array.from_buffers(pa.uint64(), len(found), found.buffers(), offset=found.offset)


def _one(column: Any) -> Any:
    """A column in one piece."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
