"""A platform under test: started and ended here, asked, and its processes weighed."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from hh_cli.embedded.layout import Layout

_OF_A_THREAD = re.compile(r"/proc/\d+/task/")
QUIET_CORES = 0.25
"""Merges count as done when the platform uses at most this much more than it did idle."""
GIVE_UP_SECONDS = 1800.0
_QUIET_LOOKS = 30
_LONGEST_LOOK = 1.0
_REST_SECONDS = 12.0
_REST_LOOKS = 8
_REST_BYTES = 100_000
NOT_SESSIONS = {"field": "event_type", "operator": "is not", "value": "session", "type": "string"}


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@dataclass(slots=True)
class Stack:
    """A running platform, as ``endpoints.json`` describes it."""

    folder: Path
    endpoints: dict[str, Any]

    @property
    def layout(self) -> Layout:
        return Layout.of(self.folder)

    def connect(self, plane: str = "data_url") -> HTTPConnection:
        url = urlsplit(self.endpoints[plane])
        return HTTPConnection(url.hostname or "", url.port, timeout=60)

    def headers(self, content_type: str = "application/json") -> dict[str, str]:
        return {
            "authorization": f"Bearer {self.endpoints['api_key']}",
            "content-type": content_type,
        }

    def ask(self, plane: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A GET, or a POST of ``body``, over a connection of its own."""
        connection = self.connect(plane)
        answer = self.ask_on(connection, path, body)
        connection.close()
        return answer

    def ask_on(
        self, connection: HTTPConnection, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """As ``exchange``, and the answer is parsed."""
        parsed: dict[str, Any] = json.loads(self.exchange(connection, path, body))
        return parsed

    def exchange(
        self, connection: HTTPConnection, path: str, body: Mapping[str, Any] | None = None
    ) -> bytes:
        """One request. Raises ``RuntimeError`` for any answer but 200."""
        method, data = ("GET", None) if body is None else ("POST", json.dumps(body))
        connection.request(method, path, data, self.headers())
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]!r}")
        return text

    def readable(self) -> int:
        """Spans that the data plane answers with, sessions apart."""
        chosen = {"filters": [NOT_SESSIONS], "limit": 1}
        return int(self.ask("data_url", "/v1/events/export", chosen)["count"])

    def counted(self) -> int:
        """Spans that the control plane has counted, of whatever time."""
        measures = [{"name": "events", "function": "count"}]
        body = {"measures": measures, "from": 0, "to": time.time_ns() // 10**6 + 3_600_000}
        rows = self.ask("control_url", "/v1/analytics/query", body)["rows"]
        return int(rows[0]["events"]) if rows else 0

    def written(self) -> int:
        """Rows that both planes' writers say they have written: cheap to ask, unlike the index."""
        dispatched = sum(
            self._total(name, 'hh_data_dispatch_total{outcome="rows"}')
            for name in self.endpoints["processes"]
            if name.startswith("data.dispatch")
        )
        return min(
            dispatched, self._total("control.api", 'hh_control_writer_total{outcome="written"}')
        )

    def _total(self, process: str, name: str) -> int:
        connection = _UnixConnection(self.layout.socket(process))
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return int(float(found[1])) if found else 0

    def cpu_seconds(self) -> float:
        return sum(cpu(process) for process in self._processes())

    def cpu_by_process(self) -> dict[str, float]:
        """CPU seconds of each named process with its children, the supervisor's own apart."""
        return {name: sum(map(cpu, some)) for name, some in self._by_name().items()}

    def memory_by_process(self) -> dict[str, float]:
        """PSS of each named process with its children, in MB."""
        return {name: sum(map(_pss, some)) / 1e6 for name, some in self._by_name().items()}

    def descriptors_by_process(self) -> dict[str, int]:
        """Of each name the most that one process has: PostgreSQL has a process for each connection,
        and the pools open these and close them."""
        return {name: max(map(descriptors, some)) for name, some in self._by_name().items()}

    def memory_mb(self) -> float:
        """PSS of all processes together."""
        return sum(map(_pss, self._processes())) / 1e6

    def stored_bytes(self, plane: str) -> int:
        return sum(_size(file) for file in _files(self.folder / plane))

    def log_bytes(self) -> int:
        """Of the processes' and the engines' logs."""
        return sum(_size(file) for file in _files(self.folder) if ".log" in file.name)

    def idle_rate(self, seconds: float = 5.0) -> float:
        """Cores that the platform uses now."""
        before = self.cpu_seconds()
        time.sleep(seconds)
        return (self.cpu_seconds() - before) / seconds

    def wait_for(self, spans: int, look: Callable[[int], None] = lambda written: None) -> float:
        """When the data plane reads and the control plane counts ``spans``.

        Raises ``RuntimeError`` when that takes half an hour without progress.
        """
        begun = moved_at = time.perf_counter()
        first = last = -1
        while time.perf_counter() - moved_at < GIVE_UP_SECONDS:
            # What waits must not cost: the index is asked once there is something to see, and
            # metrics are scraped the more often the nearer the end is.
            written = self.written()
            look(written)
            if written > last:
                moved_at, last = time.perf_counter(), written
                first = written if first < 0 else first
            if written < spans:
                pace = (written - first) / (moved_at - begun)
                time.sleep(_rest((spans - written) / pace if pace else 0.0))
            elif self.readable() >= spans and self.counted() >= spans:
                return time.perf_counter()
            else:
                time.sleep(0.5)
        raise RuntimeError(f"{self.readable()} of {spans} readable, {self.counted()} counted")

    def settle(self, idle: float) -> None:
        """Return when merges are quiet: the platform uses hardly more than ``idle`` cores."""
        for _ in range(_QUIET_LOOKS):
            if self.idle_rate(1.0) <= idle + QUIET_CORES:
                return

    def stored_at_rest(self) -> dict[str, int]:
        """Stored bytes of each plane when they hardly change: what merges have replaced is removed
        some seconds after them."""
        stored = {plane: self.stored_bytes(plane) for plane in ("data", "control")}
        for _ in range(_REST_LOOKS):
            time.sleep(_REST_SECONDS)
            before, stored = stored, {plane: self.stored_bytes(plane) for plane in stored}
            if all(abs(stored[plane] - before[plane]) < _REST_BYTES for plane in stored):
                break
        return stored

    def _by_name(self) -> dict[str, list[psutil.Process]]:
        return {
            name: [process, *process.children(recursive=True)]
            for name, pid in self.endpoints["processes"].items()
            if name != "supervisor"
            for process in (psutil.Process(pid),)
        }

    def _processes(self) -> list[psutil.Process]:
        supervisor = psutil.Process(self.endpoints["processes"]["supervisor"])
        every = [supervisor, *(one for some in self._by_name().values() for one in some)]
        return list({process.pid: process for process in every}.values())


@contextmanager
def running(port_base: int, *, folder: Path | None = None, dispatchers: int = 1) -> Iterator[Stack]:
    """A platform in ``folder``, which stays, or in one of its own, which goes."""
    with tempfile.TemporaryDirectory(prefix="hh-bench-") as temporary:
        place = folder or Path(temporary)
        command = str(Path(sys.executable).with_name("hh"))
        where = ["--data-dir", str(place)]
        ports = ["--port-base", str(port_base), "--dispatchers", str(dispatchers)]
        _run([command, "up", *where, *ports, "--detach"])
        try:
            yield Stack(place, json.loads((place / "endpoints.json").read_text()))
        finally:
            _run([command, "down", *where])


def _rest(left: float) -> float:
    """How long to wait until the next look when about ``left`` seconds are left."""
    return min(_LONGEST_LOOK, max(0.1, left / 4))


# A worker that an engine started, PostgreSQL's for vacuum say, may end while we look.


def cpu(process: psutil.Process) -> float:
    """Seconds, user and system, with those of children that have ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0


def descriptors(process: psutil.Process) -> int:
    """Without those of the kernel's statistics of threads: ClickHouse keeps three for each thread
    of its pools, which it makes when a merge first syncs many files at once, 100 at most."""
    count, folder = 0, Path(f"/proc/{process.pid}/fd")
    with suppress(FileNotFoundError, ProcessLookupError):
        for link in folder.iterdir():
            with suppress(FileNotFoundError):
                count += not _OF_A_THREAD.match(os.readlink(link))
    return count


def _files(folder: Path) -> Iterator[Path]:
    """Every file below it; folders that go while we look are left out, as engines' parts do."""
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names)


def _size(file: Path) -> int:
    try:
        return file.stat().st_blocks * 512 if file.is_file() else 0
    except FileNotFoundError:  # it went while we looked
        return 0
