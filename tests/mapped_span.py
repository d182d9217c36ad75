"""One span below another, mapped by all mappers: for examples of conventions."""

from collections.abc import Sequence
from typing import Any

from hh_core.domain.event import Content, Facts
from hh_core.domain.mapping import Mapping
from hh_core.domain.span import Origin, Span, SpanEvent
from hh_core.hooks import load_mappers

MAPPING = Mapping(load_mappers())


def mapped(
    attributes: dict[str, Any], events: Sequence[SpanEvent] = (), **status: Any
) -> tuple[Facts, Content]:
    span = Span(
        b"t" * 16,
        b"s" * 8,
        b"p" * 8,
        status.get("name", "name"),
        1,
        1,
        2,
        attributes,
        status.get("code", 0),
        status.get("message", ""),
        Origin({"service.name": "shop"}, status.get("scope", "honeyhive.140234")),
        events,
    )
    return MAPPING.facts(span), MAPPING.event(span)
