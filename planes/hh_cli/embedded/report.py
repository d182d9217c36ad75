"""What the supervisor tells the world: ``state.json`` and ``endpoints.json``."""

import json
import os
from collections.abc import Mapping

from prometheus_client import Gauge

from hh_cli.embedded.layout import Layout, Ports
from hh_cli.embedded.prepare import Credentials
from hh_cli.embedded.state import (
    Phase,
    PlatformState,
    ProcessState,
    guardian,
    this_process,
    write_private,
    write_state,
)

_RESTARTS = Gauge("hh_supervised_restarts", "Restarts since the platform started", ["supervised"])
_READY = Gauge("hh_supervised_ready", "Whether a supervised process serves", ["supervised"])


class Report:
    """Written on every change. ``endpoints.json`` is there only while the platform serves."""

    def __init__(self, layout: Layout, ports: Ports) -> None:
        self.credentials: Credentials | None = None
        self._layout = layout
        self._ports = ports
        self._supervisor = this_process("supervisor")
        self._guardian = guardian()
        self._endpoints = ""
        layout.endpoints.unlink(missing_ok=True)

    def write(self, phase: Phase, processes: Mapping[str, ProcessState], fault: str = "") -> None:
        write_state(
            self._layout,
            PlatformState(
                phase, self._ports.base, self._supervisor, self._guardian, processes, fault
            ),
        )
        for name, process in processes.items():
            _RESTARTS.labels(name).set(process.restarts)
            _READY.labels(name).set(process.ready)
        if phase is Phase.READY and self.credentials is not None:
            self._write_endpoints(self.credentials, processes)
        elif phase is not Phase.STARTING:
            self._layout.endpoints.unlink(missing_ok=True)

    def _write_endpoints(
        self, credentials: Credentials, processes: Mapping[str, ProcessState]
    ) -> None:
        pids = {name: process.pid for name, process in processes.items() if process.pid}
        document = {
            "control_url": f"http://127.0.0.1:{self._ports.control_http}",
            "data_url": f"http://127.0.0.1:{self._ports.data_http}",
            "otlp_grpc": f"127.0.0.1:{self._ports.data_grpc}",
            "project_id": credentials.project_id,
            "api_key": credentials.api_key,
            "processes": {"supervisor": os.getpid(), **pids},
        }
        text = json.dumps(document, indent=1) + "\n"
        if text != self._endpoints:
            write_private(self._layout.endpoints, text)
            self._endpoints = text
