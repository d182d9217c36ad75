"""LiteLLM: a request, and below it the provider's own in Python's ``repr``."""

import pytest
from mapped_span import mapped

from hh_mappers.litellm import LiteLlm
from hh_mappers.literals import LONGEST, structure

RAW = {
    "llm.openai.model": "gpt-4o",
    "llm.openai.id": "chatcmpl-1",
    "llm.openai.temperature": 0.5,
    "llm.openai.messages": "[{'role': 'user', 'content': \"It's wet?\"}]",
    "llm.openai.choices": (
        "[{'finish_reason': 'stop', 'index': 0, 'message': "
        "{'content': 'Always.', 'role': 'assistant', 'tool_calls': None}}]"
    ),
    "llm.openai.usage": "{'prompt_tokens': 7, 'completion_tokens': 2, 'total_tokens': 9}",
}


def test_a_raw_request_is_read_from_pythons_repr() -> None:
    facts, event = mapped(RAW)

    assert (facts.event_type, facts.model, facts.response_id) == ("model", "gpt-4o", "chatcmpl-1")
    assert facts.usage == {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
    assert event.inputs == {"chat_history": [{"role": "user", "content": "It's wet?"}]}
    assert event.outputs == {"role": "assistant", "content": "Always.", "finish_reason": "stop"}
    assert event.config["temperature"] == 0.5


def test_anthropics_raw_request_has_its_system_beside_the_messages() -> None:
    _, event = mapped(
        {
            "llm.anthropic.model": "claude",
            "llm.anthropic.system": "[{'type': 'text', 'text': 'Be terse.'}]",
            "llm.anthropic.messages": "[{'role': 'user', 'content': 'Rain?'}]",
            "llm.anthropic.role": "assistant",
            "llm.anthropic.content": "[{'type': 'text', 'text': 'Always.'}]",
            "llm.anthropic.stop_reason": "end_turn",
        }
    )

    assert [message["role"] for message in event.inputs["chat_history"]] == ["system", "user"]
    assert event.outputs == {
        "role": "assistant",
        "content": "Always.",
        "finish_reason": "end_turn",
    }


def test_a_request_of_any_of_its_call_types_is_a_models() -> None:
    facts, _ = mapped({"litellm.call_id": "1", "llm.request.type": "aresponses"})

    assert facts.event_type == "model"


def test_other_conventions_below_llm_are_no_raw_requests() -> None:
    assert LiteLlm().prepare(("llm.request.model", "llm.response.model")) is None
    assert LiteLlm().prepare(("llm.model_name", "llm.input_messages.0.message.role")) is None


@pytest.mark.parametrize(
    "text",
    [
        "[Message(role='user')]",
        "[" * 5_000,
        "[-" + "-" * 100_000 + "1]",
        "[" + "1+" * 50_000 + "1]",
        "[" + "9" * 5_000 + "]",
        "[__import__('os')]",
        "[1]" + " " * LONGEST + "[",
        "{'a': {}, 'b'}",
        "('text')",
    ],
)
def test_what_is_no_literal_or_too_much_is_left_alone(text: str) -> None:
    assert structure(text) is None


def test_a_literal_gives_what_json_can_hold() -> None:
    assert structure("{'a': (1, None), 2: {'x'}, 'big': 99999999999999999999, 'c': 1j}") == {
        "a": [1, None],
        "2": ["x"],
        "big": "99999999999999999999",
        "c": "1j",
    }
