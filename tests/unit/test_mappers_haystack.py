"""Haystack's own spans: what a component is, its conversation, its model and tokens in JSON."""

import json
from typing import Any

import pytest

from tests.mapped_span import mapped


def message(role: str, **part: Any) -> dict[str, Any]:
    return {"role": role, "meta": {}, "name": None, "content": [part]}


REPLY = message("assistant", text="At the pier.") | {
    "meta": {
        "model": "gpt-4o-mini",
        "finish_reason": "stop",
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 4,
            "total_tokens": 14,
            "prompt_tokens_details": {"cached_tokens": 3},
            "completion_tokens_details": {"reasoning_tokens": 1},
        },
    }
}
GENERATOR = {
    "haystack.component.type": "OpenAIChatGenerator",
    "haystack.component.input": json.dumps(
        {
            "messages": [message("system", text="Be brief."), message("user", text="Where?")],
            "generation_kwargs": {"temperature": 0.1},
            "tools": None,
        }
    ),
    "haystack.component.output": json.dumps({"replies": [REPLY]}),
}


def test_a_generator_is_a_call_of_a_model_whose_tokens_stand_in_its_reply() -> None:
    facts, content = mapped(GENERATOR)

    assert (facts.event_type, facts.model) == ("model", "gpt-4o-mini")
    assert facts.usage == {
        "prompt_tokens": 10,
        "completion_tokens": 4,
        "total_tokens": 14,
        "cache_read_tokens": 3,
        "reasoning_tokens": 1,
    }
    assert content.inputs == {
        "chat_history": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Where?"},
        ]
    }
    assert content.outputs["role"] == "assistant"
    assert content.outputs["content"] == "At the pier."
    assert content.config == {"model": "gpt-4o-mini", "generation_kwargs": {"temperature": 0.1}}


def test_a_step_of_an_agent_is_read_from_pythons_own_writing() -> None:
    asked = (
        "{'messages': [ChatMessage(_role=<ChatRole.USER: 'user'>, _content=[TextContent("
        "text='Where?')], _name=None, _meta={}), ChatMessage(_role=<ChatRole.TOOL: 'tool'>, "
        "_content=[ToolCallResult(result='Pier 4', origin=ToolCall(tool_name='find', "
        "arguments={'what': 'ferry'}, id='c1', extra=None), error=False)], _name=None, "
        "_meta={})], 'tools': [Tool(name='find', function=<function run.<locals>.find at 0x7f>)]}"
    )
    called = message(
        "assistant", tool_call={"tool_name": "find", "arguments": {"a": 1}, "id": "c2"}
    )
    facts, content = mapped(
        {
            "haystack.agent.step.llm.input": asked,
            "haystack.agent.step.llm.output": json.dumps({"replies": [called]}),
        }
    )

    assert facts.event_type == "model"
    assert content.inputs["chat_history"] == [
        {"role": "user", "content": "Where?"},
        {"role": "tool", "tool_call_id": "c1", "name": "find", "content": "Pier 4"},
    ]
    assert content.outputs["tool_calls"] == [{"id": "c2", "name": "find", "arguments": {"a": 1}}]


@pytest.mark.parametrize(
    ("attributes", "event_type"),
    [
        ({"haystack.component.type": "InMemoryBM25Retriever"}, "tool"),
        ({"haystack.component.type": "ToolInvoker"}, "tool"),
        ({"haystack.component.type": "ChatPromptBuilder"}, "chain"),
        ({"haystack.component.type": "OpenAITextEmbedder"}, "model"),
        ({"haystack.component.type": ["odd"]}, "chain"),
        ({"haystack.pipeline.input_data": "{}"}, "chain"),
        ({"haystack.agent.max_steps": 3}, "chain"),
        ({"haystack.agent.step": 0}, "chain"),
        ({"haystack.agent.step.tool.input": "{}"}, "tool"),
    ],
)
def test_the_class_of_a_component_says_what_it_is(
    attributes: dict[str, Any], event_type: str
) -> None:
    assert mapped(attributes)[0].event_type == event_type


def test_the_answer_of_an_agent_is_its_last_message_and_not_the_request() -> None:
    _, content = mapped(
        {
            "haystack.agent.input": json.dumps({"messages": [message("user", text="Where?")]}),
            "haystack.agent.output": json.dumps(
                {"messages": [message("user", text="Where?"), REPLY], "last_message": REPLY}
            ),
        }
    )

    assert content.inputs == {"messages": [{"role": "user", "content": "Where?"}]}
    answer = {"role": "assistant", "content": "At the pier.", "finish_reason": "stop"}
    assert content.outputs == answer


def test_a_reply_too_long_to_look_into_costs_only_its_facts() -> None:
    long = json.dumps({"replies": [REPLY | {"padding": "x" * (1 << 20)}]})
    facts, content = mapped(GENERATOR | {"haystack.component.output": long})

    assert (facts.model, facts.usage) == ("", {})
    assert content.outputs["content"] == "At the pier."


def test_an_answer_tells_why_it_ended() -> None:
    reply = {"role": "assistant", "content": [{"text": "Always."}]}
    output = {"replies": [{**reply, "meta": {"finish_reason": "length"}, "name": None}]}
    told = {
        "haystack.component.type": "OpenAIChatGenerator",
        "haystack.component.output": json.dumps(output),
    }

    _, content = mapped(told)

    answer = {"role": "assistant", "content": "Always.", "finish_reason": "length"}
    assert content.outputs == answer
