"""The messages in a whole request to a model, or in its whole answer, as providers' APIs have them.

OpenAI (chat, responses), Anthropic, Gemini, Mistral, Bedrock; LangChain's and Haystack's objects.
"""

from collections.abc import Iterator, Mapping

from hh_core.domain.event import Json
from hh_mappers.framework_messages import unwrapped
from hh_mappers.messages import Message, chat_history

_SYSTEM = (
    *("system", "instructions", "system_instruction", "systemInstruction", "system_prompt"),
    "preamble",
)
_ASKED = ("messages", "contents", "chat_history", "input")
_SAID = ("choices", "candidates", "generations", "replies", "output", "outputs", "message")
_REASONS = ("finish_reason", "finishReason", "stop_reason", "stopReason")
_DEEPEST = 8
SYSTEM = ("system", "developer")
_SPOKEN = frozenset(
    {
        *("role", "content", "tool_calls", "tool_call_id", "name", "finish_reason"),
        *("reasoning", "refusal", "audio", "status", "choices", "annotations"),
    }
)
"""What of a message is said; ids, usage and the like are told elsewhere."""


def asked_of(request: Json) -> list[Message]:
    """The conversation of a request, the system's words first; empty if it holds none."""
    return [_spoken(message) for message in _asked(request)]


def said_of(response: Json) -> list[Message]:
    """The messages of an answer; empty if it holds none."""
    items = response if isinstance(response, list) else [response]
    return [_spoken(message) for item in items for message in _said(item)]


def _spoken(message: Message) -> Message:
    kept = _SPOKEN if message["role"] == "tool" else _SPOKEN - {"status"}
    return {key: item for key, item in message.items() if key in kept}


def _asked(request: Json) -> list[Message]:
    if isinstance(request, list):
        return _conversation(request)
    if not isinstance(request, Mapping):
        return []
    return _told_in(request) or _instructions(request)


def _told_in(request: Mapping[str, Json]) -> list[Message]:
    """The instructions and the conversation, if there is one."""
    if isinstance(message := request.get("message"), str):  # Cohere's first API
        told = [*_conversation(request.get("chat_history") or []), _by_user(message)]
        return [*_instructions(request), *told]
    for key in _ASKED:
        found = request.get(key)
        if isinstance(found, list | Mapping) or (key == "input" and isinstance(found, str)):
            told = _conversation(found if not isinstance(found, Mapping) else [found])
            if told:
                return [*_instructions(request), *told]
    return _conversation([request]) if "role" in request else []


def _instructions(request: Mapping[str, Json]) -> list[Message]:
    config = request.get("config")  # of Gemini's SDK
    holders = (request, config) if isinstance(config, Mapping) else (request,)
    told = (holder[key] for holder in holders for key in _SYSTEM if holder.get(key))
    found = next(told, None)
    return chat_history(found, role="system") if found is not None else []


def _by_user(text: str) -> Message:
    return {"role": "user", "content": text}


def _conversation(items: Json) -> list[Message]:
    """LangChain sends a list of conversations, of which there is one."""
    if isinstance(items, list) and len(items) == 1 and isinstance(items[0], list):
        items = items[0]
    if isinstance(items, list):
        items = [unwrapped(item) for item in items]
        if not all(isinstance(item, Mapping) for item in items):
            return []
    return chat_history(items, role="user")


def _said(item: Json, levels: int = _DEEPEST) -> list[Message]:
    if isinstance(item, str):
        item = unwrapped(item)
    if isinstance(item, str):
        return [{"role": "assistant", "content": item}] if item else []
    if isinstance(item, list):
        return [message for inner in item for message in _said(inner, levels - 1)]
    if not isinstance(item, Mapping) or levels < 0:
        return []
    found = unwrapped(item)
    if isinstance(found, Mapping) and "role" in found and (found is not item or "content" in item):
        return chat_history([{**found, **_reason(item)}], role="assistant")
    for key in _SAID:
        inner = item.get(key)
        if isinstance(inner, list | Mapping) and inner:
            return [{**_reason(item), **message} for message in _said(inner, levels - 1)]
    return list(_of_choice(item, levels))


def _of_choice(item: Mapping[str, Json], levels: int) -> Iterator[Message]:
    """A choice of a completion, a candidate of Gemini, an item of OpenAI's responses."""
    content = item.get("content")
    if isinstance(content, Mapping):
        yield from ({**m, **_reason(item)} for m in _said(dict(content), levels - 1))
    elif isinstance(content, str | list) or "parts" in item or "type" in item:
        yield from chat_history([dict(item)], role="assistant")
    elif isinstance(item.get("text"), str):
        yield {"role": "assistant", "content": item["text"], **_reason(item)}


def _reason(item: Mapping[str, Json]) -> Message:
    found = next((item[key] for key in _REASONS if isinstance(item.get(key), str)), None)
    return {"finish_reason": found} if found else {}


def instruct(told: Json, request: list[Message]) -> None:
    """Put the system's words of ``request`` first, where the messages ``told`` have none."""
    if isinstance(told, list) and not any(_is_system(message) for message in told):
        told[:0] = [message for message in request if _is_system(message)]


def _is_system(message: Json) -> bool:
    return isinstance(message, Mapping) and message.get("role") in SYSTEM


def complete(told: Json, request: list[Message]) -> None:
    """Add to each of the messages ``told`` what it leaves empty and ``request`` says of the same.

    Nothing is added unless both are one conversation: as long, with the same roles.
    """
    if not isinstance(told, list) or len(told) != len(request):
        return
    pairs = list(zip(told, request, strict=True))
    if all(isinstance(a, dict) and a.get("role") == b["role"] for a, b in pairs):
        for message, other in pairs:
            message.update((k, v) for k, v in other.items() if v and not message.get(k))
