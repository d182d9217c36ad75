"""Events as a table on a terminal, and the filters behind its options."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from hh_cli.screen import out, seconds, styled
from hh_cli.trace import COLOURS, ICONS, short, tokens_of
from hh_core.errors import ConfigError

Filter = Mapping[str, object]

WIDE = 140
DATED = 118
NARROW = 100
"""Columns of a terminal: below the one no date is shown, below the other no session either."""


def filters(
    *,
    event_type: str | None,
    name: str | None,
    session: str | None,
    errors: bool,
    where: Sequence[str],
) -> list[Filter]:
    """As ``POST /v1/events/search`` takes them. Raises ``ConfigError`` for a ``where`` of none."""
    found: list[Filter] = []
    if event_type is not None:
        found.append(_string("event_type", "is", event_type))
    if name is not None:
        found.append(_string("event_name", "contains", name))
    if session is not None:
        found.append(_string("session_id", "is", session))
    if errors:
        found.append(_string("error", "exists", None))
    for condition in where:
        field, equals, value = condition.partition("=")
        if not equals or not field:
            raise ConfigError("--where: write FIELD=VALUE, such as user_properties.user_id=mara")
        found.append(_string(field, "is", value))
    return found


def print_events(answer: Mapping[str, Any]) -> None:
    """Newest first; one row an event."""
    events = answer["events"]
    if not events:
        out.print("no events match; send traces, or try: hh demo")
        return
    table = Table(expand=out.width < WIDE, pad_edge=False, box=SIMPLE_HEAD)
    table.add_column("start (UTC)", no_wrap=True, style="dim")
    table.add_column("id", no_wrap=True, style="cyan")
    table.add_column("event", overflow="fold", min_width=24, ratio=1)
    for heading in ("duration", "tokens"):
        table.add_column(heading, justify="right", no_wrap=True)
    if out.width >= NARROW:
        table.add_column("session", overflow="fold", max_width=36)
    for event in events:
        row = _row(event)
        table.add_row(*(row if out.width >= NARROW else row[:-1]))
    out.print(table)
    total = answer.get("count", len(events))
    out.print(f"{len(events)} of {total} events" + (", still behind" * bool(answer.get("behind"))))
    out.print("one with its content: hh event ID; a session: hh trace SESSION", style="dim")


def _row(event: Mapping[str, Any]) -> list[Text]:
    kind = str(event.get("event_type", "tool"))
    tokens = tokens_of(event.get("metadata") or {})
    duration = event.get("duration")
    name = Text(f"{ICONS.get(kind, '•')} ", style=COLOURS.get(kind, "white"))
    name.append(styled(event.get("event_name") or "unknown", limit=80))
    if event.get("error"):
        name.append("\n  ✗ ", style="red").append(styled(event["error"], "red", limit=120))
    return [
        styled(_moment(event.get("start_time"))),
        styled(short(event.get("event_id") or "")),
        name,
        styled(seconds(duration) if isinstance(duration, int | float) else ""),
        styled(tokens or ""),
        styled(event.get("session_id") or ""),
    ]


def _moment(milliseconds: object) -> str:
    if not isinstance(milliseconds, int | float):
        return ""
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return str(milliseconds)
    return moment.strftime("%m-%d %H:%M:%S.%f" if out.width >= DATED else "%H:%M:%S.%f")[:-3]


def _string(field: str, operator: str, value: str | None) -> Filter:
    return {"field": field, "operator": operator, "value": value, "type": "string"}
