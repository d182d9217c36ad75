"""Whole requests and answers of model calls, and arguments and results of everything else.

Some conventions keep the request to a model and its answer as one value, as the client had them. A
request gives ``inputs.chat_history`` (``prompt`` or ``input`` if it is no chat), an answer gives
``outputs``; what was offered to the model goes to ``config``, and what is neither asked nor said
(ids, parameters, counts) is left under ``metadata.request`` and ``metadata.response``.
"""

from typing import Any

from hh_core.domain.event import Content, Json
from hh_mappers.dialects import chat, is_chat, spoken, unsaid
from hh_mappers.genai_content import asked, said
from hh_mappers.leftovers import leave
from hh_mappers.literals import structure
from hh_mappers.messages import Message
from hh_mappers.placing import give, give_all, offer
from hh_mappers.reading import plain

Body = dict[str, Json]
_SYSTEM = (
    *("system", "instructions", "system_prompt", "system_instruction", "systemInstruction"),
    "preamble",
)
_MESSAGES = ("messages", "chat_history", "input", "contents", "chat_messages", "raw_input")
_EMBEDDED = ("input", "inputs", "texts", "text", "content")
_OFFERED = {
    "tools": "tools",
    "functions": "tools",
    "toolConfig": "tools",
    "tool_choice": "tool_choice",
    "toolChoice": "tool_choice",
    "response_format": "response_format",
    "text_format": "response_format",
    "output_format": "response_format",
    "responseFormat": "response_format",
}
_ANSWERS = ("choices", "candidates", "generations", "message", "output", "messages")
"""Where answers stand in the bodies of OpenAI, Gemini, LangChain, Ollama and Cohere, of OpenAI's
Responses and Bedrock Converse, and of traced functions."""
_BODY = frozenset({"messages", "chat_history", "contents", "prompt", "prompts", "input", *_SYSTEM})
_HELD = frozenset({"choices", "candidates", "generations", "output"})
_TEXTS = ("text", "output_text", "completion", "response", "output", "result", "answer")
_REASONS = ("finish_reason", "stop_reason", "finishReason", "stopReason", "done_reason")


def give_request(content: Content, value: Any, *, origin: str, is_embedding: bool = False) -> None:
    """A request to a model: all that the client sent, or only its messages, or only a text."""
    found = called_with(structure(value))
    if is_embedding:
        _give_texts(content, plain(value) if found is None else found, origin)
    elif isinstance(found, dict) and (_is_body(found) or not is_chat(found)):
        _give_body(content, found, origin)
    else:
        _ask(content, chat(value if found is None else found, role="user"), origin)
        leave(content, origin, unsaid(found))


def give_answer(content: Content, value: Any, *, origin: str, is_embedding: bool = False) -> None:
    """A model's answer: all that the client received, or only the message, or only a text."""
    found = structure(value)
    if is_embedding:
        _give_vectors(content, found, value, origin)
    elif isinstance(found, dict) and (_HELD & found.keys() or not is_chat(found)):
        _give_answer(content, found, origin)
    else:
        _say(content, chat(value if found is None else found, role="assistant"), origin)
        leave(content, origin, unsaid(found))


def give_arguments(content: Content, value: Any, *, origin: str) -> None:
    """What a tool or a chain was called with: an object's own keys, else ``input``."""
    _give(content, content.inputs, "input", called_with(structure(value)), value, origin)


def give_result(content: Content, value: Any, *, origin: str) -> None:
    """What a tool or a chain answered: an object's own keys, else ``output``."""
    _give(content, content.outputs, "output", structure(value), value, origin)


def called_with(found: Json) -> Json:
    """The arguments of a decorated function, where they came by name or there is but one."""
    if not isinstance(found, dict) or found.keys() != {"args", "kwargs"}:
        return found
    args, named = found["args"], found["kwargs"]
    if not args and isinstance(named, dict):
        return named
    return args[0] if not named and isinstance(args, list) and len(args) == 1 else found


def _is_body(found: Body) -> bool:
    return not {"role", "type"} & found.keys() and not _BODY.isdisjoint(found)


_NOTHING: tuple[Json, ...] = (None, "", [], {})


def _give(content: Content, bucket: Body, key: str, found: Json, value: Any, origin: str) -> None:
    rest: list[Json] = []
    told = plain(value) if found is None else spoken(found, rest)
    if isinstance(told, dict) and told:
        give_all(bucket, told, key, origin=origin)
    elif told != {}:  # of a function without arguments
        give(bucket, key, told, origin=origin)
    leave(content, origin, rest)


def _ask(content: Content, messages: list[Message], origin: str) -> None:
    asked(content, messages, origin=origin, operation=None)


def _say(content: Content, messages: list[Message], origin: str, reason: Json = None) -> None:
    said(content, messages, origin=origin, reasons=[reason])


def _give_texts(content: Content, found: Json, origin: str) -> None:
    """What is embedded stands under ``input``."""
    key = next((k for k in _EMBEDDED if k in found), None) if isinstance(found, dict) else None
    if key is not None:
        leave(content, origin, {name: item for name, item in found.items() if name != key})
        found = found[key]
    give(content.inputs, "input", found, origin=origin)


def _give_vectors(content: Content, found: Json, value: Any, origin: str) -> None:
    """Vectors stand under ``embeddings``, as the client received them."""
    data = found.get("data") if isinstance(found, dict) else None
    vectors = [item.get("embedding") for item in _objects(data)]
    if isinstance(found, dict) and vectors and None not in vectors:
        give(content.outputs, "embeddings", vectors, origin=origin)
        leave(content, origin, found)
    else:
        give_result(content, value, origin=origin)


def _objects(value: Json) -> list[Body]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _give_body(content: Content, body: Body, origin: str) -> None:
    rest = _with_config(body)
    _offer(content, rest, origin)
    messages = chat(next((rest.pop(key) for key in _SYSTEM if rest.get(key)), None), role="system")
    key = next((key for key in _MESSAGES if rest.get(key)), None)
    if key is not None:
        told = rest.pop(key)
        messages += chat(told, role="user")
        if isinstance(rest.get("message"), str):  # Cohere's first API
            messages.append({"role": "user", "content": rest.pop("message")})
        _ask(content, messages, origin)
        leave(content, origin, {**rest, key: unsaid(told)})
    elif "prompt" in rest or "prompts" in rest:
        _give_prompt(content, messages, rest, origin)
        leave(content, origin, rest)
    elif messages:
        _ask(content, messages, origin)
        leave(content, origin, rest)
    else:  # arguments of the caller's own function
        give_all(content.inputs, body, "input", origin=origin)


def _with_config(body: Body) -> Body:
    """A request to Gemini's SDK has instructions and tools in its ``config``."""
    config = body.get("config")
    if "contents" not in body or not isinstance(config, dict):
        return dict(body)
    return {**config, **{key: item for key, item in body.items() if key != "config"}}


def _give_prompt(content: Content, system: list[Message], rest: Body, origin: str) -> None:
    """A text to be completed, unless it is said beside a system's instructions or is messages."""
    prompt = rest.pop("prompt" if "prompt" in rest else "prompts")
    if isinstance(prompt, list) and len(prompt) == 1 and isinstance(prompt[0], str):
        prompt = prompt[0]
    if system or is_chat(structure(prompt)):
        _ask(content, system + chat(prompt, role="user"), origin)
    else:
        give(content.inputs, "prompt", plain(prompt), origin=origin)


def _offer(content: Content, rest: Body, origin: str) -> None:
    """What the model was offered goes to ``config``: tools, a choice of them, a format."""
    for name in _OFFERED.keys() & rest.keys():
        if (value := rest.pop(name)) not in _NOTHING:
            offer(content, "config", _OFFERED[name], value, origin=f"{origin}.{name}")
    text = rest.get("text")
    if isinstance(text, dict) and "format" in text:
        offer(content, "config", "response_format", text["format"], origin=f"{origin}.text")
        rest["text"] = {key: item for key, item in text.items() if key != "format"}


def _give_answer(content: Content, body: Body, origin: str) -> None:
    rest = dict(body)
    reason = next((rest.pop(key) for key in _REASONS if isinstance(rest.get(key), str)), None)
    key = next((key for key in _ANSWERS if _holds_answer(rest.get(key))), None)
    if key is not None:
        found = rest.pop(key)
        _say(content, _answers(found, is_log=key == "messages"), origin, reason)
        leave(content, origin, {**rest, key: unsaid(found)})
    elif "content" in rest or "tool_calls" in rest or "toolCalls" in rest:
        _say(content, chat({"role": "assistant", **rest}, role="assistant"), origin, reason)
        leave(content, origin, unsaid(rest))
    elif (key := next((key for key in _TEXTS if isinstance(rest.get(key), str)), None)) is not None:
        _say(content, [{"role": "assistant", "content": rest.pop(key)}], origin, reason)
        leave(content, origin, rest)
    else:
        give_all(content.outputs, body, "output", origin=origin)


def _holds_answer(value: Json) -> bool:
    found = [value] if isinstance(value, dict) else value
    return isinstance(found, list) and bool(found) and isinstance(found[0], dict | list)


def _answers(found: Json, *, is_log: bool) -> list[Message]:
    """What the model said; of a whole conversation that ends with it, the last message."""
    if isinstance(found, dict) and isinstance(found.get("message"), dict):
        found = found["message"]
    messages = chat(_opened(found), role="assistant")
    own = [message for message in messages if message["role"] == "assistant"] or messages
    return own[-1:] if is_log else own


def _opened(found: Json) -> Json:
    """Candidates as Gemini writes them: the message is their ``content``."""
    if not isinstance(found, list):
        return found
    return [
        {**item, "message": item["content"]}
        if isinstance(item, dict) and isinstance(item.get("content"), dict)
        else item
        for item in found
    ]
