"""What fault tests do to a running platform: kill by name, wait, reconfigure, ask an engine."""

import contextlib
import os
import signal
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any, TypeVar

from ledger import Ledger

from embedded import Embedded
from hh_cli.embedded.configs import to_toml
from hh_cli.embedded.layout import Layout, Ports
from hh_cli.embedded.state import read_state

T = TypeVar("T")

SERVES_AGAIN_SECONDS = 10.0
"""What the platform promises after any kill."""


def until(condition: Callable[[], T], *, seconds: float, what: str) -> T:
    """The first truthy answer of ``condition``; what is away in between is asked again."""
    deadline = time.monotonic() + seconds
    last: object = None
    while True:
        try:
            answer = condition()
            if answer:
                return answer
            last = answer
        except (OSError, HTTPException, AssertionError, ValueError, KeyError) as error:
            last = error
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}; last: {last}"
        time.sleep(0.05)


def serving(running: Embedded) -> Mapping[str, int]:
    """Name and pid of every process that the supervisor found ready."""
    state = read_state(Layout.of(running.folder))
    if state is None or not state.supervisor.alive:
        return {}
    return {name: item.pid for name, item in state.processes.items() if item.ready and item.alive}


def kill(running: Embedded, *names: str) -> Mapping[str, int]:
    """``kill -9``; name and pid of those that are gone."""
    known = running.reload()["processes"]
    killed = {name: known[name] for name in names}
    for pid in killed.values():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return killed


def serves_again(
    running: Embedded, killed: Mapping[str, int], *, seconds: float = SERVES_AGAIN_SECONDS
) -> None:
    """Wait until every killed process runs again, is ready, and ``endpoints.json`` says so."""

    def back() -> bool:
        now, told = serving(running), running.reload()["processes"]
        return all(now.get(name) not in (None, pid) for name, pid in killed.items()) and all(
            told[name] == now[name] for name in killed
        )

    until(back, seconds=seconds, what=f"{', '.join(killed)} serves again")


def reconfigure(running: Embedded, process: str, **tables: Mapping[str, Any]) -> None:
    """Change settings of a process and start it anew with them; the next ``hh up`` forgets them."""
    plane, _, name = process.partition(".")
    file = Layout.of(running.folder).config(plane, name)
    document = tomllib.loads(file.read_text())
    for table, values in tables.items():
        document[table] = {**document.get(table, {}), **values}
    file.write_text(to_toml(document))
    serves_again(running, kill(running, process))


def dial_at(running: Embedded, port: int) -> None:
    """Let the data plane dial its control plane at another port of this host."""
    for process in ("data.dispatch", "data.api"):
        reconfigure(running, process, control={"intake": f"127.0.0.1:{port}"})


def clickhouse(running: Embedded, plane: str, statement: str) -> str:
    """The answer of a plane's analytics engine, asked past the platform."""
    return clickhouse_bytes(running, plane, statement).decode()


def clickhouse_bytes(running: Embedded, plane: str, statement: str) -> bytes:
    """The same of columns that are no text."""
    port = Ports(running.port_base).clickhouse(plane)
    secret = Layout.of(running.folder).secret(plane, "clickhouse.password").read_text().strip()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/?database=hh",
        data=statement.encode(),
        headers={
            "X-ClickHouse-User": "hh",
            "X-ClickHouse-Key": secret,
            "Content-Type": "text/plain",  # a form would be taken for settings
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            raise AssertionError(f"{statement[:100]}: {error.read().decode()[:500]}") from error


def rows(running: Embedded, plane: str, query: str) -> list[tuple[str, ...]]:
    """The rows of a SELECT, every value as text."""
    answer = clickhouse(running, plane, f"{query} FORMAT TabSeparated")
    return [tuple(line.split("\t")) for line in answer.splitlines()]


_SAME = """SELECT hex(event_id), hex(trace_id), hex(session_key), toString(version), event_type,
 start_ns, toString(usage), toString(cost) FROM events FINAL"""


def planes_agree(running: Embedded, *, seconds: float = 60.0) -> list[tuple[str, ...]]:
    """Wait until both planes hold the same events, each once; the rows that they agree on."""

    def agreed() -> list[tuple[str, ...]]:
        # an event that moved to another trace has rows in both
        data, control = (sorted(rows(running, plane, _SAME)) for plane in ("data", "control"))
        missing, foreign = set(data) - set(control), set(control) - set(data)
        assert data == control, f"{len(missing)} are missing, {len(foreign)} are not ours"
        return data

    return until(agreed, seconds=seconds, what="the control plane holds what the data plane does")


def counted(running: Embedded) -> int:
    """Events that the control plane counts, through its own API."""
    body = {"measures": [{"name": "events", "function": "count"}]}
    found = running.ask("/v1/analytics/query", body, plane="control")["rows"]
    return int(found[0]["events"]) if found else 0


def counts(running: Embedded, *, at_least: int, seconds: float = 60.0) -> int:
    """Wait until the control plane has counted that many events; how many there are then."""
    return until(
        lambda: (count := counted(running)) >= at_least and count,
        seconds=seconds,
        what=f"the control plane counts {at_least} events",
    )


def more_is_acked(ledger: Ledger, spans: int = 60, *, seconds: float = 30.0) -> None:
    """Wait until the load that runs got that many more acknowledgements."""
    goal = len(ledger.acked()) + spans
    until(
        lambda: len(ledger.acked()) >= goal,
        seconds=seconds,
        what=f"{spans} more spans are acknowledged",
    )
