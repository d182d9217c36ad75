"""Langfuse: JSON values under ``langfuse.observation.*``."""

import json
from decimal import Decimal

import pytest
from mapped_span import mapped

OBSERVATION = "langfuse.observation."
GENERATION = {
    OBSERVATION + "type": "generation",
    OBSERVATION + "model.name": "gpt-4o",
    OBSERVATION + "model.parameters": '{"temperature": 0.5}',
    OBSERVATION + "input": '[{"role": "user", "content": "How far is Cork?"}]',
    OBSERVATION + "output": '{"role": "assistant", "content": "Not far."}',
    OBSERVATION + "usage_details": json.dumps(
        {"input": 11, "output": 4, "input_cached_tokens": 3, "seats": 2}
    ),
    OBSERVATION + "cost_details": '{"input": 0.001, "output": 0.002}',
    "langfuse.session.id": "s-1",
    "langfuse.trace.metadata.tier": '"gold"',
}


def test_a_generation_is_a_model_call_with_its_messages_and_nothing_else() -> None:
    facts, event = mapped(GENERATION)

    assert (facts.event_type, facts.model, facts.session_id) == ("model", "gpt-4o", "s-1")
    assert event.inputs == {"chat_history": [{"role": "user", "content": "How far is Cork?"}]}
    assert event.outputs == {"role": "assistant", "content": "Not far."}
    assert event.config == {"model": "gpt-4o", "temperature": 0.5}
    assert event.metadata["tier"] == "gold"


def test_tokens_and_cost_are_read_out_of_json() -> None:
    facts, event = mapped(GENERATION)

    assert facts.usage["prompt_tokens"] == 11
    assert facts.usage["completion_tokens"] == 4
    assert facts.usage["cache_read_tokens"] == 3
    assert facts.cost == Decimal("0.003")
    assert event.metadata["usage_details"] == {"seats": 2}


@pytest.mark.parametrize(
    ("told", "expected"),
    [("span", "chain"), ("agent", "chain"), ("tool", "tool"), ("retriever", "tool")],
)
def test_other_observations_have_arguments_and_a_result(told: str, expected: str) -> None:
    arguments = '{"args": [], "kwargs": {"city": "Cork"}}'
    facts, event = mapped(
        {
            OBSERVATION + "type": told,
            OBSERVATION + "input": arguments,
            OBSERVATION + "output": "It drizzles.",
        }
    )

    assert facts.event_type == expected
    assert event.inputs == {"city": "Cork"}
    assert event.outputs == {"output": "It drizzles."}


def test_an_old_sdk_calls_a_generation_a_span() -> None:
    facts, event = mapped(GENERATION | {OBSERVATION + "type": "span"})

    assert facts.event_type == "model"
    assert event.outputs["role"] == "assistant"


def test_a_key_of_ones_own_metadata_does_not_pass_for_a_cost() -> None:
    facts, event = mapped(GENERATION | {"langfuse.trace.metadata.cost": "7"})

    assert facts.cost == Decimal("0.003")
    assert event.metadata["langfuse.trace.metadata.cost"] == "7"


def test_what_is_embedded_is_no_conversation() -> None:
    facts, event = mapped(
        {OBSERVATION + "type": "embedding", OBSERVATION + "input": '["one", "two"]'}
    )

    assert facts.event_type == "model"
    assert event.inputs == {"input": ["one", "two"]}


FAILED = {OBSERVATION + "level": "ERROR", OBSERVATION + "status_message": "Out of rain."}


def test_a_level_of_error_is_a_failure_where_the_status_tells_none() -> None:
    facts, event = mapped(GENERATION | FAILED)

    assert facts.error_class == "_OTHER"
    assert event.error == "Out of rain."
    assert event.metadata[OBSERVATION + "level"] == "ERROR"


def test_a_level_of_warning_is_no_failure() -> None:
    facts, event = mapped(GENERATION | FAILED | {OBSERVATION + "level": "WARNING"})

    assert facts.error_class == ""
    assert event.error is None


def test_writes_to_a_cache_of_five_minutes_and_an_hour_are_counted_apart() -> None:
    told = {"input": 3, "cache_creation": {"ephemeral_5m_input_tokens": 4}}
    told["input_cache_creation_1h"] = 5
    facts, _ = mapped(GENERATION | {OBSERVATION + "usage_details": json.dumps(told)})

    assert facts.usage["cache_write_5m_tokens"] == 4
    assert facts.usage["cache_write_1h_tokens"] == 5
    assert facts.usage["cache_write_tokens"] == 9
