"""Which events count towards the sums of a session, so that each model call counts once.

Several spans may tell of one call: those of a framework, of an instrumentor below it and of the
provider's own client. ``docs/how-tokens-are-counted.md`` says how they are recognised, and where
that ends. The same rule holds for tokens and for costs, each for itself.
"""

from collections.abc import Callable, Collection, Iterable, Set
from typing import Protocol, TypeVar
from uuid import UUID

from hh_core.domain.identity import NIL

_NEVER = 1 << 63
"""After any end (``hh_core.domain.telemetry``)."""


class Teller(Protocol):
    """What the rule needs of an event."""

    @property
    def event_id(self) -> UUID: ...
    @property
    def trace_id(self) -> bytes: ...
    @property
    def span_id(self) -> bytes: ...
    @property
    def parent_span_id(self) -> bytes: ...
    @property
    def call_key(self) -> UUID: ...
    @property
    def event_type(self) -> str: ...
    @property
    def start_ns(self) -> int: ...
    @property
    def duration_ns(self) -> int: ...


TellerT = TypeVar("TellerT", bound=Teller)


def repeating(events: Collection[TellerT], says: Callable[[TellerT], bool]) -> Set[UUID]:
    """The model events that repeat one directly below them, which ``says`` something and began
    before they ended. ``events`` are those of whole traces, in any order."""
    begun: dict[tuple[bytes, bytes], int] = {}
    for row in events:
        if row.event_type == "model" and row.parent_span_id != row.span_id and says(row):
            place = row.trace_id, row.parent_span_id
            begun[place] = min(row.start_ns, begun.get(place, row.start_ns))
    return {
        row.event_id
        for row in events
        if row.event_type == "model"
        and begun.get((row.trace_id, row.span_id), _NEVER) <= row.start_ns + row.duration_ns
    }


def counted(told: Iterable[TellerT], says: Callable[[TellerT], bool]) -> Collection[TellerT]:
    """One event of each call of a session, of those that ``told`` something, oldest first.

    Of events that share a call key the last that ``says`` something counts, being the nearest to
    the wire; else the last. One without a key is a call of its own.
    """
    calls: dict[tuple[bool, UUID], TellerT] = {}
    for row in told:
        own = row.call_key == NIL
        call = own, row.event_id if own else row.call_key
        if call not in calls or says(row) or not says(calls[call]):
            calls[call] = row
    return calls.values()
