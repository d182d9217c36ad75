"""One supervised process: started, watched, started again when it dies."""

import asyncio
import ctypes
import logging
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hh_cli.embedded.state import ProcessState, created_at
from hh_core.errors import ConfigError, HHError

log = logging.getLogger(__name__)

PROBE_SECONDS = 0.1
"""How often a process that is not ready yet is asked."""
WATCH_SECONDS = 2.0
"""How often a ready one is asked."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 4.0
"""Serving again within ten seconds leaves room for a start of some seconds."""
STEADY_SECONDS = 20.0
"""Whoever ran that long is started again at once."""

FRUGAL = {
    "MALLOC_ARENA_MAX": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "GOMEMLIMIT": "80MiB",
}
"""Else the C library keeps a heap for each thread, and Arrow one beside them, and what one of them
has freed the others cannot use: 250 MB of dispatch under load. And nats-server, of which 50 MB are
in use under load, collects only from 100 MB on: the limit, a soft one, lets it begin earlier, for
3 ms a time. Who sets them himself is obeyed."""

_PR_SET_PDEATHSIG = 1

Probe = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Spec:
    """How a process is started, and how it is told that it serves."""

    name: str
    command: Callable[[], Sequence[str]]
    """Makes ready what it needs and gives its command line. Runs in a thread; may raise
    ``HHError`` or ``OSError``, which counts as a start that failed."""
    probe: Probe
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 30.0
    """After that it is killed."""
    stage: int = 0
    """Stages stop in reverse order: 0 are the engines."""
    needs_founding: bool = False
    """Starts only when the control plane knows whom it will meet."""


class Supervised:
    """Keeps one process running until ``stop``; tells every change to ``changed``."""

    def __init__(
        self, spec: Spec, changed: Callable[[], None], gate: asyncio.Event | None = None
    ) -> None:
        """``gate``: not started before it is set."""
        self.spec = spec
        self._gate = gate
        self.state = ProcessState(spec.name)
        self.exit_status: int | None = None
        self._changed = changed
        self._process: Process | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Start it again whenever it ends, with a pause that grows while it does not last."""
        loop = asyncio.get_running_loop()
        if self._gate is not None:
            await self._gate.wait()
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = loop.time()
            await self._run_once()
            if self._stopping.is_set():
                return
            lasted = loop.time() - began
            pause = FIRST_PAUSE if lasted > STEADY_SECONDS else min(LONGEST_PAUSE, pause * 2)
            log.warning(
                "a process ended", extra={"name_": self.spec.name, "status": self.exit_status}
            )
            self._set(ready=False, restarts=self.state.restarts + 1)
            await asyncio.sleep(pause)

    async def stop(self) -> None:
        """Ask it to end, wait, and kill it if it does not."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        _signal(process.pid, self.spec.stop_signal)
        _signal(process.pid, signal.SIGCONT)  # it may be held still
        try:
            async with asyncio.timeout(self.spec.stop_seconds):
                await process.wait()
        except TimeoutError:
            log.error("killing a process that does not stop", extra={"name_": self.spec.name})
        end_group(process.pid)
        await process.wait()

    async def _run_once(self) -> None:
        try:
            process = self._process = await _start(self.spec)
        except (HHError, OSError) as error:
            log.error("a process cannot be started: %s", error, extra={"name_": self.spec.name})
            self.exit_status = os.EX_CONFIG if isinstance(error, ConfigError) else os.EX_OSERR
            self._note(error)
            return
        self._set(pid=process.pid, created=created_at(process.pid), ready=False)
        watching = asyncio.create_task(self._watch())
        try:
            self.exit_status = await process.wait()
        finally:
            watching.cancel()
            if not self._stopping.is_set():
                end_group(process.pid)  # what it started itself must not outlive it

    def _note(self, error: Exception) -> None:
        """In the log of the process itself, where people look first."""
        self.spec.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.spec.log.open("a", encoding="utf-8") as file:
            file.write(f"{self.spec.name}: {error}\n")

    async def _watch(self) -> None:
        while True:
            ready = await self.spec.probe()
            if ready != self.state.ready:
                self._set(ready=ready)
            await asyncio.sleep(WATCH_SECONDS if ready else PROBE_SECONDS)

    def _set(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]  # fields by name
        self._changed()


async def _start(spec: Spec) -> Process:
    argv = await asyncio.to_thread(spec.command)
    spec.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    output = os.open(spec.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env={**FRUGAL, **os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    finally:
        os.close(output)


def _prctl() -> Callable[[int, int], int] | None:
    if not sys.platform.startswith("linux"):
        return None
    return ctypes.CDLL(None, use_errno=True).prctl  # a C function


_PRCTL = _prctl()


def die_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """Called in a fresh child: the kernel ends it when its parent dies, however that dies."""
    if _PRCTL is not None:
        _PRCTL(_PR_SET_PDEATHSIG, number)


def end_group(pid: int) -> None:
    """Kill what is left of the process group that ``pid`` led."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
