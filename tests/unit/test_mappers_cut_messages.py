"""Messages that exporters have damaged: cut at a length, written as JSON twice, or as texts."""

import json
from typing import Any

import pytest
from mapped_span import mapped

from hh_core.domain.span import SpanEvent
from hh_mappers.messages import chat_history
from hh_mappers.truncated import LONGEST, cut_messages

CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
SAID: dict[str, Any] = {
    "role": "user",
    "parts": [{"type": "text", "content": 'Rain in "Cork"? \\ ☔'}],
}
ASKED = [{"role": "user", "content": "Rain?"}]


@pytest.mark.parametrize(
    ("cut", "read"),
    [
        ('[{"role": "user", "parts": [{"type": "text", "content": "Rain in Co', "Rain in Co"),
        ('[{"role": "user", "content": "Rain?"}, {"ro', "Rain?"),
        ('[{"role": "user", "content": "Rain?"', "Rain?"),
        ('[{"role": "user", "content": "Rain?\\', "Rain?"),
        ('[{"role": "user", "content": "Rain? \\ud83c\\udf', "Rain? "),
        ('{"role": "user", "content": "Rain?", "n": tru', "Rain?"),
    ],
)
def test_messages_that_were_cut_short_are_read_as_far_as_they_go(cut: str, read: str) -> None:
    content = mapped(CHAT | {"gen_ai.input.messages": cut})[1]

    assert content.inputs == {"chat_history": [{"role": "user", "content": read}]}


@pytest.mark.parametrize("end", range(1, len(json.dumps([SAID]))))
def test_wherever_messages_are_cut_their_beginning_is_kept(end: int) -> None:
    (message,) = chat_history(json.dumps([SAID])[:end], role="user")

    assert message["role"] == "user"
    told = message["content"]
    if isinstance(told, str) and not told.startswith("["):
        assert SAID["parts"][0]["content"].startswith(told)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Ada", "born":',
        '[{"role": "user"} and more',
        '{"role"]',
        "[1, 2",
        '[{"role": "' + "x" * LONGEST,
        "[" * 5_000,
    ],
)
def test_what_is_no_beginning_of_messages_stays_text(text: str) -> None:
    assert cut_messages(text) is None


@pytest.mark.parametrize(
    "value",
    [
        json.dumps(json.dumps(ASKED)),
        [json.dumps(ASKED[0])],
        json.dumps([json.dumps(m) for m in ASKED]),
    ],
)
def test_messages_in_json_that_is_a_text_in_json_are_messages(value: Any) -> None:
    content = mapped(CHAT | {"gen_ai.input.messages": value})[1]

    assert content.inputs == {"chat_history": ASKED}


@pytest.mark.parametrize("part", [{"content": "No."}, {"refusal": "No."}])
def test_a_refusal_is_no_answer(part: dict[str, str]) -> None:
    said = [{"role": "assistant", "parts": [{"type": "refusal", **part}]}]

    content = mapped(CHAT | {"gen_ai.output.messages": json.dumps(said)})[1]

    assert content.outputs == {"role": "assistant", "content": None, "refusal": "No."}


def test_a_part_without_a_text_is_an_empty_one() -> None:
    said = {"role": "user", "parts": [{"type": "text", "content": None}]}

    assert chat_history([said], role="user") == [{"role": "user", "content": ""}]


def test_a_count_below_zero_counts_nothing_and_stays() -> None:
    told = {"gen_ai.usage.input_tokens": 3, "gen_ai.usage.total_tokens": -1}

    facts, content = mapped(CHAT | told)

    assert facts.usage == {"prompt_tokens": 3, "total_tokens": 3}
    assert content.metadata["gen_ai.usage.total_tokens"] == -1


def test_a_record_of_both_sides_is_read_whatever_its_name() -> None:
    """AWS' distribution names it for the scope, and wraps what was said once more."""
    parts = {"content": json.dumps([{"text": "Rain?"}])}
    record = {
        "input": {"messages": [{"role": "user", "content": parts}]},
        "output": {
            "messages": [
                {
                    "role": "assistant",
                    "content": {"message": "Always.", "finish_reason": "end_turn"},
                }
            ]
        },
    }

    content = mapped(CHAT, [SpanEvent("strands.telemetry.tracer", 1, record)])[1]

    assert content.inputs == {"chat_history": ASKED}
    answer = {"role": "assistant", "content": "Always.", "finish_reason": "end_turn"}
    assert content.outputs == answer
