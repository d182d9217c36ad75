"""OpenTelemetry's GenAI conventions on attributes, early names included."""

import json
from typing import Any

import pytest
from mapped_span import mapped

TEXT = {"type": "text", "content": "Be terse."}
SYSTEM = {"role": "system", "content": "Be terse."}
ASKED = [{"role": "user", "content": "Hi?"}]
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
MESSAGES = {
    "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi?"}]}]
}


def test_the_earliest_names_tell_model_provider_and_tokens() -> None:
    facts, content = mapped(
        {
            "gen_ai.system": "OpenAI",
            "gen_ai.model": "gpt-4",
            "gen_ai.usage.prompt_tokens": 3,
            "gen_ai.usage.completion_tokens": 2,
            "gen_ai.prompt": "Hi?",
            "gen_ai.completion": "Yes.",
        }
    )

    assert (facts.event_type, facts.model, facts.provider) == ("model", "gpt-4", "openai")
    assert facts.usage == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert content.inputs == {"chat_history": ASKED}
    assert content.outputs == {"role": "assistant", "content": "Yes."}


@pytest.mark.parametrize(
    ("operation", "event_type"),
    [
        ("chat", "model"),
        ("text_completion", "model"),
        ("generate_content", "model"),
        ("embeddings", "model"),
        ("execute_tool", "tool"),
        ("retrieval", "tool"),
        ("search_memory", "tool"),
        ("invoke_agent", "chain"),
        ("create_agent", "chain"),
        ("invoke_workflow", "chain"),
        ("invoke_swarm", "chain"),
    ],
)
def test_an_operation_tells_what_an_event_is(operation: str, event_type: str) -> None:
    attributes = {"gen_ai.operation.name": operation, "gen_ai.request.model": "gpt-4o"}

    assert mapped(attributes)[0].event_type == event_type


def test_instructions_of_the_system_stand_first_and_once() -> None:
    for instructions in ([TEXT], json.dumps([TEXT]), "Be terse."):
        told = CHAT | MESSAGES | {"gen_ai.system_instructions": instructions}
        assert mapped(told)[1].inputs == {"chat_history": [SYSTEM, *ASKED]}

    twice = {"gen_ai.system_instructions": [TEXT], "gen_ai.input.messages": [SYSTEM, *ASKED]}
    assert mapped(CHAT | twice)[1].inputs == {"chat_history": [SYSTEM, *ASKED]}


def test_two_generations_on_one_span_tell_a_text_once() -> None:
    old = {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "Hi?"}
    _, content = mapped(CHAT | MESSAGES | old)

    assert content.inputs == {"chat_history": ASKED}
    assert "Hi?" not in json.dumps(content.metadata)


def test_what_contradicts_the_conversation_is_kept_beside_it() -> None:
    _, content = mapped(CHAT | MESSAGES | {"gen_ai.prompt": "Something else"})

    assert content.inputs == {"chat_history": ASKED}
    assert content.metadata["attributes.gen_ai.prompt"] == [
        {"role": "user", "content": "Something else"}
    ]


def test_tools_and_variables_are_no_part_of_what_was_asked() -> None:
    tool = {"type": "function", "name": "weather", "parameters": {"type": "object"}}
    _, content = mapped(
        CHAT
        | MESSAGES
        | {"gen_ai.tool.definitions": json.dumps([tool]), "gen_ai.prompt.variable.city": "Cork"}
    )

    assert content.inputs == {"chat_history": ASKED}
    assert content.config["tools"] == [tool]
    assert content.config["prompt_variables"] == {"city": "Cork"}


@pytest.mark.parametrize("result", ["Drizzle.", {"rain": True}])
def test_a_tool_call_has_its_arguments_as_inputs_and_its_result_as_outputs(result: Any) -> None:
    _, content = mapped(
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "weather",
            "gen_ai.tool.call.arguments": '{"city":"Cork"}',
            "gen_ai.tool.call.result": json.dumps(result) if isinstance(result, dict) else result,
        }
    )

    assert content.inputs == {"city": "Cork"}
    assert content.outputs == {"result": result}
    assert content.metadata["tool_name"] == "weather"


def test_texts_to_embed_are_no_conversation() -> None:
    _, content = mapped(
        {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.prompt.0.content": "a gull",
            "gen_ai.prompt.1.content": "a heron",
        }
    )

    assert content.inputs == {"input": ["a gull", "a heron"]}


def test_the_span_tells_why_the_model_stopped_if_its_messages_do_not() -> None:
    said = {"gen_ai.output.messages": [{"role": "assistant", "content": "Yes."}]}
    _, content = mapped(CHAT | said | {"gen_ai.response.finish_reasons": ["stop"]})

    assert content.outputs["finish_reason"] == "stop"


def test_the_name_of_a_prompt_is_no_message() -> None:
    _, content = mapped({"gen_ai.prompt.name": "greet", "mcp.method.name": "prompts/get"})

    assert content.inputs == {}
    assert content.metadata["gen_ai.prompt.name"] == "greet"


@pytest.mark.parametrize("swapped", [False, True])
def test_the_newer_of_two_names_wins_in_whichever_order_they_come(swapped: bool) -> None:
    pairs = [("gen_ai.system", "langchain"), ("gen_ai.provider.name", "openai")]

    facts, content = mapped(dict(reversed(pairs) if swapped else pairs))

    assert facts.provider == "openai"
    assert content.metadata["gen_ai.system"] == "langchain"


def test_names_of_other_exporters_find_the_same_places() -> None:
    tool = {"type": "function", "name": "weather"}
    facts, content = mapped(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.messages": '[{"role": "user", "content": "Hi?"}]',
            "gen_ai.response.text": "Yes.",
            "gen_ai.response.tool_calls": '[{"id": "c1", "name": "weather", "arguments": "{}"}]',
            "gen_ai.request.available_tools": json.dumps([tool]),
            "gen_ai.request.structured_output_schema": '{"type": "object"}',
            "gen_ai.usage.input_tokens": 9,
            "gen_ai.usage.input_tokens.cached": 4,
            "gen_ai.usage.output_tokens.reasoning": 2,
            "gen_ai.user": "u1",
        }
    )

    assert content.inputs == {"chat_history": ASKED}
    assert content.outputs == {
        "role": "assistant",
        "content": "Yes.",
        "tool_calls": [{"id": "c1", "name": "weather", "arguments": {}}],
    }
    assert content.config == {"tools": [tool], "response_format": {"type": "object"}}
    assert facts.usage["cache_read_tokens"] == 4
    assert facts.usage["reasoning_tokens"] == 2
    assert content.user_properties == {"user_id": "u1"}


def test_messages_between_agents_are_steps_of_a_chain() -> None:
    attributes = {"messaging.operation": "publish", "messaging.destination": "default.(default)-A"}

    assert mapped(attributes)[0].event_type == "chain"


def test_writes_to_anthropics_caches_are_counted_by_their_age() -> None:
    prefix = "gen_ai.usage.cache_creation.ephemeral_"
    facts, _ = mapped(CHAT | {f"{prefix}5m_input_tokens": 4, f"{prefix}1h_input_tokens": 5})

    assert facts.usage["cache_write_5m_tokens"] == 4
    assert facts.usage["cache_write_1h_tokens"] == 5


def test_a_prompt_that_is_told_under_the_name_of_its_role_is_a_message() -> None:
    _, content = mapped(
        CHAT | {"gen_ai.prompt.0.user": "Hi?", "gen_ai.completion.0.content": "Yes."}
    )

    assert content.inputs == {"chat_history": ASKED}
    assert content.outputs == {"role": "assistant", "content": "Yes."}


def test_messages_may_be_told_flat() -> None:
    _, content = mapped(
        CHAT
        | {
            "gen_ai.input.messages.0.message.role": "user",
            "gen_ai.input.messages.0.message.content": "Hi?",
            "gen_ai.output.messages.0.message.role": "assistant",
            "gen_ai.output.messages.0.message.content": "Yes.",
        }
    )

    assert content.inputs == {"chat_history": ASKED}
    assert content.outputs == {"role": "assistant", "content": "Yes."}


def test_a_tool_that_was_called_by_names_has_these_arguments() -> None:
    called = json.dumps({"args": [], "kwargs": {"city": "Cork"}})
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.arguments": called}

    assert mapped(tool)[1].inputs == {"city": "Cork"}


def test_a_model_may_be_told_as_the_name_of_a_model() -> None:
    facts, content = mapped({"gen_ai.model_name": "gpt-4o", "gen_ai.user.id": "ann"})

    assert (facts.event_type, facts.model) == ("model", "gpt-4o")
    assert content.user_properties == {"user_id": "ann"}


def test_what_a_message_holds_beside_what_it_says_is_kept_once() -> None:
    thought = {"type": "reasoning", "content": "Let me see.", "signature": "c2lnbmVk"}
    said = [{"role": "assistant", "parts": [thought, {"type": "text", "content": "Yes."}]}]

    content = mapped(CHAT | MESSAGES | {"gen_ai.output.messages": json.dumps(said)})[1]

    assert content.outputs == {"role": "assistant", "content": "Yes.", "reasoning": "Let me see."}
    left = content.metadata["attributes.gen_ai.output.messages"]
    assert left == [{"parts": [{"signature": "c2lnbmVk"}]}]


def test_sessions_and_users_may_be_numbers() -> None:
    facts, content = mapped({"session.id": 42, "user.id": 7, "gen_ai.operation.name": "chat"})

    assert facts.session_id == "42"
    assert content.user_properties == {"user_id": "7"}
    assert mapped({"gen_ai.conversation.id": 9})[0].session_id == "9"


@pytest.mark.parametrize("dump", [dict, json.dumps])
def test_all_counts_may_stand_in_one_object(dump: Any) -> None:
    told = {"input_tokens": 7, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 3}}

    facts, _ = mapped(CHAT | {"gen_ai.usage": dump(told)})

    counted = {"prompt_tokens": 7, "completion_tokens": 2, "cache_read_tokens": 3}
    assert facts.usage == counted | {"total_tokens": 9}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("input_token_count", "prompt_tokens"),
        ("output_token_count", "completion_tokens"),
        ("cache_read_tokens", "cache_read_tokens"),
        ("input_cached_tokens", "cache_read_tokens"),
        ("cache_write_tokens", "cache_write_tokens"),
        ("thinking_tokens", "reasoning_tokens"),
        ("input_audio_tokens", "prompt_audio_tokens"),
        ("audio_output_tokens", "completion_audio_tokens"),
    ],
)
def test_counts_have_many_names(name: str, kind: str) -> None:
    facts, _ = mapped(CHAT | {f"gen_ai.usage.{name}": 3})

    assert facts.usage[kind] == 3
