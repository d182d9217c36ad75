"""OpenInference's messages, ``llm.input_messages.<i>.message.…``, as messages of a chat."""

from collections.abc import Mapping

from hh_core.domain.event import Json
from hh_core.domain.paths import nested
from hh_core.domain.span import Attributes
from hh_mappers.messages import Message, chat_history, tool_call
from hh_mappers.placing import numbered
from hh_mappers.reading import plain, unpacked

_FUNCTION = "function_call_name"
_ARGUMENTS = "function_call_arguments_json"
_MEDIA = {"image": "image_url", "audio": "input_audio", "video": "video_url", "document": "file"}


def messages(attributes: Attributes, prefix: str, *, role: str) -> list[Message]:
    """Those below ``prefix``; ``role`` where one names none."""
    found = [_whole(item) for item in table(attributes, prefix)]
    return chat_history(found, role=role) if found else []


def table(attributes: Attributes, prefix: str) -> list[Json]:
    """The objects of ``prefix<i>.<path>``, in the order of ``i``."""
    pairs = numbered(attributes, prefix)
    if not pairs:
        return []
    items = nested(("n." + key, plain(value)) for key, value in pairs).get("n", [])
    if isinstance(items, dict):
        items = [items[key] for key in sorted(items, key=lambda key: (len(key), key))]
    return items if isinstance(items, list) else [items]


def inner(item: Json, name: str) -> Json:
    """``{name: {…}}`` as what it holds; other members beside it stay."""
    if not isinstance(item, Mapping) or not isinstance(item.get(name), Mapping):
        return item
    return {**item[name], **{key: value for key, value in item.items() if key != name}}


def _whole(item: Json) -> Json:
    """A message as chat APIs write it."""
    found = inner(item, "message")
    if not isinstance(found, dict):
        return found
    message: Message = {key: value for key, value in found.items() if value is not None}
    if message.get("role") == "function" and isinstance(results := message.get("function"), list):
        return {"role": "tool", "content": [_result(result) for result in results]}
    parts = message.pop("contents", None)
    if parts is not None:
        message["content"] = _contents(message.get("content"), parts)
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        message["tool_calls"] = [inner(call, "tool_call") for call in calls]
        _leave_repeated(message)
    if _FUNCTION in message:
        _read_function(message)
    return message


def _result(value: Json) -> Json:
    """What a tool answered, of AutoGen: ``{name, content, call_id, is_error}`` as JSON text."""
    found = unpacked(value)
    return {"type": "tool_result", **found} if isinstance(found, dict) else value


def _contents(text: Json, parts: Json) -> list[Json]:
    found = [_part(part) for part in (parts if isinstance(parts, list) else [parts])]
    said = {part.get("text") for part in found if isinstance(part, dict) and _is_text(part)}
    return found if text is None or text in said else [{"type": "text", "text": text}, *found]


def _is_text(part: Mapping[str, Json]) -> bool:
    return isinstance(part.get("text"), str)


def _part(item: Json) -> Json:
    part = inner(item, "message_content")
    if not isinstance(part, dict):
        return part
    if isinstance(call := part.get("tool_call"), Mapping):
        return {"type": "tool_call", **_flat_call(call)}
    for name, kind in _MEDIA.items():
        if isinstance(media := part.get(name), Mapping):
            rest = {key: value for key, value in part.items() if key not in (name, "type")}
            return {"type": kind, kind: inner(media, name), **rest}
    return part if "type" in part or not _is_text(part) else {"type": "text", **part}


def _flat_call(call: Mapping[str, Json]) -> Message:
    function = call.get("function")
    asked = function if isinstance(function, Mapping) else call
    return dict(tool_call(call.get("id"), asked.get("name"), asked.get("arguments")))


def _leave_repeated(message: Message) -> None:
    """Calls that stand among the parts as well are told by the message's own list."""
    parts = message.get("content")
    if isinstance(parts, list):
        kept = [p for p in parts if not (isinstance(p, dict) and p.get("type") == "tool_call")]
        message["content"] = kept or None


def _read_function(message: Message) -> None:
    """The older way of calling: on an answer the call, on a message of a tool its name."""
    name = message.pop(_FUNCTION)
    if message.get("role") in ("function", "tool"):
        message.setdefault("name", name)
    else:
        call = tool_call(None, name, message.pop(_ARGUMENTS, None))
        message["tool_calls"] = [*(message.get("tool_calls") or []), call]
