"""Count a few sessions anew in this process.

A statement that counts inside the index costs the same for one session as for a thousand: parsing
and planning it takes longer than reading ten thousand rows. Most batches touch a few sessions that
go on from the batch before; their rows are read and added up here, by the definition itself.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from hh_core.domain.claims import ClaimRow, resolve
from hh_core.domain.identity import NIL
from hh_core.domain.rollup import EventRow, PatchRow, Rollup, roll_up
from hh_core.domain.tables import COLUMNS, Type
from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation, Row
from hh_core.wire.columns import encode

MOST_KEYS = 500
"""Traces or sessions that are counted here."""
MOST_ROWS = 10_000

_EVENT = (
    *("event_id", "trace_id", "span_id", "parent_span_id", "session_key", "call_key"),
    *("event_type", "event_name", "status", "start_ns", "duration_ns", "usage", "cost"),
    "received_ms",
)
_CONTENT = ("session_id", "attributes")
_PATCH = (
    *("event_id", "version", "is_start", "session_id", "event_name", "start_ns", "end_ns"),
    "received_ms",
)
_EMPTY: Mapping[Type, Any] = {
    Type.TEXT: "",
    Type.TIME: 0,
    Type.U64: 0,
    Type.USAGE: {},
    Type.COST: None,
    Type.FLAG: 0,
}


class RecountHere:
    def __init__(self, analytics: Analytics, *, has_content: bool) -> None:
        """``has_content``: a data plane's index, which keeps session ids and attributes."""
        self._analytics = analytics
        self._columns = (*_EVENT, *_CONTENT) if has_content else _EVENT

    async def __call__(
        self, project: UUID, traces: Collection[bytes], patched: Collection[UUID]
    ) -> bool:
        """Recount the sessions that ``traces`` belong, or have belonged, to, and the ``patched``
        ones. False: these are too many, and nothing was written.

        Raises what the analytics port raises.
        """
        if len(traces) > MOST_KEYS or len(patched) > MOST_KEYS:
            return False
        clock = await self._analytics.clock()
        rows = await self._events(project, traces)
        sessions = {*patched, *_claims(rows), *await self._linked(project, traces)}
        if len(rows) > MOST_ROWS or len(sessions) > MOST_KEYS:
            return False
        others = await self._traces(project, sessions) - set(traces)
        if len(others) > MOST_KEYS:
            return False
        all_rows = rows + await self._events(project, others)
        patches = await self._of(Relation.PATCHES, project, "event_id", sessions, _PATCH)
        if len(all_rows) > MOST_ROWS or len(patches) > MOST_ROWS:
            return False
        await self._resolve(project, rows, clock)
        rollups = roll_up(project, map(_event_row, all_rows), map(_patch_row, patches))
        await self._write(project, sessions, rollups, clock)
        return True

    async def _write(
        self,
        project: UUID,
        sessions: Collection[UUID],
        rollups: Mapping[UUID, Rollup],
        clock: int,
    ) -> None:
        before = await self._of(
            Relation.SESSIONS, project, "session_key", sessions, ("session_key", "recount")
        )
        # A clock that was set back must not hold up the sessions for as long.
        recount = max(clock, *(cast(int, row["recount"]) + 1 for row in before), 0)
        cells = [
            {
                "project_id": project,
                "recount": recount,
                **(_cells(rollups[session]) if session in rollups else _nothing(session, recount)),
            }
            for session in sorted(sessions)
        ]
        names = [column.name for column in COLUMNS[Relation.SESSIONS]]
        columns = {name: [row[name] for row in cells] for name in names}
        await self._analytics.insert(Relation.SESSIONS, encode(Relation.SESSIONS, columns))

    async def _resolve(self, project: UUID, rows: Iterable[Row], clock: int) -> None:
        """Tell the index the session of each event in traces where several are claimed."""
        traces: defaultdict[bytes, list[Row]] = defaultdict(list)
        for row in rows:
            traces[cast(bytes, row["trace_id"])].append(row)
        for trace, events in traces.items():
            if len(_claims(events)) > 1:
                await write_resolved(self._analytics, project, trace, events, clock)

    async def _events(self, project: UUID, traces: Collection[bytes]) -> list[Row]:
        found = await self._of(Relation.EVENTS, project, "trace_id", traces, self._columns)
        return list(found)

    async def _linked(self, project: UUID, traces: Collection[bytes]) -> set[UUID]:
        found = await self._of(
            Relation.SESSION_TRACES, project, "trace_id", traces, ("session_key",)
        )
        return {cast(UUID, row["session_key"]) for row in found}

    async def _traces(self, project: UUID, sessions: Collection[UUID]) -> set[bytes]:
        found = await self._of(
            Relation.SESSION_TRACES, project, "session_key", sessions, ("trace_id",)
        )
        return {cast(bytes, row["trace_id"]) for row in found}

    async def _of(
        self,
        relation: Relation,
        project: UUID,
        column: str,
        keys: Collection[Any],
        columns: tuple[str, ...],
    ) -> Sequence[Row]:
        """The rows in which ``column`` is one of ``keys``: one more than may be, if they are."""
        if not keys:
            return ()
        return await self._analytics.select(
            Query(
                relation=relation,
                project=project,
                columns=columns,
                where=(Condition(column, Op.IN, sorted(keys)),),
                limit=MOST_ROWS + 1,
            )
        )


async def write_resolved(
    analytics: Analytics, project: UUID, trace: bytes, events: Iterable[Row], resolved: int
) -> None:
    """Write which session each event of ``trace`` belongs to, as read at ``resolved``."""
    sessions = resolve(project, trace, [_claim_row(row) for row in events])
    ordered = sorted(sessions)
    columns: dict[str, Sequence[Any]] = {
        "project_id": [project] * len(ordered),
        "trace_id": [trace] * len(ordered),
        "event_id": ordered,
        "session_key": [sessions[event] for event in ordered],
        "resolved": [resolved] * len(ordered),
    }
    await analytics.insert(Relation.TRACE_SESSIONS, encode(Relation.TRACE_SESSIONS, columns))


def _claims(rows: Iterable[Row]) -> set[UUID]:
    claims = {cast("UUID | None", row["session_key"]) for row in rows}
    return {claim for claim in claims if claim is not None and claim != NIL}


def _claim_row(row: Row) -> ClaimRow:
    return ClaimRow(
        cast(UUID, row["event_id"]),
        cast(bytes, row["span_id"]),
        cast(bytes, row["parent_span_id"]),
        cast("UUID | None", row["session_key"]) or NIL,
        cast(int, row["start_ns"]),
    )


def _event_row(row: Row) -> EventRow:
    cells: dict[str, Any] = dict(row)
    attributes = cells.pop("attributes", {})
    return EventRow(
        claim=cells.pop("session_key") or NIL,
        claim_text=cells.pop("session_id", ""),
        call_key=cells.pop("call_key") or NIL,
        has_feedback=any(path.startswith("feedback.") for path in attributes),
        **cells,
    )


def _patch_row(row: Row) -> PatchRow:
    cells: dict[str, Any] = dict(row)
    return PatchRow(is_start=bool(cells.pop("is_start")), **cells)


def _cells(rollup: Rollup) -> dict[str, Any]:
    told = {name: getattr(rollup, name) for name in rollup.__slots__}
    return {**told, **{flag: int(told[flag]) for flag in ("has_feedback", "is_started")}}


def _nothing(session: UUID, recount: int) -> dict[str, Any]:
    """What is left of a session that holds nothing any more. It is of today: an index forgets by
    the time of receipt, and would show again what came before."""
    cells = {c.name: _EMPTY[c.type] for c in COLUMNS[Relation.SESSIONS] if c.type in _EMPTY}
    del cells["recount"]
    return {**cells, "session_key": session, "last_received_ms": recount // 1_000_000}
