"""Tables of figures: on the terminal, and between markers in ``docs/performance.md``."""

import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
Cell = str | float | int | None
_PIPE_WIDTH = 120

console = Console(highlight=False)
if not console.is_terminal:
    console = Console(highlight=False, width=_PIPE_WIDTH)


@dataclass(frozen=True, slots=True)
class Figures:
    """A table: the first column is text, the others are mostly numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def machine() -> str:
    """What the figures were measured on."""
    return ", ".join(
        (
            _processor(),
            f"{psutil.cpu_count()} cores",
            f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
            f"{platform.system()} {platform.release()}",
            f"Python {platform.python_version()}",
        )
    )


def medians(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Of each figure over all runs that have it."""
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: statistics.median(run[name] for run in runs if name in run) for name in names}


def verdict(value: float, bar: float) -> str:
    """Whether a figure that must not be above ``bar`` holds."""
    return "holds" if value <= bar else "misses"


def report(section: str, command: str, tables: Sequence[Figures], *, keep: bool) -> None:
    """Print the tables; with ``keep``, also write them to the page between the markers of
    ``section``."""
    console.print(f"[dim]{machine()}[/dim]")
    for table in tables:
        console.print(_shown(table))
    if keep:
        when = datetime.now(UTC).strftime("%Y-%m-%d")
        head = f"`{command}` on {when}: {machine()}."
        text = "\n\n".join([head, *map(_markdown, tables)])
        PAGE.write_text(replaced(PAGE.read_text(), section, text))
        console.print(f"[dim]written to docs/{PAGE.name}[/dim]")


def replaced(page: str, section: str, text: str) -> str:
    """``page`` with ``text`` between the markers of ``section``. Raises ``ValueError`` if the page
    has no such markers."""
    begin, end = f"<!-- {section}:begin -->", f"<!-- {section}:end -->"
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"no markers for {section!r} in {PAGE.name}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def _processor() -> str:
    known = Path("/proc/cpuinfo")  # Linux's; elsewhere the architecture has to do
    for line in known.read_text().splitlines() if known.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _shown(table: Figures) -> Table:
    shown = Table(title=table.title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for number, column in enumerate(table.columns):
        shown.add_column(column, justify="right" if number else "left", no_wrap=bool(number))
    for row in table.rows:
        shown.add_row(*map(_text, row))
    return shown


def _markdown(table: Figures) -> str:
    rules = ["---", *("---:" for _ in table.columns[1:])]
    rows = [table.columns, rules, *([_text(cell) for cell in row] for row in table.rows)]
    lines = (f"| {' | '.join(cells)} |" for cells in rows)
    return f"**{table.title}**\n\n" + "\n".join(lines)


def _text(cell: Cell) -> str:
    """Three digits that mean something, and groups of thousands."""
    if cell is None:
        return "-"
    if not isinstance(cell, float):
        return f"{cell:,}" if isinstance(cell, int) else cell
    size = abs(cell)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 4
    return f"{cell:,.{digits}f}"
