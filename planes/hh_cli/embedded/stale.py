"""End what an earlier supervisor left behind, and nobody else."""

import logging
import os
import signal
import time
from contextlib import suppress

from hh_cli.embedded.process import end_group
from hh_cli.embedded.state import PlatformState

log = logging.getLogger(__name__)

FREE_SECONDS = 5.0
"""How long killed processes may take to be gone and their ports to be free."""


def end_stale(state: PlatformState | None) -> None:
    """Kill what an earlier supervisor left behind, if it really is what it was."""
    if state is None:
        return
    stale = [process for process in state.processes.values() if process.alive]
    for process in stale:
        log.warning("ending a process that an earlier supervisor left: %s", process.name)
        end_group(process.pid)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + FREE_SECONDS
    while any(process.alive for process in stale) and time.monotonic() < deadline:
        time.sleep(0.02)
