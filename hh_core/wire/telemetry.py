"""The telemetry record on the wire: the 24 columns that cross to the control plane, as Arrow IPC.

``telemetry`` is the only way from a data plane's rows to what leaves it. It takes the columns of
the allow-list by name and type; every text among them is an enumeration, an id of ours, or a name
that passed ``hh_core.domain.telemetry.safe_name``. Whatever else stands in the row stays behind.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hh_core.domain.identity import NIL, derived_session_key
from hh_core.domain.tables import Relation
from hh_core.domain.telemetry import (
    EVENT_TYPES,
    MAX_COST,
    MAX_COUNT,
    STATUSES,
    USAGE_KINDS,
    Crossing,
    Crossings,
    hashed_name,
    safe_name,
)
from hh_core.wire import columns

FORMAT_VERSION = 1
"""Of ``schema/telemetry.proto`` and of the columns."""

SCHEMA = columns.schema(Relation.EVENTS, telemetry=True)
NAMES = ("event_name", "model", "provider", "service", "error_class")
"""The columns whose text a client chose: each crosses by the pattern or as a keyed hash."""

ALLOW_LIST = Crossings()
"""Nothing more and nothing less."""

_HOUR_NS = 3_600_000_000_000
_EARLIEST_NS = -(1 << 63)


def telemetry(
    events: pa.RecordBatch, key: bytes, crossings: Crossings = ALLOW_LIST
) -> pa.RecordBatch:
    """What crosses of a data plane's rows of EVENTS. ``key`` is the plane's own name key.

    Costs by distinct name, not by row. Never raises for what a client sent: an unknown event type
    or status becomes the least telling one; an unknown token kind, an absurd count or cost is left
    out.
    """
    kept = {name: events.column(name) for name in SCHEMA.names}
    strict = _strict(events, crossings)
    for name in NAMES:
        kept[name] = _crossing_names(kept[name], key, strict)
    kept["event_type"] = _mapped(
        kept["event_type"], lambda text: text if text in EVENT_TYPES else "tool"
    )
    kept["status"] = _mapped(kept["status"], lambda text: text if text in STATUSES else "unset")
    kept["usage"] = _known_usage(kept["usage"])
    kept["cost"] = _known_cost(kept["cost"])
    kept["promoted"] = _promoted(events, key, crossings)
    return pa.RecordBatch.from_arrays([kept[name] for name in SCHEMA.names], schema=SCHEMA)


def encode(batch: pa.RecordBatch) -> bytes:
    """An uncompressed Arrow IPC stream of one batch."""
    return columns.table_bytes(pa.Table.from_batches([batch]))


def decode(data: bytes) -> pa.RecordBatch:
    """The rows of a stream that this plane wrote itself, as one batch. Raises ``RejectedError``."""
    return one_batch(columns.decode(Relation.EVENTS, data, telemetry=True))


def one_batch(table: pa.Table) -> pa.RecordBatch:
    """All rows of ``table`` in one batch, also when there are none."""
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def concat(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """The rows of several batches of telemetry records as one."""
    return one_batch(pa.Table.from_batches(batches, SCHEMA))


def without(batch: pa.RecordBatch, others: pa.RecordBatch) -> pa.RecordBatch:
    """The rows of ``batch`` of events that ``others`` have no row of."""
    return batch.filter(pc.invert(pc.is_in(_events(batch), value_set=_events(others))))


def _events(batch: pa.RecordBatch) -> Any:
    """Project and event id as one."""
    cells = [pc.cast(batch.column(name), pa.binary()) for name in ("project_id", "event_id")]
    return pc.binary_join_element_wise(*cells, pa.scalar(b"", pa.binary()))


def digest(data: bytes) -> str:
    """Tells two renderings of a segment's telemetry apart: 16 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()[:16]


def slices(data: bytes, rows: int) -> tuple[Sequence[tuple[int, int, Callable[[], bytes]]], int]:
    """Cut a spooled stream into parts of at most ``rows``: (first row, rows, render), and how
    many rows there are in all. Raises ``RejectedError`` when ``data`` does not read."""
    batch = decode(data)
    if 0 < batch.num_rows <= rows:
        return [(0, batch.num_rows, lambda: data)], batch.num_rows

    def part(first: int) -> tuple[int, int, Callable[[], bytes]]:
        cut = batch.slice(first, rows)
        return first, cut.num_rows, lambda: encode(cut)

    return [part(first) for first in range(0, batch.num_rows, rows)], batch.num_rows


def links(batch: pa.RecordBatch, mark: int) -> pa.RecordBatch:
    """Rows of SESSION_TRACES: which sessions the traces of ``batch`` claim, or have by default.

    ``mark`` tells this batch from others."""
    table = pa.Table.from_batches([batch]).select(
        ["project_id", "trace_id", "session_key", "start_ns"]
    )
    groups = table.group_by(["project_id", "trace_id", "session_key"]).aggregate(
        [("start_ns", "min"), ("start_ns", "max")]
    )
    projects, traces, claims = (
        groups.column(name).to_pylist() for name in ("project_id", "trace_id", "session_key")
    )
    nil = NIL.bytes
    cells: dict[str, Any] = {
        "project_id": groups.column("project_id"),
        "session_key": [
            derived_session_key(project, trace) if claim == nil else claim
            for project, trace, claim in zip(projects, traces, claims, strict=True)
        ],
        "trace_id": groups.column("trace_id"),
        "is_derived": [int(claim == nil) for claim in claims],
        "min_hour": [_hour(start) for start in groups.column("start_ns_min").to_pylist()],
        "max_hour": [_hour(start) for start in groups.column("start_ns_max").to_pylist()],
        "min_mark": [mark] * groups.num_rows,
        "max_mark": [mark] * groups.num_rows,
    }
    schema = columns.schema(Relation.SESSION_TRACES)
    return one_batch(pa.table([cells[name] for name in schema.names], schema=schema))


def _hour(time_ns: int) -> int:
    """The hour that holds ``time_ns``; of the very first one, which 64 bits cut, what they hold."""
    return max(_EARLIEST_NS, time_ns - time_ns % _HOUR_NS)


def _strict(events: pa.RecordBatch, crossings: Crossings) -> pa.Array | None:
    """Which rows are of strict projects; None if none is."""
    if crossings.is_strict:
        return pa.array([True] * events.num_rows)
    return _rows_of(events, [id_ for id_, rule in crossings.projects.items() if rule.is_strict])


def _rows_of(events: pa.RecordBatch, projects: Sequence[bytes]) -> pa.Array | None:
    """Which rows are of ``projects``; None if none is."""
    if not projects:
        return None
    column = events.column("project_id")
    found = pc.is_in(column, pa.array(projects, column.type))
    return found if pc.any(found).as_py() else None


def _crossing_names(column: pa.Array, key: bytes, strict: pa.Array | None) -> pa.Array:
    names = _mapped(column, lambda text: safe_name(key, text))
    if strict is None:
        return names
    return pc.if_else(strict, _mapped(column, lambda text: hashed_name(key, text)), names)


def _promoted(events: pa.RecordBatch, key: bytes, crossings: Crossings) -> pa.Array:
    """Of each row what its project promotes. Costs by row, where a project promotes anything."""
    type_ = SCHEMA.field("promoted").type
    rules = {id_: rule for id_, rule in crossings.projects.items() if rule.promoted}
    if _rows_of(events, list(rules)) is None:
        return pa.array([{}] * events.num_rows, type_)
    cells = zip(
        events.column("project_id").to_pylist(),
        events.column("attributes").to_pylist(),
        strict=True,
    )
    strict = crossings.is_strict
    return pa.array([_chosen(rules.get(id_), row, key, strict) for id_, row in cells], type_)


def _chosen(
    rule: Crossing | None, attributes: Sequence[tuple[str, str]] | None, key: bytes, strict: bool
) -> list[tuple[str, str]]:
    if rule is None:
        return []
    named = hashed_name if strict or rule.is_strict else safe_name
    return [(name, named(key, text)) for name, text in attributes or () if name in rule.promoted]


def _mapped(column: pa.Array, rule: Callable[[str], str]) -> pa.Array:
    """``rule`` of each text, computed once for each distinct one."""
    coded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
    mapped = pa.array([rule(text or "") for text in coded.dictionary.to_pylist()], pa.string())
    return pc.fill_null(mapped.take(coded.indices), rule(""))


def _known_usage(column: pa.Array) -> pa.Array:
    """Token counts of known kinds. Rebuilt only if some row has others."""
    kinds = pa.array(sorted(USAGE_KINDS), pa.string())
    keys, items = pc.unique(column.keys), column.items
    most = pc.max(items).as_py() or 0
    plain = column.null_count == 0 and items.null_count == 0 and most <= MAX_COUNT
    if plain and pc.all(pc.is_in(keys, kinds)).as_py() is not False:
        return column
    return pa.array([dict(_known(row)) for row in column.to_pylist()], column.type)


def _known(counts: Sequence[tuple[str, int | None]] | None) -> Iterator[tuple[str, int]]:
    for kind, count in counts or ():
        if kind in USAGE_KINDS and count is not None and count <= MAX_COUNT:
            yield kind, count


def _known_cost(column: pa.Array) -> pa.Array:
    absurd = pc.fill_null(pc.greater(pc.abs(column), pa.scalar(MAX_COST)), False)
    return pc.if_else(absurd, pa.scalar(None, column.type), column)
