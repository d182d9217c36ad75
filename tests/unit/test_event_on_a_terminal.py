"""``hh event``: prompt and answer as people read them."""

import io

import pytest
from rich.console import Console

import hh_cli.event
from hh_cli.event import MANY_LINES, print_event


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    written = io.StringIO()
    monkeypatch.setattr(hh_cli.event, "out", Console(file=written, width=100, highlight=False))
    return written


def test_a_conversation_is_read_message_by_message(shown: io.StringIO) -> None:
    question = {"role": "user", "content": "Where is\nmy order?"}
    print_event({"event_type": "model", "inputs": {"chat_history": [question], "top": 1}})

    lines = [line.strip() for line in shown.getvalue().splitlines()]
    assert lines[lines.index("user") :][:4] == ["user", "Where is", "my order?", "top  1"]


def test_an_answer_of_the_model_shows_its_role_and_its_tool_calls(shown: io.StringIO) -> None:
    calls = [{"function": {"name": "look_up_order"}}]
    answer = {"role": "assistant", "content": "One moment.", "tool_calls": calls}
    print_event({"event_type": "model", "outputs": answer})

    text = shown.getvalue()
    assert text.index("assistant") < text.index("One moment.") < text.index("look_up_order")


def test_content_cannot_move_the_cursor_or_be_markup(shown: io.StringIO) -> None:
    inputs = {"\x1b[2J": "[red]\x1b[31mtext\rforged", "deep": {"a": "\x9b"}}
    print_event(
        {"event_type": "tool", "inputs": inputs, "error": "\x07 rang", "session_id": "\x1b"}
    )

    text = shown.getvalue()
    assert not set(text) & set("\x1b\r\x9b\x07")
    assert "[red]\\x1b[31mtext\\x0dforged" in text


def test_prompts_are_whole_and_long_structures_are_cut(shown: io.StringIO) -> None:
    prompt = "\n".join(f"line {number}" for number in range(200))
    numbers = list(range(200))
    print_event({"event_type": "model", "inputs": {"prompt": prompt}, "metadata": {"n": numbers}})

    text = shown.getvalue()
    assert "line 199" in text
    assert f"… {202 - MANY_LINES} more lines" in text


def test_lone_surrogates_and_empty_parts_do_no_harm(shown: io.StringIO) -> None:
    print_event({"event_type": "model", "inputs": {}, "outputs": {"a": ["\ud800"], "b": None}})

    assert "inputs" not in shown.getvalue()
    assert "\\u{d800}" in shown.getvalue()
