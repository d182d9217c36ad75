"""Tool calls in every shape that providers and conventions write, as ``{id, name, arguments}``.

``arguments`` is the object that the model wrote, parsed; what is no JSON stays text.
"""

from collections.abc import Mapping
from typing import Any

from hh_core.domain.event import Json
from hh_core.domain.paths import json_value
from hh_mappers.literals import structure
from hh_mappers.reading import parsed

Call = dict[str, Json]

_TYPES = frozenset(
    {
        "tool_call",
        "tool-call",
        "function",
        "function_call",
        "tool_use",
        "toolcall",
        "custom_tool_call",
        "mcp_call",
        "server_tool_use",
        "server_tool_call",
        "mcp_tool_use",
    }
)
"""Of OTel GenAI, OpenAI (chat and responses), Anthropic, LangChain and Vercel."""
_BARE = frozenset({"id", "name", "arguments"})
"""All that a call of AutoGen has."""
_WRAPPERS = (
    *("function", "functionCall", "function_call", "toolUse", "tool_call", "tool_use"),
    "toolRequest",
)
"""Keys that hold the call itself: OpenAI, Gemini, Bedrock, OpenInference, Genkit."""
_IDS = ("id", "call_id", "tool_call_id", "toolCallId", "toolUseId", "tool_use_id", "ref")
_NAMES = ("name", "toolName", "tool_name", "function_name")
_ARGUMENTS = ("arguments", "args", "input", "parameters", "server_tool_call")


def tool_call(id_: Json, name: Json, arguments: Json) -> Call:
    return {"id": id_, "name": name, "arguments": _arguments(arguments)}


def read_call(item: Any) -> Call | None:
    """The call that ``item`` is, or wraps; None if it is none."""
    if not isinstance(item, dict):
        return None
    inner = next((item[key] for key in _WRAPPERS if isinstance(item.get(key), dict)), None)
    if inner is None:
        return _call(item) if _is_call(item) else None
    call = read_call({"type": "function", **inner}) if "function" in inner else _call(inner)
    id_ = _first(item, ("call_id", *_IDS))
    if id_ is not None and call is not None:
        call["id"] = id_
    return call


def listed_calls(value: Any) -> list[Json]:
    """The calls of a message's own list; an item that is none stays as it is."""
    items = (structure(value) or value or None) if isinstance(value, str) else value
    if isinstance(items, dict):
        items = list(items.values()) if _are_numbered(items) else [items]
    if not isinstance(items, list | tuple):
        return [] if items is None else [items]
    return [_listed(item) for item in items]


def call_id(item: Mapping[str, Json]) -> Json:
    """The id of the call that a tool answers."""
    keys = ("tool_call_id", "toolCallId", "toolUseId", "tool_use_id", "call_id", "id", "ref")
    return _first(item, keys)


def _listed(item: Json) -> Json:
    """The call that an item of such a list is; what names no function stays as it is."""
    if not isinstance(item, dict):
        return item
    call = read_call(item) or _call(item)
    return item if call["name"] is None and call["arguments"] is None else call


def _is_call(item: Mapping[str, Json]) -> bool:
    kind = item.get("type")
    return item.keys() == _BARE if kind is None else isinstance(kind, str) and kind in _TYPES


def _call(item: Mapping[str, Json]) -> Call:
    id_ = _first(item, ("call_id", *_IDS))
    return tool_call(id_, _first(item, _NAMES), _first(item, _ARGUMENTS))


def _first(item: Mapping[str, Json], keys: tuple[str, ...]) -> Json:
    return next((item[key] for key in keys if item.get(key) is not None), None)


def _are_numbered(items: Mapping[str, Json]) -> bool:
    return bool(items) and all(str(key).isdecimal() for key in items)


def _arguments(value: Json) -> Json:
    """JSON text as what it says, also if it was dumped twice; no text at all: no arguments."""
    for _ in range(2):
        if not isinstance(value, str):
            return json_value(value)
        if not value.strip():
            return {}
        found = parsed(value)
        if not isinstance(found, str | dict | list):
            return value
        value = found
    return value
