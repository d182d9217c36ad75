"""Messages as frameworks write their own objects: LangChain, Haystack, LlamaIndex.

As JSON (LangChain's ``{lc, type: constructor, id, kwargs}`` and ``{type, data}``, Haystack's
``{role, meta, name, content: [{text}, {tool_call}, …]}``), or as Python's ``repr`` of the object.
"""

from collections.abc import Mapping

from hh_core.domain.event import Json
from hh_mappers.literals import CLASS, literal
from hh_mappers.messages import chat_history
from hh_mappers.tool_calls import listed_calls

_DEEPEST = 64
_KEPT = ("role", "content", "tool_calls", "tool_call_id", "name", "status", "reasoning_content")
_LANGCHAIN = frozenset({"human", "ai", "system", "tool", "function", "chat", "developer"})


def unwrapped(item: Json) -> Json:
    """The message that an object of a framework is; anything else as it stands."""
    if isinstance(item, str):
        found = literal(item) if "(" in item and item.endswith(")") else None
        return unwrapped(found) if isinstance(found, Mapping) and CLASS in found else item
    if not isinstance(item, Mapping):
        return item
    kwargs, data, kind = item.get("kwargs"), item.get("data"), item.get("type")
    if kind == "constructor" and isinstance(kwargs, Mapping) and "content" in kwargs:
        named = item.get("id")
        return _kept({"role": named[-1] if isinstance(named, list) and named else None, **kwargs})
    if isinstance(data, Mapping) and isinstance(kind, str) and _is_langchain(kind):
        return _kept({"role": kind, **data})
    if isinstance(kind, str) and _is_langchain(kind) and "additional_kwargs" in item:
        return _kept({"role": kind, **item})
    if _is_haystack(item) or "blocks" in item:
        return _of_parts(item)
    return item


def in_normal_form(value: Json, levels: int = _DEEPEST) -> Json:
    """``value`` with the messages of frameworks in it as messages of a chat."""
    if levels < 0 or not isinstance(value, list | Mapping):
        return value
    if isinstance(value, list):
        return [in_normal_form(item, levels - 1) for item in value]
    found = unwrapped(value)
    if found is not value:
        messages = chat_history([found], role="user")
        return messages[0] if len(messages) == 1 else value
    members = {key: in_normal_form(item, levels - 1) for key, item in value.items()}
    if "raw_output" in value and value["raw_output"] == value.get("content"):
        members.pop("raw_output")  # a tool's output of LlamaIndex, once as text
    if isinstance(value.get("tool_calls"), list):
        members["tool_calls"] = listed_calls(value["tool_calls"])
    return members


def _is_langchain(kind: str) -> bool:
    return kind.lower().removesuffix("messagechunk").removesuffix("message") in _LANGCHAIN


def _is_haystack(item: Mapping[str, Json]) -> bool:
    if "_role" in item:
        return True
    content = item.get("content")
    if "meta" not in item or "role" not in item or not isinstance(content, list):
        return False
    return all(isinstance(part, Mapping) and "type" not in part for part in content)


def _kept(message: Mapping[str, Json]) -> Json:
    """What a message says, without what the framework notes about it."""
    told = message["role"] if isinstance(message.get("role"), str) else message.get("type")
    found = {**message, "role": told}
    more = message.get("additional_kwargs")
    if isinstance(more, Mapping) and not found.get("tool_calls"):
        found["tool_calls"] = more.get("tool_calls")
    return {key: found[key] for key in _KEPT if found.get(key) not in (None, "", [])}


def _of_parts(item: Mapping[str, Json]) -> Json:
    """A message of Haystack or LlamaIndex: its parts as those of chat APIs."""
    found = {key.lstrip("_"): value for key, value in item.items() if key != CLASS}
    parts = found.get("content", found.get("blocks"))
    more = found.get("additional_kwargs")
    message = {"role": found.get("role"), "name": found.get("name")}
    message |= {"tool_call_id": found.get("tool_call_id"), "tool_calls": found.get("tool_calls")}
    if isinstance(more, Mapping):
        message |= {key: more.get(key) for key in ("tool_call_id", "tool_calls") if key in more}
    meta = found.get("meta")
    if isinstance(meta, Mapping) and found.get("role") == "assistant":
        message["finish_reason"] = meta.get("finish_reason")
    kept = {key: value for key, value in message.items() if value}
    return kept | {"content": [_part(part) for part in parts] if isinstance(parts, list) else parts}


def _part(part: Json) -> Json:
    if not isinstance(part, Mapping):
        return part
    kind = str(part.get(CLASS, part.get("block_type", "")))
    result = _inner(part, "tool_call_result", kind == "ToolCallResult")
    if result is not None:
        return _tool_answer(result)
    call = _inner(part, "tool_call", kind in ("ToolCall", "ToolCallBlock", "tool_call"))
    if call is not None:
        arguments = call.get("arguments", call.get("tool_kwargs"))
        id_ = call.get("id", call.get("tool_call_id"))
        return {"type": "tool_call", "id": id_, "name": call.get("tool_name"), "args": arguments}
    thought = _inner(part, "reasoning", kind in ("ReasoningContent", "ThinkingBlock", "thinking"))
    if thought is not None:
        return {"type": "reasoning", "text": thought.get("reasoning_text", thought.get("content"))}
    if isinstance(part.get("text"), str):
        return {"type": "text", "text": part["text"]}
    return part


def _inner(part: Mapping[str, Json], key: str, is_itself: bool) -> Mapping[str, Json] | None:
    found = part.get(key)
    return part if is_itself else found if isinstance(found, Mapping) else None


def _tool_answer(result: Mapping[str, Json]) -> Json:
    origin = result.get("origin")
    asked = origin if isinstance(origin, Mapping) else {}
    return {
        "type": "tool_call_response",
        "id": asked.get("id"),
        "name": asked.get("tool_name"),
        "response": result.get("result"),
        "is_error": result.get("error") is True,
    }
