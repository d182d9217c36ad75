"""The Vercel AI SDK: the call beside the chain around it, which repeats its usage."""

import json

import pytest
from mapped_span import mapped

CALL = {
    "ai.operationId": "ai.generateText.doGenerate",
    "ai.model.provider": "openai.chat",
    "ai.model.id": "gpt-4o",
    "gen_ai.system": "openai.chat",
    "gen_ai.request.model": "gpt-4o",
    "ai.prompt.messages": json.dumps(
        [{"role": "user", "content": [{"type": "text", "text": "Rain in Cork?"}]}]
    ),
    "ai.prompt.tools": ['{"type": "function", "name": "weather"}'],
    "ai.response.toolCalls": json.dumps(
        [{"toolCallId": "c1", "toolName": "weather", "input": '{"city": "Cork"}'}]
    ),
    "ai.response.finishReason": "tool-calls",
    "ai.usage.inputTokens": 12,
    "ai.usage.outputTokens": 5,
    "ai.telemetry.metadata.sessionId": "s-1",
}


def test_a_call_is_told_by_its_messages_and_calls() -> None:
    facts, event = mapped(CALL)

    assert (facts.event_type, facts.provider, facts.session_id) == ("model", "openai", "s-1")
    assert facts.usage["prompt_tokens"] == 12
    assert event.inputs == {"chat_history": [{"role": "user", "content": "Rain in Cork?"}]}
    assert event.outputs == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "name": "weather", "arguments": {"city": "Cork"}}],
        "finish_reason": "tool-calls",
    }
    assert event.config["tools"] == [{"type": "function", "name": "weather"}]


@pytest.mark.parametrize(
    ("prompt", "answer"), [("promptTokens", "completionTokens"), ("inputTokens", "outputTokens")]
)
def test_the_chain_around_calls_counts_no_tokens(prompt: str, answer: str) -> None:
    told = {f"ai.usage.{prompt}": 12, f"ai.usage.{answer}": 5}
    facts, event = mapped({"ai.operationId": "ai.streamText", **told})

    assert (facts.event_type, facts.usage) == ("chain", {})
    assert event.metadata["prompt_tokens"] == 12


def test_versions_3_and_4_wrote_results() -> None:
    _, event = mapped({"ai.operationId": "ai.generateText.doGenerate", "ai.result.text": "Rain."})

    assert event.outputs == {"role": "assistant", "content": "Rain."}


def test_a_tool_call_has_arguments_and_a_result() -> None:
    facts, event = mapped(
        {
            "ai.operationId": "ai.toolCall",
            "ai.toolCall.name": "weather",
            "ai.toolCall.args": '{"city": "Cork"}',
            "ai.toolCall.result": '"22 degrees"',
        }
    )

    assert facts.event_type == "tool"
    assert (event.inputs, event.outputs) == ({"city": "Cork"}, {"output": "22 degrees"})


def test_embedded_values_are_texts() -> None:
    _, event = mapped({"ai.operationId": "ai.embedMany.doEmbed", "ai.values": ['"one"', '"two"']})

    assert event.inputs == {"input": ["one", "two"]}


def test_the_chain_around_a_call_has_the_provider_too() -> None:
    told = {"ai.operationId": "ai.generateText", "ai.model.provider": "anthropic.messages"}

    facts, event = mapped(told)

    assert facts.provider == "anthropic"
    assert event.metadata["ai.model.provider"] == "anthropic.messages"
