"""Bring the roll-ups of sessions up to date after rows have changed: the same on both planes.

Few rows are counted in this process (``recount_here``), many by the index. There a trace with at
most one claim belongs to one session as a whole, which the index finds out by itself. Where several
sessions meet in one trace, each event's session is resolved here, event by event
(``hh_core.domain.claims``), and told to the index before it counts.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast
from uuid import UUID

from hh_core.errors import OverloadedError, TooWideError
from hh_core.ports.analytics import (
    Analytics,
    Condition,
    Function,
    Measure,
    Op,
    Query,
    Relation,
    Row,
)
from hh_core.usecases.recount_here import Known, RecountHere, write_resolved
from hh_core.wire.columns import concat

Touched = Mapping[UUID, Collection[Any]]
"""By project: trace ids, or event ids."""

MAX_TRACE_EVENTS = 1_000_000
"""Events of one trace with several sessions that are resolved; more is ``OverloadedError``."""

_PART = 6_000
"""Traces or sessions of one statement: its fixed cost is that of a thousand rows."""
_RESOLVED_TRACES, _RESOLVED_ROWS = 500, 50_000
"""Traces whose events are read and resolved together, and how many events these may be."""
_CLAIM = ("trace_id", "event_id", "span_id", "parent_span_id", "session_key", "start_ns")
_ItemT = TypeVar("_ItemT")


class Recount:
    """Idempotent and order-free: what it writes is a function of the rows that it reads."""

    def __init__(self, analytics: Analytics, *, has_content: bool = True) -> None:
        """``has_content``: whether the index is a data plane's."""
        self._analytics = analytics
        self._here = RecountHere(analytics, has_content=has_content)

    async def __call__(
        self,
        touched: Touched,
        patched: Touched | None = None,
        *,
        known: Mapping[UUID, Known] | None = None,
        beside: Sequence[bytes] = (),
    ) -> None:
        """Recount every session that rows of the ``touched`` traces belong, or have belonged, to;
        and those of the ``patched`` events, which may be sessions themselves.

        Call it after the rows and their links (SESSION_TRACES) are inserted. ``known`` is what the
        index has told since of these projects, ``beside`` are rows of SESSIONS to be written in
        the same insert. Raises what the analytics port raises, but ``OverloadedError`` for
        ``TooWideError``: rows that were accepted wait until the operator raises the limit.
        """
        patched, known = patched or {}, known or {}
        counted = list(beside)
        try:
            for project in {*touched, *patched}:
                counted += await self._project(
                    project,
                    touched.get(project, ()),
                    patched.get(project, ()),
                    known.get(project) or Known(),
                )
        except TooWideError as error:
            raise OverloadedError(f"a recount is over a limit: {error}") from error
        if counted:
            await self._analytics.insert(Relation.SESSIONS, concat(counted))

    async def _project(
        self, project: UUID, traces: Collection[bytes], events: Collection[UUID], known: Known
    ) -> Sequence[bytes]:
        """Answers the roll-ups that were counted here; the others the index has written."""
        all_traces = {*traces, *await self._traces_of(project, events)}
        if not all_traces and not events:
            return ()
        counted = await self._here(project, all_traces, events, known)
        if counted is not None:
            return [counted]
        sessions = set(events)
        for part in _parts(sorted(all_traces)):
            resolved = await self._analytics.clock()
            claims = await self._claims(project, part)
            sessions = sessions.union(*claims.values())
            contested = sorted(trace for trace, claimed in claims.items() if len(claimed) > 1)
            await self._resolve(project, contested, resolved)
            sessions |= await self._linked(project, part)
        for sessions_part in _parts(sorted(sessions)):
            await self._analytics.recount(project, sessions_part)
        return ()

    async def _traces_of(self, project: UUID, events: Collection[UUID]) -> set[bytes]:
        """The traces of the patched events that are there already."""
        found: set[bytes] = set()
        for part in _parts(sorted(events)):
            rows = await self._analytics.select(
                Query(
                    relation=Relation.EVENTS,
                    project=project,
                    columns=("trace_id",),
                    where=(Condition("event_id", Op.IN, part),),
                    limit=len(part),
                )
            )
            found |= {cast(bytes, row["trace_id"]) for row in rows}
        return found

    async def _claims(self, project: UUID, traces: Sequence[bytes]) -> Mapping[bytes, set[UUID]]:
        """The distinct claims that stand in each trace now."""
        rows = await self._analytics.select(
            Query(
                relation=Relation.EVENTS,
                project=project,
                where=(
                    Condition("trace_id", Op.IN, traces),
                    Condition("session_key", Op.EXISTS),
                ),
                group_by=("trace_id", "session_key"),
                measures=(Measure("rows", Function.COUNT),),
                limit=MAX_TRACE_EVENTS,
            )
        )
        claims: defaultdict[bytes, set[UUID]] = defaultdict(set)
        for row in rows:
            claims[cast(bytes, row["trace_id"])].add(cast(UUID, row["session_key"]))
        return claims

    async def _linked(self, project: UUID, traces: Sequence[bytes]) -> set[UUID]:
        """Every session that the traces may have belonged to, derived ones too: one that a later
        claim, or a re-sent span, has emptied must be counted once more."""
        rows = await self._analytics.select(
            Query(
                relation=Relation.SESSION_TRACES,
                project=project,
                where=(Condition("trace_id", Op.IN, traces),),
                group_by=("session_key",),
                measures=(Measure("rows", Function.COUNT),),
                limit=MAX_TRACE_EVENTS,
            )
        )
        return {cast(UUID, row["session_key"]) for row in rows}

    async def _resolve(self, project: UUID, traces: Sequence[bytes], resolved: int) -> None:
        """Tell the index the session of each event of ``traces``."""
        for some in _parts(traces, _RESOLVED_TRACES):
            rows = await self._events(project, some, _RESOLVED_ROWS)
            if len(rows) <= _RESOLVED_ROWS:
                await self._write(project, rows, resolved)
                continue
            for trace in some:
                rows = await self._events(project, [trace], MAX_TRACE_EVENTS)
                if len(rows) > MAX_TRACE_EVENTS:
                    raise OverloadedError(f"a trace has more than {MAX_TRACE_EVENTS} events")
                await self._write(project, rows, resolved)

    async def _events(self, project: UUID, traces: Sequence[bytes], most: int) -> Sequence[Row]:
        """The claims of all events of ``traces``; one more than ``most`` if they are more."""
        return await self._analytics.select(
            Query(
                relation=Relation.EVENTS,
                project=project,
                columns=_CLAIM,
                where=(Condition("trace_id", Op.IN, traces),),
                limit=most + 1,
            )
        )

    async def _write(self, project: UUID, rows: Sequence[Row], resolved: int) -> None:
        events: defaultdict[bytes, list[Row]] = defaultdict(list)
        for row in rows:
            events[cast(bytes, row["trace_id"])].append(row)
        await write_resolved(self._analytics, project, events, resolved)


def _parts(items: Sequence[_ItemT], size: int = _PART) -> Iterator[Sequence[_ItemT]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
