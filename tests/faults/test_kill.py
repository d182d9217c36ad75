"""Kill every process in turn, and all at once, under load: nothing acked is lost or doubled."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from embedded import Embedded, platform
from ledger import Ledger, Outcome, check, pump

PROCESSES = (
    "data.ingest",
    "data.dispatch",
    "data.api",
    "data.clickhouse",
    "data.nats",
    "data.postgres",
    "control.api",
    "control.clickhouse",
    "control.nats",
    "control.postgres",
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with platform(tmp_path_factory.mktemp("kill")) as embedded:
        yield embedded


@pytest.mark.timeout(420)
def test_killing_each_process_in_turn_loses_and_doubles_nothing(running: Embedded) -> None:
    ledger = Ledger(running.endpoints)
    with _load(ledger):
        for name in PROCESSES:
            _kill(running, name)
            assert _comes_back(running, name), f"{name} did not come back within 10 s"
            time.sleep(1.0)

    verdict = check(ledger, only=False)

    assert verdict.faults() == {}
    assert len(ledger.acked()) > 1000
    assert _counted(running, ledger)


@pytest.mark.timeout(300)
def test_killing_everything_at_once_loses_nothing(running: Embedded) -> None:
    ledger = Ledger(running.endpoints)
    with _load(ledger):
        time.sleep(3.0)
        for pid in running.reload()["processes"].values():
            os.kill(pid, signal.SIGKILL)
        time.sleep(1.0)

    running.up()
    ledger.endpoints = running.endpoints
    verdict = check(ledger, only=False)

    assert verdict.faults() == {}
    assert any(span.outcome is Outcome.ACK for span in ledger.spans.values())
    assert any(span.outcome is Outcome.UNKNOWN for span in ledger.spans.values())


class _load:  # noqa: N801  # reads as a verb in the with statement
    """Two senders in the background for the length of the block."""

    def __init__(self, ledger: Ledger) -> None:
        self._stop = threading.Event()
        self._senders = [threading.Thread(target=pump, args=(ledger, self._stop)) for _ in range(2)]

    def __enter__(self) -> None:
        for sender in self._senders:
            sender.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for sender in self._senders:
            sender.join()


def _kill(running: Embedded, name: str) -> None:
    os.kill(running.reload()["processes"][name], signal.SIGKILL)


def _comes_back(running: Embedded, name: str) -> bool:
    """A new process of that name, in ``endpoints.json``, within the ten seconds we promise."""
    killed = running.endpoints["processes"][name]
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        told: dict[str, Any] = json.loads(Path(running.folder, "endpoints.json").read_text())
        pid = told["processes"].get(name)
        if pid and pid != killed and psutil.pid_exists(pid):
            return True
        time.sleep(0.1)
    return False


def _counted(running: Embedded, ledger: Ledger, patience: float = 60.0) -> bool:
    """The control plane counts at least every acknowledged span (more by unanswered requests)."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        body = {"measures": [{"name": "events", "function": "count"}]}
        rows = running.ask("/v1/analytics/query", body, plane="control")["rows"]
        if rows and len(ledger.acked()) <= rows[0]["events"] <= len(ledger.spans):
            return True
        time.sleep(0.5)
    return False
