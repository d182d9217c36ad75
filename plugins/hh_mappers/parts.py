"""Parts of a message's content: text, thoughts, tool calls, tools' answers, and all the others.

Of OTel GenAI (``{type: text | tool_call | tool_call_response | reasoning | blob | uri | file}``),
OpenAI, Anthropic, Bedrock (``{text}``, ``{toolUse}``), Gemini (``{function_response}``), Vercel.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hh_core.domain.event import Json
from hh_mappers.literals import literal
from hh_mappers.reading import dumped, parsed
from hh_mappers.tool_calls import call_id, read_call

Message = dict[str, Json]

_TEXT = frozenset({"text", "output_text", "input_text", "summary_text"})
_THOUGHTS = frozenset({"reasoning", "thinking", "redacted_thinking", "reasoning_text"})
_ANSWERS = frozenset(
    {
        "tool_call_response",
        "tool_result",
        "tool-result",
        "function_call_output",
        "custom_tool_call_output",
        "function_result",
        "server_tool_call_response",
        "mcp_tool_result",
        "web_search_tool_result",
        "code_execution_tool_result",
    }
)
_ANSWER_WRAPPERS = ("toolResult", "functionResponse", "function_response", "toolResponse")
_RESULTS = ("response", "result", "output", "content", "server_tool_call_response")
_MESSAGES = frozenset(
    {"message", "human", "ai", "system", "user", "assistant", "developer", "tool"}
)
"""Types of whole messages, as LangChain and OpenAI's responses write them."""
_OF_MESSAGES = frozenset({"content", "message", "parts", "tool_calls", "toolCalls"})
_WRITTEN_CALL = "ResponseFunctionToolCall("
_BARE = frozenset({"text", "toolUse", "toolResult", "functionCall", "functionResponse"}) | {
    *("function_call", "function_response", "reasoningContent", "image", "document", "video"),
    *("toolRequest", "toolResponse", "media"),
    *("inline_data", "inlineData", "file_data", "fileData", "cachePoint", "json"),
}
"""Keys of parts that name no type."""


@dataclass(slots=True)
class Parts:
    """What the parts of one message are, in their order."""

    content: list[Json] = field(default_factory=list)
    calls: list[Json] = field(default_factory=list)
    answers: list[Message] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    answers_first: bool = False

    def add(self, part: Json) -> None:
        if (thought := _thought(part)) is not None:
            self.thoughts.append(thought)
        elif (answered := _answer(part)) is not None:
            self.answers_first |= not (self.content or self.calls)
            self.answers.append(answered)
        elif (call := read_call(_opened(part))) is not None:
            self.calls.append(call)
        elif (refused := _refusal(part)) is not None:
            self.refusals.append(refused)
        else:
            self.content.append(part)


def _opened(part: Json) -> Json:
    """A call that the first instrumentation of OpenAI's agents by OpenTelemetry writes as Python
    shows its object; anything else as it stands.
    https://pypi.org/project/opentelemetry-instrumentation-openai-agents-v2/0.1.0/
    """
    text = part.get("content") if isinstance(part, dict) else None
    if not isinstance(text, str) or not text.startswith(_WRITTEN_CALL):
        return part
    found = literal(text)
    return part if found is None else found


def sorted_parts(parts: Iterable[Json]) -> Parts:
    found = Parts()
    for part in parts:
        found.add(part)
    return found


def is_part(item: Json) -> bool:
    """Whether it is a part rather than a message or anything else."""
    if not isinstance(item, dict) or "role" in item:
        return False
    kind = item.get("type")
    if isinstance(kind, str):
        return kind not in _MESSAGES
    is_choice = "finish_reason" in item or "finishReason" in item
    is_whole = is_choice or not _OF_MESSAGES.isdisjoint(item)
    return len(item) <= 3 and not is_whole and not _BARE.isdisjoint(item)


def listed_parts(value: Any) -> list[Json] | None:
    """The list of parts that ``value`` is, or that its text holds; None for anything else."""
    found = value
    if isinstance(value, str):
        found = parsed(value) if value[:2] == "[{" or value[:1] == "{" else None
    items = [found] if isinstance(found, dict) else found
    if not isinstance(items, list | tuple) or not items:
        return None
    is_told = isinstance(value, str | dict)  # a list that stands as one is one of parts
    return list(items) if not is_told or all(is_part(item) for item in items) else None


def joined_content(parts: Sequence[Json]) -> Json:
    """One text if all parts are text, else the list of them; None for none."""
    texts = [text_of(part) for part in parts]
    if all(text is not None for text in texts):
        return joined(texts)
    return [_kept(part, text) for part, text in zip(parts, texts, strict=True)]


def text_of(part: Json) -> str | None:
    if isinstance(part, str):
        return part
    kind = part.get("type", "text") if isinstance(part, dict) else None
    if not isinstance(kind, str) or kind not in _TEXT:
        return None
    found = part.get("text", part.get("content", 0))
    if found is None:
        return ""
    if isinstance(found, dict):  # ``{type: text, text: {value}}`` of OpenAI's assistants
        found = found.get("value")
    return found if isinstance(found, str) else None


def joined(texts: Iterable[Json]) -> str | None:
    said = [text if isinstance(text, str) else dumped(text) for text in texts if text is not None]
    return "\n".join(said) if said else None


def _kept(part: Json, text: str | None) -> Json:
    return part if text is None else {"type": "text", "text": text}


def _thought(part: Json) -> str | None:
    if not isinstance(part, dict):
        return None
    if isinstance(inner := part.get("reasoningContent"), dict):  # Bedrock
        inner = inner.get("reasoningText", inner)
        return _said(inner) or dumped(inner)
    kind = part.get("type")
    if isinstance(kind, str) and kind in _THOUGHTS:
        return _said(part) or ""
    if kind is None and isinstance(told := part.get("reasoning"), str):  # Genkit
        return told
    return _said(part) if part.get("thought") is True else None  # Gemini


def _refusal(part: Json) -> str | None:
    """Why the model would not answer: a part of OpenAI's responses and of OTel GenAI."""
    if not isinstance(part, dict) or part.get("type") != "refusal":
        return None
    found = part.get("refusal", part.get("content"))
    return found if isinstance(found, str) else None


def _said(part: Json) -> str | None:
    """The text of a thought, under whichever name."""
    if not isinstance(part, dict):
        return part if isinstance(part, str) else None
    for key in ("content", "text", "thinking", "reasoning", "summary", "data"):
        found = part.get(key)
        if isinstance(found, list):
            found = joined(text_of(item) for item in found)
        if isinstance(found, str) and found:
            return found
    return None


def _answer(part: Json) -> Message | None:
    """A tool's answer as a message of its own."""
    if not isinstance(part, dict):
        return None
    wrapped = next((part[k] for k in _ANSWER_WRAPPERS if isinstance(part.get(k), dict)), None)
    kind = part.get("type")
    if wrapped is None and not (isinstance(kind, str) and kind in _ANSWERS):
        return None
    found = part if wrapped is None else wrapped
    message: Message = {"role": "tool", "tool_call_id": call_id(found)}
    name = found.get("name", found.get("toolName"))
    if isinstance(name, str) and name:
        message["name"] = name
    message["content"] = answered(next((found[k] for k in _RESULTS if k in found), None))
    if found.get("status") == "error" or found.get("is_error") is True:
        message["status"] = "error"
    return message


def answered(result: Json) -> Json:
    """What a tool answered: one text where it is made of texts, else as it stands."""
    if isinstance(result, dict) and result.keys() == {"type", "value"}:  # Vercel
        return result["value"]
    parts = listed_parts(result) if isinstance(result, str | list) else None
    found = result if parts is None else joined_content(parts)
    if isinstance(found, list):
        found = [p["json"] if isinstance(p, dict) and p.keys() == {"json"} else p for p in found]
        return found[0] if len(found) == 1 and not isinstance(found[0], str) else found
    return found
