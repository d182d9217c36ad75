"""OTLP in protobuf: parsed by upb, never more of it at once than memory allows.

A hostile body is mostly tiny messages: 64 MiB hold 32 million of them, gigabytes as objects. So a
body of up to 1 MiB is parsed whole (at worst some 40 MiB of objects), and a larger one piece by
piece along its ``ResourceSpans`` and ``ScopeSpans``, whose boundaries a scanner finds on the wire;
a single message above 1 MiB is first counted on the wire. Traces and logs are built alike, with the
same tags, so both are parsed here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal import api_implementation
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from hh_core.errors import ConfigError, RejectedError
from hh_core.wire.otlp_body import Limits
from hh_core.wire.otlp_scan import PIECE_BYTES, Field, count_messages, fields

_RESOURCES, _SCOPES, _ITEMS = 0x0A, 0x12, 0x12
"""Tags on the wire, each in its parent: of traces and of logs."""
_UPB_DEPTH = 100
"""Nested messages that upb parses; deeper is an error."""


class Names(NamedTuple):
    """What the fields of a signal are called, from the request inwards; and its items in a text."""

    resources: str
    scopes: str
    items: str
    said: str


SPANS = Names("resource_spans", "scope_spans", "spans", "spans")


class Schema(NamedTuple):
    """The classes that a body is parsed with: OTLP's, or others that have the same fields."""

    request: Any
    resource: Any
    scope: Any
    names: Names = SPANS


FULL = Schema(ExportTraceServiceRequest, ResourceSpans, ScopeSpans)
LOGS = Schema(
    ExportLogsServiceRequest,
    ResourceLogs,
    ScopeLogs,
    Names("resource_logs", "scope_logs", "log_records", "log records"),
)


class _How(NamedTuple):
    """How a body is parsed. ``check`` is only for ``FULL`` and ``LOGS``."""

    schema: Schema
    limits: Limits
    check: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Spans, or log records, that share a resource and a scope. One ``ScopeSpans`` may come as
    several groups."""

    resource: Resource
    scope: InstrumentationScope
    spans: Sequence[Any]
    """Messages of the schema that was asked for."""
    size: int = 0
    """Bytes that were parsed for this group and those which follow it without a size."""


def require_upb() -> None:
    """Called at start-up: the pure-Python parser is slow and was hit by CVE-2025-4565."""
    if api_implementation.Type() != "upb":
        raise ConfigError("protobuf must use its upb parser; unset its environment overrides")


def groups(body: bytes, limits: Limits, *, check: bool, schema: Schema = FULL) -> Iterator[Group]:
    """All spans in document order, or all log records. With ``check`` nesting is held to
    ``limits``: only ``FULL`` and ``LOGS``.

    Raises ``RejectedError``: 400 malformed or nested too deep, 413 too many spans.
    """
    count = 0
    for group in _groups(body, _How(schema, limits, check)):
        count += len(group.spans)
        if count > limits.max_spans:
            raise too_many(limits, schema.names.said)
        yield group


def too_many(limits: Limits, items: str = SPANS.said) -> RejectedError:
    message = f"the request has more than {limits.max_spans} {items}; send smaller batches"
    return RejectedError(message, code=413)


def _groups(body: bytes, how: _How) -> Iterator[Group]:
    if len(body) <= PIECE_BYTES:
        request = _parse(how.schema.request, body, how)
        yield from _of_request(request, len(body), how.schema.names)
        return
    budget = [4 * how.limits.max_spans]
    for batch in _batches(fields(body, 0, len(body), budget), _RESOURCES):
        if _size(batch) <= PIECE_BYTES:
            piece = _joined(body, batch)
            request = _parse(how.schema.request, piece, how)
            yield from _of_request(request, len(piece), how.schema.names)
        else:
            yield from _large_resource(body, batch[0], how, budget)


def _of_request(request: Any, size: int, names: Names) -> Iterator[Group]:
    for of_resource in getattr(request, names.resources):
        resource = of_resource.resource
        for of_scope in getattr(of_resource, names.scopes):
            yield Group(resource, of_scope.scope, getattr(of_scope, names.items), size)
            size = 0


def _large_resource(body: bytes, outer: Field, how: _How, budget: list[int]) -> Iterator[Group]:
    names = how.schema.names
    inner = list(fields(body, outer.start, outer.end, budget))
    own = _joined(body, [field for field in inner if field.tag != _SCOPES])
    resource = _parse(how.schema.resource, own, how).resource
    for batch in _batches(inner, _SCOPES):
        if _size(batch) <= PIECE_BYTES:
            size = _size(batch)
            piece = _parse(how.schema.resource, _joined(body, batch), how)
            for scope in getattr(piece, names.scopes):
                yield Group(resource, scope.scope, getattr(scope, names.items), size)
                size = 0
        else:
            for group in _large_scope(body, batch[0], how, budget):
                yield Group(resource, *group)


def _large_scope(
    body: bytes, outer: Field, how: _How, budget: list[int]
) -> Iterator[tuple[InstrumentationScope, Sequence[Any], int]]:
    inner = list(fields(body, outer.start, outer.end, budget))
    own = _joined(body, [field for field in inner if field.tag != _ITEMS])
    scope = _parse(how.schema.scope, own, how).scope
    for batch in _batches(inner, _ITEMS):
        piece = _parse(how.schema.scope, _joined(body, batch), how)
        yield scope, getattr(piece, how.schema.names.items), _size(batch)


def _batches(parts: Iterable[Field], tag: int) -> Iterator[list[Field]]:
    """The fields with ``tag``, in order, in runs of at most one piece; a larger one is alone."""
    batch: list[Field] = []
    size = 0
    for part in parts:
        if part.tag != tag:
            continue
        length = part.end - part.at
        if batch and size + length > PIECE_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(part)
        size += length
    if batch:
        yield batch


def _size(batch: Sequence[Field]) -> int:
    return sum(part.end - part.at for part in batch)


def _joined(body: bytes, parts: Sequence[Field]) -> bytes:
    return b"".join(body[part.at : part.end] for part in parts)


# ---- parsing, with the nesting limit held by upb itself ---------------------------------------


def _nest() -> dict[type, tuple[int, Any]]:
    """``message Nest { Nest inner = 1; <Type> … }``: upb counts depth from the outermost message,
    so a body wrapped in n of them is parsed with a depth limit lower by n, at C speed."""
    kinds = tuple(_DEPTH)
    file = descriptor_pb2.FileDescriptorProto(
        name="hh/nest.proto",
        package="hh.wire",
        syntax="proto3",
        dependency=list(dict.fromkeys(kind.DESCRIPTOR.file.name for kind in kinds)),
    )
    nest = file.message_type.add(name="Nest")
    optional = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
    message = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
    names = ["hh.wire.Nest", *(kind.DESCRIPTOR.full_name for kind in kinds)]
    for number, name in enumerate(names, 1):
        nest.field.add(
            name=f"field{number}",
            number=number,
            label=optional,
            type=message,
            type_name=f".{name}",
        )
    pool = descriptor_pool.Default()
    pool.Add(file)
    wrapped = message_factory.GetMessageClass(pool.FindMessageTypeByName("hh.wire.Nest"))
    return {kind: (number, wrapped) for number, kind in enumerate(kinds, 2)}


_DEPTH: dict[Any, int] = {
    kind: depth for schema in (FULL, LOGS) for depth, kind in enumerate(schema[:3])
}
"""How deep in a request a message of this type stands."""
_NEST = _nest()


def _parse(kind: Any, data: bytes, how: _How) -> Any:
    limits = how.limits
    if len(data) > PIECE_BYTES:
        count_messages(kind.DESCRIPTOR.name, data, 4 * limits.max_spans)
    try:
        return _parse_shallow(kind, data, limits) if how.check else kind.FromString(data)
    except DecodeError:
        pass
    try:
        message = kind.FromString(data)
    except DecodeError as error:
        raise malformed(how.schema.request.DESCRIPTOR.name) from error
    if deepest(message) > limits.max_nesting:
        raise too_deep(limits)
    return message


def malformed(request: str) -> RejectedError:
    return RejectedError(f"the body is not an {request}; check the exporter")


def too_deep(limits: Limits) -> RejectedError:
    return RejectedError(
        f"an attribute value is nested deeper than {limits.max_nesting} levels; flatten it"
    )


def _parse_shallow(kind: Any, data: bytes, limits: Limits) -> Any:
    """Parse with a depth in which no value can pass ``max_nesting``; else ``DecodeError``.

    The cheapest place for a deep value is a resource attribute or the body of a log record (its
    AnyValue is the 5th message), the cheapest way an array (two messages a level).
    """
    room = 5 + 2 * (limits.max_nesting - 1)
    wraps = max(1, _UPB_DEPTH - room) + _DEPTH[kind]
    number, wrapped = _NEST[kind]
    headers = [_header(number << 3 | 2, len(data))]
    size = len(data) + len(headers[0])
    for _ in range(wraps - 1):
        header = _header(0x0A, size)
        headers.append(header)
        size += len(header)
    message = wrapped.FromString(b"".join((*reversed(headers), data)))
    for _ in range(wraps - 1):
        message = message.field1
    return getattr(message, f"field{number}")


def _header(tag: int, length: int) -> bytes:
    out = bytearray((tag,))
    while length > 127:
        out.append(length & 127 | 128)
        length >>= 7
    out.append(length)
    return bytes(out)


def deepest(message: Any) -> int:
    """The deepest nesting of AnyValues in ``message``. Iterative; upb bounds the depth."""
    deepest = 0
    stack = [(message, 0)]
    while stack:
        item, level = stack.pop()
        level += item.DESCRIPTOR.name == "AnyValue"
        deepest = max(deepest, level)
        for field, value in item.ListFields():
            if field.message_type is None:
                continue
            if field.is_repeated:
                stack += [(child, level) for child in value]
            else:
                stack.append((value, level))
    return deepest
