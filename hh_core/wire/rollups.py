"""Roll-ups of sessions that one batch of rows holds whole, column by column.

``hh_core.domain.rollup`` says the same a rule at a time; a property test holds the two together.
"""

from collections.abc import Mapping
from itertools import accumulate
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from hh_core.domain.tables import Relation
from hh_core.wire import calls, columns

FROM_BATCH = 1
"""The ``recount`` of what one batch added up: any that reads rows is newer."""

SCHEMA = columns.schema(Relation.SESSIONS)

_NIL = pa.scalar(bytes(16), pa.binary(16))
_USAGE = SCHEMA.field("usage").type


def roll_ups(project: UUID, rows: pa.Table, sessions: Mapping[bytes, bytes]) -> pa.RecordBatch:
    """Rows of SESSIONS. ``sessions`` names the one session of each trace, which its events
    claim if they claim any; other traces do not count.

    ``rows`` are of EVENTS (of telemetry, or with content): each event of ``project`` once, none
    deleted. Their values keep the ranges of ``hh_core.domain.telemetry``, so that no sum overflows.
    """
    numbers = {session: number for number, session in enumerate(dict.fromkeys(sessions.values()))}
    placed = _placed(rows, {trace: numbers[session] for trace, session in sessions.items()})
    ordered = placed.sort_by([("start_ns", "ascending"), ("event_id", "ascending")])
    groups = ordered.group_by("session", use_threads=False).aggregate(
        [
            ("event_name", "first"),
            ("start_ns", "min"),
            ("end_ns", "max"),
            ([], "count_all"),
            ("is_model", "sum"),
            ("is_error", "sum"),
            ("feedback", "max"),
            ("received_ms", "max"),
        ]
    )
    found = _whole(groups.column("session"))
    keys = pa.array(list(numbers), pa.binary(16)).take(found)
    start, count = groups.column("start_ns_min"), len(keys)
    cells = {
        "project_id": pa.repeat(pa.scalar(project.bytes, pa.binary(16)), count),
        "session_key": keys,
        "session_id": _texts(ordered, found, keys),
        "event_name": groups.column("event_name_first"),
        "start_ns": start,
        "end_ns": pc.max_element_wise(start, groups.column("end_ns_max")),
        "num_events": groups.column("count_all"),
        "num_model_events": groups.column("is_model_sum"),
        "num_errors": groups.column("is_error_sum"),
        "usage": _usage(ordered, found),
        "cost": _cost(ordered, found),
        "has_feedback": groups.column("feedback_max"),
        "is_started": pa.repeat(pa.scalar(0, pa.uint8()), count),
        "last_received_ms": groups.column("received_ms_max"),
        "recount": pa.repeat(pa.scalar(FROM_BATCH, pa.uint64()), count),
    }
    arrays = [_whole(pc.cast(cells[field.name], field.type)) for field in SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _placed(rows: pa.Table, sessions: Mapping[bytes, int]) -> pa.Table:
    """The rows of the ``sessions``' traces, with what a session adds up. Sessions are numbers
    here: grouping by those is faster than by their keys."""
    traces = pa.array(list(sessions), pa.binary(16))
    found = pc.index_in(rows.column("trace_id"), value_set=traces)
    kept = rows.filter(pc.is_valid(found))
    numbers = pa.array(list(sessions.values()), pa.int32()).take(pc.drop_null(found))
    keyless = pc.equal(kept.column("call_key"), _NIL)
    is_model = pc.equal(kept.column("event_type"), "model")
    usage, priced = _whole(kept.column("usage")), pc.is_valid(kept.column("cost"))
    told, saying = pc.greater(calls.lengths(usage), 0), calls.says(usage)
    return pa.table(
        {
            "session": numbers,
            "event_id": kept.column("event_id"),
            "keyless": keyless,
            "call": pc.if_else(keyless, kept.column("event_id"), kept.column("call_key")),
            "claimed_id": _claimed_ids(kept),
            "event_name": kept.column("event_name"),
            "start_ns": kept.column("start_ns"),
            "end_ns": pc.add(kept.column("start_ns"), kept.column("duration_ns")),
            "is_model": is_model.cast(pa.uint8()),
            "is_error": pc.equal(kept.column("status"), "error").cast(pa.uint8()),
            "feedback": _feedback(kept),
            "received_ms": kept.column("received_ms"),
            "usage": usage,
            "told": calls.without_repeats(kept, is_model, told, saying),
            "saying": saying,
            "cost": kept.column("cost"),
            "priced": calls.without_repeats(kept, is_model, priced, priced),
        }
    )


def _feedback(rows: pa.Table) -> Any:
    """1 for each row with an attribute of feedback; only data planes know."""
    none = pa.repeat(pa.scalar(0, pa.uint8()), rows.num_rows)
    if "attributes" not in rows.column_names:
        return none
    attributes = _whole(rows.column("attributes"))
    told = pc.starts_with(attributes.keys, "feedback.")
    if not pc.any(told).as_py():
        return none
    owners = pc.unique(calls.parents(attributes).filter(told))
    return pc.is_in(pa.array(range(rows.num_rows)), value_set=owners).cast(pa.uint8())


def _claimed_ids(rows: pa.Table) -> Any:
    """What each row that claims its session calls it; null where the index does not keep that."""
    if "session_id" not in rows.column_names:
        return pa.nulls(rows.num_rows, pa.string())
    texts = rows.column("session_id")
    told = pc.and_(
        pc.not_equal(rows.column("session_key"), _NIL), pc.greater(pc.binary_length(texts), 0)
    )
    return pc.if_else(told, texts, pa.scalar(None, pa.string()))


def _texts(ordered: pa.Table, sessions: Any, keys: Any) -> Any:
    """The sessions' ids as clients know them: the first that was claimed, else our own."""
    told = ordered.filter(pc.is_valid(ordered.column("claimed_id")))
    first = told.group_by("session", use_threads=False).aggregate([("claimed_id", "first")])
    claimed = _looked_up(first, "claimed_id_first", sessions)
    missing = pc.is_null(claimed)
    own = [_uuid_text(key.hex()) for key in keys.filter(missing).to_pylist()]
    return pc.replace_with_mask(claimed, missing, pa.array(own, pa.string()))


def _uuid_text(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _usage(ordered: pa.Table, sessions: Any) -> Any:
    """The tokens of each call, added up by kind, in the order of the kinds as a recount has it."""
    some = ordered.filter(ordered.column("told"))
    told = calls.one_of_each(some, some.column("saying"))
    counts = _whole(told.column("usage"))
    owners = _whole(told.column("session")).take(calls.parents(counts))
    flat = pa.table(
        {
            "place": pc.index_in(owners, value_set=sessions),
            "kind": counts.keys,
            "count": counts.items,
        }
    )
    sums = flat.group_by(["place", "kind"], use_threads=False).aggregate([("count", "sum")])
    sums = sums.sort_by([("place", "ascending"), ("kind", "ascending")])
    kinds = [0] * len(sessions)
    for place in sums.column("place").to_pylist():
        kinds[place] += 1
    return pa.MapArray.from_arrays(
        pa.array(accumulate(kinds, initial=0), pa.int32()),
        _whole(sums.column("kind")),
        _whole(sums.column("count_sum")),
        _USAGE,
    )


def _cost(ordered: pa.Table, sessions: Any) -> Any:
    """The cost of each call, added up; null if no event tells one."""
    some = ordered.filter(ordered.column("priced"))
    told = calls.one_of_each(some, some.column("priced"))
    sums = told.group_by("session", use_threads=False).aggregate([("cost", "sum")])
    return _looked_up(sums, "cost_sum", sessions)


def _looked_up(table: pa.Table, name: str, sessions: Any) -> Any:
    """The values of ``name`` for ``sessions``, null where ``table`` has none."""
    found = pc.index_in(sessions, value_set=_whole(table.column("session")))
    return _whole(table.column(name)).take(found)


def _whole(column: Any) -> Any:
    """One array of a column's chunks, from its own first row on."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    whole = column.combine_chunks()
    return whole if isinstance(whole, pa.Array) else pa.concat_arrays(whole.chunks)
