"""Which session each event of a trace belongs to (DESIGN 4.6).

Its own claim; else its nearest ancestor's; else the trace's least claim by (start, event id); else
the session of the model call that the trace begins with (``identity.call_session``), where it tells
a response id; else one derived from project and trace. The last two disappear as soon as a claim
arrives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from hh_core.domain.identity import NIL, derived_session, is_call_session


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """What resolving needs to know of an event. ``claim`` is ``NIL`` for none."""

    event_id: UUID
    span_id: bytes
    parent_span_id: bytes
    """Empty, or zeros, for a root."""
    claim: UUID
    start_ns: int


def resolve(project: UUID, trace_id: bytes, events: Sequence[ClaimRow]) -> Mapping[UUID, UUID]:
    """The session of every event of one trace, by event id.

    A function of the set of rows: their order and copies of them change nothing. Linear time but
    for one sort, no recursion. In a ring of parents the nearest claim is looked for once round;
    of two events with one span id the older one is the parent.
    """
    ordered = sorted(set(events), key=_age)
    claims = [row for row in ordered if row.claim != NIL]
    own = [row for row in claims if not is_call_session(row.claim.bytes)]
    least = next(iter(own or claims), None)
    fallback = derived_session(project, trace_id) if least is None else least.claim
    parents = _parents(ordered)
    sessions = {row.event_id: row.claim for row in reversed(own)}
    for row in ordered:
        _settle(row.event_id, parents, sessions, fallback)
    return sessions


def _age(row: ClaimRow) -> tuple[int, UUID, bytes, bytes, UUID]:
    return row.start_ns, row.event_id, row.span_id, row.parent_span_id, row.claim


def _parents(ordered: Sequence[ClaimRow]) -> Mapping[UUID, UUID | None]:
    by_span = {row.span_id: row.event_id for row in reversed(ordered)}
    by_span.pop(b"", None)
    by_span.pop(bytes(8), None)
    return {row.event_id: by_span.get(row.parent_span_id) for row in reversed(ordered)}


def _settle(
    start: UUID, parents: Mapping[UUID, UUID | None], sessions: dict[UUID, UUID], fallback: UUID
) -> None:
    """Give ``start`` and every unsettled ancestor their session: no path is walked twice."""
    path: dict[UUID, None] = {}
    cursor: UUID | None = start
    while cursor is not None and cursor not in sessions and cursor not in path:
        path[cursor] = None
        cursor = parents[cursor]
    found = fallback if cursor is None else sessions.get(cursor, fallback)
    sessions.update(dict.fromkeys(path, found))
