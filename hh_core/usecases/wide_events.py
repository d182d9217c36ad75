"""Compose wide events (contract C1): index rows, content by reference, patches folded in."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from hh_core.domain.event import Event
from hh_core.domain.segments import Address
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
from hh_core.usecases.content import Content, Piece
from hh_core.usecases.event_shape import Sources, composed
from hh_core.usecases.event_sources import Known, address, indexed_piece, slices
from hh_core.usecases.span_logs import MAX_LOGS, SpanLogs
from hh_core.usecases.wanted import ALL, Wanted

_ADDRESS = ("segment", "record", "ordinal")
INDEXED_BASE = (*BASE, "attributes", "error_class")
"""The columns that an event is shown by without its content."""


_PART = 1000
"""Events that the index is asked for together."""
_KEPT = 1_000
"""Projects of which it is remembered whether their spans have log records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the asker knows of all rows already, and nobody looks up again."""

    rollups: Mapping[UUID, Row]
    """Of all sessions among the rows."""
    sessions: Mapping[UUID, UUID]
    names: Mapping[UUID, str]
    parents: Mapping[UUID, UUID | None]
    has_logs: bool = True
    """Whether some of their spans may have log records."""


class _WithLogs:
    """The projects whose spans that were shown last had log records: a hint, which says how events
    are read and never what they are. Used within one event loop."""

    def __init__(self) -> None:
        self._projects: OrderedDict[UUID, None] = OrderedDict()

    def has(self, project: UUID) -> bool:
        return project in self._projects

    def learn(self, project: UUID, *, has_some: bool) -> None:
        self._projects.pop(project, None)
        if has_some:
            self._projects[project] = None
            if len(self._projects) > _KEPT:
                self._projects.popitem(last=False)


Patches = Mapping[UUID, Sequence[Row]]
"""Of each event, in the order of their versions."""
Ahead = Mapping[Address, Piece]
"""Pieces that were read before it was known which of them are needed."""
_NONE_READ: Ahead = {}


async def _nothing() -> dict[Address, Piece]:
    return {}


def told_of(rollups: Sequence[Row]) -> Told:
    """All that sessions need, from rows of ``as_session``."""
    of = {event_id(row): row for row in rollups}
    return Told(
        rollups=of,
        sessions={key: key for key in of},
        names={key: str(row["session_id"]) or str(key) for key, row in of.items()},
        parents=dict.fromkeys(of),
    )


def _first(rows: Sequence[Row]) -> Sequence[Address]:
    """Where the content of as many of the first of ``rows`` stands as are composed together, by
    what they say themselves."""
    bases = {event_id(row): row for row in rows if "segment" in row and not is_session(row)}
    if not bases:
        return ()
    alone = Known(bases, {}, {}, {}, {}, {}, {})
    some = next(slices(rows, alone, content=True))
    return [found for row in some for found in alone.addresses(row)]


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
        self._with_logs = _WithLogs()

    async def of(
        self, project: UUID, rows: Sequence[Row], patches: Patches | None = None
    ) -> list[Event]:
        """The event of each of ``rows`` (columns ``LIGHT``), in their order, content included.
        ``patches``: theirs, where these are known already.

        An event whose content retention has taken shows what the index knows, and says so under
        ``metadata.content_expired``.
        """
        slices = self.slices(project, rows, patches=patches)
        return [event async for some in slices for event in some]

    async def slices(
        self,
        project: UUID,
        rows: Sequence[Row],
        told: Told | None = None,
        *,
        content: bool = True,
        columns: tuple[str, ...] = BASE,
        wanted: Wanted = ALL,
        patches: Patches | None = None,
        ahead: Ahead = _NONE_READ,
    ) -> AsyncIterator[list[Event]]:
        """As ``of``, a few events at a time: one slice is bounded by the bytes that it is read
        from, whatever all of them weigh. Rows with the columns ``BASE`` are not looked up again.

        Without ``content`` nothing but updates is read: with the columns ``INDEXED_BASE`` events
        are what these and the index say of them, with ``BASE`` their frame; of fields that are not
        ``wanted`` some may be missing or wrong then. ``ahead``: what ``read_ahead`` gave, for one
        reader.
        """
        for part in parts(rows, _PART):
            known, early = await asyncio.gather(
                self._known(project, part, told, columns, wanted, patches, content=content),
                self._early(project, part, told, ahead) if content else _nothing(),
            )
            for some in slices(part, known, content=content):
                pieces = await self._pieces(project, some, known, wanted, early, content=content)
                sources = Sources(known.patches, known.rollups, pieces, known.logs)
                yield [composed(project, row, known, sources) for row in some]
                await asyncio.sleep(0)

    async def read_ahead(self, project: UUID, rows: Sequence[Row]) -> Ahead:
        """What stands where the first of ``rows`` say, which are perhaps not true any more: an
        address always has the same content."""
        if self._with_logs.has(project):
            return _NONE_READ
        return await self._content.resolve(project, _first(rows))

    async def have_logs(self, project: UUID, traces: Sequence[bytes]) -> bool:
        """Whether spans of ``traces`` have log records, for ``Told``."""
        return await self._logs.any_in(project, traces)

    async def addresses(self, project: UUID, row: Row) -> Sequence[Address]:
        """Where all stands that the event of ``row`` is made of: its own write first, then updates
        and log records, each in the order of their versions."""
        known = await self._known(project, [row], None, BASE, ALL, None, content=True)
        return known.read(row)

    async def _early(
        self, project: UUID, rows: Sequence[Row], told: Told | None, ahead: Ahead
    ) -> dict[Address, Piece]:
        """What stands at the addresses that the first of ``rows`` tell: read while the index is
        asked for their updates and log records, and what was read ``ahead``. Most spans have none
        of the latter; where these may have some, no more is read before all is known."""
        with_logs = self._with_logs.has(project) if told is None else told.has_logs
        left = [] if with_logs else [found for found in _first(rows) if found not in ahead]
        return {**ahead, **(await self._content.resolve(project, left) if left else {})}

    async def _pieces(
        self,
        project: UUID,
        rows: Sequence[Row],
        known: Known,
        wanted: Wanted,
        early: dict[Address, Piece],
        *,
        content: bool,
    ) -> Mapping[Address, Piece]:
        if content:
            addresses = [found for row in rows for found in known.addresses(row)]
            logs = known.logs_of(rows)
            self._with_logs.learn(project, has_some=bool(logs))
            found = {at: early.pop(at) for at in addresses if at in early and at not in logs}
            left = [at for at in addresses if at not in found]
            return found | dict(await self._content.resolve(project, left, logs) if left else {})
        updates = [found for row in rows for found in known.updates(row)]
        pieces = dict(await self._content.resolve(project, updates, {}) if updates else {})
        bases = (known.bases.get(event_id(row), row) for row in rows)
        indexed = (base for base in bases if "attributes" in base and "segment" in base)
        return pieces | {address(base): indexed_piece(base, wanted) for base in indexed}

    async def _known(
        self,
        project: UUID,
        rows: Sequence[Row],
        told: Told | None,
        columns: tuple[str, ...],
        wanted: Wanted,
        patches: Patches | None,
        *,
        content: bool,
    ) -> Known:
        events = [row for row in rows if not is_session(row)]
        ids = [event_id(row) for row in rows] if patches is None else []
        has_logs = content and (told is None or told.has_logs)
        (bases, full), found, logs = await asyncio.gather(
            self._frame(project, rows, told, columns, wanted),
            self.patches(project, ids),
            self._logs.of(project, events if has_logs else []),
        )
        patches = found if patches is None else patches
        return Known(bases, patches, full.rollups, full.sessions, full.names, full.parents, logs)

    async def _frame(
        self,
        project: UUID,
        rows: Sequence[Row],
        told: Told | None,
        columns: tuple[str, ...],
        wanted: Wanted,
    ) -> tuple[Mapping[UUID, Row], Told]:
        """The bases of ``rows``, and where these stand."""
        events = [row for row in rows if not is_session(row)]
        if told is not None:
            return await self.bases(project, events, columns), told
        bases, rollups = await asyncio.gather(
            self.bases(project, events, columns),
            self._rollups(project, [row for row in rows if is_session(row)]),
        )
        full = [bases.get(event_id(row), row) for row in rows]
        sessions = await self._belonging.sessions(project, full)
        names, parents = await asyncio.gather(
            self._belonging.names(project, set(sessions.values()), [*full, *rollups.values()]),
            self._belonging.parents(project, full if "parent_id" in wanted else [], sessions),
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

    async def patches(self, project: UUID, events: Sequence[UUID]) -> Patches:
        """Those of ``events``."""
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

    async def _rollups(self, project: UUID, sessions: Sequence[Row]) -> Mapping[UUID, Row]:
        """Of ``sessions``, by session key; rows of ``as_session`` are not looked up again."""
        found = {event_id(row): row for row in sessions if "has_feedback" in row}
        for part in parts([key for row in sessions if (key := event_id(row)) not in found]):
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
    "num_errors",
    "usage",
    "cost",
    "has_feedback",
)
