"""Coding agents on command lines, and clients that tell of themselves: names of their own."""

import json

import pytest
from mapped_span import mapped

from hh_core.domain.span import SpanEvent

CLAUDE = {
    "span.type": "llm_request",
    "session.id": "s-1",
    "model": "claude-opus-5",
    "gen_ai.system": "anthropic",
    "gen_ai.request.model": "claude-opus-5",
    "input_tokens": 2,
    "output_tokens": 1_200,
    "cache_read_tokens": 84_562,
    "cache_creation_tokens": 7_096,
    "success": True,
}


def test_claude_code_leaves_cached_tokens_out_of_its_input() -> None:
    facts, _ = mapped(CLAUDE)

    assert (facts.event_type, facts.model, facts.provider) == (
        "model",
        "claude-opus-5",
        "anthropic",
    )
    assert facts.session_id == "s-1"
    assert facts.usage["prompt_tokens"] == 2 + 84_562 + 7_096
    assert facts.usage["completion_tokens"] == 1_200
    assert facts.usage["cache_read_tokens"] == 84_562


@pytest.mark.parametrize(
    ("kind", "event_type"),
    [
        ("interaction", "chain"),
        ("tool", "tool"),
        ("tool.execution", "tool"),
        ("tool.blocked_on_user", "chain"),
        ("hook", "tool"),
    ],
)
def test_claude_code_names_the_kinds_of_its_spans(kind: str, event_type: str) -> None:
    assert mapped({"span.type": kind})[0].event_type == event_type


def test_a_tool_of_claude_code_has_its_command_and_its_output() -> None:
    told = {"span.type": "tool", "tool_name": "Bash", "tool_use_id": "t-1", "full_command": "ls"}

    _, content = mapped(told, [SpanEvent("tool.output", 1, {"content": "a.txt"})])

    assert content.inputs == {"full_command": "ls"}
    assert content.outputs == {"result": "a.txt"}
    assert content.metadata["tool_name"] == "Bash"


@pytest.mark.parametrize("success", [False, "false"])
def test_claude_code_tells_failures_without_a_status(success: object) -> None:
    told = {"span.type": "tool.execution", "success": success, "error": "no such file"}

    facts, content = mapped(told)

    assert facts.error_class == "_OTHER"
    assert content.error == "no such file"


def test_geminis_command_line_sends_whole_contents() -> None:
    instructions = {"role": "user", "parts": [{"text": "Be terse."}]}
    told = {
        "gen_ai.operation.name": "llm_call",
        "gen_ai.request.model": "gemini-2.5-pro",
        "gen_ai.system_instructions": json.dumps(instructions),
        "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"text": "Rain?"}]}]),
        "gen_ai.output.messages": json.dumps(
            [
                {
                    "content": {"role": "model", "parts": [{"text": "Always."}]},
                    "finishReason": "STOP",
                }
            ]
        ),
    }

    facts, content = mapped(told)

    assert facts.event_type == "model"
    assert content.inputs["chat_history"] == [
        {"role": "system", "content": "Be terse."},
        {"role": "user", "content": "Rain?"},
    ]
    assert content.outputs == {
        "role": "assistant",
        "content": "Always.",
        "finish_reason": "STOP",
    }


def test_a_tool_may_tell_its_arguments_in_place_of_messages() -> None:
    told = {
        "gen_ai.operation.name": "tool_call",
        "gen_ai.tool.name": "ls",
        "gen_ai.input.messages": '{"path": "."}',
        "gen_ai.output.messages": '{"files": ["a.txt"]}',
    }

    facts, content = mapped(told)

    assert facts.event_type == "tool"
    assert content.inputs == {"path": "."}
    assert content.outputs == {"result": {"files": ["a.txt"]}}


def test_mistrals_client_tells_the_total_and_errors_of_its_api() -> None:
    model = {"gen_ai.request.model": "mistral-large", "gen_ai.usage.prompt_tokens": 3}

    facts, _ = mapped(model | {"mistral_ai.request.total_tokens": 9})
    failed, content = mapped(
        model | {"mistral_ai.error.type": "invalid", "mistral_ai.error.message": "no such model"}
    )

    assert (facts.event_type, facts.usage["total_tokens"]) == ("model", 9)
    assert failed.error_class == "invalid"
    assert content.error == "no such model"


def test_axiom_names_arguments_and_result_of_a_tool_otherwise() -> None:
    told = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.arguments": '{"city": "Cork"}',
        "gen_ai.tool.message": '{"rain": true}',
    }

    _, content = mapped(told)

    assert content.inputs == {"city": "Cork"}
    assert content.outputs == {"result": {"rain": True}}


def test_a_turn_of_codex_is_a_chain_that_repeats_its_requests() -> None:
    turn = {"codex.turn.token_usage.input_tokens": 9, "codex.turn.token_usage.output_tokens": 2}
    request = {"gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 2}

    facts, content = mapped(turn | {"conversation.id": "c-1"})

    assert (facts.event_type, facts.session_id, facts.usage) == ("chain", "c-1", {})
    assert content.metadata["prompt_tokens"] == 9
    assert mapped(request)[0].event_type == "model"


def test_judgment_counts_cached_tokens_apart() -> None:
    told = {
        "judgment.span_kind": "llm",
        "judgment.session_id": "s-1",
        "judgment.llm.model": "claude-opus-5",
        "judgment.llm.provider": "anthropic",
        "judgment.input": json.dumps([{"role": "user", "content": "Rain?"}]),
        "judgment.output": json.dumps({"role": "assistant", "content": "Always."}),
        "judgment.usage.non_cached_input_tokens": 3,
        "judgment.usage.cache_read_input_tokens": 5,
        "judgment.usage.output_tokens": 2,
        "judgment.usage.total_cost_usd": 0.25,
    }

    facts, content = mapped(told)

    assert (facts.event_type, facts.session_id) == ("model", "s-1")
    assert facts.usage["prompt_tokens"] == 8
    assert str(facts.cost).rstrip("0") == "0.25"
    assert content.inputs == {"chat_history": [{"role": "user", "content": "Rain?"}]}
    assert content.outputs == {"role": "assistant", "content": "Always."}
