"""Frameworks by their published conventions: Genkit, Spring AI, Mastra, voice agents, CrewAI."""

import json
from typing import Any

import pytest
from mapped_span import mapped

SYSTEM = {"role": "system", "content": "Be terse."}
CHAT = [SYSTEM, {"role": "user", "content": "Rain?"}]
SAID = {"role": "assistant", "content": "Always."}
CALLED = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "r1", "name": "rain", "arguments": {"city": "Cork"}}],
}
GENKIT = {
    "genkit:type": "action",
    "genkit:metadata:subtype": "model",
    "genkit:name": "googleai/gemini-2.0-flash",
    "genkit:input": json.dumps(
        {
            "messages": [
                {"role": "system", "content": [{"text": "Be terse."}]},
                {"role": "user", "content": [{"text": "Rain?"}]},
                {
                    "role": "model",
                    "content": [
                        {"toolRequest": {"name": "rain", "ref": "r1", "input": {"city": "Cork"}}}
                    ],
                },
                {
                    "role": "tool",
                    "content": [{"toolResponse": {"name": "rain", "ref": "r1", "output": "wet"}}],
                },
            ],
            "tools": [{"name": "rain"}],
        }
    ),
    "genkit:output": json.dumps(
        {
            "message": {"role": "model", "content": [{"text": "Always."}]},
            "usage": {"inputTokens": 11, "outputTokens": 12, "totalTokens": 23},
        }
    ),
    "genkit:sessionId": "s-1",
}


def test_a_model_of_genkit_has_its_messages_and_its_tokens() -> None:
    facts, event = mapped(GENKIT)

    assert (facts.event_type, facts.model) == ("model", "googleai/gemini-2.0-flash")
    assert facts.session_id == "s-1"
    assert facts.usage == {"prompt_tokens": 11, "completion_tokens": 12, "total_tokens": 23}
    answered = {"role": "tool", "tool_call_id": "r1", "name": "rain", "content": "wet"}
    assert event.inputs == {"chat_history": [*CHAT, CALLED, answered]}
    assert event.outputs == SAID
    assert event.config["tools"] == [{"name": "rain"}]


@pytest.mark.parametrize(
    "answer", ["no JSON", "[1]", '{"usage": 3}', '{"usage": {"inputTokens": {}}}']
)
def test_an_answer_of_genkit_without_counts_has_none(answer: str) -> None:
    facts, _ = mapped(GENKIT | {"genkit:output": answer})

    assert facts.usage == {}


@pytest.mark.parametrize(
    ("told", "expected"), [("flow", "chain"), ("tool", "tool"), ("prompt", "chain"), ("?", "chain")]
)
def test_other_actions_of_genkit_have_arguments_and_a_result(told: str, expected: str) -> None:
    facts, event = mapped(
        {
            "genkit:type": "action",
            "genkit:metadata:subtype": told,
            "genkit:input": '{"city": "Cork"}',
            "genkit:output": '"wet"',
        }
    )

    assert facts.event_type == expected
    assert event.inputs == {"city": "Cork"}
    assert event.outputs == {"output": "wet"}


def test_a_tool_of_spring_ai_has_its_arguments_parsed() -> None:
    facts, event = mapped(
        {
            "spring.ai.kind": "tool_call",
            "gen_ai.operation.name": "framework",
            "spring.ai.tool.definition.name": "rain",
            "spring.ai.tool.call.arguments": '{"city": "Cork"}',
            "spring.ai.tool.call.result": '"wet"',
        }
    )

    assert (facts.event_type, event.metadata["tool_name"]) == ("tool", "rain")
    assert event.inputs == {"city": "Cork"}
    assert event.outputs == {"output": "wet"}


def test_a_chat_client_of_spring_ai_is_a_chain_of_its_conversation() -> None:
    facts, event = mapped(
        {
            "spring.ai.kind": "chat_client",
            "spring.ai.chat.client.conversation.id": "c-1",
            "spring.ai.chat.client.system.text": "Be terse.",
            "spring.ai.chat.client.user.text": "Rain?",
        }
    )

    assert (facts.event_type, facts.session_id) == ("chain", "c-1")
    assert event.inputs == {"chat_history": CHAT}


def test_a_vector_store_of_spring_ai_has_a_query_and_documents() -> None:
    facts, event = mapped(
        {
            "spring.ai.kind": "vector_store",
            "db.system": "pg_vector",
            "db.vector.query.content": "Rain?",
            "db.vector.query.response.documents": '["a", "b"]',
        }
    )

    assert facts.event_type == "tool"
    assert event.inputs == {"query": "Rain?"}
    assert event.outputs == {"documents": ["a", "b"]}


def test_a_step_of_mastra_has_its_input_and_output() -> None:
    facts, event = mapped(
        {
            "mastra.span.type": "workflow_step",
            "mastra.workflow_step.input": '{"a": 1}',
            "mastra.workflow_step.output": '{"b": 2}',
            "mastra.metadata.threadId": "t-1",
        }
    )

    assert (facts.event_type, facts.session_id) == ("chain", "t-1")
    assert (event.inputs, event.outputs) == ({"a": 1}, {"b": 2})


def test_a_gateways_request_and_answer_are_messages() -> None:
    facts, event = mapped(
        {
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.model.provider": "OpenAI",
            "gen_ai.prompt_json": json.dumps(CHAT),
            "gen_ai.completion_json": json.dumps({"choices": [{"message": SAID}]}),
        }
    )

    assert (facts.event_type, facts.provider) == ("model", "openai")
    assert event.inputs == {"chat_history": CHAT}
    assert event.outputs == SAID


LIVEKIT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o",
    "lk.chat_ctx": json.dumps(
        {
            "items": [
                {"id": "i1", "type": "message", "role": "system", "content": ["Be terse."]},
                {"id": "i2", "type": "message", "role": "user", "content": ["Rain?"]},
                {
                    "type": "function_call",
                    "call_id": "r1",
                    "name": "rain",
                    "arguments": '{"city": "Cork"}',
                },
                {"type": "function_call_output", "call_id": "r1", "output": "wet"},
            ]
        }
    ),
    "lk.response.text": "Always.",
    "lk.response.function_calls": "[]",
}


def test_a_call_of_livekit_has_its_context_as_messages() -> None:
    facts, event = mapped(LIVEKIT)

    assert facts.event_type == "model"
    answered = {"role": "tool", "tool_call_id": "r1", "content": "wet"}
    assert event.inputs == {"chat_history": [*CHAT, CALLED, answered]}
    assert event.outputs == SAID
    rest = [{"id": "i1", "type": "message"}, {"id": "i2", "type": "message"}]
    assert event.metadata["attributes.lk.chat_ctx"] == {"items": rest}


@pytest.mark.parametrize(
    ("attributes", "kind", "inputs", "outputs"),
    [
        (
            {"lk.function_tool.arguments": '{"city": "Cork"}', "lk.function_tool.output": "wet"},
            "tool",
            {"city": "Cork"},
            {"output": "wet"},
        ),
        (
            {"lk.user_input": "Rain?", "lk.response.text": "Always."},
            "chain",
            {"user_input": "Rain?"},
            SAID,
        ),
        ({"lk.tts.label": "voice", "lk.input_text": "Hi"}, "model", {"input_text": "Hi"}, {}),
    ],
)
def test_other_spans_of_livekit_have_what_was_said(
    attributes: dict[str, str], kind: str, inputs: dict[str, Any], outputs: dict[str, Any]
) -> None:
    facts, event = mapped(attributes)

    assert facts.event_type == kind
    assert (event.inputs, event.outputs) == (inputs, outputs)


def test_a_call_of_pipecat_has_its_messages_under_bare_names() -> None:
    facts, event = mapped(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o",
            "stream": True,
            "input": json.dumps(CHAT),
            "output": "Always.",
            "metrics.ttfb": 0.5,
        }
    )

    assert facts.event_type == "model"
    assert event.inputs == {"chat_history": CHAT}
    assert event.outputs == SAID
    assert event.metrics == {"ttfb": 0.5}


def test_a_turn_of_pipecat_is_a_chain_of_its_conversation() -> None:
    facts, _ = mapped({"turn.number": 1, "conversation.id": "c-1"})

    assert (facts.event_type, facts.session_id) == ("chain", "c-1")


def test_bare_names_on_other_spans_stay_as_they_are() -> None:
    _, event = mapped({"input": "one", "output": "two", "text": "three"})

    assert (event.inputs, event.outputs) == ({}, {})
    assert event.metadata["text"] == "three"


def test_a_crew_has_its_tasks_and_its_result() -> None:
    facts, event = mapped(
        {
            "gen_ai.operation.name": "invoke_agent",
            "crewai.crew.tasks": '[{"description": "Look."}]',
            "crewai.crew.result": "Wet.",
        }
    )

    assert facts.event_type == "chain"
    assert event.inputs == {"tasks": [{"description": "Look."}]}
    assert event.outputs == {"result": "Wet."}


@pytest.mark.parametrize(
    "key",
    [
        *("thread_id", "conversation.id", "gen_ai.thread.id", "wandb.thread_id", "session_id"),
        *("mlflow.trace.session", "ai.telemetry.metadata.conversationId", "Helicone-Session-Id"),
    ],
)
def test_a_thread_or_a_conversation_is_a_session_under_any_name(key: str) -> None:
    facts, _ = mapped({"gen_ai.request.model": "gpt-4o", key: "s-1"})

    assert facts.session_id == "s-1"


def test_a_session_told_by_its_own_name_is_stronger_than_a_thread() -> None:
    facts, event = mapped({"thread_id": "t-1", "session.id": "s-1"})

    assert facts.session_id == "s-1"
    assert event.metadata["thread_id"] == "t-1"


def test_the_number_of_a_processs_thread_is_no_session() -> None:
    facts, event = mapped({"thread.id": 140234, "gen_ai.request.model": "gpt-4o"})

    assert facts.session_id == ""
    assert event.metadata["thread.id"] == 140234


@pytest.mark.parametrize("mark", ["lk.", "lk.pii."])
def test_livekit_marks_what_may_tell_of_a_person(mark: str) -> None:
    items = [{"type": "message", "role": "user", "content": ["Rain?"]}]
    told = {f"{mark}chat_ctx": json.dumps({"items": items}), f"{mark}response.text": "Always."}

    facts, event = mapped(told)

    assert facts.event_type == "model"
    assert event.inputs == {"chat_history": [{"role": "user", "content": "Rain?"}]}
    assert event.outputs == SAID


def test_a_tool_of_livekit_tells_that_it_failed() -> None:
    told = {
        "lk.function_tool.name": "rain",
        "lk.pii.function_tool.arguments": '{"city": "Cork"}',
        "lk.pii.function_tool.output": "no such city",
        "lk.function_tool.is_error": True,
    }

    facts, event = mapped(told)

    assert (facts.event_type, facts.error_class) == ("tool", "tool_error")
    assert event.inputs == {"city": "Cork"}
    assert event.outputs == {"output": "no such city"}


def test_genkits_thoughts_are_no_part_of_the_answer() -> None:
    answer = {"role": "model", "content": [{"reasoning": "Let me see."}, {"text": "Always."}]}
    told = {**GENKIT, "genkit:output": json.dumps({"message": answer})}

    assert mapped(told)[1].outputs == {**SAID, "reasoning": "Let me see."}
