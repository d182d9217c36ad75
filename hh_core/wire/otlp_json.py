"""OTLP in JSON (PROMISES 3.8): the same spans are accepted and come out as from protobuf.

Ids are hex in any case, enums numbers or names, 64-bit integers texts or numbers; names are in
lowerCamelCase and unknown ones are ignored; ``null`` is the same as absent; of equal keys the last
wins. Everything is validated while it is converted, so accepting and decoding are one code path.
"""

from collections.abc import Iterator
from typing import Any

from hh_core.domain.span import AnyValue, Origin, Span, SpanEvent, SpanLink
from hh_core.errors import RejectedError
from hh_core.wire.json_text import parse
from hh_core.wire.otlp_body import Limits
from hh_core.wire.otlp_json_values import (
    BadIdError,
    BadValueError,
    enum,
    hex_id,
    list_of,
    object_of,
    text,
    uint32,
    uint64,
)
from hh_core.wire.otlp_json_values import attributes as attributes_of
from hh_core.wire.otlp_protobuf import too_many
from hh_core.wire.otlp_spans import NO_SPAN, NO_TRACE

_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_CODES = ("UNSET", "OK", "ERROR")
KINDS = {f"SPAN_KIND_{name}": number for number, name in enumerate(_KINDS)}
CODES = {f"STATUS_CODE_{name}": number for number, name in enumerate(_CODES)}


def spans(body: bytes, limits: Limits) -> Iterator[tuple[int, Span | None]]:
    """All spans with their ordinals, ``None`` for one without sound ids.

    Raises ``RejectedError``: 400 malformed (the message names the field), 413 over a limit.
    """
    try:
        document = object_of(parse(body, 3 * limits.max_bytes), "the body")
        yield from _spans(document, limits)
    except BadValueError as error:
        raise RejectedError(str(error)) from error


def _spans(document: dict[str, Any], limits: Limits) -> Iterator[tuple[int, Span | None]]:
    ordinal = 0
    for resource_spans in list_of(document.get("resourceSpans"), "resourceSpans"):
        outer = object_of(resource_spans, "resourceSpans")
        resource = object_of(outer.get("resource"), "resource")
        uint32(resource.get("droppedAttributesCount"), "droppedAttributesCount")
        attributes = attributes_of(resource.get("attributes"), limits.max_nesting)
        text(outer.get("schemaUrl"), "schemaUrl")
        for scope_spans in list_of(outer.get("scopeSpans"), "scopeSpans"):
            inner = object_of(scope_spans, "scopeSpans")
            origin = _origin(attributes, inner, limits)
            for item in list_of(inner.get("spans"), "spans"):
                if ordinal >= limits.max_spans:
                    raise too_many(limits)
                yield ordinal, _span(item, origin, limits.max_nesting, ordinal)
                ordinal += 1


def _origin(resource: dict[str, AnyValue], scope_spans: dict[str, Any], limits: Limits) -> Origin:
    text(scope_spans.get("schemaUrl"), "schemaUrl")
    scope = object_of(scope_spans.get("scope"), "scope")
    uint32(scope.get("droppedAttributesCount"), "droppedAttributesCount")
    return Origin(
        resource,
        text(scope.get("name"), "scope.name"),
        text(scope.get("version"), "scope.version"),
        attributes_of(scope.get("attributes"), limits.max_nesting),
    )


def _span(item: object, origin: Origin, nesting: int, ordinal: int) -> Span | None:
    try:
        return _converted(object_of(item, "spans"), origin, nesting)
    except BadValueError as error:
        raise BadValueError(f"span {ordinal}: {error}") from error


def _converted(item: dict[str, Any], origin: Origin, nesting: int) -> Span | None:
    sound, ids = True, []
    for name, size in (("traceId", 16), ("spanId", 8), ("parentSpanId", 8)):
        try:
            ids.append(hex_id(item.get(name), name))
        except BadIdError:
            ids.append(b"")
            sound = False
        sound = sound and (len(ids[-1]) == size or (name == "parentSpanId" and not ids[-1]))
    trace_id, span_id, parent = ids
    status = object_of(item.get("status"), "status")
    for name in ("droppedAttributesCount", "droppedEventsCount", "droppedLinksCount", "flags"):
        uint32(item.get(name), name)
    text(item.get("traceState"), "traceState")
    events = [_event(each, nesting) for each in list_of(item.get("events"), "events")]
    links = [_link(each, nesting) for each in list_of(item.get("links"), "links")]
    span = Span(
        trace_id,
        span_id,
        b"" if parent == NO_SPAN else parent,
        text(item.get("name"), "name"),
        enum(item.get("kind"), KINDS, "kind"),
        uint64(item.get("startTimeUnixNano"), "startTimeUnixNano"),
        uint64(item.get("endTimeUnixNano"), "endTimeUnixNano"),
        attributes_of(item.get("attributes"), nesting),
        enum(status.get("code"), CODES, "status.code"),
        text(status.get("message"), "status.message"),
        origin,
        events,
        links,
    )
    return span if sound and trace_id != NO_TRACE and span_id != NO_SPAN else None


def _event(item: object, nesting: int) -> SpanEvent:
    event = object_of(item, "events")
    uint32(event.get("droppedAttributesCount"), "droppedAttributesCount")
    return SpanEvent(
        text(event.get("name"), "events.name"),
        uint64(event.get("timeUnixNano"), "events.timeUnixNano"),
        attributes_of(event.get("attributes"), nesting),
    )


def _link(item: object, nesting: int) -> SpanLink:
    """A link's ids only point elsewhere: one that is no hex is kept as an empty id."""
    link = object_of(item, "links")
    text(link.get("traceState"), "links.traceState")
    for name in ("droppedAttributesCount", "flags"):
        uint32(link.get(name), name)
    return SpanLink(
        _lenient(link.get("traceId")),
        _lenient(link.get("spanId")),
        attributes_of(link.get("attributes"), nesting),
    )


def _lenient(value: object) -> bytes:
    try:
        return hex_id(value, "links")
    except BadIdError:
        return b""
