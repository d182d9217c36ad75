"""Compose wide events (contract C1): index rows, content by reference, patches folded in."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast
from uuid import UUID

from hh_core.domain.event import Event, Json
from hh_core.domain.filters import number_of
from hh_core.domain.fold import fold
from hh_core.domain.segments import Address, RecordKind
from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation, Row
from hh_core.usecases.belonging import (
    BASE,
    TRACE_ROWS,
    Belonging,
    event_id,
    is_session,
    parts,
    trace_id,
)
from hh_core.usecases.content import MISSING, Content, Piece
from hh_core.usecases.event_sources import Known, address, indexed_piece, slices
from hh_core.usecases.span_logs import MAX_LOGS, NONE, Joined, SpanId, SpanLogs, span_id

BUCKETS = ("config", "inputs", "outputs", "metadata", "metrics", "feedback", "user_properties")

ROLLUPS = ("prompt_tokens", "completion_tokens", "total_tokens")
LEFT_OUT = "log_records_left_out"
"""Of ``metadata``: how many log records of a span its event does not show. They stand in their
segments, unless retention has taken them."""
_ADDRESS = ("segment", "record", "ordinal")
INDEXED_BASE = (*BASE, "attributes", "error_class")
"""The columns that an event is shown by without its content."""
_NS = 1_000_000


_PART = 1000
"""Events that the index is asked for together."""


@dataclass(frozen=True, slots=True)
class _Sources:
    """All that an event is made of."""

    patches: Mapping[UUID, Sequence[Row]]
    rollups: Mapping[UUID, Row]
    pieces: Mapping[Address, Piece]
    logs: Mapping[SpanId, Joined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the asker knows of all rows already, and nobody looks up again."""

    rollups: Mapping[UUID, Row]
    """Of all sessions among the rows."""
    sessions: Mapping[UUID, UUID]
    names: Mapping[UUID, str]
    parents: Mapping[UUID, UUID | None]


def told_of(rollups: Sequence[Row]) -> Told:
    """All that sessions need, from rows of ``as_session``."""
    of = {event_id(row): row for row in rollups}
    return Told(
        rollups=of,
        sessions={key: key for key in of},
        names={key: str(row["session_id"]) or str(key) for key, row in of.items()},
        parents=dict.fromkeys(of),
    )


def as_session(rollup: Row) -> Row:
    """A row of SESSIONS (columns ``ROLLUP_COLUMNS``) as one of a list."""
    start, end = cast(int, rollup["start_ns"]), cast(int, rollup["end_ns"])
    return {
        **rollup,
        "event_id": rollup["session_key"],
        "event_type": "session",
        "duration_ns": end - start,
    }


class WideEvents:
    def __init__(
        self,
        analytics: Analytics,
        content: Content,
        belonging: Belonging,
        *,
        max_logs: int = MAX_LOGS,
    ) -> None:
        """``max_logs``: log records of one span that its event shows."""
        self._analytics = analytics
        self._content = content
        self._belonging = belonging
        self._logs = SpanLogs(analytics, max_logs=max_logs)

    async def of(self, project: UUID, rows: Sequence[Row]) -> list[Event]:
        """The event of each of ``rows`` (columns ``LIGHT``), in their order, content included.

        An event whose content retention has taken shows what the index knows, and says so under
        ``metadata.content_expired``.
        """
        return [event async for some in self.slices(project, rows) for event in some]

    async def slices(
        self,
        project: UUID,
        rows: Sequence[Row],
        told: Told | None = None,
        *,
        content: bool = True,
        columns: tuple[str, ...] = BASE,
    ) -> AsyncIterator[list[Event]]:
        """As ``of``, a few events at a time: one slice is bounded by the bytes that it is read
        from, whatever all of them weigh. Rows with the columns ``BASE`` are not looked up again.

        Without ``content`` nothing but updates is read: with the columns ``INDEXED_BASE`` events
        are what these and the index say of them, with ``BASE`` their frame.
        """
        for part in parts(rows, _PART):
            known = await self._known(project, part, told, columns, content=content)
            for some in slices(part, known):
                pieces = await self._pieces(project, some, known, content=content)
                sources = _Sources(known.patches, known.rollups, pieces, known.logs)
                yield [_composed(project, row, known, sources) for row in some]
                await asyncio.sleep(0)

    async def addresses(self, project: UUID, row: Row) -> Sequence[Address]:
        """Where all stands that the event of ``row`` is made of: its own write first, then updates
        and log records, each in the order of their versions."""
        known = await self._known(project, [row], None, BASE, content=True)
        return known.read(row)

    async def _pieces(
        self, project: UUID, rows: Sequence[Row], known: Known, *, content: bool
    ) -> Mapping[Address, Piece]:
        if content:
            addresses = [found for row in rows for found in known.addresses(row)]
            return await self._content.resolve(project, addresses, known.logs_of(rows))
        updates = [found for row in rows for found in known.updates(row)]
        pieces = dict(await self._content.resolve(project, updates, {}) if updates else {})
        bases = (known.bases.get(event_id(row), row) for row in rows)
        indexed = (base for base in bases if "attributes" in base and "segment" in base)
        return pieces | {address(base): indexed_piece(base) for base in indexed}

    async def _known(
        self,
        project: UUID,
        rows: Sequence[Row],
        told: Told | None,
        columns: tuple[str, ...],
        *,
        content: bool,
    ) -> Known:
        events = [row for row in rows if not is_session(row)]
        ids = [event_id(row) for row in rows]
        logged = events if content else []
        if told is not None:
            bases, patches, logs = await asyncio.gather(
                self.bases(project, events, columns),
                self._patches(project, ids),
                self._logs.of(project, logged),
            )
            return Known(
                bases, patches, told.rollups, told.sessions, told.names, told.parents, logs
            )
        frame, patches, logs = await asyncio.gather(
            self._frame(project, rows, columns),
            self._patches(project, ids),
            self._logs.of(project, logged),
        )
        bases, told = frame
        return Known(bases, patches, told.rollups, told.sessions, told.names, told.parents, logs)

    async def _frame(
        self, project: UUID, rows: Sequence[Row], columns: tuple[str, ...]
    ) -> tuple[Mapping[UUID, Row], Told]:
        """The bases of ``rows``, and where these stand."""
        bases, rollups = await asyncio.gather(
            self.bases(project, [row for row in rows if not is_session(row)], columns),
            self._rollups(project, [event_id(row) for row in rows if is_session(row)]),
        )
        full = [bases.get(event_id(row), row) for row in rows]
        sessions = await self._belonging.sessions(project, full)
        names, parents = await asyncio.gather(
            self._belonging.names(project, set(sessions.values()), [*full, *rollups.values()]),
            self._belonging.parents(project, full, sessions),
        )
        return bases, Told(rollups=rollups, sessions=sessions, names=names, parents=parents)

    async def bases(
        self, project: UUID, rows: Sequence[Row], columns: tuple[str, ...] = BASE
    ) -> Mapping[UUID, Row]:
        """Rows of events with ``columns``, by event id: those of ``rows`` that have them
        already, and those that stand at the ids of the others (``trace_id``, ``event_id``)."""
        telling = ("segment",) if columns == BASE else ("segment", "attributes")
        found = {event_id(row): row for row in rows if all(name in row for name in telling)}
        for part in parts([row for row in rows if event_id(row) not in found]):
            wanted = (
                Condition("trace_id", Op.IN, list({trace_id(row) for row in part})),
                Condition("event_id", Op.IN, [event_id(row) for row in part]),
            )
            query = Query(
                relation=Relation.EVENTS,
                project=project,
                columns=columns,
                where=wanted,
                limit=TRACE_ROWS,
            )
            found.update((event_id(row), row) for row in await self._analytics.select(query))
        return found

    async def _patches(self, project: UUID, events: Sequence[UUID]) -> Mapping[UUID, Sequence[Row]]:
        """The patches of each event in the order of their versions."""
        found: dict[UUID, list[Row]] = defaultdict(list)
        for part in parts(events):
            query = Query(
                relation=Relation.PATCHES,
                project=project,
                columns=("event_id", "patch_id", "is_start", *_ADDRESS),
                where=(Condition("event_id", Op.IN, part),),
                limit=TRACE_ROWS,
            )
            for row in await self._analytics.select(query):
                found[event_id(row)].append(row)
        for patches in found.values():
            patches.sort(key=lambda row: cast(UUID, row["patch_id"]).int)
        return found

    async def _rollups(self, project: UUID, keys: Sequence[UUID]) -> Mapping[UUID, Row]:
        found: dict[UUID, Row] = {}
        for part in parts(keys):
            query = Query(
                relation=Relation.SESSIONS,
                project=project,
                columns=ROLLUP_COLUMNS,
                where=(Condition("session_key", Op.IN, part),),
                limit=TRACE_ROWS,
            )
            for row in await self._analytics.select(query):
                found[cast(UUID, row["session_key"])] = row
        return found


ROLLUP_COLUMNS = (
    "session_key",
    "session_id",
    "event_name",
    "start_ns",
    "end_ns",
    "num_events",
    "num_model_events",
    "usage",
    "cost",
    "has_feedback",
)
_ORDER = (
    "event_id",
    "session_id",
    "parent_id",
    "project_id",
    "source",
    "event_type",
    "event_name",
    "start_time",
    "end_time",
    "duration",
    "children_ids",
    "config",
    "inputs",
    "outputs",
    "error",
    "metadata",
    "metrics",
    "feedback",
    "user_properties",
)


def _composed(project: UUID, row: Row, known: Known, sources: _Sources) -> Event:
    event = event_id(row)
    row = known.bases.get(event, row)
    parent = known.parents[event]
    composed = _session(row, sources) if is_session(row) else _event(row, sources)
    composed["session_id"] = known.names[known.sessions[event]]
    composed["parent_id"] = known.names.get(parent, str(parent)) if parent else None
    composed["project_id"] = str(project)
    if is_session(row):
        composed["event_id"] = composed["session_id"]
    return {name: composed[name] for name in _ORDER} | composed


def milliseconds_of(nanoseconds: int) -> int | float:
    """The public API's times: whole where they are whole."""
    whole, rest = divmod(nanoseconds, _NS)
    return whole if rest == 0 else nanoseconds / _NS


def _event(row: Row, sources: _Sources) -> dict[str, Json]:
    """An event that is no session: its base, then its updates in order. A start under the same id
    is its session's, not its own."""
    start, length = cast(int, row["start_ns"]), cast(int, row["duration_ns"])
    piece = sources.pieces.get(address(row)) if "segment" in row else None
    base = _blank(row, start, start + length, length)
    if piece is None:
        base["metadata"] = _ids(row) | {"content_expired": True}
    else:
        base |= {name: piece[name] for name in ("source", "error", *BUCKETS) if name in piece}
        base["metadata"] = _with_cost(base["metadata"], row)
    updates = [patch for patch in sources.patches.get(event_id(row), ()) if not patch["is_start"]]
    shaped = _shaped(_timed(_folded(base, sources, updates), base))
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


def _session(row: Row, sources: _Sources) -> dict[str, Json]:
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
    shaped["metadata"] = shaped["metadata"] | _reserved(rollup)
    return shaped


def _blank(row: Row, start: int, end: int, length: int) -> dict[str, Json]:
    return {
        "event_id": str(event_id(row)),
        "source": "",
        "event_type": str(row["event_type"]),
        "event_name": str(row["event_name"]),
        "start_time": milliseconds_of(start),
        "end_time": milliseconds_of(end),
        "duration": milliseconds_of(length),
        "children_ids": [],
        "error": None,
        **{name: {} for name in BUCKETS},
    }


def _folded(base: dict[str, Json], sources: _Sources, patches: Sequence[Row]) -> dict[str, Json]:
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


def _reserved(rollup: Row) -> dict[str, Json]:
    """The roll-ups: the server's, whatever a client wrote under these names (contract B6)."""
    usage = cast("Mapping[str, int]", rollup.get("usage") or {})
    cost = rollup.get("cost")
    return {
        "num_events": rollup.get("num_events", 0),
        "num_model_events": rollup.get("num_model_events", 0),
        **{name: usage.get(name, 0) for name in ROLLUPS},
        "cost": float(cost) if isinstance(cost, Decimal | int | float) else None,
        "has_feedback": bool(rollup.get("has_feedback")),
    }
