"""Count a few sessions anew in this process.

A statement that counts inside the index costs the same for one session as for a thousand: parsing
and planning it takes longer than reading ten thousand rows. Most batches touch a few sessions that
go on from the batch before; their rows are read and added up here, by the definition itself.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from hh_core.domain.claims import ClaimRow, resolve
from hh_core.domain.identity import NIL
from hh_core.domain.rollup import EventRow, PatchRow, Rollup, roll_up
from hh_core.domain.tables import COLUMNS, Type
from hh_core.ports.analytics import NO_MARK, Analytics, Around, Condition, Op, Query, Relation, Row
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


@dataclass(slots=True)
class Known:
    """What is known of a project's sessions and traces before they are counted."""

    mark: int = NO_MARK
    """Links of this mark the index does not tell of: those who ask have written them."""
    own: Callable[[Collection[UUID], Collection[bytes]], Iterable[tuple[UUID, bytes]]] = (
        lambda sessions, traces: ()
    )
    """Tells of these links which concern some sessions and traces: it is asked for few."""
    sessions: set[UUID] = field(default_factory=set)
    """Of which all links are known, and whether they have roll-ups and patches."""
    traces: set[bytes] = field(default_factory=set)
    """Of which all links are known."""
    links: set[tuple[UUID, bytes]] | None = field(default_factory=set)
    """None: they are too many."""
    recounts: dict[UUID, int] = field(default_factory=dict)
    patched: set[UUID] = field(default_factory=set)
    clock: int | None = None
    """When the index was asked first."""

    def hear(self, sessions: Collection[UUID], traces: Collection[bytes], around: Around) -> None:
        """What the index tells of ``sessions`` and ``traces``, or of more than these."""
        self.sessions |= set(sessions)
        self.traces |= set(traces)
        self.recounts.update(around.recounts)
        self.patched |= around.patched
        if self.clock is None:
            self.clock = around.clock
        if self.links is not None:
            told = around.links
            self.links = None if told is None else self.links | told | {*self.own(sessions, traces)}


class RecountHere:
    def __init__(self, analytics: Analytics, *, has_content: bool) -> None:
        """``has_content``: a data plane's index, which keeps session ids and attributes."""
        self._analytics = analytics
        self._columns = (*_EVENT, *_CONTENT) if has_content else _EVENT

    async def __call__(
        self, project: UUID, traces: Collection[bytes], patched: Collection[UUID], known: Known
    ) -> bytes | None:
        """The roll-ups, as rows of SESSIONS, of the sessions that ``traces`` belong, or have
        belonged, to, and of the ``patched`` ones. None: these are too many.

        Raises what the analytics port raises.
        """
        if len(traces) > MOST_KEYS or len(patched) > MOST_KEYS:
            return None
        sessions = await self._sessions(project, traces, set(patched), known)
        rows = await self._rows(project, traces, sessions, known)
        if rows is None:
            return None
        own = set(traces)
        claims = _claims(row for row in rows if row["trace_id"] in own)
        if not claims <= sessions:  # of rows that have come since, before their links
            sessions = await self._sessions(project, traces, sessions | claims, known)
            rows = await self._rows(project, traces, sessions, known)
        if rows is None or known.clock is None:
            return None
        patches = await self._of(
            Relation.PATCHES, project, "event_id", sessions & known.patched, _PATCH
        )
        if len(patches) > MOST_ROWS:
            return None
        await self._resolve(project, [row for row in rows if row["trace_id"] in own], known.clock)
        rollups = roll_up(project, map(_event_row, rows), map(_patch_row, patches))
        return _encoded(project, sessions, rollups, known)

    async def _sessions(
        self, project: UUID, traces: Collection[bytes], sessions: set[UUID], known: Known
    ) -> set[UUID]:
        """``sessions`` and those that ``traces`` are linked with. Of all of them ``known`` knows
        the links then."""
        while known.links is not None:
            sessions = sessions | _linked(known.links, traces)
            asked, unheard = sessions - known.sessions, set(traces) - known.traces
            if not (asked or unheard) or len(sessions) > MOST_KEYS:
                break
            told = await self._analytics.shared(project, known.mark, asked, unheard)
            known.hear(asked, unheard, told.around)
        return sessions

    async def _rows(
        self, project: UUID, traces: Collection[bytes], sessions: set[UUID], known: Known
    ) -> list[Row] | None:
        """The events of all traces that ``sessions`` are linked with; None if they are too many."""
        if known.links is None or len(sessions) > MOST_KEYS:
            return None
        others = {trace for session, trace in known.links if session in sessions}
        if len(others | set(traces)) > 2 * MOST_KEYS:
            return None
        rows = await self._of(
            Relation.EVENTS, project, "trace_id", others | set(traces), self._columns
        )
        return None if len(rows) > MOST_ROWS else list(rows)

    async def _resolve(self, project: UUID, rows: Iterable[Row], clock: int) -> None:
        """Tell the index the session of each event in traces where several are claimed."""
        traces: defaultdict[bytes, list[Row]] = defaultdict(list)
        for row in rows:
            traces[cast(bytes, row["trace_id"])].append(row)
        contested = {trace: own for trace, own in traces.items() if len(_claims(own)) > 1}
        await write_resolved(self._analytics, project, contested, clock)

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
    analytics: Analytics, project: UUID, traces: Mapping[bytes, Iterable[Row]], resolved: int
) -> None:
    """Write which session each event of ``traces`` belongs to, as read at ``resolved``: all in one
    insert, which costs the same for one trace as for a thousand."""
    columns: dict[str, list[Any]] = {c.name: [] for c in COLUMNS[Relation.TRACE_SESSIONS]}
    for trace, events in traces.items():
        sessions = resolve(project, trace, [_claim_row(row) for row in events])
        ordered = sorted(sessions)
        columns["trace_id"] += [trace] * len(ordered)
        columns["event_id"] += ordered
        columns["session_key"] += [sessions[event] for event in ordered]
    count = len(columns["event_id"])
    if not count:
        return
    columns |= {"project_id": [project] * count, "resolved": [resolved] * count}
    await analytics.insert(Relation.TRACE_SESSIONS, encode(Relation.TRACE_SESSIONS, columns))


def _linked(links: Iterable[tuple[UUID, bytes]], traces: Collection[bytes]) -> set[UUID]:
    """The sessions that ``traces`` are linked with."""
    own = set(traces)
    return {session for session, trace in links if trace in own}


def _encoded(
    project: UUID, sessions: Collection[UUID], rollups: Mapping[UUID, Rollup], known: Known
) -> bytes:
    # A clock that was set back must not hold up the sessions for as long.
    before = [known.recounts[session] + 1 for session in sessions if session in known.recounts]
    recount = max(known.clock or 0, *before, 0)
    cells = [
        {
            "project_id": project,
            "recount": recount,
            **(_cells(rollups[session]) if session in rollups else _nothing(session, recount)),
        }
        for session in sorted(sessions)
    ]
    names = [column.name for column in COLUMNS[Relation.SESSIONS]]
    return encode(Relation.SESSIONS, {name: [row[name] for row in cells] for name in names})


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
