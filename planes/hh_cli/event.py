"""One event on a terminal: what went in, what came out, and how."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from hh_cli.screen import out, styled, visible
from hh_cli.trace import line

Document = Mapping[str, Any]

SECTIONS = ("inputs", "outputs", "error", "config", "metadata", "metrics", "feedback")
LAST = "user_properties"
ROLES = {"system": "dim", "user": "bold green", "assistant": "bold magenta", "tool": "bold yellow"}
ONE_LINE = 80
MANY_LINES = 24
"""Of one field that is no text; the rest is left to ``--json``."""
IDS = ("event_id", "session_id", "parent_id", "source")


def print_event(event: Document) -> None:
    """Prompt and answer as they were read and written, the rest as fields; empty parts not."""
    out.print(line(dict(event)))
    for name in IDS:
        if event.get(name):
            out.print(
                Text(f"{name.replace('_', ' '):>12}  ", style="dim").append(styled(event[name]))
            )
    for name in (*SECTIONS, LAST):
        if event.get(name):
            out.print(Rule(name.replace("_", " "), align="left", style="dim"))
            out.print(Padding(Group(*_section(event[name])), (0, 0, 1, 2), expand=False))


def _section(value: object) -> Iterator[RenderableType]:
    if not isinstance(value, Mapping):
        yield _lines(value)
        return
    rest = dict(value)
    for name, field in value.items():
        if _is_conversation(field):
            del rest[name]
            for message in field:
                yield from _message(message)
    if _is_message(rest):
        yield from _message(rest)
    else:
        yield from _fields(rest)


def _is_message(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("role"), str) and "content" in value


def _is_conversation(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_message, value))


def _message(message: Document) -> Iterator[RenderableType]:
    role = message["role"]
    yield styled(role, ROLES.get(role, "bold"))
    if message["content"] not in (None, ""):
        yield Padding(_lines(message["content"]), (0, 0, 0, 2), expand=False)
    rest = {name: field for name, field in message.items() if name not in ("role", "content")}
    if rest:
        yield Padding(Group(*_fields(rest)), (0, 0, 0, 2), expand=False)


def _fields(fields: Document) -> Iterator[RenderableType]:
    for name, value in fields.items():
        shown = _lines(value)
        label = Text(f"{visible(name)}  ", style="cyan")
        if "\n" in shown.plain:
            yield label
            yield Padding(shown, (0, 0, 0, 2), expand=False)
        else:
            yield label.append(shown)


def _lines(value: object) -> Text:
    """Text as it is, line by line; anything else as JSON, of which much is cut."""
    if isinstance(value, str):
        lines = value.split("\n")
    else:
        flat = json.dumps(value, ensure_ascii=False)
        whole = json.dumps(value, ensure_ascii=False, indent=2).split("\n")
        lines = [flat] if len(flat) <= ONE_LINE else whole
        if len(lines) > MANY_LINES:
            more = f"… {len(lines) - MANY_LINES} more lines: hh event ID --json"
            lines = [*lines[:MANY_LINES], more]
    return Text("\n").join(styled(each.expandtabs(4)) for each in lines)
