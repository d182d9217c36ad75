"""Messages in the wrappings that frameworks put around them, unwrapped for ``messages``.

LangChain's messages, plain (``{"type": "human", …}``) and serialised (``{"lc": 1, "kwargs": …}``),
LangGraph's pairs of role and text, batches of conversations, choices, events that name their role;
and what is left of them when the message itself is taken out: ids, counts, headers.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from hh_core.domain.event import Json
from hh_mappers.literals import structure
from hh_mappers.messages import Message, chat_history, normal_role
from hh_mappers.parts import is_part
from hh_mappers.reading import plain
from hh_mappers.tool_calls import listed_calls

_SAID = frozenset(
    {
        *("role", "type", "content", "contents", "parts", "text", "name", "refusal", "audio"),
        *("tool_calls", "toolCalls", "function_call", "tool_call_id", "toolCallId", "call_id"),
        *("reasoning", "reasoning_content", "thinking", "annotations", "cache_control"),
        *("finish_reason", "finishReason", "stop_reason", "stopReason", "images"),
    }
)
"""What a message says. The rest is about it."""
_WRAPPERS = ("message", "delta", "kwargs", "data")
_HOLDERS = ("content", "contents", "parts")
"""What holds the parts of a message: what they say is said."""
_CALLS = ("tool_calls", "function_call")
_ITEMS = frozenset({"thinking", "reasoning", "tool_result", "tool-result", "function"})
"""Types of parts, though roles have these names too."""
_EVENT = "gen_ai."


def chat(value: Any, *, role: str) -> list[Message]:
    """All messages of ``value``; ``role`` is of those that name none."""
    found = structure(value)
    if found is None:
        said = plain(value)
        return [] if said is None else [{"role": role, "content": said}]
    return chat_history(list(_listed(found)), role=role)


def is_chat(value: Json) -> bool:
    """Whether a value is a message or a list of them: all name a role or a kind of message."""
    items = list(_listed(value)) if isinstance(value, list) else [value]
    return bool(items) and all(_is_message(item) for item in items)


def unsaid(value: Json) -> Json:
    """What is left of messages and their parts when all that they say is taken out; None for
    nothing."""
    if isinstance(value, list):
        return [left for item in value if (left := unsaid(item))] or None
    if not isinstance(value, dict | Mapping):
        return None
    rest = _unsaid_in_parts(value)
    if value.keys() <= _SAID:  # as most messages and parts: quick to tell
        return rest or None
    for key, item in value.items():
        if isinstance(item, Mapping) and (key in _WRAPPERS or key == "generation_info"):
            inner = unsaid(item) or {}
            rest |= {name: part for name, part in inner.items() if name not in value}
            if clash := {name: part for name, part in inner.items() if name in value}:
                rest[key] = clash  # LangChain's ``id`` of a class around that of a message
        elif not (key in _SAID or key in ("lc", "index") or item in (None, "", [], {})):
            rest[key] = item
    if _calls(value.get("additional_kwargs")):
        rest.pop("additional_kwargs", None)  # the provider's form of ``tool_calls``
    return rest or None


def _unsaid_in_parts(message: Mapping[str, Json]) -> dict[str, Json]:
    rest: dict[str, Json] = {}
    for key in _HOLDERS:
        if key in message and type(parts := message[key]) is list and (left := unsaid(parts)):
            rest[key] = left
    return rest


def spoken(value: Json, rest: list[Json]) -> Json:
    """A value with LangChain's messages in their one form wherever they stand in it, as in the
    state of a graph; what they hold beside goes to ``rest``."""
    if isinstance(value, list):
        return [spoken(item, rest) for item in value]
    if not isinstance(value, Mapping):
        return value
    if _is_langchain(value):
        messages = chat_history([_unwrapped(value)], role="user")
        if len(messages) == 1:
            if left := unsaid(value):
                rest.append(left)
            return messages[0]
    members = {key: spoken(item, rest) for key, item in value.items() if not _is_again(value, key)}
    if isinstance(value.get("tool_calls"), list):
        members["tool_calls"] = listed_calls(value["tool_calls"])
    return members


def _is_again(value: Mapping[str, Json], key: str) -> bool:
    """Whether a member of a generation of LangChain is its text once more."""
    is_text = key == "message" and "generation_info" in value
    return is_text and isinstance(value[key], str) and value[key] == value.get("text")


def _is_langchain(item: Mapping[str, Json]) -> bool:
    if isinstance(item.get("kwargs"), Mapping):
        return "lc" in item and bool(_told_role({"id": item.get("id"), **item["kwargs"]}))
    return "additional_kwargs" in item and "content" in item and bool(_told_role(item))


def _listed(value: Json) -> Iterator[Json]:
    """The messages of a conversation, of a batch of conversations, or of one message."""
    items = value if isinstance(value, list) and not _is_pair(value) else [value]
    for item in items:
        if isinstance(item, list) and not _is_pair(item):
            yield from map(_unwrapped, item)
        else:
            yield _unwrapped(item)


def _is_pair(item: Json) -> bool:
    """A role and a text, as LangGraph takes messages."""
    return (
        isinstance(item, list)
        and len(item) == 2
        and all(isinstance(half, str) for half in item)
        and bool(normal_role(item[0], ""))
    )


def _is_message(item: Json) -> bool:
    if not isinstance(item, Mapping):
        return False
    return (
        "parts" in item or bool(_told_role(item)) or (is_part(item) and not _SAID.isdisjoint(item))
    )


def _unwrapped(item: Json) -> Json:
    """A message with what it says and no more; a part, or what is no message, as it stands."""
    if _is_pair(item):
        return {"role": normal_role(item[0], "user"), "content": item[1]}
    if not isinstance(item, Mapping):
        return item
    for _ in range(4):  # a choice holds a constructor that holds a message
        inner = next((item[key] for key in _WRAPPERS if isinstance(item.get(key), Mapping)), None)
        if inner is None or (item.get("content") and "lc" not in item):
            break
        item = {**_outer(item), **inner}
    role = _told_role(item) or ("assistant" if "generation_info" in item else "")
    if not role:
        return dict(item)
    said = {key: part for key, part in item.items() if key in _SAID and part is not None}
    said.pop("type", None)
    if "content" not in said and isinstance(text := item.get("message"), str):
        said["content"] = text  # Cohere's first API
    said = {**_outer(item), **said}
    if role == "tool" and "event.name" in item and item.get("id") is not None:
        said.setdefault("tool_call_id", item["id"])
    calls = _calls(item) or _calls(item.get("additional_kwargs"))
    return {**said, "role": role, **({"tool_calls": calls} if calls else {})}


def _outer(item: Mapping[str, Json]) -> dict[str, Json]:
    """What stands around a message: its role, and why it ended."""
    role = _told_role(item)
    outer: dict[str, Json] = {"role": role} if role else {}
    info = item.get("generation_info")
    holders = (item, info) if isinstance(info, Mapping) else (item,)
    reasons = (holder.get(key) for holder in holders for key in ("finish_reason", "finishReason"))
    reason = next((reason for reason in reasons if reason), None)
    return outer | ({"finish_reason": reason} if reason else {})


def _told_role(item: Mapping[str, Json]) -> str:
    """The role that a message names, by whichever means; empty: none."""
    path = item.get("id")
    name = path[-1] if isinstance(path, list) and path else None
    event = item.get("event.name")
    if isinstance(event, str) and event.startswith(_EVENT):
        name = event.removeprefix(_EVENT).removesuffix(".message")
        name = "assistant" if name == "choice" else name
    kind = item.get("type")
    kind = None if isinstance(kind, str) and kind in _ITEMS else kind
    told = (item.get("role"), kind, name)
    return next((role for role in (normal_role(one, "") for one in told) if role), "")


def _calls(item: Json) -> Json:
    if not isinstance(item, Mapping):
        return None
    return next((item[key] for key in _CALLS if item.get(key)), None)
