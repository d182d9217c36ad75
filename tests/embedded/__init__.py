"""The platform as a user starts it, for tests: real processes, real engines, free ports.

::

    with platform(tmp_path) as running:
        running.ask("/v1/events/search", {"filters": []})
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hh_cli.embedded.layout import Layout

START_SECONDS = 120
STOP_SECONDS = 120
BEHIND_SECONDS = 20
PORTS = 10
HH = (sys.executable, "-c", "from hh_cli.main import main; main()")


@dataclass(slots=True)
class Embedded:
    """One running platform. ``endpoints`` is what ``endpoints.json`` said when last read."""

    folder: Path
    port_base: int
    endpoints: dict[str, Any] = field(default_factory=dict)

    @property
    def runtime(self) -> Path:
        """The folder of the Unix sockets."""
        return Layout.of(self.folder).runtime

    @property
    def organisation(self) -> str:
        """The id of the first organisation; tests may make others."""
        return str(json.loads(Layout.of(self.folder).credentials.read_text())["org_id"])

    def hh(
        self, *arguments: str, check: bool = True, timeout: float = 60, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run ``hh`` on this platform's folder."""
        return hh(
            *arguments, check=check, timeout=timeout, HH_DATA_DIR=str(self.folder), **environment
        )

    def up(self, *options: str) -> None:
        """Start it, or find that it runs; returns when it is ready."""
        base = ("--port-base", str(self.port_base))
        self.hh("up", "--detach", *base, *options, timeout=START_SECONDS)
        self.reload()

    def down(self, *options: str) -> None:
        self.hh("down", *options, timeout=STOP_SECONDS)

    def reload(self) -> dict[str, Any]:
        """Read ``endpoints.json`` again: it is replaced whenever a process was restarted."""
        self.endpoints = json.loads((self.folder / "endpoints.json").read_text())
        return self.endpoints

    def get(self, path: str, *, plane: str = "data") -> tuple[int, bytes]:
        """Status and body; raises ``OSError`` when nobody answers."""
        return self._open(path, None, plane)

    def ask(
        self, path: str, body: object = None, *, plane: str = "data", missing_ok: bool = False
    ) -> dict[str, Any]:
        """The JSON answer to a GET, or to a POST of ``body``; fails unless it is a 200. What says
        that the index is behind is asked again, as it says: machines of tests are busy."""
        deadline = time.monotonic() + BEHIND_SECONDS
        status, content = self._open(path, body, plane)
        while b'"behind":true' in content and time.monotonic() < deadline:
            status, content = self._open(path, body, plane)
        if missing_ok and status == 404:
            return {}
        assert status == 200, f"{path}: {status} {content[:500]!r}"
        answer: dict[str, Any] = json.loads(content)
        return answer

    def post(
        self,
        path: str,
        body: bytes,
        content_type: str = "application/json",
        *,
        method: str = "POST",
    ) -> tuple[int, bytes]:
        """Status and body of the data plane's answer, whatever they are."""
        return self._send(path, body, "data", method, content_type)

    @contextlib.contextmanager
    def stopped(self, *names: str) -> Iterator[None]:
        """Hold the named processes still: they answer nobody, and nobody restarts them."""
        pids = [self.reload()["processes"][name] for name in names]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _open(self, path: str, body: object, plane: str) -> tuple[int, bytes]:
        data = None if body is None else json.dumps(body).encode()
        return self._send(path, data, plane, "GET" if data is None else "POST")

    def _send(
        self,
        path: str,
        data: bytes | None,
        plane: str,
        method: str,
        content_type: str = "application/json",
    ) -> tuple[int, bytes]:
        request = urllib.request.Request(
            self.endpoints[f"{plane}_url"] + path,
            data=data,
            headers={
                "Authorization": f"Bearer {self.endpoints['api_key']}",
                "Content-Type": content_type,
            },
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()


def hh(
    *arguments: str, check: bool = True, timeout: float = 60, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run the command line as a user does, with a terminal of 100 columns."""
    known: Mapping[str, str] = {"COLUMNS": "100", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [*HH, *arguments],
        env={**os.environ, **known, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if check:
        assert done.returncode == 0, f"hh {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done


@contextlib.contextmanager
def platform(
    parent: Path, *, folder: str = "hh", options: tuple[str, ...] = ()
) -> Iterator[Embedded]:
    """A platform below ``parent``, stopped at the end; its logs are shown if it did not start."""
    running = Embedded(parent / folder, free_port_base())
    try:
        running.up(*options)
        yield running
    finally:
        running.hh("down", check=False, timeout=STOP_SECONDS)


def free_port_base() -> int:
    """The first of ten free ports below the range that clients get theirs from."""
    start = 12_000 + (os.getpid() * 10) % 15_000
    for base in range(start, 32_000, PORTS):
        if all(_is_free(port) for port in range(base, base + PORTS)):
            return base
    raise RuntimeError("no ten free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
