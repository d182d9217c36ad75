"""Attributes of a span that stand nowhere in its event."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from hh_conformance.mappers.event import Mapped
from hh_conformance.mappers.texts import leaves, parsed, squeezed

_BUCKETS = ("inputs", "outputs", "config", "metadata", "metrics", "feedback", "user_properties")
_FIELDS = frozenset(
    {
        *("honeyhive_event_type", "honeyhive_duration_ms", "honeyhive.project"),
        "traceloop.association.properties.project",
    }
)
"""They are fields of an event: its type and duration, and the project that the key decides."""
_FORM = frozenset({"input.mime_type", "output.mime_type", "traceloop.entity.mime_type"})
"""They say how another attribute is to be read."""
_WORD = re.compile(r"[\w.-]+")
_ENVELOPE = frozenset(
    {"type", "role", "kind", "part_kind", "finish_reason", "finish_reasons", "modality"}
)
"""Members of documents whose values are words of a vocabulary: normal forms have their own."""


def lost_attributes(event: Mapped) -> Iterator[str]:
    """The keys of attributes of which something stands nowhere."""
    content, facts = event.content, event.facts
    found = set(leaves([getattr(content, bucket) for bucket in _BUCKETS]))
    fields = facts.event_name, facts.session_id, facts.claimed_event_id, facts.event_type
    found |= set(leaves([*fields, content.error, content.source, facts.duration_ns]))
    found = {leaf.casefold() for leaf in found}
    whole = "\n".join(found)
    for key, value in event.span.attributes.items():
        if key in _FIELDS or key in _FORM or key.rpartition(".")[2] in _ENVELOPE:
            continue
        if not all(text in found or _stands_in(whole, text) for text in _parts(value)):
            yield key


def _document(value: Any) -> Any:
    """The object or list that a text holds, as JSON or as Python shows it; None for none."""
    found = parsed(value)
    if found is None and isinstance(value, str) and value[:1] in ("{", "["):
        try:
            found = ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    return found


def _stands_in(whole: str, text: str) -> bool:
    """Of a document in a notation of its own (that of a class, say) each word; no word of JSON for
    nothing."""
    return text in whole or text == "null" or all(word in whole for word in _WORD.findall(text))


def _parts(value: Any) -> Iterator[str]:
    """The scalars of an attribute: of a text that holds JSON those of that, to any depth."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        inner = _document(part)
        if inner is not None:
            waiting.append(inner)
        elif isinstance(part, dict):
            waiting += [item for name, item in part.items() if name not in _ENVELOPE]
        elif isinstance(part, list | tuple):
            waiting += part
        elif part is not None and not isinstance(part, bytes):
            yield squeezed(part).casefold()
