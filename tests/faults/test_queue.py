"""A queue is a signal: held still or wiped, ingestion goes on and everything arrives once."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from embedded import Embedded
from embedded.steps import more_is_acked, planes_agree, serves_again
from ledger import Ledger, Outcome, check, load

QUEUES = ("data.nats", "control.nats")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("queue", QUEUES)
def test_while_a_queue_is_stopped_everything_is_acked_and_arrives_once_afterwards(
    running: Embedded, queue: str
) -> None:
    ledger = Ledger(running.endpoints)
    with load(ledger):
        more_is_acked(ledger)
        with running.stopped(queue):
            more_is_acked(ledger, 400)
        more_is_acked(ledger)

    _everything_arrived_once(running, ledger)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("queue", QUEUES)
def test_a_wiped_queue_costs_nothing_that_was_acked(running: Embedded, queue: str) -> None:
    ledger = Ledger(running.endpoints)
    with load(ledger):
        more_is_acked(ledger)
        _wipe(running, queue)
        more_is_acked(ledger)

    _everything_arrived_once(running, ledger)


def _wipe(running: Embedded, queue: str) -> None:
    """Its files go while it cannot write any; then it is killed and comes back to nothing."""
    plane = queue.partition(".")[0]
    pid = running.reload()["processes"][queue]
    os.kill(pid, signal.SIGSTOP)
    shutil.rmtree(Path(running.folder, plane, "nats"))
    os.kill(pid, signal.SIGKILL)
    serves_again(running, {queue: pid})


def _everything_arrived_once(running: Embedded, ledger: Ledger) -> None:
    verdict = check(ledger, only=False)

    assert verdict.faults() == {}
    assert {span.outcome for span in ledger.spans.values()} == {Outcome.ACK}
    assert len(planes_agree(running)) >= len(ledger.acked())
