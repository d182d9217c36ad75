"""The shape of a wide event (contract C1): of a row, what was read for it, and its updates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast
from uuid import UUID

from hh_core.domain.event import Event, Json
from hh_core.domain.filters import number_of
from hh_core.domain.fold import fold
from hh_core.domain.segments import Address, RecordKind
from hh_core.ports.analytics import Row
from hh_core.usecases.belonging import event_id, is_session, trace_id
from hh_core.usecases.content import MISSING, Piece
from hh_core.usecases.event_sources import Known, address
from hh_core.usecases.span_logs import NONE, Joined, SpanId, span_id

BUCKETS = ("config", "inputs", "outputs", "metadata", "metrics", "feedback", "user_properties")

ROLLUPS = ("prompt_tokens", "completion_tokens", "total_tokens")

LEFT_OUT = "log_records_left_out"
"""Of ``metadata``: how many log records of a span its event does not show. They stand in their
segments, unless retention has taken them."""
_NS = 1_000_000
_FROM_PIECE = ("source", "error", *BUCKETS)


@dataclass(frozen=True, slots=True)
class Sources:
    """All that an event is made of."""

    patches: Mapping[UUID, Sequence[Row]]
    rollups: Mapping[UUID, Row]
    pieces: Mapping[Address, Piece]
    logs: Mapping[SpanId, Joined]


def composed(project: UUID, row: Row, known: Known, sources: Sources) -> Event:
    event = event_id(row)
    row = known.bases.get(event, row)
    parent = known.parents.get(event)
    shaped = _session(row, sources) if is_session(row) else _event(row, sources)
    shaped["session_id"] = known.names[known.sessions[event]]
    shaped["parent_id"] = known.names.get(parent, str(parent)) if parent else None
    shaped["project_id"] = str(project)
    if is_session(row):
        shaped["event_id"] = shaped["session_id"]
    return shaped


def milliseconds_of(nanoseconds: int) -> int | float:
    """The public API's times: whole where they are whole."""
    whole, rest = divmod(nanoseconds, _NS)
    return whole if rest == 0 else nanoseconds / _NS


def _event(row: Row, sources: Sources) -> dict[str, Json]:
    """An event that is no session: its base, then its updates in order. A start under the same id
    is its session's, not its own."""
    start, length = cast(int, row["start_ns"]), cast(int, row["duration_ns"])
    piece = sources.pieces.get(address(row)) if "segment" in row else None
    base = _blank(row, start, start + length, length)
    if piece is None:
        base["metadata"] = _ids(row) | {"content_expired": True}
    else:
        base |= {name: piece[name] for name in _FROM_PIECE if name in piece}
        base["metadata"] = _with_cost(base["metadata"], row)
    updates = [patch for patch in sources.patches.get(event_id(row), ()) if not patch["is_start"]]
    shaped = _shaped(_timed(_folded(base, sources, updates), base) if updates else base)
    if row.get("record_kind") == RecordKind.TRACES:
        shaped["metadata"] = shaped["metadata"] | _ids(row)
        left_out = sources.logs.get(span_id(row), NONE).left_out + (piece or {}).get(MISSING, 0)
        if left_out:
            shaped["metadata"][LEFT_OUT] = left_out
    return shaped


def _with_cost(metadata: Json, row: Row) -> Json:
    """``metadata`` with the cost that counts; what the span told stays beside it."""
    if not isinstance(metadata, dict) or "cost" not in row:
        return metadata
    told, cost = metadata.get("cost"), row["cost"]
    counts = None if cost is None else float(cast(Decimal, cost))
    if counts is None:
        if row["event_type"] != "model" or number_of(told) != 0:
            return metadata
        return {name: v for name, v in metadata.items() if name != "cost"} | {"told_cost": told}
    if told is None or number_of(told) == counts:
        return metadata | {"cost": counts if told is None else told}
    return metadata | {"cost": counts, "told_cost": told}


def _session(row: Row, sources: Sources) -> dict[str, Json]:
    """A session: computed from its roll-up and its patches, never stored (DESIGN 4.6)."""
    rollup = sources.rollups.get(event_id(row), row)
    start = cast(int, rollup["start_ns"])
    end = cast(int, rollup.get("end_ns", start + cast(int, row["duration_ns"])))
    base = _blank(row, start, end, end - start)
    folded = _folded(base, sources, sources.patches.get(event_id(row), ()))
    shaped = _shaped(folded)
    shaped |= {
        "event_type": "session",
        "event_name": str(rollup["event_name"] or row["event_name"]),
        "start_time": base["start_time"],
        "end_time": base["end_time"],
        "duration": folded["duration"],  # the difference, unless a patch has set it
    }
    shaped["metadata"] = shaped["metadata"] | told_by_rollup(rollup)
    return shaped


def _blank(row: Row, start: int, end: int, length: int) -> dict[str, Json]:
    """All keys of an event, in the order in which readers see them."""
    return {
        "event_id": str(event_id(row)),
        "session_id": None,
        "parent_id": None,
        "project_id": None,
        "source": "",
        "event_type": str(row["event_type"]),
        "event_name": str(row["event_name"]),
        "start_time": milliseconds_of(start),
        "end_time": milliseconds_of(end),
        "duration": milliseconds_of(length),
        "children_ids": [],
        "config": {},
        "inputs": {},
        "outputs": {},
        "error": None,
        "metadata": {},
        "metrics": {},
        "feedback": {},
        "user_properties": {},
    }


def _folded(base: dict[str, Json], sources: Sources, patches: Sequence[Row]) -> dict[str, Json]:
    fields = [
        sources.pieces[address(row)]["fields"]
        for row in patches
        if isinstance(sources.pieces.get(address(row), {}).get("fields"), dict)
    ]
    return dict(fold(base, fields))


def _timed(folded: dict[str, Json], base: Mapping[str, Json]) -> dict[str, Json]:
    """Duration and end follow each other where a patch has set one of them only."""
    kept = {name: base[name] for name in ("event_id", "event_type", "event_name", "start_time")}
    start = base["start_time"]
    end, length = number_of(folded.get("end_time")), number_of(folded.get("duration"))
    if length is not None and length != base["duration"]:
        kept["duration"] = folded["duration"]
        kept["end_time"] = start + length if end in (None, base["end_time"]) else end
    elif end is not None and end != base["end_time"]:
        kept |= {"end_time": end, "duration": end - start}
    else:
        kept |= {"end_time": base["end_time"], "duration": base["duration"]}
    return folded | kept


def _shaped(event: dict[str, Json]) -> dict[str, Json]:
    """What clients' models demand (contract A5): objects, text or null, numbers."""
    for name in BUCKETS:
        value = event.get(name)
        if not isinstance(value, dict):
            event[name] = {} if value is None else {"value": value}
    error = event.get("error")
    event["error"] = error if error is None or isinstance(error, str) else str(error)
    event["source"] = str(event.get("source") or "")
    event["children_ids"] = []
    return event


def _ids(row: Row) -> dict[str, Json]:
    parent = cast(bytes, row["parent_span_id"])
    return {
        "trace_id": trace_id(row).hex(),
        "span_id": cast(bytes, row["span_id"]).hex(),
        "parent_span_id": parent.hex() if any(parent) else None,
    }


def told_by_rollup(rollup: Row) -> dict[str, Json]:
    """The roll-ups: the server's, whatever a client wrote under these names (contract B6)."""
    usage = cast("Mapping[str, int]", rollup.get("usage") or {})
    cost = rollup.get("cost")
    return {
        "num_events": rollup.get("num_events", 0),
        "num_model_events": rollup.get("num_model_events", 0),
        "num_errors": rollup.get("num_errors", 0),
        **{name: usage.get(name, 0) for name in ROLLUPS},
        "cost": float(cost) if isinstance(cost, Decimal | int | float) else None,
        "has_feedback": bool(rollup.get("has_feedback")),
    }
