"""Measure others the same way: ``python bench/peers.py`` runs Arize Phoenix, MLflow and this.

The peers come from PyPI into an environment of their own under the cache folder. Each takes the
same load over OTLP/HTTP into the database that is its default, one after the other and never beside
each other: ours, the peers, and ours again. Prints CPU-seconds per 1,000 spans of the whole process
tree, from the socket until the spans are committed, less the idle rate; spans per second that can
be asked for; acks; and how many times ours that is.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from ingest import measure
from load import Load
from options import Options, typed
from report import Cell, Figures, console, medians, report
from sender import Target, send
from stack import cpu, running

PACKAGES = ("arize-phoenix", "mlflow")
_CPU, _RATE = "CPU-s to readable, per 1,000", "readable spans/s"
_START_SECONDS = 180.0
_GIVE_UP_SECONDS = 1200.0


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    command: Sequence[str]
    """Of its environment; ``{port}`` and ``{folder}`` are filled in."""
    database: str
    """Its SQLite file in the folder."""
    spans: str
    """The table that holds one row for each span."""
    health: str
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


PEERS = (
    Peer(
        "Arize Phoenix",
        ("phoenix", "serve"),
        "phoenix.db",
        "spans",
        "/healthz",
        environment={
            "PHOENIX_WORKING_DIR": "{folder}",
            "PHOENIX_PORT": "{port}",
            "PHOENIX_GRPC_PORT": "{next}",
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_TELEMETRY_ENABLED": "false",
        },
    ),
    Peer(
        "MLflow",
        (
            *("mlflow", "server", "--host", "127.0.0.1", "--port", "{port}", "--workers", "1"),
            *("--backend-store-uri", "sqlite:///{folder}/mlflow.db"),
        ),
        "mlflow.db",
        "spans",
        "/health",
        headers={"x-mlflow-experiment-id": "0"},
    ),
)


def environment(folder: Path) -> Path:
    """The peers' own environment, made if it is not there; the folder of its commands."""
    commands = folder / "bin"
    if not (folder / ".ready").exists():
        with console.status("installing the peers"):
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            pip = [str(commands / "python"), "-m", "pip", "install", "--quiet", *PACKAGES]
            subprocess.run(pip, check=True)
        (folder / ".ready").touch()
    return commands


@contextmanager
def started(peer: Peer, commands: Path, folder: Path, port: int) -> Iterator[psutil.Process]:
    """The peer, answering, until the block ends."""
    values = {"folder": str(folder), "port": str(port), "next": str(port + 1)}
    command = [part.format(**values) for part in peer.command]
    own = {name: value.format(**values) for name, value in peer.environment.items()}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [str(commands / command[0]), *command[1:]],
            env=os.environ | own | {"PATH": f"{commands}:{os.environ['PATH']}", "PYTHONPATH": ""},
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_healthy(peer, port, process, folder)
        yield psutil.Process(process.pid)
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.terminate()
        process.terminate()
        process.wait(30)


def measure_peer(peer: Peer, commands: Path, spans: int, port: int) -> dict[str, float]:
    """As ``ingest.measure``, for a peer."""
    with tempfile.TemporaryDirectory(prefix="hh-peer-") as name:
        folder = Path(name)
        with started(peer, commands, folder, port) as process:
            target = Target("127.0.0.1", port, headers=dict(peer.headers))
            load = Load(base_ns=time.time_ns() - 3600 * 10**9)
            warm = list(load.bodies(500))
            send(target, warm, 2)
            _until(peer, folder, 500)
            idle = _idle(process)
            bodies = list(load.bodies(spans))
            before, begun = _tree_cpu(process), time.perf_counter()
            sent = send(target, bodies, 8)
            seconds = _until(peer, folder, 500 + sent.spans) - begun
            spent = _tree_cpu(process) - before - idle * seconds
            return {
                _CPU: spent * 1000 / sent.spans,
                _RATE: sent.spans / seconds,
                "ack p50 ms": sent.ack_ms(0.5),
                "ack p99 ms": sent.ack_ms(0.99),
                "refused requests": sum(sent.refused.values()),
            }


def _wait_until_healthy(
    peer: Peer, port: int, process: "subprocess.Popen[bytes]", folder: Path
) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connection = Target("127.0.0.1", port).connect()
            connection.request("GET", peer.health)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise RuntimeError(
        f"{peer.name} does not answer:\n{(folder / 'server.log').read_text()[-2000:]}"
    )


def _until(peer: Peer, folder: Path, spans: int) -> float:
    """When that many spans are committed."""
    deadline = time.perf_counter() + _GIVE_UP_SECONDS
    while (found := _count(peer, folder)) < spans:
        if time.perf_counter() > deadline:
            raise RuntimeError(f"{peer.name} has {found} of {spans} spans")
        time.sleep(0.25)
    return time.perf_counter()


def _count(peer: Peer, folder: Path) -> int:
    address = f"file:{folder / peer.database}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=10)) as database:
            return int(database.execute(f"SELECT count(*) FROM {peer.spans}").fetchone()[0])
    except sqlite3.OperationalError:  # not made yet, or just being written
        return 0


def _idle(process: psutil.Process, seconds: float = 5.0) -> float:
    before = _tree_cpu(process)
    time.sleep(seconds)
    return (_tree_cpu(process) - before) / seconds


def _tree_cpu(process: psutil.Process) -> float:
    return sum(map(cpu, (process, *process.children(recursive=True))))


def _ours(spans: int, port_base: int) -> dict[str, float]:
    with running(port_base) as stack:
        return measure(stack, spans)


def table(found: Mapping[str, Sequence[Mapping[str, float]]], spans: int, fewer: int) -> Figures:
    middle = {name: medians(runs) for name, runs in found.items()}
    ours = middle["this platform"]
    rows: list[Sequence[Cell]] = [
        (
            name,
            one[_CPU],
            one[_CPU] / ours[_CPU],
            one[_RATE],
            ours[_RATE] / one[_RATE],
            one["ack p50 ms"],
            one["ack p99 ms"],
        )
        for name, one in middle.items()
    ]
    return Figures(
        f"The same load: {spans:,} spans to this platform, {fewer:,} to peers",
        ("", "CPU-s per 1,000", "times ours", "spans/s", "ours is", "ack p50 ms", "ack p99 ms"),
        rows,
    )


def main() -> None:
    parser = Options(__doc__)
    parser.add_argument("--spans", type=int, default=100_000, help="to this platform")
    parser.add_argument("--peer-spans", type=int, default=5_000, help="to each peer: they are slow")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    parser.add_argument("--cache", type=Path, default=cache / "hh-bench" / "peers")
    chosen = parser.parse_args()
    commands = environment(chosen.cache)
    found: dict[str, list[dict[str, float]]] = {"this platform": []}
    for _ in range(chosen.runs):
        found["this platform"].append(_ours(chosen.spans, chosen.port_base))
        for peer in PEERS:
            measured = measure_peer(peer, commands, chosen.peer_spans, chosen.port_base)
            found.setdefault(peer.name, []).append(measured)
    found["this platform"].append(_ours(chosen.spans, chosen.port_base))
    report(
        "peers",
        typed(),
        [table(found, chosen.spans, chosen.peer_spans)],
        keep=chosen.keep,
    )
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
