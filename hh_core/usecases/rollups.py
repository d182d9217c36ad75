"""Bring sessions up to date after rows have gone in: the same on both planes.

Most sessions are new, and one batch holds them whole: those are added up from the batch. What
others have written to as well is counted anew from the index's rows. Which is which the index
tells (``Analytics.shared``), after rows and links are in: of two batches that meet in a session,
the later at least counts anew, and a recount stands before a sum from a batch.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from dataclasses import dataclass, field
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from hh_core.ports.analytics import Analytics, Relation, Shared
from hh_core.usecases.recount import Recount, Touched
from hh_core.usecases.recount_here import Known
from hh_core.wire import telemetry
from hh_core.wire.rollups import roll_ups


@dataclass(slots=True)
class _Held:
    """What a batch says of the traces and sessions of one project."""

    claims: defaultdict[bytes, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    """The sessions that events of a trace claim."""
    derived: dict[bytes, bytes] = field(default_factory=dict)
    """The session of a trace in which some event claims none."""
    sessions: defaultdict[bytes, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    """The traces that are linked with a session."""

    def traces(self) -> Set[bytes]:
        return self.claims.keys() | self.derived.keys()

    def links(
        self, sessions: Collection[UUID], traces: Collection[bytes]
    ) -> Iterator[tuple[UUID, bytes]]:
        """Session and trace, of these ``sessions`` and ``traces``."""
        for session in sessions:
            yield from ((session, trace) for trace in self.sessions.get(session.bytes, ()))
        for trace in traces:
            if trace in self.derived:
                yield UUID(bytes=self.derived[trace]), trace
            yield from ((UUID(bytes=session), trace) for session in self.claims.get(trace, ()))


class RollUps:
    """Idempotent and order-free: SESSIONS ends as a function of the rows that are there."""

    def __init__(
        self,
        analytics: Analytics,
        recount: Recount,
        draw_mark: Callable[[], int] = lambda: random.SystemRandom().getrandbits(63),
    ) -> None:
        """``draw_mark``: a number that no other batch has, a repetition of this one included."""
        self._analytics = analytics
        self._recount = recount
        self._draw_mark = draw_mark

    async def __call__(self, events: pa.RecordBatch, patched: Touched | None = None) -> None:
        """Call it after the rows of ``events`` are inserted, and the ``patched`` events' patches.

        Raises what the analytics port raises; do it again then, with the same rows.
        """
        mark = self._draw_mark()
        links = telemetry.links(events, mark)
        if links.num_rows:
            await self._analytics.insert(Relation.SESSION_TRACES, telemetry.encode(links))
        patched = patched or {}
        touched: dict[UUID, Set[bytes]] = {}
        known: dict[UUID, Known] = {}
        added: list[bytes] = []
        for project, held in _held(links).items():
            own = patched.get(project, ())
            sessions = [*own, *(UUID(bytes=session) for session in held.sessions)]
            shared = await self._analytics.shared(project, mark, sessions, held.traces())
            rows = _of_project(events, project)
            unclear = shared.traces | _unclear(rows)
            unclear |= {trace for trace, claims in held.claims.items() if len(claims) > 1}
            whole = _whole(held, unclear, shared.sessions)
            touched[project] = unclear | (held.traces() - whole.keys())
            known[project] = _heard(mark, held, own, touched[project], shared)
            if whole:
                added.append(telemetry.encode(roll_ups(project, rows, whole)))
        await self._recount(touched, patched, known=known, beside=added)


def _heard(
    mark: int, held: _Held, patched: Collection[UUID], touched: Set[bytes], shared: Shared
) -> Known:
    """What the answer about a batch, ``shared``, tells of what is counted anew: mostly little. Of
    an event that moved it names a trace, too, that the batch does not hold and nobody asked for."""
    traces = touched & held.traces()
    sessions = {session for session, _ in held.links((), traces)}
    known = Known(mark, held.links)
    known.hear(sessions | shared.sessions | set(patched), traces, shared.around)
    return known


def _whole(held: _Held, unclear: Set[bytes], shared: Collection[UUID]) -> Mapping[bytes, bytes]:
    """The traces whose sessions the batch holds whole, and the session of each."""
    others = {session.bytes for session in shared}.union(
        *(held.claims.get(trace, ()) for trace in unclear),
        (held.derived[trace] for trace in unclear & held.derived.keys()),
    )
    whole: dict[bytes, bytes] = {}
    for trace in held.traces() - unclear:
        session = min(held.claims.get(trace, ()), default=held.derived.get(trace, b""))
        if session not in others:
            whole[trace] = session
    return whole


def _held(links: pa.RecordBatch) -> Mapping[UUID, _Held]:
    found: defaultdict[bytes, _Held] = defaultdict(_Held)
    names = ("project_id", "trace_id", "session_key", "is_derived")
    for project, trace, session, is_derived in zip(
        *(links.column(name).to_pylist() for name in names), strict=True
    ):
        held = found[project]
        held.sessions[session].append(trace)
        if is_derived:
            held.derived[trace] = session
        else:
            held.claims[trace].add(session)
    return {UUID(bytes=project): held for project, held in found.items()}


def _of_project(events: pa.RecordBatch, project: UUID) -> pa.Table:
    table = pa.Table.from_batches([events])
    own = pc.equal(table.column("project_id"), pa.scalar(project.bytes, pa.binary(16)))
    return table if pc.all(own).as_py() else table.filter(own)


def _unclear(rows: pa.Table) -> set[bytes]:
    """Traces of which the batch does not hold each event once: the index knows which row counts."""
    ids, deleted = rows.column("event_id"), pc.greater(rows.column("is_deleted"), 0)
    if len(pc.unique(ids)) == rows.num_rows and not pc.any(deleted).as_py():
        return set()
    counts = rows.group_by("event_id").aggregate([([], "count_all")])
    doubles = counts.filter(pc.greater(counts.column("count_all"), 1)).column("event_id")
    marked = pc.or_(deleted, pc.is_in(ids, value_set=doubles.combine_chunks()))
    return set(rows.column("trace_id").filter(marked).to_pylist())
