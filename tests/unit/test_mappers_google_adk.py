"""Google's ADK: whole Gemini requests and responses in attributes of its own."""

import json

from mapped_span import mapped

REQUEST = {
    "model": "gemini-2.5-flash",
    "config": {"system_instruction": "Be terse.", "tools": [{"name": "weather"}], "seed": 7},
    "contents": [
        {"role": "user", "parts": [{"text": "Rain?"}]},
        {
            "role": "model",
            "parts": [{"function_call": {"name": "weather", "args": {"city": "Cork"}}}],
        },
        {
            "role": "user",
            "parts": [{"function_response": {"name": "weather", "response": {"rain": 1}}}],
        },
    ],
}
RESPONSE = {"content": {"role": "model", "parts": [{"text": "Drizzle."}]}, "finish_reason": "STOP"}
CALL = {"gen_ai.system": "gcp.vertex.agent", "gen_ai.request.model": "gemini-2.5-flash"}


def test_requests_and_responses_of_gemini_are_a_conversation() -> None:
    facts, content = mapped(
        CALL
        | {
            "gcp.vertex.agent.llm_request": json.dumps(REQUEST),
            "gcp.vertex.agent.llm_response": json.dumps(RESPONSE),
            "gcp.vertex.agent.session_id": "s1",
        }
    )

    assert (facts.event_type, facts.session_id) == ("model", "s1")
    assert content.inputs == {
        "chat_history": [
            {"role": "system", "content": "Be terse."},
            {"role": "user", "content": "Rain?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": None, "name": "weather", "arguments": {"city": "Cork"}}],
            },
            {"role": "tool", "tool_call_id": None, "name": "weather", "content": {"rain": 1}},
        ]
    }
    assert content.outputs == {"role": "assistant", "content": "Drizzle.", "finish_reason": "STOP"}
    assert content.config["tools"] == [{"name": "weather"}]
    kept = content.metadata["attributes.gcp.vertex.agent.llm_request"]
    assert kept == {"model": "gemini-2.5-flash", "config": {"seed": 7}}


def test_content_that_is_not_captured_leaves_nothing() -> None:
    _, content = mapped(
        CALL | {"gcp.vertex.agent.llm_request": "{}", "gcp.vertex.agent.llm_response": "{}"}
    )

    assert (content.inputs, content.outputs) == ({}, {})


def test_a_tool_has_its_arguments_and_its_answer() -> None:
    _, content = mapped(
        {
            "gen_ai.operation.name": "execute_tool",
            "gcp.vertex.agent.tool_call_args": '{"city": "Cork"}',
            "gcp.vertex.agent.tool_response": '{"result": "Drizzle."}',
            "gcp.vertex.agent.llm_request": "N/A",
        }
    )

    assert content.inputs == {"city": "Cork"}
    assert content.outputs == {"result": {"result": "Drizzle."}}
