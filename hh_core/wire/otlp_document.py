"""One span or log record as it was sent, in OTLP's JSON, with its resource and scope around it.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: ids in hexadecimal, enums as
numbers, 64-bit integers as text. What came in JSON is told as it came.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict

from hh_core.domain.event import Json
from hh_core.domain.segments import ContentType, RecordKind, SegmentRecord
from hh_core.wire import otlp_protobuf
from hh_core.wire.json_text import parse
from hh_core.wire.otlp_body import UNLIMITED, decompress
from hh_core.wire.otlp_protobuf import FULL, LOGS, Schema

_SCHEMAS: Mapping[RecordKind, tuple[Schema, tuple[str, str, str]]] = {
    RecordKind.TRACES: (FULL, ("resourceSpans", "scopeSpans", "spans")),
    RecordKind.LOGS: (LOGS, ("resourceLogs", "scopeLogs", "logRecords")),
}
_IDS = ("traceId", "spanId", "parentSpanId")


def otlp_documents(
    record: SegmentRecord, ordinals: Collection[int]
) -> Iterator[tuple[int, dict[str, Json]]]:
    """Of each item at ``ordinals`` of a record of kind ``TRACES`` or ``LOGS`` a request that holds
    it alone, with its ordinal. The record is parsed once.

    Raises ``RejectedError`` for a body that was never let in.
    """
    schema, names = _SCHEMAS[record.header.kind]
    plain = decompress(record.body, record.header.encoding, UNLIMITED)
    if record.header.content_type is ContentType.JSON:
        found = _in_json(parse(plain, 3 * UNLIMITED.max_bytes), names)
    else:
        found = _in_protobuf(plain, schema)
    outer, inner, items = names
    for place, (resource, scope, item) in enumerate(found):
        if place in ordinals:
            group: dict[str, Json] = {"scope": scope(), items: [item()]}
            yield place, {outer: [{"resource": resource(), inner: [group]}]}


def _in_protobuf(plain: bytes, schema: Schema) -> Iterator[tuple[Any, Any, Any]]:
    for group in otlp_protobuf.groups(plain, UNLIMITED, check=False, schema=schema):
        for item in group.spans:
            yield (
                lambda group=group: _as_json(group.resource),
                lambda group=group: _as_json(group.scope),
                lambda item=item: _with_ids(item),
            )


def _in_json(body: Any, names: tuple[str, str, str]) -> Iterator[tuple[Any, Any, Any]]:
    outer, inner, items = names
    for resources in body.get(outer) or ():
        for scopes in resources.get(inner) or ():
            for item in scopes.get(items) or ():
                yield (
                    lambda resources=resources: resources.get("resource") or {},
                    lambda scopes=scopes: scopes.get("scope") or {},
                    lambda item=item: item,
                )


def _as_json(message: Any) -> dict[str, Json]:
    return MessageToDict(message, use_integers_for_enums=True)


def _with_ids(message: Any) -> dict[str, Json]:
    """Protobuf's JSON has bytes in base64; OTLP's has ids in hexadecimal."""
    told = _as_json(message)
    _name_ids(told, message)
    for link, source in zip(told.get("links") or (), getattr(message, "links", ()), strict=False):
        if isinstance(link, dict):
            _name_ids(link, source)
    return told


def _name_ids(told: dict[str, Json], message: Any) -> None:
    fields = zip(_IDS, ("trace_id", "span_id", "parent_span_id"), strict=True)
    told |= {name: getattr(message, field).hex() for name, field in fields if name in told}
