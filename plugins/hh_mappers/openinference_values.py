"""OpenInference's ``input.value`` and ``output.value``: all that a span was given and gave.

Of a call of a model it is the whole request and answer, which other attributes tell in a better
form: so it is read last, adds what they leave empty, and what is new in it stays in ``metadata``.
"""

import re
from collections.abc import Callable, Mapping

from hh_core.domain.event import Content, Json, Step
from hh_core.domain.rules import Rules
from hh_core.domain.span import Attributes, Keys, Span
from hh_mappers.framework_messages import unwrapped
from hh_mappers.leftovers import give_members, leave
from hh_mappers.literals import unpacked_literal
from hh_mappers.messages import answer
from hh_mappers.openinference_content import is_conversation
from hh_mappers.placing import offer, offer_answer
from hh_mappers.requests import SYSTEM, asked_of, complete, instruct, said_of
from hh_mappers.routes import Prepared

_KIND = "openinference.span.kind"
_CALLS = ("LLM", "DECISION")
_CHATS = ("chat", "text_completion", "generate_content")
_SIDES = (("input", "inputs"), ("output", "outputs"))
_VALUES = frozenset({"input.value", "output.value", "crew_tasks", "crew_inputs"})
_TASK = ("description", "expected_output", "agent_role")
_WRAPPER = frozenset({"args", "kwargs", "sanitize_inputs_outputs"})
"""Parameters of Python's wrappers around a tool, of smolagents' own too."""
_OBJECT = re.compile(r"<[\w.]+(?: object)? at 0x[0-9a-f]+>")
"""What Python writes of an object without a text, a stream say: no answer."""
_NO_TEXT = ("None", "assistant: None")
"""The text of an answer that has none: of Bedrock's, and of LlamaIndex' calls of tools."""
_CALLED = frozenset({"llm.model_name", "gen_ai.request.model"})
_VECTORS = ("input", "texts", "text", "query", "contents", "content", "data", "embeddings")


class OpenInferenceValues(Prepared):
    name = "openinference-values"
    rank = 90

    def prepare(self, keys: Keys) -> Step | None:
        found = _VALUES.intersection(keys)
        return Rules(found) if found else None

    def content(self, span: Span, content: Content) -> None:
        attributes = span.attributes
        for side, bucket in _SIDES:
            if f"{side}.value" in attributes:
                _place(attributes, content, side, bucket)
        _crew(attributes, content)


def _crew(attributes: Attributes, content: Content) -> None:
    """What a crew of CrewAI is asked: its inputs, and its tasks."""
    if given := attributes.get("crew_inputs"):
        give_members(content, "inputs", "input", unpacked_literal(given), "crew_inputs")
    tasks = unpacked_literal(attributes.get("crew_tasks"))
    if isinstance(tasks, list):
        told = [{k: t[k] for k in _TASK if k in t} for t in tasks if isinstance(t, Mapping)]
        offer(content, "inputs", "tasks", told, origin="crew_tasks")
    if tasks:
        leave(content, "crew_tasks", tasks)


def _place(attributes: Attributes, content: Content, side: str, bucket: str) -> None:
    key = f"{side}.value"
    kind = attributes.get(_KIND)
    value = unpacked_literal(attributes[key])
    if kind == "EMBEDDING":
        _embedded(content, bucket, value, key)
    elif kind in _CALLS or is_conversation(content, bucket) or _is_call(attributes):
        _REQUESTS[side](content, value, key)
        leave(content, key, value)
    elif kind == "TOOL":
        _called(content, bucket, side, value, key)
    else:
        give_members(content, bucket, side, value, key)


def _is_call(attributes: Attributes) -> bool:
    """Whether another convention tells that the span is a call of a model."""
    operation = attributes.get("gen_ai.operation.name", "chat")
    return _KIND not in attributes and operation in _CHATS and not _CALLED.isdisjoint(attributes)


def _ask(content: Content, value: Json, origin: str) -> None:
    asked, told = asked_of(value), content.inputs.get("chat_history")
    if told is not None:
        instruct(told, asked)
        complete(told, asked)
    elif asked and asked[-1]["role"] not in SYSTEM:
        offer(content, "inputs", "chat_history", asked, origin=origin)
    elif isinstance(value, str) and value and not content.inputs:
        offer(content, "inputs", "prompt", value, origin=origin)


def _say(content: Content, value: Json, origin: str) -> None:
    if isinstance(value, str) and (_OBJECT.fullmatch(value) or value in _NO_TEXT):
        return
    said = answer(said_of(value))
    if not content.outputs:
        offer_answer(content, said, origin=origin)
    elif "choices" not in said and said.get("role") == content.outputs.get("role"):
        content.outputs.update((k, v) for k, v in said.items() if v and not content.outputs.get(k))


_REQUESTS: dict[str, Callable[[Content, Json, str], None]] = {"input": _ask, "output": _say}


def _embedded(content: Content, bucket: str, value: Json, origin: str) -> None:
    """The request or answer of an embedding call, as far as it is not told yet."""
    place = "input" if bucket == "inputs" else "embeddings"
    if place not in getattr(content, bucket):
        found = value
        if isinstance(value, Mapping):
            found = next((value[name] for name in _VECTORS if value.get(name)), None)
        offer(content, bucket, place, found, origin=origin)
    leave(content, origin, value)


def _called(content: Content, bucket: str, side: str, value: Json, origin: str) -> None:
    """The arguments of a tool by their names, also as a Python wrapper writes them, or what it
    answers, also as a message."""
    if isinstance(value, Mapping) and side == "input" and value.keys() <= _WRAPPER:
        value = _unwrapped(content, value, origin)
    message = unwrapped(value)
    if message is not value and isinstance(message, Mapping):
        give_members(content, bucket, side, {side: message.get("content")}, origin)
        leave(content, origin, value)
    else:
        give_members(content, bucket, side, value, origin)


def _unwrapped(content: Content, value: Mapping[str, Json], origin: str) -> Json:
    """The arguments that a wrapper was called with."""
    given, args = value.get("kwargs"), value.get("args")
    leave(content, origin, {k: item for k, item in value.items() if k not in ("args", "kwargs")})
    if not isinstance(given, Mapping):
        return {"args": args} if args else value
    return {"args": args, **given} if args else given
