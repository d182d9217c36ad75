"""GenAI conventions on span events, and on log records that have joined their span."""

import json
from typing import Any

from mapped_span import mapped

from hh_core.domain.span import SpanEvent

CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
CALL = {"id": "c1", "name": "weather", "arguments": {"city": "Cork"}}
OPENAI = {"id": "c1", "type": "function"} | {
    "function": {"name": "weather", "arguments": '{"city": "Cork"}'}
}
CONVERSATION = [
    {"role": "system", "content": "Be terse."},
    {"role": "user", "content": "Rain?"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "content": "Drizzle.", "tool_call_id": "c1"},
]


def events(*told: tuple[str, dict[str, Any]]) -> list[SpanEvent]:
    return [SpanEvent(f"gen_ai.{name}", at, body) for at, (name, body) in enumerate(told)]


STRUCTURED = events(
    ("system.message", {"gen_ai.system": "openai", "content": "Be terse."}),
    ("user.message", {"gen_ai.system": "openai", "content": "Rain?"}),
    ("assistant.message", {"gen_ai.system": "openai", "tool_calls": [OPENAI]}),
    ("tool.message", {"gen_ai.system": "openai", "content": "Drizzle.", "id": "c1"}),
    ("choice", {"index": 0, "finish_reason": "stop", "message": {"content": "Take a coat."}}),
)
TEXTS = events(
    ("system.message", {"content": '[{"text": "Be terse."}]'}),
    ("user.message", {"content": '[{"text": "Rain?"}]'}),
    (
        "assistant.message",
        {
            "content": json.dumps(
                [{"toolUse": {"toolUseId": "c1", "name": "weather"} | {"input": {"city": "Cork"}}}]
            )
        },
    ),
    (
        "user.message",
        {
            "content": json.dumps(
                [{"toolResult": {"toolUseId": "c1", "content": [{"text": "Drizzle."}]}}]
            )
        },
    ),
    ("choice", {"finish_reason": "stop", "message": '[{"text": "Take a coat."}]'}),
)
BODIES = events(
    (
        "system.message",
        {"CHAT_MESSAGE_INDEX": 0, "body": '{"role": "system", "content": "Be terse."}'},
    ),
    ("user.message", {"CHAT_MESSAGE_INDEX": 1, "body": "Rain?"}),
    ("assistant.message", {"body": json.dumps({"role": "assistant", "tool_calls": [OPENAI]})}),
    (
        "tool.message",
        {"body": json.dumps({"role": "tool", "content": "Drizzle.", "tool_call_id": "c1"})},
    ),
    (
        "choice",
        {"body": json.dumps({"message": {"content": "Take a coat."}, "finish_reason": "stop"})},
    ),
)
AZURE = events(
    ("system.message", {"gen_ai.event.content": '{"role": "system", "content": "Be terse."}'}),
    ("user.message", {"gen_ai.event.content": '{"role": "user", "content": "Rain?"}'}),
    ("assistant.message", {"gen_ai.event.content": json.dumps({"tool_calls": [OPENAI]})}),
    ("tool.message", {"gen_ai.event.content": '{"content": "Drizzle.", "id": "c1"}'}),
    (
        "choice",
        {
            "gen_ai.event.content": json.dumps(
                {"message": {"content": "Take a coat."}, "finish_reason": "stop", "index": 0}
            )
        },
    ),
)
DETAILS = events(
    (
        "client.inference.operation.details",
        {
            "gen_ai.system_instructions": [{"type": "text", "content": "Be terse."}],
            "gen_ai.input.messages": CONVERSATION[1:],
            "gen_ai.output.messages": [
                {"role": "assistant", "finish_reason": "stop"}
                | {"parts": [{"type": "text", "content": "Take a coat."}]}
            ],
        },
    )
)


def test_a_conversation_on_events_has_one_form_however_it_is_told() -> None:
    for told in (STRUCTURED, TEXTS, BODIES, AZURE, DETAILS, STRUCTURED + DETAILS, STRUCTURED[::-1]):
        _, content = mapped(CHAT, told)

        assert content.inputs == {"chat_history": CONVERSATION}
        assert content.outputs == {
            "role": "assistant",
            "content": "Take a coat.",
            "finish_reason": "stop",
        }


def test_a_member_of_a_body_whose_name_an_attribute_has_is_the_messages() -> None:
    told = events(("user.message", {"name": "logger", "body.name": "Ada", "content": "Rain?"}))

    assert mapped(CHAT, told)[1].inputs["chat_history"][0]["name"] == "Ada"


def test_events_are_read_on_a_span_without_any_attribute() -> None:
    assert mapped({}, STRUCTURED)[1].inputs == {"chat_history": CONVERSATION}


def test_events_that_repeat_the_attributes_add_nothing() -> None:
    told = CHAT | {"gen_ai.input.messages": CONVERSATION, "gen_ai.output.messages": "Take a coat."}
    _, alone = mapped(told)
    _, both = mapped(told, STRUCTURED)

    assert both.inputs == alone.inputs
    assert both.outputs == alone.outputs | {"finish_reason": "stop"}


def test_the_oldest_events_hold_prompt_and_completion() -> None:
    told = events(
        ("content.prompt", {"gen_ai.prompt": '[{"role": "user", "content": "Rain?"}]'}),
        ("content.completion", {"gen_ai.completion": "Drizzle."}),
    )
    _, content = mapped({"gen_ai.system": "openai", "gen_ai.request.model": "gpt-4"}, told)

    assert content.inputs == {"chat_history": [{"role": "user", "content": "Rain?"}]}
    assert content.outputs == {"role": "assistant", "content": "Drizzle."}


def test_the_events_of_a_tool_are_its_arguments_and_its_result() -> None:
    attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather"}
    message = {"role": "tool", "content": '{"city": "Cork"}', "id": "c1"}
    old = events(
        ("tool.message", message), ("choice", {"id": "c1", "message": '[{"text": "Drizzle."}]'})
    )
    asked = [{"role": "tool", "parts": [{"type": "tool_call", **CALL}]}]
    answer = {"type": "tool_call_response", "id": "c1", "response": [{"text": "Drizzle."}]}
    new = events(
        ("client.inference.operation.details", {"gen_ai.input.messages": json.dumps(asked)}),
        (
            "client.inference.operation.details",
            {"gen_ai.output.messages": json.dumps([{"role": "tool", "parts": [answer]}])},
        ),
    )

    for told in (old, new):
        _, content = mapped(attributes, told)
        assert content.inputs == {"city": "Cork"}
        assert content.outputs == {"result": "Drizzle."}


def test_evaluations_are_metrics_under_their_own_names() -> None:
    said = events(
        ("evaluation.result", {"gen_ai.evaluation.name": "relevance"}
         | {"gen_ai.evaluation.score.value": 4.5, "gen_ai.evaluation.score.label": "good"}),
        ("evaluation.result", {"gen_ai.evaluation.name": "toxic"}
         | {"gen_ai.evaluation.score.label": "no", "gen_ai.evaluation.explanation": "It is kind."}),
        ("evaluation.result", {"gen_ai.evaluation.score.value": 1.0}),
    )  # fmt: skip

    _, content = mapped(CHAT, said)

    assert content.metrics == {"relevance": 4.5, "toxic": "no"}
    assert "It is kind." in json.dumps(content.metadata["span_events"])
