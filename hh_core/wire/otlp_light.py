"""OTLP spans parsed for the index: a schema that is compatible on the wire, and far cheaper.

Reading a message from Python costs an object for each attribute and one for its value. Here the
attributes of a span are one message with two lists, keys and values: protobuf lets parts of one
message come one by one, so ``repeated KeyValue`` on the wire reads as one ``Attributes`` whose
fields are repeated. Values stay bytes; those of one column are read at once, the same way.

No serializer writes the key or the value of one ``KeyValue`` twice. In a body made by hand that
does, or in which one attribute lacks its value and another one its key, attributes may be taken for
each other in the index; that concerns nobody but its sender.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue as AnyValueMessage
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from hh_core.domain.span import ERROR_KEYS, AnyValue, Keys, Origin, Span, SpanEvent
from hh_core.wire.otlp_protobuf import Schema
from hh_core.wire.otlp_spans import NO_SPAN, NO_TRACE, quick

_Field = descriptor_pb2.FieldDescriptorProto
_BYTES, _STRING, _TIME = _Field.TYPE_BYTES, _Field.TYPE_STRING, _Field.TYPE_FIXED64
_INT32, _INT64, _BOOL = _Field.TYPE_INT32, _Field.TYPE_INT64, _Field.TYPE_BOOL
_DOUBLE = _Field.TYPE_DOUBLE

_PACKAGE = "hh.light"
_MESSAGES: dict[str, tuple[tuple[int, str, int | str, bool], ...]] = {
    "Attributes": ((1, "key", _STRING, True), (2, "value", _BYTES, True)),
    "Status": ((3, "code", _INT32, False),),
    "Event": (
        (1, "time_unix_nano", _TIME, False),
        (2, "name", _STRING, False),
        (3, "attributes", "Attributes", False),
    ),
    "Span": (
        (1, "trace_id", _BYTES, False),
        (2, "span_id", _BYTES, False),
        (4, "parent_span_id", _BYTES, False),
        (5, "name", _STRING, False),
        (7, "start_time_unix_nano", _TIME, False),
        (8, "end_time_unix_nano", _TIME, False),
        (9, "attributes", "Attributes", False),
        (11, "events", "Event", True),
        (15, "status", "Status", False),
    ),
    "ScopeSpans": (
        (1, "scope", InstrumentationScope.DESCRIPTOR.full_name, False),
        (2, "spans", "Span", True),
    ),
    "ResourceSpans": (
        (1, "resource", Resource.DESCRIPTOR.full_name, False),
        (2, "scope_spans", "ScopeSpans", True),
    ),
    "ExportTraceServiceRequest": ((1, "resource_spans", "ResourceSpans", True),),
    "Texts": ((1, "value", _STRING, True),),
    "Flags": ((2, "value", _BOOL, True),),
    "Integers": ((3, "value", _INT64, True),),
    "Numbers": ((4, "value", _DOUBLE, True),),
}
"""Number, name, type, and whether it is repeated, of each field."""


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="hh/light.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[InstrumentationScope.DESCRIPTOR.file.name, Resource.DESCRIPTOR.file.name],
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, field, type_, is_repeated in fields:
            label = _Field.LABEL_REPEATED if is_repeated else _Field.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=label)
            if isinstance(type_, str):
                added.type = _Field.TYPE_MESSAGE
                added.type_name = f".{type_}" if "." in type_ else f".{_PACKAGE}.{type_}"
            else:
                added.type = type_  # type: ignore[assignment]  # an enum's value, says its stub
                if is_repeated and type_ not in (_BYTES, _STRING):
                    added.options.packed = False
    pool = descriptor_pool.Default()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


_CLASSES = _classes()
LIGHT = Schema(
    *(_CLASSES[name] for name in ("ExportTraceServiceRequest", "ResourceSpans", "ScopeSpans"))
)
_COLUMNS: dict[int, Any] = {
    0x0A: _CLASSES["Texts"],
    0x10: _CLASSES["Flags"],
    0x18: _CLASSES["Integers"],
    0x21: _CLASSES["Numbers"],
}
"""By the tag that all values of a column begin with."""

_HEAD = attrgetter(
    *("trace_id", "span_id", "parent_span_id", "name"),
    *("start_time_unix_nano", "end_time_unix_nano", "status.code"),
)
_ERROR, _OK = 2, 1
_OF_PARENT = (0, 8)

Head = tuple[bytes, bytes, bytes, str, int, int, int]
"""Trace, span, parent (may be empty or zeros), name, start, end, status."""


def head_of(span: Any) -> Head | None:
    """What a light span says of itself; None if it is not sound (``otlp_spans.is_sound``)."""
    head: Head = _HEAD(span)
    trace_id, span_id, parent, _, _, _, _ = head
    if (
        len(trace_id) != 16
        or len(span_id) != 8
        or len(parent) not in _OF_PARENT
        or trace_id == NO_TRACE
        or span_id == NO_SPAN
    ):
        return None
    return head


def may_have_failed(span: Any, head: Head) -> bool:
    """Whether its error class is worth asking for."""
    return head[6] == _ERROR or (head[6] != _OK and len(span.events) > 0)


def attributes_of(span: Any) -> tuple[Keys, Sequence[bytes]] | None:
    """The keys of a light span's attributes as they came, one may stand there twice, and their
    values (``values_of``). None where some have no key or no value."""
    attributes = span.attributes
    keys, values = tuple(attributes.key[:]), attributes.value
    return (keys, values) if len(keys) == len(values) else None


def failing_span(span: Any, origin: Origin) -> Span | None:
    """A light span with what tells how it failed, and no other attributes. None where
    ``attributes_of`` is None."""
    trace_id, span_id, parent, name, start, end, status = _HEAD(span)
    parts = [span, *span.events]
    found = [told for told in map(_attributes, parts) if told is not None]
    if len(found) < len(parts):
        return None
    own, *others = found
    events = [
        SpanEvent(event.name, event.time_unix_nano, told)
        for event, told in zip(span.events, others, strict=True)
    ]
    return Span(trace_id, span_id, parent, name, 0, start, end, own, status, "", origin, events)


def values_of(column: Sequence[bytes]) -> Sequence[AnyValue]:
    """The values whose bytes are ``column``. Quick where all are texts, or all of one other type.

    Together they are then the message whose only field holds all of them: it has the size of what
    it was read from, and each part, not being empty, gave one.
    """
    kind = _COLUMNS.get(column[0][0]) if column and all(column) else None
    if kind is not None:
        joined = b"".join(column)
        try:
            read = kind.FromString(joined)
            read.DiscardUnknownFields()
            values: Sequence[AnyValue] = read.value[:]
            if len(values) == len(column) and read.ByteSize() == len(joined):
                return values
        except DecodeError:
            pass
    parse: Callable[[bytes], Any] = AnyValueMessage.FromString
    return [quick(parse(part)) for part in column]


def _attributes(part: Any) -> dict[str, AnyValue] | None:
    found = attributes_of(part)
    if found is None:
        return None
    keys, values = found
    if ERROR_KEYS.isdisjoint(keys):
        return {}
    parse, pairs = AnyValueMessage.FromString, zip(keys, values, strict=True)
    return {key: quick(parse(value)) for key, value in pairs if key in ERROR_KEYS}
