"""A span as an instrumentor sent it, with OTLP's AnyValue turned into plain Python."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

AnyValue: TypeAlias = (
    "str | bool | int | float | bytes | Sequence[AnyValue] | Mapping[str, AnyValue] | None"
)
Attributes = Mapping[str, AnyValue]

Keys = tuple[str, ...]
"""The attribute keys of a span in their order. Spans of one kind have the same."""

MAX_SHAPES = 1024
MAX_SHAPE_CHARACTERS = 16 << 10

_Made = TypeVar("_Made")


class ByKeys(dict[Keys, _Made], Generic[_Made]):
    """What follows from a span's attribute keys, worked out once for all spans that have them.

    Bounded, so that clients with ever new keys cost time but no memory.
    """

    def __init__(self, make: Callable[[Keys], _Made]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, keys: Keys) -> _Made:
        made = self._make(keys)
        if sum(map(len, keys)) <= MAX_SHAPE_CHARACTERS:
            if len(self) >= MAX_SHAPES:
                self.clear()
            self[keys] = made
        return made


ROOT_PARENTS = frozenset({b"", bytes(8)})
"""What a root says of its parent: some clients write zeros."""

ERROR_KEYS = frozenset({"error.type", "exception.type"})
"""Attributes, of a span or of its exception, that name what has failed."""


@dataclass(frozen=True, slots=True)
class SpanEvent:
    name: str
    time_ns: int
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class SpanLink:
    trace_id: bytes
    span_id: bytes
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Origin:
    """What all spans of one scope share: made once for each ``ScopeSpans``."""

    resource: Attributes
    scope_name: str = ""
    scope_version: str = ""
    scope_attributes: Attributes = field(default_factory=dict)


@dataclass(slots=True)
class Span:
    """One OTLP span. Ids are 16 and 8 bytes; ``parent_span_id`` is empty for a root."""

    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    name: str
    kind: int
    start_ns: int
    end_ns: int
    attributes: Attributes
    status_code: int
    """0 unset, 1 ok, 2 error (OTLP ``Status.StatusCode``)."""
    status_message: str
    origin: Origin
    events: Sequence[SpanEvent] = ()
    links: Sequence[SpanLink] = ()
