"""From OTLP's generated messages to the domain's spans. A hot path: about 6 µs a span.

The index asks for few of a span's attributes, and for none of the long ones. So they are turned
into Python one by one, when somebody asks.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2

from hh_core.domain.span import AnyValue, ByKeys, Keys, Origin, Span, SpanEvent, SpanLink

NO_TRACE = bytes(16)
NO_SPAN = bytes(8)


def is_sound(span: trace_pb2.Span) -> bool:
    """Whether the span's ids can name it (PROMISES 3.9). A parent of zeros means a root."""
    trace_id, span_id = span.trace_id, span.span_id
    return (
        len(trace_id) == 16
        and len(span_id) == 8
        and len(span.parent_span_id) in (0, 8)
        and trace_id != NO_TRACE
        and span_id != NO_SPAN
    )


def owner_of(trace_id: bytes, span_id: bytes) -> tuple[bytes, bytes]:
    """The span that a log record's ids name; empty ids if they name none."""
    if len(trace_id) != 16 or len(span_id) != 8 or trace_id == NO_TRACE or span_id == NO_SPAN:
        return b"", b""
    return trace_id, span_id


def origin_of(resource: Resource, scope: InstrumentationScope) -> Origin:
    return Origin(
        attributes_in(resource.attributes),
        scope.name,
        scope.version,
        attributes_in(scope.attributes),
    )


def span_of(span: trace_pb2.Span, origin: Origin) -> Span:
    parent, status, events, links = span.parent_span_id, span.status, span.events, span.links
    return Span(
        span.trace_id,
        span.span_id,
        b"" if parent == NO_SPAN else parent,
        span.name,
        span.kind,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        _LazyAttributes(list(span.attributes)),
        status.code,
        status.message,
        origin,
        [_event(event) for event in events] if events else [],
        [_link(link) for link in links] if links else [],
    )


def _places(keys: Keys) -> Mapping[str, int]:
    """Where each key stands; of equal keys the last."""
    return {key: place for place, key in enumerate(keys)}


_PLACES = ByKeys(_places)
_KEY = attrgetter("key")


class _LazyAttributes(Mapping[str, AnyValue]):
    """Attributes as they came, in the order of their keys; of equal keys the last wins."""

    __slots__ = ("_pairs", "_places", "_read")

    def __init__(self, pairs: Sequence[KeyValue]) -> None:
        self._pairs = pairs
        self._places = _PLACES[tuple(map(_KEY, pairs))]
        self._read: dict[str, AnyValue] = {}

    def __getitem__(self, key: str) -> AnyValue:
        found = self._read.get(key)
        if found is None:
            value = self._pairs[self._places[key]].value
            self._read[key] = found = quick(value)
        return found

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self._places else default

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return repr(dict(self))


def _event(event: trace_pb2.Span.Event) -> SpanEvent:
    return SpanEvent(event.name, event.time_unix_nano, attributes_in(event.attributes))


def _link(link: trace_pb2.Span.Link) -> SpanLink:
    return SpanLink(link.trace_id, link.span_id, attributes_in(link.attributes))


def attributes_in(pairs: Iterable[KeyValue]) -> dict[str, AnyValue]:
    """As a dict; of equal keys the last wins."""
    out: dict[str, AnyValue] = {}
    for pair in pairs:
        value = pair.value
        out[pair.key] = quick(value)
    return out


def quick(value: Any) -> AnyValue:
    """Most values are texts or numbers, and asking for those costs less than asking for the kind:
    at most one of them is set."""
    return value.string_value or value.int_value or value.double_value or _value(value)


def _value(value: Any) -> AnyValue:
    match value.WhichOneof("value"):
        case "string_value":
            return str(value.string_value)
        case "int_value":
            return int(value.int_value)
        case "double_value":
            return float(value.double_value)
        case "bool_value":
            return bool(value.bool_value)
        case "array_value":
            return [_value(item) for item in value.array_value.values]
        case "kvlist_value":
            return attributes_in(value.kvlist_value.values)
        case "bytes_value":
            return bytes(value.bytes_value)
        case _:
            return None
