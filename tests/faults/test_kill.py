"""Kill every process in turn, and all at once, under load: nothing acked is lost or doubled."""

import contextlib
import os
import signal
from collections.abc import Iterator

import pytest
from embedded import Embedded, platform
from embedded.steps import counts, kill, more_is_acked, serves_again, serving, until
from ledger import Ledger, Outcome, check, load

from hh_cli.embedded.layout import Layout
from hh_cli.embedded.state import read_state

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


@pytest.mark.timeout(240)
def test_killing_each_process_in_turn_loses_and_doubles_nothing(running: Embedded) -> None:
    ledger = Ledger(running.endpoints)
    with load(ledger):
        for name in PROCESSES:
            more_is_acked(ledger)
            serves_again(running, kill(running, name))
        more_is_acked(ledger)

    verdict = check(ledger)

    assert verdict.faults() == {}
    assert len(PROCESSES) == len(running.reload()["processes"]) - 1
    total = counts(running, at_least=len(ledger.acked()))
    assert total <= len(ledger.spans)


@pytest.mark.timeout(240)
def test_killing_everything_at_once_loses_and_doubles_nothing(running: Embedded) -> None:
    """Once so that the guardian brings it back, and while it does, again with the guardian."""
    ledger = Ledger(running.endpoints)
    with load(ledger):
        more_is_acked(ledger)
        before = _kill_everything(running, guardian=False)
        until(lambda: set(serving(running).values()) - before, seconds=30, what="some serve again")
        _kill_everything(running, guardian=True)

        running.up()

        more_is_acked(ledger)
    verdict = check(ledger, only=False)

    assert verdict.faults() == {}
    assert any(span.outcome is Outcome.UNKNOWN for span in ledger.spans.values())
    assert set(running.endpoints["processes"]) == {"supervisor", *PROCESSES}


def _kill_everything(running: Embedded, *, guardian: bool) -> set[int]:
    """The pids. Without the guardian nobody is left to bring anything back but ``hh up``."""
    state = read_state(Layout.of(running.folder))
    assert state is not None
    doomed = [state.supervisor, *state.processes.values()]
    doomed = [state.guardian, *doomed] if guardian else doomed
    pids = {process.pid for process in doomed if process.alive}
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return pids
