"""Rows for tests of the analytics port: what a test does not say has a plain default."""

import time
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from hh_core.domain.identity import NIL, derived_session, uuid8
from hh_core.domain.rollup import EventRow, PatchRow, Rollup
from hh_core.domain.tables import COLUMNS, TELEMETRY, Type
from hh_core.ports.analytics import Analytics, Query, Relation, Row, Shared
from hh_core.usecases.recount import Recount
from hh_core.usecases.rollups import RollUps
from hh_core.wire.columns import decode, encode
from hh_core.wire.telemetry import one_batch

PROJECT, OTHER_PROJECT = UUID(int=0xA11CE), UUID(int=0xB0B)
HOUR_NS = 3_600_000_000_000
NOW_MS = int(time.time()) * 1000
START_NS = NOW_MS * 1_000_000 // HOUR_NS * HOUR_NS
"""The hour in which tests run: rows expire by their receipt, so it must be of today."""

Cells = dict[str, Any]

_DEFAULTS: Mapping[Type, Any] = {
    Type.ID: NIL,
    Type.TRACE: bytes(16),
    Type.SPAN: bytes(8),
    Type.VERSION: 0,
    Type.NAME: "",
    Type.TEXT: "",
    Type.FLAG: 0,
    Type.U32: 0,
    Type.U64: 0,
    Type.TIME: 0,
    Type.NUMBER: None,
    Type.COST: None,
    Type.USAGE: {},
    Type.ATTRIBUTES: {},
}


def event_id(number: int) -> UUID:
    return uuid8(b"test event", b"%d" % number)


def trace_id(number: int) -> bytes:
    return uuid8(b"test trace", b"%d" % number).bytes


def session(number: int) -> UUID:
    return uuid8(b"test session", b"%d" % number)


def version(number: int) -> int:
    """Versions in the order of ``number``, all received in these minutes."""
    return NOW_MS << 80 | number


def row(relation: Relation, **cells: Any) -> Cells:
    """A row of ``PROJECT``; TIME columns of events and schemas stand in the present."""
    plain: Cells = {column.name: _DEFAULTS[column.type] for column in COLUMNS[relation]}
    plain["project_id"] = PROJECT
    if "received_ms" in plain:
        plain["received_ms"] = NOW_MS
    if relation is Relation.EVENTS:
        plain |= {"event_type": "tool", "start_ns": START_NS, "status": "unset"}
    if "version" in plain:
        plain["version"] = version(1)
    return {**plain, **cells}


def event(number: int, **cells: Any) -> Cells:
    """An event of trace 1 with a span of its own."""
    own = {"event_id": event_id(number), "span_id": number.to_bytes(8, "big")}
    return row(Relation.EVENTS, **{"trace_id": trace_id(1), **own, **cells})


def patch(number: int, **cells: Any) -> Cells:
    """A patch whose version is ``number``."""
    own = {"patch_id": UUID(int=version(number)), "version": version(number)}
    return row(Relation.PATCHES, **{**own, **cells})


def arrow(relation: Relation, rows: Collection[Mapping[str, Any]], *, telemetry: bool) -> bytes:
    telemetry = telemetry and relation is Relation.EVENTS
    listed = TELEMETRY if telemetry else COLUMNS[relation]
    columns = {column.name: [cells[column.name] for cells in rows] for column in listed}
    return encode(relation, columns, telemetry=telemetry)


class Writer:
    """Inserts rows and recounts what they touch, as the planes do."""

    def __init__(self, analytics: Analytics, *, telemetry: bool) -> None:
        self.analytics = analytics
        self._telemetry = telemetry
        self._recount = Recount(analytics, has_content=not telemetry)
        self._roll_ups = RollUps(analytics, self._recount)

    async def insert(self, relation: Relation, *rows: Cells) -> None:
        await self.analytics.insert(relation, arrow(relation, rows, telemetry=self._telemetry))

    async def events(self, *rows: Cells) -> None:
        """Insert events with the links of their traces to sessions, without a recount."""
        await self.insert(Relation.EVENTS, *rows)
        await self.insert(Relation.SESSION_TRACES, *map(_link, rows))

    async def batch(self, *rows: Cells) -> None:
        """Insert events and bring their sessions up to date, as the planes do."""
        data = arrow(Relation.EVENTS, rows, telemetry=self._telemetry)
        await self.analytics.insert(Relation.EVENTS, data)
        await self._roll_ups(one_batch(decode(Relation.EVENTS, data, telemetry=self._telemetry)))

    async def linked(self, mark: int, *rows: Cells) -> Shared:
        """Insert events and their links under ``mark``; answer what they share."""
        await self.insert(Relation.EVENTS, *rows)
        links = [{**_link(cells), "min_mark": mark, "max_mark": mark} for cells in rows]
        await self.insert(Relation.SESSION_TRACES, *links)
        return await self.analytics.shared(
            PROJECT,
            mark,
            {link["session_key"] for link in links},
            {cells["trace_id"] for cells in rows},
        )

    async def recount(self, *rows: Cells) -> None:
        """Recount what events or patches touch."""
        traces: dict[UUID, set[bytes]] = {}
        patched: dict[UUID, set[UUID]] = {}
        for cells in rows:
            if "trace_id" in cells:
                traces.setdefault(cells["project_id"], set()).add(cells["trace_id"])
            else:
                patched.setdefault(cells["project_id"], set()).add(cells["event_id"])
        await self._recount(traces, patched)


async def all_rows(
    analytics: Analytics, relation: Relation, *columns: str, project: UUID = PROJECT
) -> list[Row]:
    """Everything a project has, in the order of the relation's first column that is asked for."""
    found = await analytics.select(Query(relation=relation, project=project, columns=columns))
    return sorted(found, key=lambda answer: str([answer[name] for name in columns]))


async def ids(analytics: Analytics, relation: Relation) -> list[Any]:
    """The ids of all events of ``PROJECT``, sessions among them in LISTING."""
    found = await all_rows(analytics, relation, "event_id")
    return [answer["event_id"] for answer in found]


def event_rows(rows: Iterable[Cells], *, telemetry: bool) -> list[EventRow]:
    """The rows as the definition of a roll-up takes them."""
    return [
        EventRow(
            event_id=cells["event_id"],
            trace_id=cells["trace_id"],
            span_id=cells["span_id"],
            parent_span_id=cells["parent_span_id"],
            claim=cells["session_key"],
            claim_text="" if telemetry else cells["session_id"],
            call_key=cells["call_key"],
            event_type=cells["event_type"],
            event_name=cells["event_name"],
            status=cells["status"],
            start_ns=cells["start_ns"],
            duration_ns=cells["duration_ns"],
            usage=cells["usage"],
            cost=cells["cost"],
            has_feedback=not telemetry
            and any(k.startswith("feedback.") for k in cells["attributes"]),
            received_ms=cells["received_ms"],
        )
        for cells in rows
    ]


def patch_rows(rows: Iterable[Cells]) -> list[PatchRow]:
    return [
        PatchRow(
            event_id=cells["event_id"],
            version=cells["version"],
            is_start=bool(cells["is_start"]),
            session_id=cells["session_id"],
            event_name=cells["event_name"],
            start_ns=cells["start_ns"],
            end_ns=cells["end_ns"],
            received_ms=cells["received_ms"],
        )
        for cells in rows
    ]


SESSION_COLUMNS = (
    *("session_key", "session_id", "event_name", "start_ns", "end_ns", "num_events"),
    *("num_model_events", "num_errors", "usage", "cost", "has_feedback", "is_started"),
    "last_received_ms",
)


def as_rows(rollups: Iterable[Rollup]) -> list[Row]:
    """Roll-ups as ``all_rows(…, SESSIONS, *SESSION_COLUMNS)`` answers them."""
    rows = [{name: _plain(getattr(one, name)) for name in SESSION_COLUMNS} for one in rollups]
    return sorted(rows, key=lambda answer: str([answer[name] for name in SESSION_COLUMNS]))


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return value.quantize(Decimal("0.000000000001"))
    return dict(value) if isinstance(value, Mapping) else value


def _link(cells: Cells) -> Cells:
    claim = cells["session_key"]
    derived = derived_session(cells["project_id"], cells["trace_id"])
    hour = cells["start_ns"] - cells["start_ns"] % HOUR_NS
    return row(
        Relation.SESSION_TRACES,
        project_id=cells["project_id"],
        session_key=derived if claim == NIL else claim,
        trace_id=cells["trace_id"],
        is_derived=int(claim == NIL),
        min_hour=hour,
        max_hour=hour,
        min_mark=cells["version"] & 0xFFFF,
        max_mark=cells["version"] & 0xFFFF,
    )
