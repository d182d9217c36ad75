"""The embedded platform on a terminal: progress, summary, status, log lines."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from hh_cli.embedded.layout import PLANES, Layout
from hh_cli.embedded.start import Endpoints, not_running
from hh_cli.embedded.state import PlatformState, ProcessState, read_state
from hh_cli.errors import NotRunningError
from hh_cli.options import shown_dir
from hh_cli.screen import err, out, print_json, seconds, size, visible


class Progress:
    """A line per process while a platform starts or stops; plain when nobody watches."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._live = Live(console=err, transient=True, refresh_per_second=8)
        self._began = time.monotonic()
        self._seen: set[str] = set()

    def __enter__(self) -> "Progress":
        if err.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if err.is_terminal:
            self._live.stop()

    def show(self, state: PlatformState | None) -> None:
        processes = state.processes if state is not None else {}
        if err.is_terminal:
            self._live.update(self._table(processes))
        elif self._verb == "starting":
            for name, process in processes.items():
                if process.ready and name not in self._seen:
                    self._seen.add(name)
                    err.print(f"{name} ready after {time.monotonic() - self._began:.1f} s")

    def _table(self, processes: Mapping[str, ProcessState]) -> Table:
        table = Table.grid(padding=(0, 1))
        table.add_row(
            Spinner("dots"), f"{self._verb} the platform", f"{time.monotonic() - self._began:.0f} s"
        )
        for name, process in processes.items():
            starting = self._verb == "starting"
            done = process.ready if starting else not process.alive
            words = ("ready", "starting") if starting else ("stopped", "stopping")
            table.add_row(
                Text("✓" if done else "·", style="green" if done else "dim"),
                name,
                Text(words[0] if done else words[1], style="green" if done else "dim"),
            )
        return table


def print_summary(layout: Layout, found: Endpoints, *, already: bool, detached: bool) -> None:
    """Where everything is, and what to do next."""
    folder = shown_dir(layout)
    option = "" if folder == ".hh" else f" --data-dir {folder}"
    title = "is already running" if already else "is ready"
    out.print(Text.assemble(("●", "green"), " the platform ", title), soft_wrap=True)
    for name, value in _rows(found, folder).items():
        out.print(Text.assemble(("  " + name.ljust(15), "dim"), value), soft_wrap=True)
    out.print()
    if found.api_key:
        out.print("  send traces   ", _exporter_hint(found), soft_wrap=True)
    for words in _next_commands(found, option):
        out.print("                ", words, soft_wrap=True)
    stop = f"hh down{option}" if detached else "Ctrl-C"
    out.print(f"  stop            {stop}", soft_wrap=True)


def print_door(found: Endpoints) -> None:
    """Where to look at it all in a browser, as the last thing that is said."""
    if found.control_url and found.admin_email:
        words = f"open {found.control_url} and sign in: {_login(found)}"
        out.print(Text.assemble(("→ ", "green"), words), soft_wrap=True)


def _login(found: Endpoints) -> str:
    return f"{found.admin_email}  {found.admin_password}" if found.admin_email else ""


def _rows(found: Endpoints, folder: str) -> dict[str, str]:
    rows = {
        "open": found.control_url,
        "login": _login(found),
        "data plane": found.data_url,
        "intake": "" if found.data_url else found.intake,
        "OTLP/HTTP": f"{found.data_url}/v1/traces" if found.data_url else "",
        "OTLP/gRPC": found.otlp_grpc,
        "project": found.project_id,
        "API key": found.api_key,
        "data": folder,
    }
    return {name: value for name, value in rows.items() if value}


def _next_commands(found: Endpoints, option: str) -> list[str]:
    if found.api_key:
        return [f"hh demo{option}", f"hh trace{option}", f"hh status{option}"]
    if found.control_url:
        return [f"hh admin init{option}", f"hh admin data-plane add NAME{option}"]
    return [f"hh status{option}"]


def _exporter_hint(found: Endpoints) -> str:
    return (
        f"export OTEL_EXPORTER_OTLP_ENDPOINT={found.data_url} "
        f'OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20{found.api_key}"'
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One process, as ``hh status`` shows it."""

    name: str
    pid: int
    uptime_seconds: float
    memory_bytes: int
    """Proportional set size: shared pages are divided among those that share them."""
    restarts: int
    ready: bool


def print_status(layout: Layout, *, as_json: bool) -> None:
    state = read_state(layout)
    if state is None or not state.supervisor.alive:
        raise not_running(layout)
    supervisor = ProcessState("supervisor", state.supervisor.pid, state.supervisor.created, True)
    rows = [measured(process) for process in (supervisor, *state.processes.values())]
    if as_json:
        names = Row.__slots__
        processes = [{name: getattr(row, name) for name in names} for row in rows]
        print_json({"phase": state.phase, "port_base": state.port_base, "processes": processes})
        return
    table = Table(title=f"platform in {shown_dir(layout)}: {state.phase}", title_justify="left")
    for column in ("process", "pid", "uptime", "memory", "restarts", "ready"):
        table.add_column(column, justify="right" if column in ("pid", "memory") else "left")
    for row in rows:
        table.add_row(
            row.name,
            str(row.pid) if row.pid else "-",
            seconds(row.uptime_seconds * 1000),
            size(row.memory_bytes),
            str(row.restarts),
            Text("yes", "green") if row.ready else Text("no", "red"),
        )
    table.add_section()
    table.add_row("all", "", "", size(sum(row.memory_bytes for row in rows)), "", "")
    out.print(table)


def measured(process: ProcessState) -> Row:
    memory, uptime = 0, 0.0
    if process.alive:
        memory = sum(_pss(item) for item in _family(process))
        uptime = max(0.0, time.time() - process.created)
    ready = process.ready and process.alive
    return Row(process.name, process.pid, uptime, memory, process.restarts, ready)


def _family(process: ProcessState) -> list[psutil.Process]:
    """The process and what it started itself; those that it supervises have rows of their own."""
    try:
        found = psutil.Process(process.pid)
        return [found] if process.name == "supervisor" else [found, *found.children(True)]
    except psutil.Error:
        return []


def _pss(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", 0) or full.rss)
    except psutil.Error:
        return 0


def log_files(layout: Layout, process: str) -> dict[str, Path]:
    """The logs of ``process``, or of all. Raises ``NotRunningError`` that lists what there is."""
    known = {"supervisor": layout.supervisor_log} if layout.supervisor_log.exists() else {}
    for plane in PLANES:
        for file in sorted((layout.plane(plane) / "logs").glob("*.log")):
            known[f"{plane}.{file.stem}"] = file
    if not process:
        return known
    if process not in known:
        names = ", ".join(known) or "none"
        raise NotRunningError(
            f"no log of {visible(process)} in {shown_dir(layout)}; there: {names}"
        )
    return {process: known[process]}


def print_log_line(name: str, line: str, *, wide: bool) -> None:
    """A JSON line as people read it; any other line as it is."""
    text = Text(f"{name:<20} " if wide else "", style="cyan")
    try:
        entry = json.loads(line)
        level, message = str(entry.pop("level")), str(entry.pop("message"))
        moment = str(entry.pop("timestamp"))
    except (ValueError, KeyError, AttributeError):
        text.append(visible(line), style="default")
        out.print(text, soft_wrap=True)
        return
    colour = {"error": "red", "warning": "yellow", "critical": "red"}.get(level, "dim")
    text.append(visible(moment[11:23]) + " ", style="dim")
    text.append(f"{visible(level):<7} ", style=colour)
    text.append(visible(message), style="default")
    for key, value in entry.items():
        if key not in ("process", "logger"):
            text.append(f" {visible(key)}={visible(value)}", style="dim")
    out.print(text, soft_wrap=True)
