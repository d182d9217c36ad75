"""The ids of a whole batch, eight bytes at a time: short keys, and which ones clients chose."""

import hashlib
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hh_core.wire.ids import derived_events, one, word

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
    both = pc.bit_wise_xor(word(traces, 0), word(traces, 1))
    return pc.bit_wise_or(both, pa.scalar(TRACE, pa.uint64()))


def event_keys(events: Any) -> Any:
    """``event_key`` of each id of an Arrow column, as uint64."""
    found, sha256 = one(events), hashlib.sha256
    first, count = found.offset * _ID, len(found)
    ids = found.buffers()[1].slice(first, count * _ID).to_pybytes()
    starts = range(0, len(ids), _ID)
    words = b"".join([sha256(ids[start : start + _ID]).digest()[:8] for start in starts])
    keys = pa.Array.from_buffers(pa.uint64(), count, [None, pa.py_buffer(words)])
    return pc.bit_wise_and(keys, pa.scalar(_ALL ^ TRACE, pa.uint64()))


def chosen(table: Any) -> Any:
    """For each row whether its event's id is not ``identity.derived_event`` of its span."""
    columns = (table.column(name) for name in ("project_id", "trace_id", "span_id"))
    return pc.not_equal(table.column("event_id"), derived_events(*columns))
