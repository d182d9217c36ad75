"""A log record as an instrumentor sent it, and what it says of the span that it belongs to.

Several conventions put prompts and answers into log records alone: the events of OTel GenAI, and
whatever is written through a language's own logging. Read with its span, a record is one more event
of it, so mappers know one place to look in.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hh_core.domain.span import AnyValue, Attributes, SpanEvent

EVENT_NAME = "event.name"
"""The attribute that named events before ``LogRecord.event_name`` did
(https://opentelemetry.io/docs/specs/semconv/general/events/)."""
BODY = "body"
"""The attribute that a body stands under which has no members of its own."""


_SCALAR = 8


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One OTLP ``LogRecord``. Times are nanoseconds, 0 for none."""

    trace_id: bytes
    """Empty for a record that belongs to no span, and so is ``span_id``."""
    span_id: bytes
    time_ns: int
    observed_ns: int
    severity: int
    severity_text: str
    event_name: str
    """As it was sent; ``name`` knows better."""
    body: AnyValue
    attributes: Attributes

    @property
    def name(self) -> str:
        """Of the event that it tells; empty for a plain line of a log."""
        told = self.event_name or self.attributes.get(EVENT_NAME)
        return told if isinstance(told, str) else ""

    @property
    def at_ns(self) -> int:
        """When it happened, or was seen if it does not say
        (https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-timestamp)."""
        return self.time_ns or self.observed_ns

    @property
    def size(self) -> int:
        """About how many bytes it takes: those of its texts."""
        return _size(self.body) + _size(self.attributes)


def span_event(record: LogRecord) -> SpanEvent:
    """The record as an event of its span: its attributes, and the members of its body.

    A member whose name an attribute has stands under ``body.<name>``; a body that is no object
    under ``body``.
    """
    attributes: dict[str, AnyValue] = dict(record.attributes)
    body = record.body
    members = body if isinstance(body, Mapping) else {} if body is None else {BODY: body}
    for name, value in members.items():
        place = name
        while place in attributes:
            place = f"{BODY}.{place}"
        attributes[place] = value
    return SpanEvent(record.name, record.at_ns, attributes)


def in_order(records: Iterable[LogRecord]) -> list[SpanEvent]:
    """The events of one span in time; those of one time as they were observed, then as they come.

    Give them in the order of their versions, each once.
    """
    ordered = sorted(records, key=lambda record: (record.at_ns, record.observed_ns))
    return [span_event(record) for record in ordered]


def _size(value: AnyValue) -> int:
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(name) + _size(item) for name, item in value.items())
    return sum(map(_size, value)) if isinstance(value, Sequence) else _SCALAR
