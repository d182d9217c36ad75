"""Examples of each convention in the normal form: messages, model, tokens, types, errors."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import orjson
import pytest
from mapped_span import mapped

from hh_core.domain.span import SpanEvent

ASKED = [{"role": "system", "content": "Be terse."}, {"role": "user", "content": "Hi?"}]
CALL = {"id": "c1", "name": "weather", "arguments": {"city": "Cork"}}

OPENINFERENCE = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "gpt-4o",
    "llm.provider": "openai",
    "llm.invocation_parameters": '{"temperature": 0.2}',
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "Be terse.",
    "llm.input_messages.1.message.role": "user",
    "llm.input_messages.1.message.contents.0.message_content.type": "text",
    "llm.input_messages.1.message.contents.0.message_content.text": "Hi?",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.tool_calls.0.tool_call.id": "c1",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "weather",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"city":"Cork"}',
    "llm.finish_reason": "tool_calls",
    "llm.token_count.prompt": 10,
    "llm.token_count.completion": 4,
}
PARTS_IN = [
    {"role": "system", "parts": [{"type": "text", "content": "Be terse."}]},
    {"role": "user", "parts": [{"type": "text", "content": "Hi?"}]},
]
PARTS_OUT = [
    {
        "role": "assistant",
        "finish_reason": "tool_calls",
        "parts": [
            {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Cork"}}
        ],
    }
]
GENAI = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.request.temperature": 0.2,
    "gen_ai.input.messages": json.dumps(PARTS_IN),
    "gen_ai.output.messages": json.dumps(PARTS_OUT),
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 4,
}
GENAI_STRUCTURED = GENAI | {"gen_ai.input.messages": PARTS_IN, "gen_ai.output.messages": PARTS_OUT}
OPENLLMETRY_OLD = {
    "llm.request.type": "chat",
    "gen_ai.system": "OpenAI",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.request.temperature": 0.2,
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "Be terse.",
    "gen_ai.prompt.1.role": "user",
    "gen_ai.prompt.1.content": "Hi?",
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.finish_reason": "tool_calls",
    "gen_ai.completion.0.tool_calls.0.id": "c1",
    "gen_ai.completion.0.tool_calls.0.name": "weather",
    "gen_ai.completion.0.tool_calls.0.arguments": '{"city":"Cork"}',
    "gen_ai.usage.prompt_tokens": 10,
    "gen_ai.usage.completion_tokens": 4,
    "llm.usage.total_tokens": 14,
}


@pytest.mark.parametrize(
    "attributes",
    [OPENINFERENCE, GENAI, GENAI_STRUCTURED, OPENLLMETRY_OLD, OPENINFERENCE | GENAI],
    ids=["openinference", "genai", "genai-structured", "openllmetry-old", "two-at-once"],
)
def test_a_chat_call_has_one_form_whichever_convention_tells_it(attributes: dict[str, Any]) -> None:
    facts, content = mapped(attributes)

    assert (facts.event_type, facts.model, facts.provider) == ("model", "gpt-4o", "openai")
    assert facts.usage == {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
    assert content.config == {"model": "gpt-4o", "provider": "openai", "temperature": 0.2}
    assert content.inputs == {"chat_history": ASKED}
    assert content.outputs == {
        "role": "assistant",
        "content": None,
        "tool_calls": [CALL],
        "finish_reason": "tool_calls",
    }
    assert content.metadata["total_tokens"] == 14


def test_the_buckets_of_the_honeyhive_sdk_are_nested_again() -> None:
    facts, content = mapped(
        {
            "honeyhive.session_id": "run-1",
            "traceloop.association.properties.session_id": "run-1",
            "honeyhive.source": "test",
            "honeyhive_event_type": "chain",
            "honeyhive_event_name": "plan",
            "honeyhive_inputs.dp": '{"q": "Hi?"}',
            "honeyhive_outputs.result.items.0": "a",
            "honeyhive_outputs.result.items.1": "b",
            "honeyhive_metrics.score": 0.5,
            "honeyhive_metadata.run_id": "r1",
            "honeyhive_user_properties.plan": "gold",
            "honeyhive_duration_ms": 2.5,
        }
    )

    assert (facts.session_id, facts.event_type, facts.event_name) == ("run-1", "chain", "plan")
    assert facts.duration_ns == 2_500_000
    assert facts.attributes["metrics.score"] == 0.5
    assert content.source == "test"
    assert content.inputs == {"dp": {"q": "Hi?"}}
    assert content.outputs == {"result": {"items": ["a", "b"]}}
    assert content.user_properties == {"plan": "gold"}
    assert content.metadata["run_id"] == "r1"
    assert content.metadata["scope"]["name"] == "honeyhive"


@pytest.mark.parametrize(
    ("attributes", "event_type"),
    [
        ({}, "tool"),
        ({"honeyhive_event_type": "model"}, "model"),
        ({"honeyhive_event_type": "tool"}, "tool"),
        ({"honeyhive_event_type": "tool", "traceloop.span.kind": "workflow"}, "chain"),
        ({"honeyhive_event_type": "tool", "traceloop.span.kind": "task"}, "tool"),
        ({"honeyhive_event_type": "tool", "gen_ai.operation.name": "chat"}, "model"),
        ({"honeyhive_event_type": "chain", "openinference.span.kind": "LLM"}, "chain"),
        ({"honeyhive_event_type": "nonsense"}, "tool"),
        ({"openinference.span.kind": "RETRIEVER"}, "tool"),
        ({"openinference.span.kind": "AGENT"}, "chain"),
        ({"traceloop.span.kind": "task"}, "chain"),
        ({"gen_ai.operation.name": "invoke_agent"}, "chain"),
        ({"gen_ai.operation.name": "execute_tool"}, "tool"),
        ({"llm.request.type": "embedding"}, "model"),
    ],
)
def test_the_strongest_sign_says_what_an_event_is(
    attributes: dict[str, str], event_type: str
) -> None:
    assert mapped(attributes)[0].event_type == event_type


def test_a_chain_that_repeats_the_tokens_of_its_children_does_not_count_them() -> None:
    facts, content = mapped({"gen_ai.operation.name": "invoke_agent"} | {"llm.cost": 1.0} | GENAI)
    chain, shown = mapped(GENAI | {"gen_ai.operation.name": "invoke_agent"})

    assert facts.usage
    assert chain.usage == {}
    assert shown.metadata["prompt_tokens"] == content.metadata["prompt_tokens"] == 10


def test_a_cost_is_exact() -> None:
    facts, _ = mapped(OPENINFERENCE | {"llm.cost.total": 0.0003633})

    assert facts.cost == Decimal("0.0003633")


EXCEPTION = SpanEvent(
    "exception", 1, {"exception.type": "TimeoutError", "exception.message": "too late"}
)


@pytest.mark.parametrize(
    ("attributes", "events", "status", "error", "error_class"),
    [
        ({}, (), {}, None, ""),
        ({}, (), {"code": 2, "message": "bad"}, "bad", "_OTHER"),
        ({}, (EXCEPTION,), {"code": 2, "message": "bad"}, "bad", "TimeoutError"),
        ({}, (EXCEPTION,), {"code": 2}, "too late", "TimeoutError"),
        ({}, (EXCEPTION,), {}, "too late", "TimeoutError"),
        ({}, (EXCEPTION,), {"code": 1}, None, ""),
        ({"error.type": "429"}, (), {"code": 2}, "429", "429"),
        ({"honeyhive_error": "own"}, (EXCEPTION,), {"code": 2, "message": "x"}, "own", "_OTHER"),
        ({"honeyhive_error": "own", "honeyhive_error_type": "E"}, (), {}, "own", "E"),
    ],
)
def test_the_nearest_word_about_an_error_wins(
    attributes: dict[str, str],
    events: Sequence[SpanEvent],
    status: dict[str, Any],
    error: str | None,
    error_class: str,
) -> None:
    facts, content = mapped(attributes, events, **status)

    assert (content.error, facts.error_class) == (error, error_class)


def test_what_no_mapper_took_stands_under_metadata_by_its_own_name() -> None:
    facts, content = mapped({"http.route": "/pay", "gen_ai.system": "openai", "deep": {"a": [1]}})

    assert content.metadata["http.route"] == "/pay"
    assert content.metadata["deep"] == {"a": [1]}
    assert facts.attributes["metadata.http.route"] == "/pay"
    assert facts.attributes["metadata.deep.a.0"] == 1


def test_every_event_of_a_span_carries_its_ids() -> None:
    _, content = mapped({"trace_id": "the client's own"})

    assert content.metadata["trace_id"] == b"t".hex() * 16
    assert content.metadata["span_id"] == b"s".hex() * 8
    assert content.metadata["parent_span_id"] == b"p".hex() * 8
    assert content.metadata["attributes.trace_id"] == "the client's own"
    assert content.metadata["resource"] == {"service.name": "shop"}


@pytest.mark.parametrize(
    "attributes",
    [
        {"traceloop.span.kind": "tool", "llm.request.functions.0.name": b""},
        {"openinference.span.kind": "LLM", "llm.token_count.prompt": 2.0**64},
        {"honeyhive_inputs.x": b"raw"},
    ],
)
def test_what_json_cannot_hold_is_told_in_a_form_that_it_can(attributes: dict[str, Any]) -> None:
    _, content = mapped(attributes)

    assert orjson.dumps([content.inputs, content.metadata])
