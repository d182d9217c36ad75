"""The peers that are measured: from PyPI, in an environment of their own, each served as its makers
say and with the database that is its default."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from report import console
from sender import Target

PACKAGES = ("arize-phoenix", "mlflow")
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


def until(peer: Peer, folder: Path, spans: int) -> float:
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
