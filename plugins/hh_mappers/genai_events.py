"""What GenAI conventions tell on span events, and on log records that have joined their span.

- ``gen_ai.system.message``, ``.user.message``, ``.assistant.message``, ``.tool.message`` and
  ``gen_ai.choice``: one each, with ``content``, ``role``, ``tool_calls``, ``message``, … structured
  or as JSON text; a record whose body is text has it under ``body``.
- ``gen_ai.client.inference.operation.details``: all at once, as the attributes of newer spans.
- ``gen_ai.content.prompt`` and ``gen_ai.content.completion``: the oldest.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-events/
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hh_core.domain.event import Content, Facts, Json, Step
from hh_core.domain.paths import json_value
from hh_core.domain.rules import Rules
from hh_core.domain.span import Keys, Span, SpanEvent
from hh_mappers.genai_content import asked, said, with_instructions
from hh_mappers.genai_evaluations import RESULT, evaluations
from hh_mappers.messages import Message, chat_history
from hh_mappers.parts import answered
from hh_mappers.placing import offer, offer_arguments
from hh_mappers.reading import structured, unpacked

_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
}
_CHOICE = "gen_ai.choice"
_DETAILS = "gen_ai.client.inference.operation.details"
_PROMPT, _COMPLETION = "gen_ai.content.prompt", "gen_ai.content.completion"
TOLD = frozenset({*_ROLES, _CHOICE, _DETAILS, _PROMPT, _COMPLETION})
_ABOUT = frozenset({"CHAT_MESSAGE_INDEX", "body"})
"""Of a record, but not of its message."""
_MEMBER = "body."
"""Of a record's body, where an attribute of the record has the same name."""
_WHOLE = ("body", "gen_ai.event.content")
"""Keys that hold the whole message as JSON text; the second is that of Azure's and .NET's SDKs."""
_SIDES = frozenset({"input", "output"})
_NOTHING = Rules()


class GenAiEvents:
    """Spans of any attributes may have such events, so that all of them are asked for content.

    A mapper before this one that has placed events adds their name to ``content.used``.
    """

    name = "genai-events"
    ids_are_verbatim = True
    rank = 55

    def prepare(self, keys: Keys) -> Step | None:
        return _NOTHING

    def speaks(self, span: Span) -> bool:
        return True

    def facts(self, span: Span, facts: Facts) -> None:
        """Everything on events is left to ``content``."""

    def content(self, span: Span, content: Content) -> None:
        for event in span.events:
            if _SIDES.issuperset(event.attributes) and event.name not in TOLD:
                _tell_both(event, content)
        evaluations((event for event in span.events if event.name == RESULT), content)
        events = [
            event for event in span.events if event.name in TOLD and event.name not in content.used
        ]
        if events:
            attributes = span.attributes
            is_tool = attributes.get("gen_ai.operation.name") == "execute_tool" or (
                "gen_ai.tool.name" in attributes and "gen_ai.request.model" not in attributes
            )
            ordered = sorted(events, key=lambda event: event.time_ns)
            (_tell_of_tool if is_tool else tell)(ordered, content, attributes)


def _tell_both(event: SpanEvent, content: Content) -> None:
    """A record of AWS' distribution of OpenTelemetry: ``{input: {messages}, output: {messages}}``,
    named for the scope of the span that it belongs to.

    https://github.com/aws-observability/aws-otel-python-instrumentation
    """
    told = {
        side: value["messages"]
        for side, value in event.attributes.items()
        if isinstance(value, Mapping) and isinstance(value.get("messages"), list | tuple)
    }
    history = chat_history(json_value(told.get("input")), role="user")
    asked(content, history, origin="", operation=None)
    said(content, chat_history(json_value(told.get("output")), role="assistant"), origin="")


def tell(events: Iterable[SpanEvent], content: Content, attributes: Mapping[str, Any]) -> None:
    """The conversation of a model call or an agent, newest way of telling first."""
    operation = attributes.get("gen_ai.operation.name")
    reasons = attributes.get("gen_ai.response.finish_reasons")
    told = list(events)
    for event in told:
        if event.name == _DETAILS:
            _details(event, content, operation)
    asked(content, conversation(told), origin="", operation=operation)
    choices = [m for event in told if event.name == _CHOICE for m in _body(event, "assistant")]
    said(content, choices, origin="", reasons=reasons)
    for event in told:
        if event.name == _CHOICE and "tool.result" in event.attributes:
            results = chat_history(event.attributes["tool.result"], role="tool")
            offer(content, "outputs", "tool_results", results, origin="")
    prompts = [m for event in told if event.name == _PROMPT for m in _text(event, "prompt")]
    asked(content, prompts, origin="", operation=operation)
    answers = [m for event in told if event.name == _COMPLETION for m in _text(event, "completion")]
    said(content, answers, origin="", reasons=reasons)


def conversation(events: Iterable[SpanEvent]) -> list[Message]:
    """The messages that were sent, each an event of its own.

    Bedrock's tools answer within a message of the user, and botocore's instrumentation tells their
    answers once more, each as an event of a tool.
    """
    found: list[Message] = []
    for event in events:
        if (role := _ROLES.get(event.name)) is not None:
            told = _body(event, role)
            found += [m for m in told if m["role"] != "tool" or not _is_told(m, found)]
    return found


def _is_told(answer: Message, messages: Iterable[Message]) -> bool:
    return answer.get("tool_call_id") is not None and answer in messages


def named_events(value: Any) -> list[SpanEvent]:
    """Events that stand as a list of objects with ``event.name`` in one attribute."""
    found = structured(value)
    return [
        SpanEvent(item["event.name"], 0, item)
        for item in (found if isinstance(found, list) else ())
        if isinstance(item, dict) and isinstance(item.get("event.name"), str)
    ]


def _details(event: SpanEvent, content: Content, operation: Json) -> None:
    told = event.attributes
    system = chat_history(told.get("gen_ai.system_instructions"), role="system")
    history = chat_history(told.get("gen_ai.input.messages"), role="user")
    asked(content, with_instructions(system, history), origin="", operation=operation)
    answers = chat_history(told.get("gen_ai.output.messages"), role="assistant")
    said(content, answers, origin="", reasons=told.get("gen_ai.response.finish_reasons"))
    offer(content, "config", "tools", structured(told.get("gen_ai.tool.definitions")), origin="")


def _body(event: SpanEvent, role: str) -> list[Message]:
    own = ((key.removeprefix(_MEMBER), value) for key, value in event.attributes.items())
    body = {key: value for key, value in own if "." not in key and key not in _ABOUT}
    for key in _WHOLE:
        text = event.attributes.get(key)
        found = structured(text) if isinstance(text, str) else text
        if isinstance(found, Mapping):
            body |= found
        elif text is not None:
            body.setdefault("content", text)
    if role == "tool" and body:  # its id alone, where no content is captured
        body.setdefault("content", None)
    return chat_history(body, role=role) if body else []


def _text(event: SpanEvent, word: str) -> list[Message]:
    role = "user" if word == "prompt" else "assistant"
    return chat_history(event.attributes.get(f"gen_ai.{word}"), role=role)


def _tell_of_tool(
    events: Iterable[SpanEvent], content: Content, attributes: Mapping[str, Any]
) -> None:
    """What the tool was asked and answered, told as if it were a conversation."""
    for event in events:
        told = event.attributes
        if event.name == "gen_ai.tool.message":
            _give_arguments(content, unpacked(told.get("content")))
        elif event.name == _CHOICE:
            offer(
                content, "outputs", "result", answered(json_value(told.get("message"))), origin=""
            )
        elif event.name == _DETAILS:
            for message in chat_history(told.get("gen_ai.input.messages"), role="tool"):
                for call in message.get("tool_calls", ()):
                    _give_arguments(content, call.get("arguments"))
            for message in chat_history(told.get("gen_ai.output.messages"), role="tool"):
                offer(content, "outputs", "result", message.get("content"), origin="")


def _give_arguments(content: Content, arguments: Json) -> None:
    if arguments is not None:
        offer_arguments(content, arguments, origin="")
