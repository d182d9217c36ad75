"""Measure ingestion end to end: ``python bench/ingest.py`` starts a platform of its own.

Prints, for the load of ``bench/load.py``: CPU-seconds per 1,000 spans of all the platform's
processes and engines (user and system, less the idle rate) from socket to durable ack and from
socket to readable on the data plane and counted on the control plane; ack latency; freshness;
memory (PSS); stored bytes per span. The generator runs beside it on the same cores.
"""

import argparse
import json
import platform
import queue
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from load import Load
from rich.console import Console
from rich.table import Table

from hh_cli.embedded.layout import Layout

QUIET_CORES = 0.25
"""Merges count as done when the platform uses at most this much more than it did idle."""


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@dataclass(slots=True)
class Platform:
    """A running platform, as ``endpoints.json`` describes it."""

    folder: Path
    endpoints: dict[str, Any]

    def ask(self, plane: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        url = urlsplit(self.endpoints[plane])
        connection = HTTPConnection(url.hostname or "", url.port, timeout=60)
        headers = {
            "authorization": f"Bearer {self.endpoints['api_key']}",
            "content-type": "application/json",
        }
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text[:300]!r}")
        parsed: dict[str, Any] = json.loads(text)
        return parsed

    def readable(self) -> int:
        """Spans that the data plane answers with, sessions apart."""
        chosen = {
            "filters": [
                {"field": "event_type", "operator": "is not", "value": "session", "type": "string"}
            ],
            "limit": 1,
        }
        return int(self.ask("data_url", "/v1/events/export", chosen)["count"])

    def counted(self) -> int:
        """Spans that the control plane has counted."""
        body = {"measures": [{"name": "events", "function": "count"}]}
        rows = self.ask("control_url", "/v1/analytics/query", body)["rows"]
        return int(rows[0]["events"]) if rows else 0

    def written(self) -> int:
        """Rows that both planes' writers say they have written: cheap to ask, unlike the index."""
        dispatched = self._total("data.dispatch", 'hh_data_dispatch_total{outcome="rows"}')
        return min(
            dispatched, self._total("control.api", 'hh_control_writer_total{outcome="written"}')
        )

    def _total(self, process: str, name: str) -> int:
        connection = _UnixConnection(Layout.of(self.folder).socket(process))
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return int(float(found[1])) if found else 0

    def cpu_seconds(self) -> float:
        return sum(_cpu(process) for process in self._processes())

    def cpu_by_process(self) -> dict[str, float]:
        """CPU seconds of each named process with its children, the supervisor's own apart."""
        return {
            name: sum(_cpu(one) for one in (process, *process.children(recursive=True)))
            for name, pid in self.endpoints["processes"].items()
            if name != "supervisor"
            for process in (psutil.Process(pid),)
        }

    def memory_mb(self) -> float:
        return sum(process.memory_full_info().pss for process in self._processes()) / 1e6

    def stored_bytes(self, plane: str) -> int:
        files = (self.folder / plane).rglob("*")
        return sum(file.stat().st_blocks * 512 for file in files if file.is_file())

    def _processes(self) -> list[psutil.Process]:
        found: dict[int, psutil.Process] = {}
        for pid in self.endpoints["processes"].values():
            process = psutil.Process(pid)
            for one in (process, *process.children(recursive=True)):
                found[one.pid] = one
        return list(found.values())


@dataclass(slots=True)
class Sent:
    """What the generator saw."""

    spans: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)


@contextmanager
def running(port_base: int) -> Iterator[Platform]:
    """A fresh platform in a temporary folder, taken down afterwards."""
    command = str(Path(sys.executable).with_name("hh"))
    with tempfile.TemporaryDirectory(prefix="hh-bench-") as name:
        folder = Path(name)
        place = ["--data-dir", name]
        subprocess.run(
            [command, "up", *place, "--port-base", str(port_base), "--detach"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        try:
            yield Platform(folder, json.loads((folder / "endpoints.json").read_text()))
        finally:
            subprocess.run([command, "down", *place], check=True, stdout=subprocess.DEVNULL)


def send(
    target: Platform, bodies: list[tuple[bytes, int]], connections: int, rate: float | None
) -> Sent:
    """Send every body once over ``connections``; ``rate`` paces them in spans per second."""
    work: queue.SimpleQueue[tuple[bytes, int]] = queue.SimpleQueue()
    for body in bodies:
        work.put(body)
    result, lock = Sent(), threading.Lock()
    begun = time.perf_counter()
    workers = [
        threading.Thread(target=_worker, args=(target, work, result, lock, begun, rate))
        for _ in range(connections)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    result.seconds = time.perf_counter() - begun
    return result


def _worker(
    target: Platform,
    work: "queue.SimpleQueue[tuple[bytes, int]]",
    result: Sent,
    lock: threading.Lock,
    begun: float,
    rate: float | None,
) -> None:
    url = urlsplit(target.endpoints["data_url"])
    connection = HTTPConnection(url.hostname or "", url.port, timeout=60)
    headers = {
        "authorization": f"Bearer {target.endpoints['api_key']}",
        "content-type": "application/x-protobuf",
        "content-encoding": "gzip",
    }
    while True:
        with lock:
            if work.empty():
                return
            body, spans = work.get()
            due = begun + result.spans / rate if rate else 0.0
            result.spans += spans
        if (wait := due - time.perf_counter()) > 0:
            time.sleep(wait)
        started = time.perf_counter()
        connection.request("POST", "/v1/traces", body, headers)
        answer = connection.getresponse()
        answer.read()
        elapsed = time.perf_counter() - started
        with lock:
            if answer.status == 200:
                result.latencies.append(elapsed)
            else:
                code = str(answer.status)
                result.refused[code] = result.refused.get(code, 0) + 1
                result.spans -= spans


def freshness(target: Platform, load: Load, probes: int) -> list[float]:
    """Seconds from the ack of one request to an answer that contains its spans."""
    seconds = []
    for body, spans in load.bodies(probes * 8, 8):
        before = target.readable()
        send(target, [(body, spans)], 1, None)
        acked = time.perf_counter()
        while target.readable() < before + spans:
            time.sleep(0.01)
        seconds.append(time.perf_counter() - acked)
    return seconds


def measure(target: Platform, spans: int, connections: int, rate: float | None) -> dict[str, Any]:
    load = Load(base_ns=time.time_ns() - 3600 * 10**9)
    bodies = list(load.bodies(spans))
    send(target, list(load.bodies(2000)), 2, None)
    _settle(target, 2000, 0.0)
    idle = _idle_rate(target)
    stored = {plane: target.stored_bytes(plane) for plane in ("data", "control")}

    before, begun = target.cpu_seconds(), time.perf_counter()
    parts = target.cpu_by_process()
    sent = send(target, bodies, connections, rate)
    acked, acked_at = target.cpu_seconds(), time.perf_counter()
    memory = target.memory_mb()
    readable_at = _until(target, 2000 + sent.spans, begun)
    _settle(target, 2000 + sent.spans, idle)
    total, end = target.cpu_seconds(), time.perf_counter()

    per_kilo = 1000 / sent.spans
    latencies = sorted(sent.latencies)
    return {
        "spans": sent.spans,
        "refused": sent.refused,
        "acked_spans_per_second": sent.spans / sent.seconds,
        "readable_spans_per_second": sent.spans / (readable_at - begun),
        "cpu_while_sending": (acked - before - idle * (acked_at - begun)) * per_kilo,
        "cpu_to_readable": (total - before - idle * (end - begun)) * per_kilo,
        "ack_p50_ms": 1e3 * statistics.median(latencies),
        "ack_p99_ms": 1e3 * latencies[int(len(latencies) * 0.99)],
        "memory_mb": memory,
        "idle_cores": idle,
        **{
            f"cpu {name}": (seconds - parts[name]) * per_kilo
            for name, seconds in target.cpu_by_process().items()
        },
        **{
            f"bytes_per_span_{plane}": (target.stored_bytes(plane) - size) / sent.spans
            for plane, size in stored.items()
        },
    }


def receive_only(target: Platform, spans: int, connections: int) -> float:
    """CPU-seconds per 1,000 spans of the receiving process alone: socket to durable ack."""
    process = psutil.Process(target.endpoints["processes"]["data.ingest"])
    bodies = list(Load(base_ns=time.time_ns() - 7200 * 10**9, seed=7).bodies(spans))
    before = _cpu(process)
    sent = send(target, bodies, connections, None)
    return (_cpu(process) - before) * 1000 / sent.spans


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _idle_rate(target: Platform, seconds: float = 5.0) -> float:
    before = target.cpu_seconds()
    time.sleep(seconds)
    return (target.cpu_seconds() - before) / seconds


def _until(target: Platform, spans: int, begun: float) -> float:
    """When the data plane reads and the control plane counts ``spans``; give up after 10 min."""
    while time.perf_counter() - begun < 600:
        # What waits must not cost: the index is asked once there is something to see.
        if target.written() < spans:
            time.sleep(0.1)
        elif target.readable() >= spans and target.counted() >= spans:
            return time.perf_counter()
        else:
            time.sleep(0.5)
    raise RuntimeError(f"{target.readable()} of {spans} readable, {target.counted()} counted")


def _settle(target: Platform, spans: int, idle: float) -> None:
    _until(target, spans, time.perf_counter())
    for _ in range(30):
        if _idle_rate(target, 1.0) <= idle + QUIET_CORES:
            return


def show(figures: dict[str, Any]) -> None:
    table = Table(title=f"ingest: {figures['spans']:,} spans, {_machine()}", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in figures.items():
        digits = 4 if name.startswith("cpu") else 1
        text = f"{value:,.{digits}f}" if isinstance(value, float) else str(value or "none")
        table.add_row(name.replace("_", " "), text)
    Console().print(table)


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{psutil.cpu_count()} cores, {memory:.0f} GiB, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Plain)
    parser.add_argument("--spans", type=int, default=100_000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rate", type=float, help="offered spans per second; default: all at once")
    parser.add_argument("--probes", type=int, default=20, help="requests that measure freshness")
    parser.add_argument("--port-base", type=int, default=18470)
    parser.add_argument("--json", type=Path, help="write the figures there too")
    chosen = parser.parse_args()
    with running(chosen.port_base) as target:
        memory = target.memory_mb()
        figures = measure(target, chosen.spans, chosen.connections, chosen.rate)
        probes = sorted(freshness(target, Load(time.time_ns() - 10**9, seed=3), chosen.probes))
        figures["freshness_p50_s"] = statistics.median(probes)
        figures["freshness_p95_s"] = probes[int(len(probes) * 0.95) - 1]
        figures["memory_idle_mb"] = memory
        figures["cpu_to_ack"] = receive_only(target, min(chosen.spans, 20_000), chosen.connections)
    show(figures)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2))


class _Plain(argparse.RawDescriptionHelpFormatter):
    """Keeps the docstring's own line breaks."""


if __name__ == "__main__":
    main()
