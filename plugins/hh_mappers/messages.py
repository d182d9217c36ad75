"""The normal form of chat messages: ``{role, content, tool_calls?, …}`` as chat APIs write them.

``content`` is text, or a list of parts when there is more than text. A tool call is ``{id, type:
"function", function: {name, arguments}}``, arguments as JSON text.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hh_core.domain.event import Json
from hh_mappers.reading import dumped, plain, structured

Message = dict[str, Json]

_TEXT = ("text", "output_text", "input_text")
_KEPT = ("name", "finish_reason", "tool_call_id")


def tool_call(id_: Json, name: Json, arguments: Json) -> Message:
    function: Message = {"name": name, "arguments": dumped(arguments)}
    return {"id": id_, "type": "function", "function": function}


def chat_history(value: Any, *, role: str) -> list[Message]:
    """Messages in any of the shapes that conventions use; ``role`` where one names none."""
    found = structured(value)
    if found is None:
        return [] if value is None or value == "" else [{"role": role, "content": plain(value)}]
    items = found if isinstance(found, list) else [found]
    if items and all(_is_part(item) for item in items):
        return _from_parts({"role": role}, items)
    return [message for item in items for message in _message(item, role)]


def answer(messages: Sequence[Message]) -> Message:
    """Outputs of a model call: the first message, all of them as ``choices`` if there are more."""
    if not messages:
        return {}
    return {**messages[0], "choices": list(messages)} if len(messages) > 1 else dict(messages[0])


def _is_part(item: Json) -> bool:
    return isinstance(item, Mapping) and "role" not in item and "type" in item


def _message(item: Json, role: str) -> list[Message]:
    if not isinstance(item, Mapping):
        return [{"role": role, "content": item}]
    if isinstance(item.get("message"), Mapping):
        item = {**item, **item["message"]}
    given = item.get("role") if isinstance(item.get("role"), str) else role
    parts = item.get("parts")
    if isinstance(parts, list):
        return _from_parts({**item, "role": given}, parts)
    rest = {key: value for key, value in item.items() if key not in ("role", "message")}
    return [{"role": given, "content": rest.pop("content", None), **rest}]


def _from_parts(item: Mapping[str, Json], parts: Iterable[Json]) -> list[Message]:
    """One message, and one more for each tool's answer that stands among its parts."""
    message: Message = {"role": item["role"], "content": None}
    message |= {key: item[key] for key in _KEPT if item.get(key)}
    content: list[Json] = []
    calls: list[Json] = []
    answers: list[Message] = []
    for part in parts:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind == "tool_call":
            calls.append(tool_call(part.get("id"), part.get("name"), part.get("arguments")))
        elif kind == "tool_call_response":
            answers.append(_tool_answer(part))
        elif kind in ("reasoning", "thinking"):
            message["reasoning"] = _joined([message.get("reasoning"), part.get("content")])
        else:
            content.append(part)
    message["content"] = _content(content)
    if calls:
        message["tool_calls"] = calls
    return [message, *answers] if content or calls or not answers else answers


def _tool_answer(part: Mapping[str, Json]) -> Message:
    response = part.get("response", part.get("result", part.get("content")))
    return {"role": "tool", "tool_call_id": part.get("id"), "content": response}


def _content(parts: Sequence[Json]) -> Json:
    texts = [_text_of(part) for part in parts]
    if all(text is not None for text in texts):
        return _joined(texts)
    return list(parts)


def _text_of(part: Json) -> str | None:
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping) or part.get("type", "text") not in _TEXT:
        return None
    found = part.get("content", part.get("text"))
    return found if isinstance(found, str) else None


def _joined(texts: Iterable[Json]) -> str | None:
    said = [text if isinstance(text, str) else dumped(text) for text in texts if text is not None]
    return "\n".join(said) if said else None
