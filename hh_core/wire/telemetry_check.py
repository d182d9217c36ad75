"""What a control plane takes from a data plane: the strict reading of a batch of telemetry records.

The bytes come from another owner's machine. The stream must be exactly one uncompressed batch of
exactly the 24 columns; then each row must keep every rule. A row that breaks one is refused and
named, by column and rule and never by value; the others pass.
"""

import struct
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from hh_core.domain.identity import NIL
from hh_core.domain.telemetry import (
    EVENT_TYPES,
    MAX_COST,
    MAX_COUNT,
    MAX_PROMOTED,
    MAX_RECEIVED_MS,
    MAX_TIME_NS,
    STATUSES,
    USAGE_KINDS,
    is_safe_name,
)
from hh_core.errors import RejectedError
from hh_core.wire.telemetry import NAMES, SCHEMA

Rule = tuple[str, pa.Array]
"""A code, ``column.rule``, and the rows that break it as booleans (null: broken)."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The rows that keep every rule, and of ``total`` rows those that do not, in row order."""

    batch: pa.RecordBatch
    refusals: list[tuple[int, str]]
    total: int


def check(
    data: bytes, *, dp_id: str, segment: str, projects: Collection[UUID] | None = None
) -> Checked:
    """Read a batch that the data plane ``dp_id``, which may tell of ``projects`` (None: of any),
    sent for ``segment``.

    Raises ``RejectedError`` when it is not a batch of telemetry records at all.
    """
    batch = _read(data)
    broken: dict[int, str] = {}
    for code, breaks in _rules(batch, dp_id, segment, projects):
        bad = pc.fill_null(breaks, True)
        if pc.any(bad).as_py():
            for row in pc.indices_nonzero(bad).to_pylist():
                broken.setdefault(row, code)
    if broken:
        kept = pa.array([row not in broken for row in range(batch.num_rows)])
        return Checked(batch.filter(kept), sorted(broken.items()), batch.num_rows)
    return Checked(batch, [], batch.num_rows)


def _rules(
    batch: pa.RecordBatch, dp_id: str, segment: str, projects: Collection[UUID] | None
) -> Iterator[Rule]:
    column = batch.column
    for name in SCHEMA.names:
        if name != "cost" and column(name).null_count:
            yield f"{name}.null", pc.is_null(column(name))
    for name in ("project_id", "event_id", "trace_id"):
        yield f"{name}.nil", pc.equal(column(name), pa.scalar(NIL.bytes, column(name).type))
    if projects is not None:
        yield "project_id.foreign", _foreign(column("project_id"), projects)
    yield "event_type.kind", _not_in(column("event_type"), EVENT_TYPES.__contains__)
    yield "status.kind", _not_in(column("status"), STATUSES.__contains__)
    for name in NAMES:
        yield f"{name}.pattern", _not_in(column(name), lambda text: not text or is_safe_name(text))
    yield "segment.name", pc.not_equal(column("segment"), segment)
    yield "dp_id.foreign", pc.not_equal(column("dp_id"), dp_id)
    yield "is_deleted.flag", pc.greater(column("is_deleted"), 1)
    for name in ("start_ns", "duration_ns"):
        yield f"{name}.range", _outside(column(name), MAX_TIME_NS)
    yield "received_ms.range", _outside(column("received_ms"), MAX_RECEIVED_MS)
    yield "version.range", _outside(_received(column("version")), MAX_RECEIVED_MS)
    yield "cost.range", _out_of_range(column("cost"))
    yield "usage.kind", _bad_usage(column("usage"))
    yield "promoted.count", pc.greater(_lengths(column("promoted")), MAX_PROMOTED)
    yield "promoted.pattern", _bad_promoted(column("promoted"))


def _not_in(column: pa.Array, allowed: Callable[[str], bool]) -> pa.Array:
    coded = pc.dictionary_encode(column)
    verdicts = [not allowed(text) for text in coded.dictionary.to_pylist()]
    return pa.array(verdicts, pa.bool_()).take(coded.indices)


def _foreign(column: pa.Array, projects: Collection[UUID]) -> pa.Array:
    own = pa.array([project.bytes for project in projects], column.type)
    return pc.invert(pc.is_in(column, own))


def _outside(column: pa.Array, most: int) -> pa.Array:
    return pc.or_(pc.less(column, 0), pc.greater(column, most))


def _received(version: pa.Array) -> pa.Array:
    """The time of receipt, in milliseconds, in the top 48 bits of little-endian versions."""
    halves = pa.Array.from_buffers(
        pa.uint64(), 2 * len(version), [None, version.buffers()[1]], offset=2 * version.offset
    )
    high = pc.list_element(pa.FixedSizeListArray.from_arrays(halves, 2), 1)
    return pc.shift_right(high, pa.scalar(16, pa.uint64()))


def _out_of_range(cost: pa.Array) -> pa.Array:
    """A missing cost is not known, which is no mistake."""
    return pc.fill_null(pc.greater(pc.abs(cost), pa.scalar(MAX_COST)), False)


def _lengths(column: pa.Array) -> pa.Array:
    return pc.subtract(column.offsets[1:], column.offsets[:-1])


def _bad_usage(column: pa.Array) -> pa.Array:
    """Rows with an unknown kind, one kind twice, or a count that nobody can have used."""
    kinds, counts = column.keys, column.items
    known = pc.all(pc.is_in(kinds, pa.array(sorted(USAGE_KINDS)))).as_py() is not False
    low = counts.null_count == 0 and (pc.max(counts).as_py() or 0) <= MAX_COUNT
    if known and low and not _has_twice(column):
        return pa.array([False] * len(column))
    return pa.array([not _is_usage(row) for row in column.to_pylist()])


def _bad_promoted(column: pa.Array) -> pa.Array:
    """Rows with a key or value that is no name, or one key twice. Most batches have none."""
    if not len(column.keys):
        return pa.array([False] * len(column))
    return pa.array([not _are_names(row) for row in column.to_pylist()])


def _are_names(row: list[tuple[str, str | None]] | None) -> bool:
    pairs = row or []
    return len({key for key, _ in pairs}) == len(pairs) and all(
        is_safe_name(key) and value is not None and (not value or is_safe_name(value))
        for key, value in pairs
    )


def _has_twice(column: pa.Array) -> bool:
    """Whether some row names a kind twice."""
    coded = pc.dictionary_encode(column.keys)
    kinds = len(coded.dictionary)
    rows = pc.list_parent_indices(pa.ListArray.from_arrays(column.offsets, coded.indices))
    pairs = pc.add(pc.multiply(rows, kinds), pc.cast(coded.indices, pa.int64()))
    distinct: int = pc.count_distinct(pairs).as_py()
    return distinct < len(pairs)


def _is_usage(counts: list[tuple[str, int | None]] | None) -> bool:
    kinds = [kind for kind, _ in counts or ()]
    return (
        len(set(kinds)) == len(kinds)
        and USAGE_KINDS.issuperset(kinds)
        and all(count is not None and count <= MAX_COUNT for _, count in counts or ())
    )


def _read(data: bytes) -> pa.RecordBatch:
    try:
        reader = pa.ipc.MessageReader.open_stream(pa.BufferReader(data))
        schema = pa.ipc.read_schema(reader.read_next_message())
        if not schema.equals(SCHEMA, check_metadata=True):
            raise RejectedError("batch: not exactly the columns of a telemetry record")
        message = reader.read_next_message()
        if message.type != "record batch" or _is_compressed(message.metadata):
            raise RejectedError("batch: not one uncompressed record batch")
        batch = pa.ipc.read_record_batch(message, schema)
        batch.validate(full=True)
        _require_end(reader)
    except StopIteration:
        raise RejectedError("batch: it ends too early") from None
    except (pa.ArrowException, OSError, struct.error, ValueError) as error:
        raise RejectedError("batch: not an Arrow stream") from error
    return batch


def _require_end(reader: pa.ipc.MessageReader) -> None:
    try:
        reader.read_next_message()
    except StopIteration:
        return
    raise RejectedError("batch: more than one record batch")


def _is_compressed(metadata: pa.Buffer) -> bool:
    """Whether the flatbuffer of a record batch names a body compression.

    Decompression would happen before any limit could apply. Arrow's reader has no switch for it,
    so this reads two tables of https://github.com/apache/arrow/blob/main/format/Message.fbs:
    ``Message.header`` is field 2, ``RecordBatch.compression`` is field 3.
    """
    raw = metadata.to_pybytes()
    message = struct.unpack_from("<I", raw)[0]
    header = _field(raw, message, 2)
    if header == 0:
        raise RejectedError("batch: a message without a header")
    return _field(raw, header + struct.unpack_from("<I", raw, header)[0], 3) != 0


def _field(raw: bytes, table: int, index: int) -> int:
    """Where field ``index`` of the flatbuffer table at ``table`` stands; 0 if it is not set."""
    vtable = table - struct.unpack_from("<i", raw, table)[0]
    size = struct.unpack_from("<H", raw, vtable)[0]
    if 4 + 2 * index >= size:
        return 0
    offset: int = struct.unpack_from("<H", raw, vtable + 4 + 2 * index)[0]
    return table + offset if offset else 0
