"""What a model was asked and answered, as OpenTelemetry's GenAI conventions told it over time.

On attributes: ``gen_ai.input.messages`` and ``gen_ai.output.messages`` with parts,
``gen_ai.system_instructions``; before, ``gen_ai.prompt.N.*`` and ``gen_ai.completion.N.*``; and
``gen_ai.prompt`` and ``gen_ai.completion``, one text or JSON. On span events: see ``genai_events``.
Sentry's SDKs, OpenLIT and others have names of their own beside them (``gen_ai.request.messages``).
https://opentelemetry.io/docs/specs/semconv/gen-ai/
"""

from typing import Any

from hh_core.domain.event import Content, Json
from hh_core.domain.paths import nested
from hh_core.domain.span import Attributes
from hh_mappers.dialects import unsaid
from hh_mappers.genai_tools import CALLING, used_tool
from hh_mappers.leftovers import leave
from hh_mappers.messages import Message, answer, chat_history
from hh_mappers.openinference_messages import messages as flat_messages
from hh_mappers.placing import numbered, offer, offer_answer, spare
from hh_mappers.reading import dumped, plain, structured, unpacked
from hh_mappers.tool_calls import listed_calls

ASKED = (
    "gen_ai.input.messages",
    "gen_ai.input.messages.N",
    "gen_ai.request.messages",
    "gen_ai.prompt.N",
    "gen_ai.prompt",
)
SAID = (
    "gen_ai.output.messages",
    "gen_ai.output.messages.N",
    "gen_ai.completion.N",
    "gen_ai.completion",
    "gen_ai.response.text",
)
WHOLE = tuple(key for key in (*ASKED, *SAID) if not key.endswith(".N"))
"""Those of one attribute each."""
CALLS = "gen_ai.response.tool_calls"
FLAT = ("gen_ai.input.messages.", "gen_ai.output.messages.")
"""traceAI's ``gen_ai.input.messages.<i>.message.role``, in the form of OpenInference."""
_OPERATIONS = ("gen_ai.operation.name", "llm.request.type", "gen_ai.request.type")
EMBEDDING = frozenset({"embeddings", "embedding", "embed"})
_SYSTEM = ("system", "developer")
_ANSWER = frozenset(
    {
        *("role", "content", "tool_calls", "finish_reason", "reasoning", "refusal", "audio"),
        *("annotations", "choices", "name", "tool_results", "tool_call_id"),
    }
)
"""What of an answer is said. What is about it, the message's id for one, is no output."""


def asked(content: Content, messages: list[Message], *, origin: str, operation: Json) -> None:
    """Give ``inputs`` the messages; texts to embed stand under ``input``, not in a conversation."""
    if not messages:
        return
    if isinstance(operation, str) and operation in EMBEDDING:
        texts = [message.get("content") for message in messages]
        offer(content, "inputs", "input", texts[0] if len(texts) == 1 else texts, origin=origin)
        if origin:
            leave(content, origin, messages)
    else:
        offer(content, "inputs", "chat_history", messages, origin=origin)


def said(content: Content, messages: list[Message], *, origin: str, reasons: Json = None) -> None:
    """Give ``outputs`` the answer."""
    told = answer(messages)
    if not _ANSWER.issuperset(told):
        rest = {key: told.pop(key) for key in told.keys() - _ANSWER}
        if origin:
            leave(content, origin, rest)
    found = structured(reasons)
    if told and isinstance(found, list) and found and found[0]:
        told.setdefault("finish_reason", found[0])
    if told:
        offer_answer(content, told, origin=origin)


def from_attributes(attributes: Attributes, content: Content) -> None:
    operation = _operation(attributes)
    instructions = instructions_of(attributes.get("gen_ai.system_instructions"))
    is_tool = operation in CALLING and used_tool(attributes, content)
    for key in () if is_tool else ASKED:
        found = _messages(attributes, key, role="user")
        if found:
            whole = with_instructions(instructions, found)
            asked(content, whole, origin=key, operation=operation)
    if instructions:
        _instruct(content, instructions)
    reasons = attributes.get("gen_ai.response.finish_reasons")
    if reasons is None and (reason := attributes.get("gen_ai.response.finish_reason")):
        reasons = [reason]
    for key in () if is_tool else SAID:
        found = _messages(attributes, key, role="assistant")
        if operation in EMBEDDING and found and key == "gen_ai.completion.N":
            vectors = [message.get("content") for message in found]
            offer(content, "outputs", "embeddings", vectors, origin=key)
            leave(content, key, found)
        else:
            said(content, found, origin=key, reasons=reasons)
    _leave(attributes, content)
    calls = listed_calls(unpacked(attributes.get(CALLS)))
    if calls:
        message: Message = {"role": "assistant", "content": content.outputs.get("content")}
        said(content, [message | {"tool_calls": calls}], origin=CALLS, reasons=reasons)


def instructions_of(value: Any) -> list[Message]:
    """The system's words, also where Gemini's API has them as content of the user's."""
    told = chat_history(value, role="system")
    return [m if m["role"] in _SYSTEM else {**m, "role": "system"} for m in told]


def _leave(attributes: Attributes, content: Content) -> None:
    """What messages in JSON hold beside what they say: signatures of thoughts, ids of items."""
    for key in WHOLE:
        found = structured(attributes.get(key))
        if found is not None:
            leave(content, key, unsaid(found))


def _operation(attributes: Attributes) -> str:
    """Older instrumentors name it otherwise, and that of Bedrock takes embeddings for text."""
    told = next((attributes[key] for key in _OPERATIONS if key in attributes), None)
    is_text = told == "text_completion" and "embed" in str(attributes.get("gen_ai.request.model"))
    return "embeddings" if is_text else str(told)


def _instruct(content: Content, instructions: list[Message]) -> None:
    """The system's words, where the conversation came from elsewhere or not at all."""
    there = content.inputs.get("chat_history", [])
    if isinstance(there, list) and all(isinstance(m, dict) and "role" in m for m in there):
        content.inputs["chat_history"] = with_instructions(instructions, there)
    else:
        spare(content, "gen_ai.system_instructions", instructions)


def with_instructions(instructions: list[Message], messages: list[Message]) -> list[Message]:
    """The system's words first, unless the messages begin with the same."""
    known = {dumped(message.get("content")) for message in messages if message["role"] in _SYSTEM}
    return [told for told in instructions if dumped(told.get("content")) not in known] + messages


def _messages(attributes: Attributes, key: str, *, role: str) -> list[Message]:
    if key.endswith("messages.N"):
        return flat_messages(attributes, key[:-1], role=role)
    if key.endswith(".N"):
        return numbered_messages(attributes, key[:-1], role=role)
    return chat_history(attributes.get(key), role=role)


def numbered_messages(attributes: Attributes, prefix: str, *, role: str) -> list[Message]:
    """Messages of ``prefix<i>.role``, ``.content``, ``.tool_calls.<j>.name``, …"""
    pairs = numbered(attributes, prefix)
    told = [("n." + key, plain(value)) for key, value in pairs if key[:1].isdecimal()]
    items = nested(told).get("n")
    if isinstance(items, dict):
        items = [items[key] for key in sorted(items, key=lambda key: (len(key), key))]
    told_items = items if isinstance(items, list) else [items]
    return chat_history([_named(item) for item in told_items], role=role) if items else []


def _named(item: Json) -> Json:
    """``gen_ai.prompt.0.user`` of older instrumentors of text completion names role and text."""
    if not isinstance(item, dict) or "content" in item or not isinstance(item.get("user"), str):
        return item
    rest = {key: value for key, value in item.items() if key != "user"}
    return {**rest, "role": "user", "content": item["user"]}
