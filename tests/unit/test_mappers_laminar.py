"""Laminar and OpenLIT: their own names beside GenAI's, and spans that tell nothing."""

import pytest

from hh_core.domain.event import Facts
from hh_core.domain.mapping import Mapping
from hh_core.domain.span import Origin, Span
from hh_core.hooks import load_mappers
from tests.mapped_span import mapped


def test_a_tool_of_laminar_has_its_arguments_and_its_result() -> None:
    facts, content = mapped(
        {
            "lmnr.span.type": "TOOL",
            "lmnr.span.input": '{"city":"Cork"}',
            "lmnr.span.output": '"Drizzle."',
            "lmnr.association.properties.session_id": "s-1",
            "lmnr.association.properties.user_id": "u-1",
            "lmnr.association.properties.metadata.tier": "gold",
            "lmnr.association.properties.tags": ["bees"],
        }
    )

    assert (facts.event_type, facts.session_id) == ("tool", "s-1")
    assert (content.inputs, content.outputs) == ({"city": "Cork"}, {"output": "Drizzle."})
    assert content.user_properties == {"user_id": "u-1"}
    assert (content.metadata["tier"], content.metadata["tags"]) == ("gold", ["bees"])


@pytest.mark.parametrize(
    ("kind", "event_type"),
    [("DEFAULT", "chain"), ("LLM", "model"), ("TOOL", "tool"), ("CACHED", "model")],
)
def test_laminar_says_what_a_span_is(kind: str, event_type: str) -> None:
    assert mapped({"lmnr.span.type": kind})[0].event_type == event_type


def test_a_call_of_a_model_by_hand_is_a_conversation() -> None:
    _, content = mapped(
        {
            "lmnr.span.type": "LLM",
            "lmnr.span.input": '[{"role":"user","content":"Hi"}]',
            "lmnr.span.output": '"Ho"',
        }
    )

    assert content.inputs == {"chat_history": [{"role": "user", "content": "Hi"}]}
    assert content.outputs == {"role": "assistant", "content": "Ho"}


def test_what_a_model_was_asked_is_not_told_again_by_the_span() -> None:
    _, content = mapped(
        {
            "lmnr.span.type": "LLM",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "Hi",
            "gen_ai.request.model": "gpt-4o",
            "lmnr.span.input": '[{"role":"user","content":"Hi"}]',
        }
    )

    assert content.inputs == {"chat_history": [{"role": "user", "content": "Hi"}]}
    assert "attributes.lmnr.span.input" not in content.metadata


def test_openlit_tells_the_total_and_the_arguments_of_tools() -> None:
    facts, content = mapped(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 3,
            "gen_ai.client.token.usage": 9,
        }
    )
    _, tool = mapped(
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "weather",
            "gen_ai.tool.args": '{"city":"Cork"}',
        }
    )

    assert facts.usage == {"prompt_tokens": 3, "total_tokens": 9}
    assert content.metadata["total_tokens"] == 9
    assert tool.inputs == {"city": "Cork"}


@pytest.mark.parametrize(
    ("scope", "name", "event_type", "model"),
    [
        ("openlit.instrumentation.anthropic", "chat claude-sonnet-4", "model", "claude-sonnet-4"),
        ("openlit.instrumentation.openai", "execute_tool weather", "tool", ""),
        ("haystack", "haystack.tracing.auto_enable", "chain", ""),
        ("mine", "chat claude-sonnet-4", "tool", ""),
        ("openlit.instrumentation.openai", "chat", "tool", ""),
    ],
)
def test_a_span_that_tells_nothing_is_known_by_its_name(
    scope: str, name: str, event_type: str, model: str
) -> None:
    facts = bare(scope, name)

    assert (facts.event_type, facts.model) == (event_type, model)


def bare(scope: str, name: str) -> Facts:
    span = Span(b"t" * 16, b"s" * 8, b"p" * 8, name, 1, 1, 2, {}, 2, "", Origin({}, scope))
    return Mapping(load_mappers()).facts(span)
