"""The wide event: what a span, a REST event or a session is to those who read (contract C1).

Content and facts of a span are computed by mappers in two passes: ``facts`` once at dispatch, for
the index, and, after it again, ``content`` whenever somebody reads the event. Both are pure
functions of the span.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from hh_core.domain.span import Keys, Span

EVENT_ID_KEY = "honeyhive_event_id"
"""The attribute in which a span tells its own event id."""

Json = Any
"""Strings, finite numbers, booleans, None, lists and string-keyed dicts of them."""


@dataclass(slots=True)
class Facts:
    """What the index keeps of a span. Mappers fill what is still empty; the first one wins."""

    event_type: str = ""
    """``session | model | tool | chain``; empty: not known, ``tool`` in the end."""
    event_name: str = ""
    claimed_event_id: str = ""
    session_id: str = ""
    """The session that the span itself claims."""
    model: str = ""
    provider: str = ""
    response_id: str = ""
    """The provider's id of the response: several spans may tell of one call."""
    usage: dict[str, int] = field(default_factory=dict)
    """Token kind to count: the kinds of ``hh_core.domain.telemetry.USAGE_KINDS``."""
    cost: Decimal | None = None
    """US dollars as the span itself says; None: unknown."""
    error_class: str = ""
    duration_ns: int | None = None
    """When the client measured it itself."""
    attributes: dict[str, Json] = field(default_factory=dict)
    """Small values by path of the wide event, ``<bucket>.<key>`` (``metadata.user_id``) or
    ``source``. Both passes use them: the index keeps their scalars by dotted path, within bounds,
    and readers find them in the buckets. Never a bucket of ``inputs`` or ``outputs``."""
    taken: set[str] = field(default_factory=set)
    """Attribute keys that a mapper uses in this pass or in ``content``; all others are kept under
    ``metadata`` by their own name."""
    truncated: int = 0
    """Values that the index leaves out for their number or size. Not for mappers."""


@dataclass(slots=True)
class Content:
    """What readers see of a span. Buckets are nested objects, arrays rebuilt."""

    inputs: dict[str, Json] = field(default_factory=dict)
    outputs: dict[str, Json] = field(default_factory=dict)
    config: dict[str, Json] = field(default_factory=dict)
    metadata: dict[str, Json] = field(default_factory=dict)
    metrics: dict[str, Json] = field(default_factory=dict)
    feedback: dict[str, Json] = field(default_factory=dict)
    user_properties: dict[str, Json] = field(default_factory=dict)
    error: str | None = None
    source: str = ""
    used: set[str] = field(default_factory=set)
    """Attribute keys whose whole value a mapper has placed: mappers after it pass them over, so
    that what two conventions write under one key is told once, by the one that knows its form."""


class Mapper(Protocol):
    """One instrumentation convention (``plugins/hh_mappers``; third parties add their own).

    ``speaks`` must be cheap: it runs for every span. Two conventions may speak on one span; they
    are asked in order of ``rank`` (lower first) and each adds what the earlier left empty.
    ``facts`` leaves the large values alone; ``content`` adds inputs, outputs and error to what
    ``facts`` found. Neither raises, whatever stands in the span.
    """

    name: str
    rank: int

    def speaks(self, span: Span) -> bool: ...

    def facts(self, span: Span, facts: Facts) -> None: ...

    def content(self, span: Span, content: Content) -> None: ...


Step = Callable[[Span, Facts], None]
"""The first pass of a mapper over one span."""


@runtime_checkable
class PreparedMapper(Mapper, Protocol):
    """A mapper that can tell from attribute keys alone what it does. Optional, for speed: the
    answer is remembered, and ``speaks`` and ``facts`` are not called any more."""

    def prepare(self, keys: Keys) -> Step | None:
        """What ``facts`` does to spans that have exactly these attribute keys; None if ``speaks``
        is False for all of them. A pure function of ``keys``."""
        ...


def ids_are_verbatim(mapper: Mapper) -> bool:
    """Whether the ids that ``mapper`` claims for spans stand in them as they are.

    It says so by an attribute of this name, which is optional, for the speed of readers: a session
    id is the text of some attribute, or a part of it, as it is or within JSON, or the digits of a
    whole number; an event id is that of ``EVENT_ID_KEY``.
    """
    return getattr(mapper, "ids_are_verbatim", False) is True


Event = Mapping[str, Json]
"""A wide event as the API answers it: contract C1, times in milliseconds."""

EventList = Sequence[Event]
