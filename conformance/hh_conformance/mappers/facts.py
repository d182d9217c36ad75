"""What the oracle knows of a span, compared with its event: (kind of fact, whether it is right)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hh_conformance.mappers.event import Mapped
from hh_conformance.mappers.texts import holds, leaves

Fact = tuple[str, bool]

_COUNTS = ("prompt", "completion", "total")


def facts_of(expected: Mapping[str, Any], event: Mapped, flow: Mapping[str, Any]) -> Iterator[Fact]:
    """``expected`` is the span's entry in the oracle of ``flow``. What a span does not carry
    (``not_carried``) is not asked for."""
    absent = set(expected.get("not_carried", ()))
    types = expected["event_type"], *expected.get("event_type_also_ok", ())
    yield "type", event.facts.event_type in types
    if expected["parent"] is not None:
        parent = flow["spans"][expected["parent"]]["span_id"]
        yield "parent", event.span.parent_span_id.hex() == parent
    if expected["event_type"] == "model":
        yield from _of_model(expected, event, absent)
    if expected.get("provider") and "provider" not in absent:
        yield "provider", _is_provider(expected, event)
    yield from _texts(expected, event)
    yield from _errors(expected, event, absent)
    if expected.get("session_id"):
        yield "session", event.session_id == expected["session_id"]
    if expected.get("cost") and expected.get("cost_at"):
        told = event.bucket("metadata").get("cost")
        yield "cost", isinstance(told, int | float) and abs(told - expected["cost"]) < 1e-9


def _of_model(expected: Mapping[str, Any], event: Mapped, absent: set[str]) -> Iterator[Fact]:
    if expected.get("model") and "model" not in absent:
        told = event.bucket("config").get("model"), event.bucket("metadata").get("response_model")
        names = expected["model"], expected.get("response_model") or expected["model"]
        yield "model", any(holds(told, name) for name in names)
    for kind in _COUNTS:
        count = (expected.get("tokens") or {}).get(kind)
        if count is not None and f"tokens.{kind}" not in absent:
            yield "tokens", _counts(event, kind, count)


def _counts(event: Mapped, kind: str, count: int) -> bool:
    """Model events in the normal place, others anywhere: no sum takes their tokens."""
    metadata = event.bucket("metadata")
    if event.facts.event_type == "model":
        return bool(metadata.get(f"{kind}_tokens") == count)
    return str(count) in leaves(metadata)


def _is_provider(expected: Mapping[str, Any], event: Mapped) -> bool:
    told = " ".join(leaves([event.bucket("config"), event.bucket("metadata")])).lower()
    exported = str(expected.get("provider_as_exported", expected["provider"])).lower()
    return expected["provider"].rpartition(".")[2].lower() in told or exported in told


def _texts(expected: Mapping[str, Any], event: Mapped) -> Iterator[Fact]:
    for item in expected.get("inputs", ()):
        yield "inputs", holds(event.content.inputs, item["text"])
    for item in expected.get("outputs", ()):
        if "tool_call" in item:
            yield "tool calls", _calls(event, item["tool_call"], item["arguments"] or {})
        else:
            yield "outputs", holds(event.content.outputs, item["text"])


def _calls(event: Mapped, name: str, arguments: Mapping[str, Any]) -> bool:
    texts: Sequence[str] = [value for value in arguments.values() if isinstance(value, str)]
    return all(holds(event.content.outputs, text) for text in (name, *texts))


def _errors(expected: Mapping[str, Any], event: Mapped, absent: set[str]) -> Iterator[Fact]:
    if "error" not in absent:
        yield "error", bool(event.content.error) == expected["error"]
    if expected.get("error_text") and "error_text" not in absent:
        yield "error text", holds(event.content.error, expected["error_text"])
