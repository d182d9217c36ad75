"""LangSmith: LangChain's own objects as JSON, and kinds that only ``langsmith.span.kind`` tells."""

import json
from typing import Any

import pytest
from mapped_span import mapped


def serialised(kind: str, **kwargs: Any) -> dict[str, Any]:
    path = ["langchain", "schema", "messages", kind]
    return {"lc": 1, "type": "constructor", "id": path, "kwargs": kwargs}


CALL = {"name": "weather", "args": {"city": "Cork"}, "id": "c1", "type": "tool_call"}
ANSWER = serialised("AIMessage", content="", type="ai", tool_calls=[CALL], id="run-1")
GENERATION = {"text": "", "generation_info": {"finish_reason": "tool_calls"}, "message": ANSWER}
MODEL = {
    "langsmith.span.kind": "llm",
    "gen_ai.operation.name": "chat",
    "langsmith.metadata.ls_provider": "openai",
    "langsmith.metadata.ls_model_name": "gpt-4o",
    "langsmith.metadata.thread_id": "thread-1",
    "langsmith.metadata.usage_metadata": json.dumps(
        {"input_tokens": 9, "output_tokens": 2, "input_token_details": {"cache_read": 4}}
    ),
    "gen_ai.prompt": json.dumps(
        {
            "messages": [
                [
                    serialised("SystemMessage", content="Be terse.", type="system"),
                    serialised("HumanMessage", content="Rain in Cork?", type="human", id="m-1"),
                ]
            ]
        }
    ),
    "gen_ai.completion": json.dumps({"generations": [[GENERATION]], "type": "LLMResult"}),
}


def test_serialised_messages_are_told_in_their_normal_form() -> None:
    facts, event = mapped(MODEL)

    assert (facts.event_type, facts.model, facts.provider) == ("model", "gpt-4o", "openai")
    assert facts.session_id == "thread-1"
    assert event.inputs == {
        "chat_history": [
            {"role": "system", "content": "Be terse."},
            {"role": "user", "content": "Rain in Cork?"},
        ]
    }
    assert event.outputs == {
        "role": "assistant",
        "content": "",
        "finish_reason": "tool_calls",
        "tool_calls": [{"id": "c1", "name": "weather", "arguments": {"city": "Cork"}}],
    }


def test_tokens_stand_in_metadata_that_is_json() -> None:
    facts, _ = mapped(MODEL)

    assert facts.usage["prompt_tokens"] == 9
    assert facts.usage["cache_read_tokens"] == 4


@pytest.mark.parametrize(
    ("kind", "operation", "expected"),
    [
        ("prompt", "chat", "chain"),
        ("parser", "parser", "chain"),
        ("retriever", "embeddings", "tool"),
        ("chain", "chain", "chain"),
    ],
)
def test_the_spans_kind_tells_and_not_the_operation(
    kind: str, operation: str, expected: str
) -> None:
    facts, _ = mapped({"langsmith.span.kind": kind, "gen_ai.operation.name": operation})

    assert facts.event_type == expected


def test_a_tools_answer_is_told_without_the_message_around_it() -> None:
    message = {"type": "tool", "content": "22 degrees", "tool_call_id": "c1", "status": "success"}
    _, event = mapped(
        {
            "langsmith.span.kind": "tool",
            "gen_ai.prompt": '{"city": "Cork"}',
            "gen_ai.completion": json.dumps({"output": message}),
        }
    )

    assert event.inputs == {"city": "Cork"}
    assert event.outputs == {"output": "22 degrees"}
    assert event.metadata["attributes.gen_ai.completion"] == {"status": "success"}


def test_the_state_of_a_graph_keeps_its_keys_and_its_messages_are_plain() -> None:
    human = {"type": "human", "content": "Hi?", "additional_kwargs": {}, "id": "m-1"}
    _, event = mapped(
        {"langsmith.span.kind": "chain", "gen_ai.prompt": json.dumps({"messages": [human]})}
    )

    assert event.inputs == {"messages": [{"role": "user", "content": "Hi?"}]}


def test_the_class_of_a_serialised_message_and_its_own_id_are_kept() -> None:
    message = serialised("HumanMessage", content="Hi?", type="human", id="run-1234")
    content = mapped({"langsmith.span.kind": "llm", "gen_ai.prompt": json.dumps(message)})[1]

    assert content.inputs == {"chat_history": [{"role": "user", "content": "Hi?"}]}
    left = content.metadata["attributes.gen_ai.prompt"]
    assert left == {"id": message["id"], "kwargs": {"id": "run-1234"}}
