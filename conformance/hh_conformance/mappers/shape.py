"""Whether an event has the normal form that readers rely on: (rule, what breaks it).

A chat's inputs are its messages in their order and nothing else; its outputs are the answer and
nothing of the request; arguments of tool calls are parsed; no text stands twice in a bucket; no key
of an instrumentor's own stands in inputs or outputs.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hh_conformance.mappers.event import Mapped
from hh_conformance.mappers.texts import parsed, squeezed

Problem = tuple[str, str]

ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})
_ANSWER = frozenset(
    {
        *("role", "content", "tool_calls", "finish_reason", "reasoning", "refusal", "audio"),
        *("annotations", "choices", "name"),
    }
)
_PLAIN = frozenset(
    {"prompt", "prompts", "input", "inputs", "text", "texts", "embeddings", "documents"}
)
"""Inputs of model calls that are no chats: completions and embeddings."""
_CALL = frozenset({"id", "name", "arguments"})
_LONG = 20
"""Characters of a text that does not stand twice by chance."""


def problems_of(expected: Mapping[str, Any], event: Mapped) -> Iterator[Problem]:
    """What is wrong with the shape of an event; ``expected`` is its entry in the oracle."""
    inputs, outputs = event.content.inputs, event.content.outputs
    for name, bucket in (("inputs", inputs), ("outputs", outputs)):
        yield from (("foreign key", f"{name}.{key}") for key in bucket if "." in key)
        yield from _repeated(name, bucket)
    yield from _calls(inputs)
    yield from _calls(outputs)
    history = inputs.get("chat_history")
    messages: Sequence[Any] = history if isinstance(history, list) else []
    for message in messages:
        yield from _message(message)
    if event.facts.event_type == "model":
        yield from _model(inputs, outputs)
        yield from _request_in_answer(expected, outputs)
    yield from _order(expected, messages)


def _model(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> Iterator[Problem]:
    if inputs and set(inputs) != {"chat_history"} and not inputs.keys() <= _PLAIN:
        yield "inputs", f"keys {sorted(inputs)}"
    if "chat_history" in inputs and not outputs.keys() <= _ANSWER:
        yield "outputs", f"keys {sorted(outputs.keys() - _ANSWER)}"
    if outputs.get("role") not in (None, "assistant"):
        yield "role", f"outputs of {outputs['role']!r}"


def _message(message: Any) -> Iterator[Problem]:
    if not isinstance(message, dict) or not {"role", "content"} <= message.keys():
        yield "message", f"{type(message).__name__} without role or content"
    elif message["role"] not in ROLES:
        yield "role", repr(message["role"])


def _calls(tree: Any) -> Iterator[Problem]:
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            for call in value.get("tool_calls") or ():
                yield from _call(call)
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _call(call: Any) -> Iterator[Problem]:
    if not isinstance(call, dict) or not call.keys() >= _CALL:
        yield "tool call", "without id, name and arguments"
    elif isinstance(parsed(call["arguments"]), dict):
        yield "tool call", f"arguments of {call['name']!r} are not parsed"


def _repeated(name: str, bucket: Mapping[str, Any]) -> Iterator[Problem]:
    """Equal messages of one conversation are not the same text told twice."""
    parts = [value for key, value in bucket.items() if key not in ("chat_history", "choices")]
    distinct: list[Any] = []
    history = bucket.get("chat_history")
    for message in history if isinstance(history, list) else ():
        if message not in distinct:
            distinct.append(message)
    counts = Counter(text for text in _values([parts, distinct]) if len(text) >= _LONG)
    yield from (
        ("text twice", f"{name}: {text[:60]!r}") for text, count in counts.items() if count > 1
    )


def _values(tree: Any) -> Iterator[str]:
    """The texts of a tree, without keys and ids."""
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [item for key, item in value.items() if key not in ("id", "tool_call_id")]
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, str):
            yield squeezed(value)


def _request_in_answer(
    expected: Mapping[str, Any], outputs: Mapping[str, Any]
) -> Iterator[Problem]:
    said = " ".join(str(item) for item in expected.get("outputs", ()))
    answer = list(_values(outputs))
    for item in expected.get("inputs", ()):
        asked = squeezed(item["text"])
        if len(asked) >= _LONG and asked not in said and any(asked in text for text in answer):
            yield "request in outputs", repr(asked[:60])


def _order(expected: Mapping[str, Any], messages: Sequence[Any]) -> Iterator[Problem]:
    """The texts of the request in their order, each in a message of its role; system texts may have
    come apart from the others."""
    texts = [" ".join(_values(message)) for message in messages]
    last = 0
    for item in expected.get("inputs", ()):
        places = [place for place, text in enumerate(texts) if squeezed(item["text"]) in text]
        own = [place for place in places if _same_role(item.get("role"), messages[place])]
        if places and not own:
            yield "role of a text", f"{item.get('role')}: {item['text'][:60]!r}"
        elif own and max(own) < last:
            yield "order", repr(item["text"][:60])
        elif own:
            last = min(place for place in own if place >= last)


def _same_role(told: str | None, message: Any) -> bool:
    role = message.get("role") if isinstance(message, dict) else None
    spelt = {"model": "assistant", "ai": "assistant", "human": "user", "function": "tool"}
    told = spelt.get(told or "", told)
    return not told or role == told or {role, told} == {"system", "developer"}
