"""Start a server, wait until it listens, end it with the test process."""

import atexit
import contextlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL") if shutil.which("setpriv") else ()
"""Before a command: the kernel ends it when the test process dies. By a command rather than
between fork and exec, where nothing is safe that Python does in a process of many threads."""


class Server:
    """A child process that can be killed and started again on the same port and folder."""

    def __init__(
        self, argv: Sequence[str], port: int, log: Path, stop: signal.Signals = signal.SIGTERM
    ) -> None:
        self.port = port
        self._argv = list(argv)
        self._log = log
        self._stop = stop
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.stop)

    def start(self) -> None:
        """Return when it listens. One that was killed may need some attempts: what it started
        itself holds its port or its folder for a moment longer."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._listens(self._spawn(), deadline):
            if time.monotonic() > deadline:
                tail = self._log.read_bytes()[-2000:].decode(errors="replace")
                raise RuntimeError(f"{self._argv[0]} does not listen on {self.port}: {tail}")
            time.sleep(0.1)

    def stop(self) -> None:
        self._end(self._stop)

    def kill(self) -> None:
        """With all its children: a backend of PostgreSQL may serve on for a moment without its
        parent."""
        if self._process is None:
            return
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._end(signal.SIGKILL)
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(children, timeout=_STOP_SECONDS)

    def ended_by(self, number: signal.Signals) -> int:
        """Its exit status after that signal."""
        status = self._end(number)
        assert status is not None, "it does not run"
        return status

    def _end(self, number: signal.Signals) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        process.send_signal(number)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        return process.wait()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            command = [*_DIES_WITH_US, *self._argv]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        return self._process

    def _listens(self, process: subprocess.Popen[bytes], deadline: float) -> bool:
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                if self._owns_port(process.pid):
                    return True
            time.sleep(0.02)
        return False

    def _owns_port(self, pid: int) -> bool:
        """Whether it is the server that listens, or something that it started: two test runs on
        one machine may have taken the same port for free."""
        with contextlib.suppress(psutil.NoSuchProcess):
            server = psutil.Process(pid)
            return any(
                connection.status == psutil.CONN_LISTEN and connection.laddr.port == self.port
                for process in [server, *server.children(recursive=True)]
                for connection in process.net_connections("tcp")
            )
        return False


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, below the range that clients get theirs from: between the
    look and the use no connection takes one. Their gRPC neighbours (+10000) exist."""
    ports: list[int] = []
    # not Python's own generator: hypothesis seeds it, so all processes would take the same ports
    for port in random.SystemRandom().sample(range(12_000, 32_000), 2_000):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                listener.bind(("127.0.0.1", port))
                ports.append(port)
        if len(ports) == count:
            return ports
    raise RuntimeError(f"fewer than {count} free ports")


def scratch_folder(name: str) -> Path:
    """A folder that is removed when the test process ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"hh-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
