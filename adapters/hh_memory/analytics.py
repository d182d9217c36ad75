"""The analytics port in memory: dictionaries, and questions answered row by row."""

import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal
from uuid import UUID, uuid4

from pydantic import Field

from hh_core.domain.identity import derived_event
from hh_core.domain.rollup import EventRow, PatchRow, Rollup, roll_up
from hh_core.domain.tables import COLUMNS, KEYS, TELEMETRY, Type
from hh_core.errors import ClosedError, RejectedError, TooWideError, UnavailableError
from hh_core.ports.analytics import Around, Arrival, Query, Relation, Row, Shared, Value
from hh_core.registry import Adapter, AdapterConfig
from hh_core.wire.columns import decode
from hh_memory.analytics_query import answer, selected, updated_as_ids

Cells = dict[str, Any]
Key = tuple[Any, ...]


class AnalyticsConfig(AdapterConfig):
    name: str = Field(default_factory=lambda: uuid4().hex)
    """Databases of one name share their rows, also after closing and opening again."""
    plane: Literal["data", "control"] = "data"
    """Which tables: those with content references, or those of telemetry only."""
    max_query_rows: int = 10_000_000
    """Rows that one query may read."""


class Backend:
    """What databases of one name share; ``lock`` guards ``tables``."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.tables: dict[Relation, dict[Key, Cells]] = {relation: {} for relation in Relation}
        self.recounted: dict[Key, int] = {}
        self.places: defaultdict[Key, set[bytes]] = defaultdict(set)
        """Traces in which each event stands or stood."""
        self.chosen: set[UUID] = set()
        """Projects with events whose id is not that of their span."""
        self.away = False


_BACKENDS: dict[str, Backend] = {}

_VERSIONS = {
    Relation.EVENTS: "version",
    Relation.PATCHES: "version",
    Relation.SPAN_LOGS: "version",
    Relation.TRACE_SESSIONS: "resolved",
    Relation.SCORES: "version",
}
"""Of two rows of one key the one with the higher value stays."""

_MERGED: Mapping[Relation, Mapping[str, Callable[[Any, Any], Any]]] = {
    Relation.SESSION_TRACES: {
        "is_derived": min,
        "min_hour": min,
        "max_hour": max,
        "min_mark": min,
        "max_mark": max,
    },
    Relation.SCHEMAS: {"first_ns": min, "last_ns": max},
}
"""Two rows of one key become one."""


class MemoryAnalytics:
    """``outage`` and ``crash`` are faults for tests."""

    def __init__(self, backend: Backend, config: AnalyticsConfig) -> None:
        self.backend = backend
        self.config = config
        self._closed = False

    async def insert(self, relation: Relation, arrow: bytes) -> None:
        self.check()
        if relation is Relation.LISTING:
            raise RejectedError(f"{relation} is computed, not written", code=422)
        telemetry = relation is Relation.EVENTS and self.config.plane == "control"
        rows = _rows(relation, decode(relation, arrow, telemetry=telemetry))
        with self.backend.lock:
            for row in rows:
                self.store(relation, row)

    async def select(self, query: Query) -> Sequence[Row]:
        query = self._written_out(query)
        return answer(query, self.types(query.relation), self.read(query))

    async def columns(self, query: Query) -> Sequence[Sequence[Value]]:
        rows = await self.select(query)
        return [[_raw(row[name]) for row in rows] for name in query.columns]

    async def count(self, query: Query) -> int:
        query = self._written_out(query)
        return len(selected(query, self.types(query.relation), self.read(query)))

    async def recount(self, project: UUID, sessions: Collection[UUID]) -> None:
        self.check()
        with self.backend.lock:
            rollups = roll_up(
                project,
                map(_event_row, self.visible(Relation.EVENTS, project)),
                map(_patch_row, self.visible(Relation.PATCHES, project)),
            )
            for session in sessions:
                self.keep(_session(project, session, rollups.get(session), time.time_ns()))

    async def shared(
        self, project: UUID, mark: int, sessions: Collection[UUID], traces: Collection[bytes]
    ) -> Shared:
        self.check()
        asked, wanted = set(traces), set(sessions)
        with self.backend.lock:
            clock = time.time_ns()
            found = {
                (row["session_key"], row["trace_id"])
                for row in self.visible(Relation.SESSION_TRACES, project)
                if not row["min_mark"] == row["max_mark"] == mark
            }
            patched = {row["event_id"] for row in self.visible(Relation.PATCHES, project)}
            counted = {
                session: recount
                for (owner, session), recount in self.backend.recounted.items()
                if owner == project and session in wanted
            }
            moved = [
                places
                for (owner, _), places in self.backend.places.items()
                if owner == project and len(places) > 1 and places & asked
            ]
        links = {link for link in found if link[0] in wanted or link[1] in asked}
        return Shared(
            {*patched, *counted, *(session for session, _ in links)} & wanted,
            asked.intersection(trace for _, trace in links).union(*moved),
            Around(clock, links, counted, patched & wanted),
        )

    async def has_chosen_ids(self, project: UUID) -> bool:
        self.check()
        with self.backend.lock:
            return project in self.backend.chosen

    async def arrived(self, project: UUID, since_ms: int, limit: int) -> Sequence[Arrival]:
        self.check()
        found: list[Arrival] = []
        with self.backend.lock:
            for relation in _ARRIVING:
                own = [
                    _arrival(relation, row)
                    for row in self.visible(relation, project)
                    if _arrived_ms(relation, row) >= since_ms
                ]
                found += sorted(own, key=lambda one: one.version, reverse=True)[:limit]
        return found

    async def is_empty(self) -> bool:
        self.check()
        with self.backend.lock:
            return not self.backend.tables[Relation.EVENTS]

    async def clock(self) -> int:
        self.check()
        return time.time_ns()

    async def ping(self) -> None:
        self.check()

    def store(self, relation: Relation, row: Cells) -> None:
        """Let a row meet the one of its key."""
        table = self.backend.tables[relation]
        key = tuple(row[column] for column in KEYS[relation])
        if relation is Relation.SESSIONS:
            self.keep(row)
            return
        if relation is Relation.EVENTS:
            self.backend.places[key].add(row["trace_id"])
            if not _is_derived(row):
                self.backend.chosen.add(row["project_id"])
        present = table.setdefault(key, row)
        if relation in _MERGED:
            for column, merge in _MERGED[relation].items():
                present[column] = merge(present[column], row[column])
        elif row[_VERSIONS[relation]] > present[_VERSIONS[relation]]:
            table[key] = row

    def keep(self, row: Cells) -> None:
        """Let a roll-up stand, unless a newer one does."""
        key = row["project_id"], row["session_key"]
        if row["recount"] < self.backend.recounted.get(key, 0):
            return
        self.backend.recounted[key] = row["recount"]
        table = self.backend.tables[Relation.SESSIONS]
        table.pop(key, None)
        if row["num_events"] or row["is_started"]:
            table[key] = row

    def visible(self, relation: Relation, project: UUID) -> list[Cells]:
        """The rows of one project that exist. Call it under the lock."""
        if relation is Relation.LISTING:
            sessions = map(_as_event, self.visible(Relation.SESSIONS, project))
            events = [{**row, **_NO_SESSION} for row in self.visible(Relation.EVENTS, project)]
            return [*events, *sessions]
        return [
            row
            for row in self.backend.tables[relation].values()
            if row["project_id"] == project and not row.get("is_deleted")
        ]

    def read(self, query: Query) -> list[Cells]:
        """What ``query`` chooses from. Raises ``TooWideError`` if that is too much."""
        self.check()
        with self.backend.lock:
            rows = self.visible(query.relation, query.project)
        if len(rows) > self.config.max_query_rows:
            raise TooWideError(
                f"the query reads more than {self.config.max_query_rows} rows: narrow it by "
                "dateRange, or let the operator raise max_query_rows"
            )
        return rows

    def _written_out(self, query: Query) -> Query:
        with self.backend.lock:
            patches = self.visible(Relation.PATCHES, query.project)
        return updated_as_ids(query, {row["event_id"] for row in patches if not row["is_start"]})

    def types(self, relation: Relation) -> Mapping[str, Type]:
        control = relation is Relation.EVENTS and self.config.plane == "control"
        listed = TELEMETRY if control else COLUMNS[relation]
        return {column.name: column.type for column in listed}

    def check(self) -> None:
        """Raise if this database is closed or its backend away."""
        if self._closed:
            raise ClosedError("the analytics port is closed")
        if self.backend.away:
            raise UnavailableError("the index is away")

    def close(self) -> None:
        self._closed = True

    def crash(self) -> None:
        """End as a killed process does: what was inserted stays."""
        self.close()

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.backend.away = True
        try:
            yield
        finally:
            self.backend.away = False


def _rows(relation: Relation, table: Any) -> list[Cells]:
    types = {column.name: column.type for column in COLUMNS[relation]}
    columns = {
        name: [_cell(types[name], value) for value in table.column(name).to_pylist()]
        for name in table.column_names
    }
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _is_derived(row: Cells) -> bool:
    derived = derived_event(row["project_id"].bytes, row["trace_id"], row["span_id"])
    return bool(row["event_id"].bytes == derived)


def _raw(value: Value) -> Value:
    return value.bytes if isinstance(value, UUID) else value


def _cell(type_: Type, value: Any) -> Any:
    match type_:
        case Type.ID:
            return UUID(bytes=value)
        case Type.VERSION:
            return int.from_bytes(value, "little")
        case Type.USAGE | Type.ATTRIBUTES:
            return dict(value)
        case _:
            return value


_ARRIVING = (Relation.EVENTS, Relation.PATCHES, Relation.SPAN_LOGS, Relation.SESSIONS)


def _arrived_ms(relation: Relation, row: Cells) -> float:
    received: float = row["recount"] / 1e6 if relation is Relation.SESSIONS else row["received_ms"]
    return received


def _arrival(relation: Relation, row: Cells) -> Arrival:
    match relation:
        case Relation.SESSIONS:
            return Arrival(relation, row["session_key"], row["recount"])
        case Relation.SPAN_LOGS:
            at = row["trace_id"], row["span_id"]
            return Arrival(relation, row["log_id"], row["version"], at)
        case _:
            return Arrival(relation, row["event_id"], row["version"])


def _event_row(row: Cells) -> EventRow:
    return EventRow(
        **{name: row[name] for name in _EVENT_FIELDS},
        claim=row["session_key"],
        claim_text=row.get("session_id", ""),
        has_feedback=any(key.startswith("feedback.") for key in row.get("attributes", ())),
    )


_EVENT_FIELDS = (
    *("event_id", "trace_id", "span_id", "parent_span_id", "call_key", "event_type"),
    *("event_name", "status", "start_ns", "duration_ns", "usage", "cost", "received_ms"),
)
_PATCH_FIELDS = (
    *("event_id", "version", "session_id", "event_name", "start_ns", "end_ns", "received_ms"),
)


def _patch_row(row: Cells) -> PatchRow:
    return PatchRow(**{name: row[name] for name in _PATCH_FIELDS}, is_start=bool(row["is_start"]))


def _session(project: UUID, session: UUID, rollup: Rollup | None, recount: int) -> Cells:
    own = {"project_id": project, "session_key": session, "recount": recount}
    if rollup is None:
        return {**own, "num_events": 0, "is_started": 0}
    cells = {name: getattr(rollup, name) for name in rollup.__slots__}
    flags = {name: int(cells[name]) for name in ("has_feedback", "is_started")}
    return {**cells, **flags, **own}


_NO_SESSION = dict.fromkeys(
    ("is_started", "num_events", "num_model_events", "num_errors", "has_feedback"), 0
)
"""What an event has in LISTING where sessions have more."""


def _as_event(row: Cells) -> Cells:
    texts = dict.fromkeys(("model", "provider", "service", "error_class"), "")
    return {
        **row,
        **texts,
        "event_id": row["session_key"],
        "trace_id": bytes(16),
        "span_id": bytes(8),
        "parent_span_id": bytes(8),
        "version": 0,
        "event_type": "session",
        "status": "unset",
        "duration_ns": row["end_ns"] - row["start_ns"],
        "attributes": {},
    }


@asynccontextmanager
async def open_analytics(
    config: AnalyticsConfig, *, kind: type[MemoryAnalytics] = MemoryAnalytics
) -> AsyncIterator[MemoryAnalytics]:
    """``kind``: a subclass, for tests of tests."""
    analytics = kind(_BACKENDS.setdefault(config.name, Backend()), config)
    try:
        yield analytics
    finally:
        analytics.close()


ADAPTER = Adapter(config=AnalyticsConfig, open=open_analytics)
