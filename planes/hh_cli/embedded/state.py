"""What is written down about a running platform, and how it is found again."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil

from hh_cli.embedded.layout import Layout


class Phase(StrEnum):
    """How far a platform is."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One process. A pid alone may have been given to somebody else: ``created`` tells."""

    name: str
    pid: int = 0
    created: float = 0.0
    """Seconds since the epoch, as the operating system says; 0 when not running."""
    ready: bool = False
    restarts: int = 0

    @property
    def alive(self) -> bool:
        return self.pid > 0 and created_at(self.pid) == self.created


@dataclass(frozen=True, slots=True)
class PlatformState:
    """The supervisor's last word. It may be dead: ``supervisor.alive`` tells."""

    phase: Phase
    port_base: int
    supervisor: ProcessState
    guardian: ProcessState
    processes: Mapping[str, ProcessState] = field(default_factory=dict)
    fault: str = ""
    """Why it failed, for people."""

    @property
    def running(self) -> bool:
        return self.supervisor.alive and self.phase in (Phase.STARTING, Phase.READY)


def created_at(pid: int) -> float:
    """When the living process ``pid`` was created; 0 for none, also for a zombie."""
    try:
        process = psutil.Process(pid)
        return 0.0 if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return 0.0


def this_process(name: str, pid: int | None = None) -> ProcessState:
    pid = os.getpid() if pid is None else pid
    return ProcessState(name, pid, created_at(pid))


def guardian() -> ProcessState:
    """The guardian of this supervisor, if it was started by one."""
    parent = os.getppid()
    try:
        guarded = "hh_cli.embedded.guardian" in psutil.Process(parent).cmdline()
    except psutil.Error:
        guarded = False
    return this_process("guardian", parent) if guarded else ProcessState("guardian")


def write_state(layout: Layout, state: PlatformState) -> None:
    write_private(layout.state, json.dumps(asdict(state), indent=1))


def read_state(layout: Layout) -> PlatformState | None:
    """None if there never was a platform, or the file is not one of ours."""
    try:
        raw: dict[str, Any] = json.loads(layout.state.read_text())
        return PlatformState(
            phase=Phase(raw["phase"]),
            port_base=raw["port_base"],
            supervisor=ProcessState(**raw["supervisor"]),
            guardian=ProcessState(**raw["guardian"]),
            processes={name: ProcessState(**item) for name, item in raw["processes"].items()},
            fault=raw["fault"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` whole, with mode 0600, also when the machine stops in the middle."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


@contextmanager
def exclusive(layout: Layout) -> Iterator[bool]:
    """Whether this process is the only supervisor of the folder, held while the block runs."""
    descriptor = os.open(layout.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
