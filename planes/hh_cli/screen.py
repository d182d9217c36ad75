"""What reaches a terminal: nothing in data can move the cursor, hide text or forge a line."""

import json
import os
import sys
import unicodedata
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

PIPE_WIDTH = 120
"""Columns where nobody says how many there are."""


def _console(stream: TextIO, *, stderr: bool) -> Console:
    is_measured = stream.isatty() or "COLUMNS" in os.environ
    width = None if is_measured else PIPE_WIDTH
    return Console(stderr=stderr, highlight=False, width=width)


out = _console(sys.stdout, stderr=False)
err = _console(sys.stderr, stderr=True)

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Categories without a visible shape: controls, bidirectional marks, surrogates, separators."""

_JOINERS = {"\u200d"}
"""Zero-width joiners stand inside ordinary emoji."""


def visible(text: object, *, limit: int = 0) -> str:
    """``text`` on one line, with every invisible character written out; cut after ``limit``."""
    shown = "".join(_shown(character) for character in str(text))
    return f"{shown[: limit - 1]}…" if limit and len(shown) > limit else shown


def styled(text: object, style: str = "", *, limit: int = 0) -> Text:
    """Data for a rich table or tree: never read as markup."""
    return Text(visible(text, limit=limit), style=style)


def print_json(document: Any) -> None:
    """One JSON document on standard output, in ASCII, for tools."""
    json.dump(document, sys.stdout, indent=2, ensure_ascii=True)
    sys.stdout.write("\n")


def _shown(character: str) -> str:
    if character == "\n":
        return "⏎"
    if unicodedata.category(character) not in _HIDDEN or character in _JOINERS:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"


def seconds(milliseconds: float) -> str:
    """A duration for people."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.2f} s"
    minutes, rest = divmod(milliseconds / 1000, 60)
    if minutes < 60:
        return f"{minutes:.0f} min {rest:.0f} s"
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours // 24} d {hours % 24} h" if hours >= 24 else f"{hours} h {minutes} min"


def size(count: float) -> str:
    """Bytes for people."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
