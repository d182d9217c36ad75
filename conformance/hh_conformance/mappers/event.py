"""Events of a flow as its readers would see them, and what its sessions add up to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hh_core.domain.claims import ClaimRow, resolve
from hh_core.domain.event import Content, Facts
from hh_core.domain.identity import NIL, call_key, call_session, name_key, span_event_id
from hh_core.domain.mapping import Mapping as SpanMapping
from hh_core.domain.rollup import EventRow, roll_up
from hh_core.domain.span import Span

_PROJECT, _KEY = UUID(int=1), b"k" * 32


@dataclass(frozen=True, slots=True)
class Mapped:
    """A span and what a mapping makes of it."""

    span: Span
    facts: Facts
    content: Content
    session_id: str
    """Of the session that it belongs to; empty if nobody claims one."""

    def bucket(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = getattr(self.content, name)
        return found


def map_flow(mapping: SpanMapping, spans: Sequence[Span]) -> Sequence[Mapped]:
    """Raises nothing that a mapper raises: ``mapping.failures`` counts it."""
    pairs = [(span, mapping.facts(span)) for span in spans]
    sessions = _sessions(pairs)
    return [
        Mapped(span, facts, mapping.event(span), sessions.get(row.event_id, ""))
        for (span, facts), row in zip(pairs, _rows(pairs), strict=True)
    ]


def sums(mapped: Sequence[Mapped]) -> Mapping[str, int]:
    """The tokens of all sessions of a flow together."""
    rows = _rows([(one.span, one.facts) for one in mapped])
    total: Counter[str] = Counter()
    for rollup in roll_up(_PROJECT, rows, ()).values():
        total.update(rollup.usage)
    return total


_Pairs = Sequence[tuple[Span, Facts]]


def _rows(pairs: _Pairs) -> Sequence[EventRow]:
    return [_row(span, facts) for span, facts in pairs]


def _row(span: Span, facts: Facts) -> EventRow:
    """What the index keeps of a span, as far as roll-ups read it."""
    call = call_key(_KEY, _PROJECT, facts.response_id)
    claim = name_key(_KEY, _PROJECT, facts.session_id) if facts.session_id else NIL
    if claim == NIL != call and facts.event_type == "model" and not span.parent_span_id:
        claim = UUID(bytes=call_session(_PROJECT.bytes, call.bytes))
    claimed_id = facts.claimed_event_id or None
    return EventRow(
        event_id=span_event_id(_PROJECT, span.trace_id, span.span_id, claimed_id),
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_span_id,
        claim=claim,
        claim_text=facts.session_id,
        call_key=call,
        event_type=facts.event_type,
        start_ns=span.start_ns,
        duration_ns=max(0, span.end_ns - span.start_ns),
        usage=facts.usage,
        cost=facts.cost,
    )


def _sessions(pairs: _Pairs) -> Mapping[UUID, str]:
    """The claimed session of each event, as the client wrote it."""
    traces: dict[bytes, list[ClaimRow]] = {}
    names: dict[UUID, str] = {}
    for row in _rows(pairs):
        claim = ClaimRow(row.event_id, row.span_id, row.parent_span_id, row.claim, row.start_ns)
        traces.setdefault(row.trace_id, []).append(claim)
        if row.claim_text:
            names[row.claim] = row.claim_text
    found: dict[UUID, str] = {}
    for trace, rows in traces.items():
        for event, session in resolve(_PROJECT, trace, rows).items():
            found[event] = names.get(session, "")
    return found
