"""What a session adds up to: the definition that every index must agree with (guarantee A4).

A function of the set of rows: the newest row of each event that is not deleted, and all patches.

Tokens and costs are summed call by call: see ``hh_core.domain.calls``.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Context, Decimal, localcontext
from typing import TypeVar
from uuid import UUID

from hh_core.domain.calls import counted, repeating
from hh_core.domain.claims import ClaimRow, resolve
from hh_core.domain.identity import NIL

T = TypeVar("T")

_EXACT = Context(prec=38)
"""As many digits as the index keeps: Python's own 28 would round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """What a roll-up needs of an event."""

    event_id: UUID
    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    claim: UUID = NIL
    """The session that the event itself claims."""
    claim_text: str = ""
    """The same as the client wrote it; empty where the index does not keep it."""
    call_key: UUID = NIL
    """Several events may tell of one call."""
    event_type: str = ""
    event_name: str = ""
    status: str = ""
    start_ns: int = 0
    """Of this, the duration and the counts no sum overflows: see ``hh_core.domain.telemetry``."""
    duration_ns: int = 0
    usage: Mapping[str, int] = field(default_factory=dict)
    cost: Decimal | None = None
    has_feedback: bool = False
    received_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchRow:
    """What a roll-up needs of a patch; only those of sessions count."""

    event_id: UUID
    version: int
    is_start: bool = False
    session_id: str = ""
    event_name: str = ""
    start_ns: int = 0
    end_ns: int = 0
    received_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """The row of a session."""

    session_key: UUID
    session_id: str
    event_name: str
    start_ns: int
    end_ns: int
    num_events: int
    num_model_events: int
    num_errors: int
    usage: Mapping[str, int]
    cost: Decimal | None
    has_feedback: bool
    is_started: bool
    last_received_ms: int


@dataclass(frozen=True, slots=True)
class _Again:
    """Events that repeat the tokens, or the cost, of those below them."""

    told: Set[UUID]
    priced: Set[UUID]


def roll_up(
    project: UUID, events: Iterable[EventRow], patches: Iterable[PatchRow]
) -> Mapping[UUID, Rollup]:
    """Every session that exists: one that holds an event, or was started. ``events`` are those of
    whole traces."""
    events = list(events)
    again = _Again(repeating(events, _tells), repeating(events, _prices))
    held = _by_session(project, events)
    patched: defaultdict[UUID, list[PatchRow]] = defaultdict(list)
    for patch in patches:
        patched[patch.event_id].append(patch)
    started = {key for key, rows in patched.items() if any(row.is_start for row in rows)}
    return {
        key: _rollup(key, held.get(key, ()), patched[key], again) for key in held.keys() | started
    }


def _by_session(project: UUID, events: Iterable[EventRow]) -> Mapping[UUID, Sequence[EventRow]]:
    traces: defaultdict[bytes, list[EventRow]] = defaultdict(list)
    for event in events:
        traces[event.trace_id].append(event)
    held: defaultdict[UUID, list[EventRow]] = defaultdict(list)
    for trace_id, rows in traces.items():
        sessions = resolve(project, trace_id, [_claim_row(row) for row in rows])
        for row in rows:
            held[sessions[row.event_id]].append(row)
    return held


def _claim_row(row: EventRow) -> ClaimRow:
    return ClaimRow(row.event_id, row.span_id, row.parent_span_id, row.claim, row.start_ns)


def _rollup(
    key: UUID, events: Sequence[EventRow], patches: Sequence[PatchRow], again: "_Again"
) -> Rollup:
    ordered = sorted(events, key=lambda row: (row.start_ns, row.event_id))
    newest = sorted(patches, key=lambda row: row.version, reverse=True)
    starts = [row for row in newest if row.is_start]
    claimed = (row.claim_text for row in ordered if row.claim == key)
    start = _first(row.start_ns for row in starts) or (ordered[0].start_ns if ordered else 0)
    last = max((row.start_ns + row.duration_ns for row in ordered), default=0)
    return Rollup(
        session_key=key,
        session_id=_first(row.session_id for row in starts) or _first(claimed) or str(key),
        event_name=_first(row.event_name for row in starts)
        or (ordered[0].event_name if ordered else ""),
        start_ns=start,
        end_ns=max(start, _first(row.end_ns for row in newest) or last),
        num_events=len(ordered),
        num_model_events=sum(row.event_type == "model" for row in ordered),
        num_errors=sum(row.status == "error" for row in ordered),
        usage=_usage(row for row in ordered if row.usage and row.event_id not in again.told),
        cost=_cost(row for row in ordered if _prices(row) and row.event_id not in again.priced),
        has_feedback=any(row.has_feedback for row in ordered),
        is_started=bool(starts),
        last_received_ms=max(
            max((row.received_ms for row in events), default=0),
            max((row.received_ms for row in patches), default=0),
        ),
    )


def _first(values: Iterable[T]) -> T | None:
    """The first that is neither empty nor zero."""
    return next((value for value in values if value), None)


def _tells(row: EventRow) -> bool:
    return any(row.usage.values())


def _prices(row: EventRow) -> bool:
    return row.cost is not None


def _usage(told: Iterable[EventRow]) -> Mapping[str, int]:
    total: defaultdict[str, int] = defaultdict(int)
    for row in counted(told, _tells):
        for kind, count in row.usage.items():
            total[kind] += count
    return dict(sorted(total.items()))


def _cost(priced: Iterable[EventRow]) -> Decimal | None:
    costs = [row.cost for row in counted(priced, _prices) if row.cost is not None]
    with localcontext(_EXACT):
        return sum(costs, Decimal(0)) if costs else None
