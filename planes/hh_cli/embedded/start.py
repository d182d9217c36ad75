"""Start a platform from the outside, find one that runs, and stop it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hh_cli.embedded.layout import DEFAULT_PORT_BASE, Layout
from hh_cli.embedded.logs import tail
from hh_cli.embedded.process import die_with_parent
from hh_cli.embedded.stale import end_stale
from hh_cli.embedded.state import Phase, PlatformState, ProcessState, read_state
from hh_cli.errors import NotRunningError
from hh_cli.options import shown_dir
from hh_core.errors import ConfigError, UnavailableError

START_SECONDS = 180.0
STOP_SECONDS = 120.0
GONE_SECONDS = 5.0
"""Without a supervisor for that long, nobody is coming."""
_POLL_SECONDS = 0.05

Watch = Callable[[PlatformState | None], None]
"""Called again and again while waiting, to show progress."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What ``endpoints.json`` says. Empty is what this host does not have: a folder of one plane
    has only that plane's URLs, and nobody's key or password."""

    processes: dict[str, int]
    control_url: str = ""
    intake: str = ""
    data_url: str = ""
    otlp_grpc: str = ""
    project_id: str = ""
    api_key: str = ""
    control_key: str = ""
    admin_email: str = ""
    admin_password: str = ""


def endpoints(layout: Layout) -> Endpoints:
    """Where the running platform of a folder is. Raises ``NotRunningError`` if none runs."""
    state = read_state(layout)
    if state is not None and state.running:
        with suppress(OSError, ValueError):
            document: dict[str, Any] = json.loads(layout.endpoints.read_text())
            return Endpoints(**document)
        raise NotRunningError(f"the platform in {shown_dir(layout)} is still starting; try again")
    raise not_running(layout)


def not_running(layout: Layout) -> NotRunningError:
    folder = shown_dir(layout)
    command = "hh up" if folder == ".hh" else f"hh up --data-dir {folder}"
    return NotRunningError(f"no platform is running in {folder}; start one with: {command}")


def launch(
    layout: Layout, *, port_base: int | None, dispatchers: int, detach: bool
) -> "subprocess.Popen[bytes]":
    """Start the guardian, and with it everything else. Returns at once."""
    known = read_state(layout)
    base = port_base or (known.port_base if known else DEFAULT_PORT_BASE)
    if not 1024 <= base <= 65526:
        raise ConfigError("--port-base must be between 1024 and 65526: ten ports are used")
    try:
        layout.base.mkdir(mode=0o700, parents=True, exist_ok=True)
        output = os.open(layout.supervisor_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise ConfigError(f"cannot use {layout.base}: {error.strerror or error}") from error
    try:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "hh_cli.embedded.guardian"),
                *(str(layout.base), str(base), str(dispatchers)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=None if detach else _die_gently_with_parent,
        )
    finally:
        os.close(output)


def wait_until_ready(
    layout: Layout, guardian: "subprocess.Popen[bytes] | None", watch: Watch
) -> Endpoints:
    """Raises ``ConfigError`` with the reason if the platform does not come up."""
    deadline = time.monotonic() + START_SECONDS
    alive_at = time.monotonic()
    while time.monotonic() < deadline:
        state = read_state(layout)
        watch(state)
        is_alive = state is not None and state.supervisor.alive
        if state is not None and is_alive and state.phase is Phase.READY:
            with suppress(NotRunningError):
                return endpoints(layout)
        if guardian is not None and guardian.poll() == 0:
            guardian = None  # another supervisor was faster, or is still about to start
        now = time.monotonic()
        alive_at = now if is_alive or _is_running(guardian) else alive_at
        ended = guardian is not None and guardian.poll() is not None
        if ended or now - alive_at > GONE_SECONDS:
            raise ConfigError(_why(layout, read_state(layout)))
        time.sleep(_POLL_SECONDS)
    raise UnavailableError(f"not ready after {START_SECONDS:.0f} s; see {layout.supervisor_log}")


def wait_until_stopped(layout: Layout, watch: Watch) -> None:
    """If a platform is on its way down, or failed to come up, wait until it is gone."""
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        state = read_state(layout)
        if state is None or state.running or not state.supervisor.alive:
            return
        watch(state)
        time.sleep(_POLL_SECONDS)


def _is_running(guardian: "subprocess.Popen[bytes] | None") -> bool:
    return guardian is not None and guardian.poll() is None


def stop(layout: Layout, watch: Watch) -> bool:
    """Stop the platform of a folder, in order; whether there was anything to stop.

    What does not stop in time, or was left by a supervisor that died, is killed.
    """
    state = read_state(layout)
    if state is None:
        return False
    told = next((item for item in (state.guardian, state.supervisor) if item.alive), None)
    left = [process for process in state.processes.values() if process.alive]
    if told is not None:
        os.kill(told.pid, signal.SIGTERM)
        _wait_until_gone([told, state.supervisor], layout, watch)
    last = read_state(layout)
    end_stale(last)
    layout.endpoints.unlink(missing_ok=True)
    shutil.rmtree(layout.runtime, ignore_errors=True)  # sockets that nobody answers on
    return told is not None or bool(left)


def _wait_until_gone(processes: list[ProcessState], layout: Layout, watch: Watch) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while any(process.alive for process in processes):
        watch(read_state(layout))
        if time.monotonic() > deadline:
            for process in processes:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
            return
        time.sleep(_POLL_SECONDS)


def _why(layout: Layout, state: PlatformState | None) -> str:
    if state is not None and state.phase is Phase.FAILED and state.fault:
        return state.fault
    last = tail(Path(layout.supervisor_log), lines=10)
    return f"the platform did not start; the end of {layout.supervisor_log}:\n{last}"


def _die_gently_with_parent() -> None:
    die_with_parent(signal.SIGTERM)
