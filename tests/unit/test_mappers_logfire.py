"""Logfire: what stands beside OTel's attributes, now and in older releases."""

import json
from typing import Any

from mapped_span import mapped

LOGFIRE = {"logfire.msg_template": "x", "logfire.span_type": "span"}
AGENT = LOGFIRE | {
    "gen_ai.request.model": "gpt-4o",
    "response_id": "resp_1",
    "raw_input": '[{"role": "user", "content": "Rain in Cork?"}]',
    "usage": '{"requests": 1, "input_tokens": 9, "output_tokens": 2}',
    "events": "[]",
    "response": json.dumps(
        {
            "id": "resp_1",
            "instructions": "Be terse.",
            "tools": [{"type": "function", "name": "weather"}],
            "output": [
                {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "Always in Cork."}],
                }
            ],
        }
    ),
}


def test_an_agents_call_is_told_by_its_response() -> None:
    facts, event = mapped(AGENT)

    assert (facts.event_type, facts.response_id) == ("model", "resp_1")
    assert facts.usage["prompt_tokens"] == 9
    assert event.inputs == {
        "chat_history": [
            {"role": "system", "content": "Be terse."},
            {"role": "user", "content": "Rain in Cork?"},
        ]
    }
    assert event.outputs == {"role": "assistant", "content": "Always in Cork."}
    assert event.config["tools"] == [{"type": "function", "name": "weather"}]


def test_an_answer_that_the_sdk_has_put_into_its_list_is_not_asked() -> None:
    told = [
        {"role": "user", "content": "Rain in Cork?"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Always in Cork."}]},
    ]
    _, event = mapped(AGENT | {"raw_input": json.dumps(told)})

    assert [message["role"] for message in event.inputs["chat_history"]] == ["system", "user"]


def test_a_failed_call_has_what_was_asked_in_its_events() -> None:
    events = [
        {"event.name": "gen_ai.system.message", "content": "Be terse.", "role": "system"},
        {"event.name": "gen_ai.user.message", "content": "Rain?", "role": "user"},
    ]
    facts, event = mapped(AGENT | {"response": "null", "events": json.dumps(events)})

    assert facts.event_type == "model"
    assert [message["role"] for message in event.inputs["chat_history"]] == ["system", "user"]
    assert event.outputs == {}


def test_turns_repeat_the_usage_of_their_calls() -> None:
    facts, event = mapped(LOGFIRE | {"sdk_span_type": "turn", "usage": '{"input_tokens": 9}'})

    assert (facts.event_type, facts.usage) == ("chain", {})
    assert event.metadata["prompt_tokens"] == 9


def test_a_group_is_a_session_unless_it_is_null() -> None:
    trace: dict[str, Any] = LOGFIRE | {"agent_trace_id": "t"}

    assert mapped(trace | {"group_id": '"thread-1"'})[0].session_id == "thread-1"
    assert mapped(trace | {"group_id": "null"})[0].session_id == ""


def test_a_function_has_arguments_and_a_result() -> None:
    facts, event = mapped(
        LOGFIRE | {"mcp_data": "null", "input": '{"city": "Cork"}', "output": "22 degrees"}
    )

    assert facts.event_type == "tool"
    assert (event.inputs, event.outputs) == ({"city": "Cork"}, {"output": "22 degrees"})


def test_ones_own_span_is_a_chain_and_a_request_of_http_is_not() -> None:
    assert mapped(LOGFIRE)[0].event_type == "chain"
    assert mapped(LOGFIRE | {"http.method": "GET"})[0].event_type == "tool"


def test_older_releases_have_whole_requests_and_a_streams_joined_answer() -> None:
    request = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Rain in Cork?"}]}
    _, event = mapped(
        LOGFIRE
        | {
            "gen_ai.request.model": "gpt-4o",
            "request_data": json.dumps(request),
            "response_data": '{"combined_chunk_content": "Always.", "chunk_count": 3}',
        }
    )

    assert event.inputs == {"chat_history": [{"role": "user", "content": "Rain in Cork?"}]}
    assert event.outputs == {"role": "assistant", "content": "Always."}


def test_cached_tokens_stand_only_in_the_raw_usage() -> None:
    raw = {"input_tokens": 8, "cache_read_input_tokens": 4, "output_tokens": 2}
    facts, event = mapped(
        LOGFIRE
        | {
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.input_tokens": 12,
            "gen_ai.usage.raw": json.dumps(raw),
        }
    )

    assert (facts.usage["prompt_tokens"], facts.usage["cache_read_tokens"]) == (12, 4)
    assert event.metadata["provider_usage"] == {"prompt_tokens": 8, "completion_tokens": 2}
