"""What each process says about itself, asked on its own socket."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from hh_cli.embedded.layout import Layout
from hh_cli.embedded.show import measured
from hh_cli.embedded.state import PlatformState, ProcessState

ANSWER_SECONDS = 3.0
MAX_ANSWER_BYTES = 4 << 20


def processes(state: PlatformState | None) -> dict[str, Any]:
    """The supervisor's last word, and what the operating system says now."""
    if state is None:
        return {"phase": "never started", "fault": ""}
    supervisor = ProcessState(
        "supervisor", state.supervisor.pid, state.supervisor.created, state.supervisor.alive
    )
    rows = [measured(process) for process in (supervisor, *state.processes.values())]
    return {
        "phase": state.phase,
        "supervisor_alive": state.supervisor.alive,
        "port_base": state.port_base,
        "fault": state.fault,
        "processes": [{name: getattr(item, name) for name in item.__slots__} for item in rows],
    }


def answers(layout: Layout) -> Iterator[tuple[str, str]]:
    """Health, readiness and metrics of each process that has a socket: name and text."""
    for path in sorted(layout.runtime.glob("*.sock")):
        name = path.name.removesuffix(".sock")
        for target, kind in (("/healthz", "json"), ("/readyz", "json"), ("/metrics", "txt")):
            answer = ask(path, target)
            if answer is not None:
                yield f"{target.strip('/')}/{name}.{kind}", answer


def ask(path: Path, target: str) -> str | None:
    """The body that a process answers on its Unix socket; None if it does not speak HTTP."""
    request = f"GET {target} HTTP/1.0\r\nHost: localhost\r\n\r\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(ANSWER_SECONDS)
            link.connect(str(path))
            link.sendall(request.encode())
            data = b""
            while len(data) < MAX_ANSWER_BYTES and (chunk := link.recv(65536)):
                data += chunk
    except OSError as error:
        return json.dumps({"no_answer": error.strerror or type(error).__name__})
    head, _, body = data.partition(b"\r\n\r\n")
    status = 0
    with suppress(IndexError, ValueError):
        status = int(head.split(b" ", 2)[1])
    return body.decode("utf-8", "replace") if status in (200, 503) else None
