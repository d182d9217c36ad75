"""OpenLLMetry, current and old: workflows, tools, sessions, functions, and vector databases."""

import json
from typing import Any

import pytest

from hh_core.domain.span import SpanEvent
from tests.mapped_span import mapped


@pytest.mark.parametrize(
    ("given", "inputs"),
    [
        ({"args": [], "kwargs": {"city": "Cork"}}, {"city": "Cork"}),
        ({"args": ["Cork"], "kwargs": {}}, {"args": ["Cork"]}),
        ({"inputs": {"city": "Cork"}, "tags": [], "kwargs": {"name": "x"}}, {"city": "Cork"}),
        ({"input_str": "{'city': 'Cork'}", "tags": ["t"], "metadata": {}}, {"city": "Cork"}),
        ({"input_str": "Cork", "kwargs": {}}, {"input": "Cork"}),
        ({"city": "Cork"}, {"city": "Cork"}),
    ],
)
def test_arguments_come_out_of_their_wrapping(given: Any, inputs: Any) -> None:
    _, content = mapped(
        {
            "traceloop.span.kind": "tool",
            "traceloop.entity.input": json.dumps(given),
            "traceloop.entity.output": '"Drizzle."',
        }
    )

    assert content.inputs == inputs
    assert content.outputs == {"output": "Drizzle."}


def test_what_is_left_of_a_wrapping_is_kept() -> None:
    given = {"inputs": {"q": "Where?"}, "tags": ["bees"], "kwargs": {"name": "graph"}}
    _, content = mapped(
        {"traceloop.span.kind": "workflow", "traceloop.entity.input": json.dumps(given)}
    )

    assert content.inputs == {"q": "Where?"}
    assert content.metadata["attributes.traceloop.entity.input"] == {
        "tags": ["bees"],
        "kwargs": {"name": "graph"},
    }


def test_a_payload_that_is_told_twice_is_shown_once() -> None:
    value = json.dumps({"inputs": {"q": "Where?"}})
    _, content = mapped(
        {
            "traceloop.span.kind": "task",
            "traceloop.entity.input": value,
            "gen_ai.task.input": value,
        }
    )

    assert content.inputs == {"q": "Where?"}


@pytest.mark.parametrize(
    ("attributes", "session"),
    [
        ({"traceloop.association.properties.session_id": "s-1"}, "s-1"),
        ({"traceloop.association.properties.thread_id": "t-1"}, "t-1"),
        ({"traceloop.association.properties.conversation_id": "c-1"}, "c-1"),
        (
            {"traceloop.entity.input": '{"inputs": 1, "metadata": {"session_id": "s-2"}}'},
            "s-2",
        ),
        (
            {"traceloop.entity.input": '{"inputs": 1, "metadata": {"thread_id": "t-2"}}'},
            "t-2",
        ),
        ({"traceloop.entity.input": '{"inputs": "\\"metadata\\": \\"session_id\\": 1"}'}, ""),
        (
            {
                "traceloop.association.properties.session_id": "s-1",
                "traceloop.entity.input": '{"metadata": {"session_id": "s-2"}}',
            },
            "s-1",
        ),
    ],
)
def test_a_session_has_several_names(attributes: dict[str, str], session: str) -> None:
    facts, _ = mapped({"traceloop.span.kind": "workflow"} | attributes)

    assert facts.session_id == session


def test_functions_and_schemas_are_configuration() -> None:
    _, content = mapped(
        {
            "llm.request.type": "chat",
            "llm.request.functions.0.name": "weather",
            "llm.request.functions.0.parameters": '{"type": "object"}',
            "gen_ai.request.structured_output_schema": '{"type": "object", "title": "T"}',
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "Hi",
        }
    )

    assert content.inputs == {"chat_history": [{"role": "user", "content": "Hi"}]}
    assert content.config["tools"] == [{"name": "weather", "parameters": {"type": "object"}}]
    assert content.config["response_format"] == {"type": "object", "title": "T"}


def test_the_oldest_names_are_still_read() -> None:
    facts, content = mapped(
        {
            "llm.request.type": "chat",
            "llm.vendor": "OpenAI",
            "llm.request.model": "gpt-4",
            "llm.prompts.0.role": "user",
            "llm.prompts.0.content": "Hi",
            "llm.completions.0.content": "Ho",
            "llm.completions.0.finish_reason": "stop",
            "llm.usage.prompt_tokens": 3,
            "llm.usage.completion_tokens": 4,
        }
    )

    assert (facts.event_type, facts.model, facts.provider) == ("model", "gpt-4", "openai")
    assert facts.usage == {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    assert content.inputs == {"chat_history": [{"role": "user", "content": "Hi"}]}
    assert content.outputs == {"role": "assistant", "content": "Ho", "finish_reason": "stop"}


def test_a_vector_database_answers_documents() -> None:
    events = [
        SpanEvent("db.query.embeddings", 1, {"db.query.embeddings.vector": [0.5]}),
        SpanEvent(
            "db.query.result",
            2,
            {
                "db.query.result.id": "b1",
                "db.query.result.distance": 4.5,
                "db.query.result.metadata": '{"page": 1}',
                "db.query.result.document": "The ferry leaves at nine.",
            },
        ),
    ]
    facts, content = mapped({"db.system": "chroma", "db.operation": "query"}, events)

    assert facts.event_type == "tool"
    assert content.inputs == {"embeddings": [[0.5]]}
    assert content.outputs["documents"] == [
        {
            "id": "b1",
            "distance": 4.5,
            "metadata": {"page": 1},
            "document": "The ferry leaves at nine.",
        }
    ]
