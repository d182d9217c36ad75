"""Nothing in data can move the cursor, hide text or forge a line on a terminal."""

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from hh_cli.screen import seconds, size, styled, visible


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ("plain text, ünïcode, 🎻", "plain text, ünïcode, 🎻"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("two\nlines\r", "two⏎lines\\x0d"),
        ("user\u202egnp.exe", "user\\u{202e}gnp.exe"),
        ("a\u200bb", "a\\u{200b}b"),
        ("\x9b2J", "\\x9b2J"),
        ("\ud800", "\\u{d800}"),
    ],
)
def test_what_has_no_shape_is_written_out(data: str, shown: str) -> None:
    assert visible(data) == shown


@given(st.text())
def test_no_control_or_format_character_survives(text: str) -> None:
    for character in visible(text):
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.category(character) != "Cf" or character == "\u200d"


def test_markup_in_data_is_text() -> None:
    console = Console(file=io.StringIO(), width=80, highlight=False)
    console.print(styled("[red]not red[/red] [link=https://evil.example]here[/link]"))

    assert isinstance(console.file, io.StringIO)
    assert "[red]not red[/red] [link=https://evil.example]here[/link]" in console.file.getvalue()


def test_long_data_is_cut() -> None:
    assert visible("x" * 100, limit=10) == "x" * 9 + "…"


def test_durations_and_sizes_are_for_people() -> None:
    assert [seconds(ms) for ms in (3, 1500, 61_000, 3_700_000)] == [
        "3 ms",
        "1.50 s",
        "1 min 1 s",
        "1 h 1 min",
    ]
    assert [size(count) for count in (10, 2048, 3 << 20, 3 << 30)] == [
        "10 B",
        "2 KiB",
        "3 MiB",
        "3.0 GiB",
    ]
