"""Messages of many providers in one form: roles, text, parts, tool calls, tools' answers."""

import json
import time
from typing import Any

import pytest
from mapped_span import mapped

from hh_mappers.messages import answer, chat_history

CALL = {"id": "c1", "name": "weather", "arguments": {"city": "Cork"}}
ASKING = [{"role": "assistant", "content": None, "tool_calls": [CALL]}]
INPUT = {"input": {"city": "Cork"}}
OPENAI = {"id": "c1", "type": "function"} | {
    "function": {"name": "weather", "arguments": '{"city": "Cork"}'}
}


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": None, "tool_calls": [OPENAI]},
        {"role": "assistant", "tool_calls": {"0": OPENAI}},
        {"role": "assistant", "parts": [{"type": "tool_call", **CALL}]},
        {"role": "assistant", "parts": [{"type": "tool_call", **CALL}], "tool_calls": [OPENAI]},
        {
            "role": "ai",
            "content": "",
            "tool_calls": [{"id": "c1", "name": "weather"} | {"args": {"city": "Cork"}}],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Cork"}}
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"toolUse": {"toolUseId": "c1", "name": "weather", "input": {"city": "Cork"}}}
            ],
        },
        {
            "role": "model",
            "parts": [{"function_call": {"id": "c1", "name": "weather", "args": {"city": "Cork"}}}],
        },
        {
            "role": "assistant",
            "content": [
                {
                    "type": "tool-call",
                    "toolCallId": "c1",
                    "toolName": "weather",
                    "input": {"city": "Cork"},
                }
            ],
        },
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "c1",
            "name": "weather",
            "arguments": '{"city": "Cork"}',
        },
        {
            "role": "assistant",
            "content": json.dumps([{"toolUse": {"toolUseId": "c1", "name": "weather", **INPUT}}]),
        },
        {
            "role": "assistant",
            "tool_calls": [
                OPENAI
                | {"function": {"name": "weather", "arguments": json.dumps('{"city": "Cork"}')}}
            ],
        },
    ],
    ids=[
        "openai",
        "numbered",
        "genai",
        "twice",
        "langchain",
        "anthropic",
        "bedrock",
        "gemini",
        "vercel",
        "responses",
        "as-text",
        "dumped-twice",
    ],
)
def test_a_tool_call_has_one_form_whoever_writes_it(message: dict[str, Any]) -> None:
    for told in (message, [message], json.dumps([message])):
        (found,) = chat_history(told, role="assistant")

        assert (found["role"], found["tool_calls"]) == ("assistant", [CALL])
        assert not found["content"]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "tool", "content": "Drizzle.", "tool_call_id": "c1"},
        {"role": "tool", "content": "Drizzle.", "id": "c1"},
        {
            "role": "user",
            "parts": [{"type": "tool_call_response", "id": "c1", "response": "Drizzle."}],
        },
        {
            "role": "user",
            "parts": [{"type": "tool_call_response", "id": "c1", "result": "Drizzle."}],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "c1",
                    "content": [{"type": "text", "text": "Drizzle."}],
                }
            ],
        },
        {
            "role": "user",
            "content": [{"toolResult": {"toolUseId": "c1", "content": [{"text": "Drizzle."}]}}],
        },
        {
            "role": "tool",
            "content": [
                {
                    "type": "tool-result",
                    "toolCallId": "c1",
                    "output": {"type": "text", "value": "Drizzle."},
                }
            ],
        },
        {"type": "function_call_output", "call_id": "c1", "output": "Drizzle."},
    ],
    ids=[
        "openai",
        "genai-event",
        "genai",
        "pydantic-ai",
        "anthropic",
        "bedrock",
        "vercel",
        "responses",
    ],
)
def test_what_a_tool_answered_is_a_message_of_its_own(message: dict[str, Any]) -> None:
    expected = {"role": "tool", "tool_call_id": "c1", "content": "Drizzle."}

    assert chat_history([message], role="user") == [expected]


def test_answers_of_tools_stand_before_what_the_user_says_after_them() -> None:
    said = {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "c1", "content": "1"},
            {"type": "text", "text": "Go on."},
        ],
    }

    assert [message["role"] for message in chat_history([said], role="user")] == ["tool", "user"]


@pytest.mark.parametrize(
    ("told", "role"),
    [
        ("human", "user"),
        ("ai", "assistant"),
        ("model", "assistant"),
        ("AIMessageChunk", "assistant"),
        ("function", "tool"),
        ("developer", "developer"),
        ("System", "system"),
    ],
)
def test_roles_are_the_five_of_chat_apis(told: str, role: str) -> None:
    assert chat_history([{"role": told, "content": "x"}], role="user")[0]["role"] == role
    assert chat_history([{"role": "Planner", "content": "x"}], role="user") == [
        {"role": "user", "content": "x", "name": "Planner"}
    ]


def test_thoughts_are_no_content() -> None:
    parts = [{"type": "reasoning", "content": "Hm."}, {"type": "text", "content": "Yes."}]
    anthropic = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Yes."}]
    bedrock = [{"reasoningContent": {"reasoningText": {"text": "Hm."}}}, {"text": "Yes."}]
    gemini = [{"text": "Hm.", "thought": True}, {"text": "Yes."}]

    for said in (parts, anthropic, bedrock, gemini):
        assert chat_history([{"role": "assistant", "parts": said}], role="user") == [
            {"role": "assistant", "content": "Yes.", "reasoning": "Hm."}
        ]


def test_an_image_stays_a_part_beside_the_text() -> None:
    uri = {"type": "uri", "modality": "image", "uri": "https://example.org/gull.png"}
    said = [{"role": "user", "parts": [{"type": "text", "content": "What is this?"}, uri]}]

    assert chat_history(said, role="user") == [
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, uri]}
    ]


def test_text_that_merely_looks_like_json_stays_what_was_said() -> None:
    for said in ('{"city": "Cork"}', "[1, 2]", '[{"a": 1}]', "{", "[" * 2000):
        assert chat_history([{"role": "user", "content": said}], role="user")[0]["content"] == said


def test_an_answer_in_several_items_is_one_and_choices_stay_apart() -> None:
    items = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Yes."}],
        },
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "weather",
            "arguments": '{"city":"Cork"}',
        },
    ]
    choices = [{"message": {"content": "a"}, "index": 0, "finish_reason": "stop"}]
    choices += [{"message": {"content": "b"}, "index": 1, "finish_reason": "stop"}]

    assert answer(chat_history(items, role="assistant")) == {
        "role": "assistant",
        "content": "Yes.",
        "reasoning": "Hm.",
        "tool_calls": [CALL],
    }
    both = answer(chat_history(choices, role="assistant"))
    assert both["content"] == "a"
    assert [choice["content"] for choice in both["choices"]] == ["a", "b"]


def test_huge_conversations_take_time_by_their_length_only() -> None:
    calls = [{"type": "tool_call", "id": f"c{n}", "name": "f"} for n in range(2)]
    said = {"role": "assistant", "parts": [*calls, {"type": "reasoning", "content": "Hm."}]}
    told = {"role": "system", "content": "Be terse."}

    def seconds(messages: int) -> float:
        history = [told | {"content": f"{n}"} for n in range(messages)]
        attributes = {"gen_ai.input.messages": history, "gen_ai.system_instructions": history[::-1]}
        started = time.process_time()
        _, content = mapped(attributes | {"gen_ai.output.messages": [said] * messages})
        assert len(content.outputs["tool_calls"]) == 2 * messages
        assert len(content.inputs["chat_history"]) == messages
        return time.process_time() - started

    assert seconds(5_000) < 50 * max(seconds(500), 0.01)


def test_calls_that_python_has_written_are_read() -> None:
    calls = """[{'id': 'c1', 'function': {'name': 'rain', 'arguments': '{"city": "Cork"}'}}]"""
    (message,) = chat_history({"role": "assistant", "tool_calls": calls}, role="user")

    assert message["tool_calls"] == [{"id": "c1", "name": "rain", "arguments": {"city": "Cork"}}]


def test_a_message_may_be_json_within_a_choice() -> None:
    choice = {"index": 0, "message": '{"role": "model", "content": [{"text": "Always."}]}'}

    assert chat_history(choice, role="user") == [{"role": "assistant", "content": "Always."}]
