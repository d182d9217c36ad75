"""LiveKit Agents: ``lk.*`` beside OTel GenAI.

https://docs.livekit.io/deploy/observability/data
"""

from dataclasses import replace
from typing import Any

from hh_core.domain.event import Content, Json, Step
from hh_core.domain.rules import Glance, Kind
from hh_core.domain.span import Keys, Span
from hh_mappers.bodies import give_arguments, give_result
from hh_mappers.genai_content import asked, said
from hh_mappers.leftovers import leave_attributes
from hh_mappers.messages import Message, chat_history
from hh_mappers.placing import offer
from hh_mappers.reading import number, structured, text, unpacked
from hh_mappers.routes import LARGE, Prepared, Route, Routes

_LK = "lk."
_PERSONAL = _LK + "pii."
"""Before names of values that may tell of a person, since release 1.7."""
_CONTEXT, _TOOL = _LK + "chat_ctx", _LK + "function_tool."
_SAID, _CALLS = _LK + "response.text", _LK + "response.function_calls"
_HEARD = (_LK + "user_input", _LK + "input_text", _LK + "instructions", _LK + "user_transcript")


def _failure(value: Any) -> str | None:
    return "tool_error" if value is True else None


_LARGE = (_CONTEXT, _SAID, _CALLS, *_HEARD, _TOOL + "arguments", _TOOL + "output")
_ROUTES = Routes(
    {
        _TOOL + "name": Route(text, "metadata.tool_name"),
        _TOOL + "id": Route(text, "metadata.tool_call_id"),
        _LK + "response.ttft": Route(number, "metrics.time_to_first_token"),
        **dict.fromkeys(_LARGE, LARGE),
        **dict.fromkeys((key.replace(_LK, _PERSONAL, 1) for key in _LARGE), LARGE),
    },
    {},
)
_FAILED = Glance(_TOOL + "is_error", _failure, "error_class", "metadata.error_type")
_SPEAKING = frozenset({_LK + "tts.label", _LK + "tts.streaming", _LK + "tts_metrics"})
_LISTENING = frozenset({_LK + "stt.label", _LK + "stt.streaming", _LK + "stt_metrics"})


class LiveKit(Prepared):
    name = "livekit"
    rank = 53

    def prepare(self, keys: Keys) -> Step | None:
        if not any(key.startswith(_LK) for key in keys):
            return None
        rules = _ROUTES.rules(keys, kinds=(Kind("", (), _kind(tuple(map(_plain, keys)))),))
        return replace(rules, glances=(_FAILED,)) if _FAILED.key in keys else rules

    def content(self, span: Span, content: Content) -> None:
        attributes = {_plain(key): value for key, value in span.attributes.items()}
        context = structured(attributes.get(_CONTEXT))
        history = context.get("items") if isinstance(context, dict) else context
        asked(content, _messages(history), origin=_CONTEXT, operation=None)
        for key in _HEARD:
            if key in attributes:
                offer(content, "inputs", key.removeprefix(_LK), attributes[key], origin=key)
        calls = structured(attributes.get(_CALLS))
        answer: Message = {"role": "assistant", "content": text(attributes.get(_SAID))}
        if isinstance(calls, list) and calls:
            answer["tool_calls"] = calls
        if answer["content"] or calls:
            said(content, chat_history([answer], role="assistant"), origin=_SAID)
        if _TOOL + "arguments" in attributes:
            value = unpacked(attributes[_TOOL + "arguments"])
            give_arguments(content, value, origin=_TOOL + "arguments")
        if _TOOL + "output" in attributes:
            give_result(content, attributes[_TOOL + "output"], origin=_TOOL + "output")
        leave_attributes(content, attributes, _LARGE)


def _plain(key: str) -> str:
    return _LK + key.removeprefix(_PERSONAL) if key.startswith(_PERSONAL) else key


def _kind(keys: Keys) -> str:
    if any(key.startswith(_TOOL) for key in keys):
        return "tool"
    is_speech = not (_SPEAKING | _LISTENING).isdisjoint(keys)
    return "model" if _CONTEXT in keys or is_speech else "chain"


def _messages(items: Json) -> list[Message]:
    """Messages, calls and their outputs are items of one list, each with a note of its own."""
    found = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    kept = [{key: item[key] for key in _ITEM if key in item} for item in found]
    return chat_history(kept, role="user") if kept else []


_ITEM = ("type", "role", "content", "call_id", "name", "arguments", "output", "is_error")
