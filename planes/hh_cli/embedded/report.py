"""What the supervisor tells the world: ``state.json`` and ``endpoints.json``."""

import json
import os
from collections.abc import Mapping

from prometheus_client import Gauge

from hh_cli.embedded.credentials import Credentials
from hh_cli.embedded.host import Host
from hh_cli.embedded.layout import Layout, Ports
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
        self._host: Host | None = None
        self._credentials: Credentials | None = None
        self._layout = layout
        self._ports = ports
        self._supervisor = this_process("supervisor")
        self._guardian = guardian()
        self._endpoints = ""
        layout.endpoints.unlink(missing_ok=True)

    def serves(self, host: Host, credentials: Credentials | None) -> None:
        """What ``endpoints.json`` will tell."""
        self._host, self._credentials = host, credentials

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
        if phase is Phase.READY and self._host is not None:
            self._write_endpoints(self._host, processes)
        elif phase is not Phase.STARTING:
            self._layout.endpoints.unlink(missing_ok=True)

    def _write_endpoints(self, host: Host, processes: Mapping[str, ProcessState]) -> None:
        pids = {name: process.pid for name, process in processes.items() if process.pid}
        document = {
            **(self._of_control(host) if host.has_control else {}),
            **(self._of_data(host) if host.has_data else {}),
            **self._of_people(),
            "processes": {"supervisor": os.getpid(), **pids},
        }
        text = json.dumps(document, indent=1) + "\n"
        if text != self._endpoints:
            write_private(self._layout.endpoints, text)
            self._endpoints = text

    def _of_control(self, host: Host) -> dict[str, str]:
        url = f"http://127.0.0.1:{self._ports.control_http}"
        return {"control_url": url, "intake": _place(host, self._ports.intake)}

    def _of_data(self, host: Host) -> dict[str, str]:
        scheme = "https" if host.certificate else "http"
        return {
            "data_url": f"{scheme}://{_place(host, self._ports.data_http)}",
            "otlp_grpc": _place(host, self._ports.data_grpc),
        }

    def _of_people(self) -> dict[str, str]:
        if self._credentials is None:
            return {}
        known = self._credentials
        return {
            "project_id": known.project_id,
            "api_key": known.api_key,
            "control_key": known.control_key,
            "admin_email": known.admin_email,
            "admin_password": known.admin_password,
        }


def _place(host: Host, port: int) -> str:
    return f"{host.public or '127.0.0.1'}:{port}"
