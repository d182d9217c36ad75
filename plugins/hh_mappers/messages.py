"""The normal form of chat messages: ``{role, content, tool_calls?, tool_call_id?, reasoning?, …}``.

``role`` is ``system | developer | user | assistant | tool``. ``content`` is text, or a list of
parts when there is more than text. A tool call is ``{id, name, arguments}`` with arguments parsed;
what tools answered are messages of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from hh_core.domain.event import Json
from hh_mappers.parts import Message, is_part, joined, joined_content, listed_parts, sorted_parts
from hh_mappers.reading import dumped, parsed, plain, structured
from hh_mappers.tool_calls import call_id, listed_calls, tool_call
from hh_mappers.truncated import cut_messages

__all__ = ["Message", "answer", "chat_history", "normal_role", "tool_call"]

_ROLES = {name: name for name in ("system", "developer", "user", "assistant", "tool")} | {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "chatbot": "assistant",
    "bot": "assistant",
    "agent": "assistant",
    "thinking": "assistant",
    "reasoning": "assistant",
    "function": "tool",
    "tool_result": "tool",
    "tool-result": "tool",
    "ipython": "tool",
    "tool-call": "assistant",
    "tool_call": "assistant",
    "tool-response": "user",
}
"""The last three are of smolagents, which sends what its tools answered as the user's words."""
_UNKNOWN = "unknown"
"""What callbacks of LangChain call the role of a tool's message, beside those of system, user and
assistant."""
_THINKING = frozenset({"thinking", "reasoning"})
_REASONS = ("finish_reason", "stop_reason", "finishReason", "stopReason")
_THOUGHTS = ("reasoning", "reasoning_content", "thinking")
_CALLS = ("tool_calls", "toolCalls", "function_call")
_CONTENT = ("parts", "content", "contents", "text")
_READ = frozenset(
    {"role", "message", "index", "type", "tool_call_id", "toolCallId", "finish_reason"}
)
_READ |= {*_REASONS, *_THOUGHTS, *_CALLS, *_CONTENT}

_ONLY_REASONS = frozenset({*_REASONS, "index"})
_WRAPPED = frozenset({"role", "parts", "content", "message", *_REASONS})
"""Members of a message that stands within ``content``: a candidate of Gemini's, or what AWS'
distribution of OpenTelemetry takes out of spans."""
_TWICE = ('"[', '"{')
_TELLING = frozenset({"role", "message", *_CALLS, *_CONTENT, *_THOUGHTS, "refusal", "audio"})
"""What only a message has: anything else is content itself."""


def normal_role(role: Any, otherwise: str) -> str:
    """One of the five roles; ``otherwise`` for a name that nobody knows."""
    return _known_role(role) or otherwise


def _known_role(role: Any) -> str | None:
    if not isinstance(role, str):
        return None
    return _ROLES.get(role.lower().removesuffix("chunk").removesuffix("message"))


def chat_history(value: Any, *, role: str) -> list[Message]:
    """Messages in any of the shapes that conventions use; ``role`` where one names none."""
    found = _told_in(value)
    if found is None:
        return [] if value is None or value == "" else [{"role": role, "content": plain(value)}]
    if isinstance(found, dict) and isinstance(found.get("messages"), list):
        found = found["messages"]
    items = [_whole(item) for item in found] if isinstance(found, list) else [found]
    messages: list[Message] = []
    for are_parts, group in groupby(items, key=is_part):
        if are_parts:
            messages += _from_parts({}, role, group)
        else:
            messages += [message for item in group for message in _message(item, role)]
    return messages


def _told_in(value: Any) -> Json:
    """The list or object that holds the messages, also out of JSON that was written as JSON once
    more, or was cut short; None for plain text."""
    found = structured(value)
    if found is None and isinstance(value, str):
        inner = parsed(value) if value.startswith(_TWICE) else None
        found = structured(inner) if isinstance(inner, str) else cut_messages(value)
    return found


def _whole(item: Json) -> Json:
    """A message that stands in its list as JSON text; anything else as it is."""
    found = structured(item) if isinstance(item, str) and item.startswith("{") else None
    return found if isinstance(found, dict) and "role" in found else item


def answer(messages: Sequence[Message]) -> Message:
    """Outputs of a model call: its message; all of them as ``choices`` if there are several."""
    said = [message for message in messages if message["role"] != "tool"] or list(messages)
    if not said:
        return {}
    if (one := _as_one(said)) is not None:
        rest = [message for message in messages if message["role"] == "tool"]
        return {**one, "tool_results": rest} if rest and one["role"] != "tool" else one
    return {**said[0], "choices": list(messages)}


def _as_one(messages: Sequence[Message]) -> Message | None:
    """One answer that was told in several messages: thoughts, text, calls. None for choices."""
    if len(messages) == 1:
        return dict(messages[0])
    if sum(bool(message.get("content")) for message in messages) > 1:
        return None
    if sum("finish_reason" in message for message in messages) > 1:
        return None
    one: Message = {"role": messages[0]["role"], "content": None}
    for message in messages:
        for key, item in message.items():
            if not one.get(key):
                one[key] = item
    if thoughts := [message["reasoning"] for message in messages if "reasoning" in message]:
        one["reasoning"] = joined(thoughts)
    if calls := [call for message in messages for call in message.get("tool_calls", ())]:
        one["tool_calls"] = calls
    return one


def _message(item: Json, role: str) -> list[Message]:
    if not isinstance(item, dict):
        return [{"role": role, "content": item}]
    if _TELLING.isdisjoint(item):
        return _without_words(item, role)
    told = structured(item["message"]) if isinstance(item.get("message"), str) else None
    if isinstance(told, dict) and "role" in told:
        item = {**item, "message": told}
    if isinstance(item.get("message"), dict):
        item = {**item, **item["message"]}
    elif isinstance(item.get("message"), str) and "content" not in item:
        item = {**item, "content": item["message"]}
    inner = item.get("content")
    if isinstance(inner, dict) and inner and inner.keys() <= _WRAPPED and role != "tool":
        around = {key: part for key, part in item.items() if key != "content"}
        return _message({**around, **inner}, role)
    if isinstance(pictures := item.get("images"), list):
        text = [item["content"]] if item.get("content") else []
        content = [*text, *({"type": "image", "image": picture} for picture in pictures)]
        item = {**{k: v for k, v in item.items() if k != "images"}, "content": content}
    for key in _CONTENT:
        parts = listed_parts(item.get(key))
        if parts is not None:
            return _from_parts(item, role, parts)
    said = next((item[key] for key in _CONTENT if item.get(key) not in (None, [])), None)
    return _from_parts(item, role, () if said is None else (said,))


def _without_words(item: Mapping[str, Json], role: str) -> list[Message]:
    """An object that is content itself, or tells only why a message ended that says nothing."""
    if item and _ONLY_REASONS.issuperset(item):
        return [{"role": role, "content": None, **_details(item, role)}]
    return [{"role": role, "content": dict(item)}] if item else []


def _from_parts(item: Mapping[str, Json], role: str, parts: Iterable[Json]) -> list[Message]:
    """One message, and one more for each tool's answer that stands among its parts."""
    found = sorted_parts(parts)
    told = item.get("role", item.get("type"))
    calls = [*_own_calls(item, found.calls), *found.calls]
    otherwise = "tool" if told == _UNKNOWN and role == "user" else role
    known = normal_role(told, "assistant" if calls or found.thoughts else otherwise)
    thoughts = [*(item[key] for key in _THOUGHTS if item.get(key)), *found.thoughts]
    content = joined_content(found.content)
    if calls and content == '""':  # quoted as JSON where there is none
        content = None
    if isinstance(told, str) and told.lower() in _THINKING:
        thoughts, content = [*thoughts, content], None
    message: Message = {"role": known, "content": content, **_details(item, known)}
    if thoughts := [thought for thought in thoughts if thought]:
        message["reasoning"] = joined(thoughts)
    if found.refusals and "refusal" not in message:
        message["refusal"] = joined(found.refusals)
    if calls:
        message["tool_calls"] = calls
    if found.answers and not (content or calls or thoughts):
        return found.answers
    both = [message, *found.answers]
    return [*found.answers, message] if found.answers_first else both


def _own_calls(item: Mapping[str, Json], told: Sequence[Json]) -> list[Json]:
    """The calls of the message's own lists, but for those that its parts tell as well."""
    calls = [call for key in _CALLS for call in listed_calls(item.get(key))]
    ids = {dumped(call.get("id")) for call in told if isinstance(call, dict)}
    return [c for c in calls if not (isinstance(c, dict) and dumped(c.get("id")) in ids)]


def _details(item: Mapping[str, Json], role: str) -> Message:
    details: Message = {
        key: value
        for key, value in item.items()
        if key not in _READ and value is not None and value != "" and value != []
    }
    reason = next((item[key] for key in _REASONS if item.get(key)), None)
    if reason is not None:
        details["finish_reason"] = reason
    if (told := item.get("role")) and _known_role(told) is None and told != _UNKNOWN:
        details.setdefault("name", told)
    if role == "tool":
        id_ = call_id(item)
        details.pop("id", None)
        if id_ is not None:
            details["tool_call_id"] = id_
    return details
