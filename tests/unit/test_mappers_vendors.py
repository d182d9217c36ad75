"""Conventions by their published documents: LangWatch, AgentOps, Langtrace, Braintrust, traceAI."""

import json
from decimal import Decimal

import pytest
from mapped_span import mapped

CHAT = [{"role": "user", "content": "Rain in Cork?"}]
SAID = [{"role": "assistant", "content": "Always."}]
ASKED = {"chat_history": CHAT}
ANSWERED = {"role": "assistant", "content": "Always."}
LANGWATCH = {
    "langwatch.span.type": "llm",
    "gen_ai.request.model": "openai/gpt-4o",
    "langwatch.input": json.dumps({"type": "chat_messages", "value": CHAT}),
    "langwatch.output": json.dumps([{"type": "chat_messages", "value": SAID}]),
    "langwatch.metrics": '{"prompt_tokens": 9, "completion_tokens": 2, "cost": 0.5}',
    "langwatch.params": '{"temperature": 0.5}',
}
AGENTOPS = {
    "agentops.span.kind": "llm",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.prompt.0.role": "user",
    "gen_ai.prompt.0.content": "Rain in Cork?",
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": "Always.",
    "gen_ai.usage.prompt_tokens": 9,
}
LANGTRACE = {
    "langtrace.service.type": "llm",
    "langtrace.service.name": "OpenAI",
    "llm.api": "/chat/completions",
    "llm.model": "gpt-4o",
    "llm.prompts": json.dumps(CHAT),
    "llm.responses": json.dumps([{"message": SAID[0]}]),
    "llm.token.counts": '{"input_tokens": 9, "output_tokens": 2, "total_tokens": 11}',
}
BRAINTRUST = {
    "braintrust.span_attributes": '{"type":"llm"}',
    "braintrust.input_json": json.dumps(CHAT),
    "braintrust.output_json": json.dumps(SAID),
    "braintrust.metadata": '{"model": "gpt-4o", "provider": "openai"}',
    "braintrust.metrics": '{"prompt_tokens": 9, "completion_tokens": 2, "tokens": 11}',
    "braintrust.scores": '{"accuracy": 0.75}',
}


@pytest.mark.parametrize("attributes", [LANGWATCH, AGENTOPS, LANGTRACE, BRAINTRUST])
def test_a_model_call_has_its_messages_its_model_and_its_tokens(
    attributes: dict[str, str],
) -> None:
    facts, event = mapped(attributes)

    assert facts.event_type == "model"
    assert facts.model.endswith("gpt-4o")
    assert facts.usage["prompt_tokens"] == 9
    assert event.inputs == ASKED
    assert event.outputs == ANSWERED


@pytest.mark.parametrize(
    ("kind", "told", "expected"),
    [
        ("langwatch.span.type", "rag", "tool"),
        ("langwatch.span.type", "agent", "chain"),
        ("agentops.span.kind", "session", "chain"),
        ("agentops.span.kind", "tool", "tool"),
        ("langtrace.service.type", "framework", "chain"),
        ("langtrace.service.type", "vectordb", "tool"),
        ("braintrust.span_attributes.type", "task", "chain"),
        ("braintrust.span_attributes", '{"type": "tool"}', "tool"),
        ("fi.span.kind", "AGENT", "chain"),
        ("gen_ai.span.kind", "LLM", "model"),
    ],
)
def test_kinds_of_spans_have_types(kind: str, told: str, expected: str) -> None:
    assert mapped({kind: told})[0].event_type == expected


def test_langwatch_tells_the_cost_and_the_thread_of_its_root() -> None:
    facts, event = mapped(
        LANGWATCH | {"metadata": '{"thread_id": "t-1", "trace_id": "mine", "tier": "gold"}'}
    )

    assert (facts.cost, facts.session_id) == (Decimal("0.5"), "t-1")
    assert event.config["temperature"] == 0.5
    assert event.metadata["tier"] == "gold"
    assert event.metadata["attributes"] == {"trace_id": "mine"}


def test_langwatch_metadata_may_be_null() -> None:
    facts, event = mapped(LANGWATCH | {"metadata": "null"})

    assert facts.session_id == ""
    assert event.metadata["metadata"] == "null"


def test_agentops_tells_of_a_tool_by_keys_of_its_own() -> None:
    facts, event = mapped(
        {
            "agentops.span.kind": "tool",
            "agentops.tool.input": '{"args": ["Cork"], "kwargs": {}}',
            "agentops.tool.output": '"22 degrees"',
            "gen_ai.usage.total_cost": 0.5,
        }
    )

    assert (facts.event_type, facts.cost) == ("tool", Decimal("0.5"))
    assert event.inputs == {"input": "Cork"}
    assert event.outputs == {"output": "22 degrees"}


def test_langtraces_first_attributes_name_the_provider_by_its_service() -> None:
    facts, _ = mapped(LANGTRACE)

    assert facts.provider == "openai"


def test_braintrusts_scores_are_metrics() -> None:
    facts, event = mapped(BRAINTRUST)

    assert facts.provider == "openai"
    assert event.metrics == {"accuracy": 0.75}


def test_messages_with_pictures_are_wrapped_twice_by_langwatch() -> None:
    parts = [{"type": "text", "text": "Rain?"}, {"type": "image_url", "image_url": {"url": "u"}}]
    chat = {"type": "chat_messages", "value": [{"role": "user", "content": parts}]}
    wrapped = json.dumps({"type": "json", "value": chat})
    _, event = mapped(LANGWATCH | {"langwatch.input": wrapped})

    assert event.inputs == {"chat_history": [{"role": "user", "content": parts}]}


def test_agentops_tells_embeddings_and_functions_under_names_of_its_own() -> None:
    _, event = mapped(
        {
            "gen_ai.request.type": "embedding",
            "gen_ai.request.model": "e",
            "gen_ai.prompt.0.content": "one",
            "gen_ai.prompt.1.content": "two",
            "gen_ai.completion.0.embedding_length": 2,
            "gen_ai.request.functions.0.name": "rain",
            "gen_ai.request.functions.0.parameters": '{"type": "object"}',
        }
    )

    assert event.inputs == {"input": ["one", "two"]}
    assert event.outputs == {"embeddings": [{"embedding_length": 2}]}
    assert event.config["tools"] == [{"name": "rain", "parameters": {"type": "object"}}]


@pytest.mark.parametrize("told", ['{"type": "llm", "name": "x"}', '{"name":"x","type":"llm"}'])
def test_the_type_of_braintrust_may_stand_beside_a_name(told: str) -> None:
    facts, _ = mapped(BRAINTRUST | {"braintrust.span_attributes": told})

    assert (facts.event_type, facts.model) == ("model", "gpt-4o")


def test_langwatchs_sdk_for_javascript_wraps_its_metrics() -> None:
    metrics = {"promptTokens": 9, "completionTokens": 2, "cost": 0.5}
    told = {"langwatch.metrics": json.dumps({"type": "json", "value": metrics})}

    facts, content = mapped(told | {"langwatch.span.type": "llm"})

    assert facts.usage == {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    assert content.metadata["cost"] == 0.5


def test_what_a_tool_of_agentops_answered_is_told_once() -> None:
    told = {"agentops.span.kind": "tool", "tool.name": "rain", "tool.result": "Drizzle."}

    assert mapped(told)[1].outputs == {"output": "Drizzle."}


def test_langtrace_quotes_the_results_of_frameworks() -> None:
    told = {"langtrace.service.type": "framework", "langchain.outputs": '"Drizzle."'}

    assert mapped(told)[1].outputs == {"output": "Drizzle."}
