"""Which events count towards the sums of a session, so that each model call counts once.

Several spans may tell of one call: those of a framework, of an instrumentor below it and of the
provider's own client. ``docs/how-tokens-are-counted.md`` says how they are recognised, and where
that ends. The same rule holds for tokens and for costs, each for itself.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
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


def counted(told: Sequence[TellerT], says: Callable[[TellerT], bool]) -> Collection[TellerT]:
    """Those of the events that ``told`` something, oldest first, that count.

    A model event with a model event directly below it that began before it ended, and ``says``
    something, repeats it. Of the others that share a call key the last that says something
    counts, being the nearest to the wire; else the last. One without a key is a call of its own.
    """
    calls: dict[tuple[bool, UUID], TellerT] = {}
    for row in _without_repeats(told, says):
        own = row.call_key == NIL
        call = own, row.event_id if own else row.call_key
        if call not in calls or says(row) or not says(calls[call]):
            calls[call] = row
    return calls.values()


def _without_repeats(told: Sequence[TellerT], says: Callable[[TellerT], bool]) -> Iterable[TellerT]:
    begun: dict[tuple[bytes, bytes], int] = {}
    for row in told:
        if row.event_type == "model" and row.parent_span_id != row.span_id and says(row):
            begun.setdefault((row.trace_id, row.parent_span_id), row.start_ns)
    for row in told:
        below = begun.get((row.trace_id, row.span_id), _NEVER)
        if row.event_type != "model" or below > row.start_ns + row.duration_ns:
            yield row
