"""``python -m hh_cli.embedded.supervisor DIR PORT_BASE DISPATCHERS`` runs both planes and engines.

It starts everything at once (each process waits for what it needs), starts again what dies, tells
``state.json`` and ``endpoints.json`` what runs, keeps logs bounded, and stops in reverse order.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import groupby

from hh_cli.embedded.founding import Founding
from hh_cli.embedded.host import Host, read_host
from hh_cli.embedded.layout import Layout, Ports
from hh_cli.embedded.logs import keep_bounded, tail
from hh_cli.embedded.prepare import prepare
from hh_cli.embedded.process import Spec, Supervised
from hh_cli.embedded.report import Report
from hh_cli.embedded.specs import specs
from hh_cli.embedded.stale import FREE_SECONDS, end_stale
from hh_cli.embedded.state import Phase, exclusive, read_state
from hh_core.errors import ConfigError
from hh_core.left_out import leave_out
from hh_runtime.config import ProcessConfig
from hh_runtime.net import Address, PortTakenError, private_folder, require_free
from hh_runtime.serve import HEAVY, LOADS_HEAVY, Composition, harden, run

log = logging.getLogger(__name__)

START_SECONDS = 120.0
STARTS_BEFORE_GIVING_UP = 8
"""A process that ends that often before everything was ready once will not get better."""
DRAIN_SECONDS = 100.0


class Platform:
    """All processes of one embedded platform."""

    def __init__(
        self, layout: Layout, report: Report, specs: Sequence[Spec], founding: Founding
    ) -> None:
        self._layout = layout
        self._report = report
        self._founding = founding
        self._database = asyncio.Event()
        self._phase = Phase.STARTING
        self._supervised = [
            Supervised(spec, self._changed, founding.done if spec.needs_founding else None)
            for spec in specs
        ]

    async def run(self, stopping: asyncio.Event) -> None:
        """Until ``stopping``. Raises ``ConfigError`` if the platform never becomes ready."""
        running = [asyncio.create_task(process.run()) for process in self._supervised]
        bounding = asyncio.create_task(self._bound_logs())
        founding = asyncio.create_task(self._founding.run(self._database))
        try:
            await self._become_ready(stopping, founding)
            await stopping.wait()
        finally:
            bounding.cancel()
            founding.cancel()
            await self._stop()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def check(self) -> None:
        """Raises ``ConfigError`` that names who is not ready."""
        away = [process.spec.name for process in self._supervised if not process.state.ready]
        if away:
            raise ConfigError(f"not ready: {', '.join(away)}")

    async def _become_ready(self, stopping: asyncio.Event, founding: "asyncio.Task[None]") -> None:
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while not stopping.is_set():
            serves = all(process.state.ready for process in self._supervised)
            if serves and self._founding.lets_in():
                self._enter(Phase.READY)
                return
            fault = self._start_fault()
            if founding.done() and (error := founding.exception()) is not None:
                fault = str(error)
            if not fault and asyncio.get_running_loop().time() > deadline:
                late = [item.spec.name for item in self._supervised if not item.state.ready]
                what = ", ".join(late) or "the data plane does not know its keys; hh logs data.api"
                fault = f"not ready after {START_SECONDS:.0f} s: {what}"
            if fault:
                self._enter(Phase.FAILED, fault)
                raise ConfigError(fault)
            await asyncio.sleep(0.05)

    def _start_fault(self) -> str:
        for process in self._supervised:
            hopeless = process.exit_status == os.EX_CONFIG
            if process.state.restarts and (
                hopeless or process.state.restarts >= STARTS_BEFORE_GIVING_UP
            ):
                last = tail(process.spec.log, lines=5)
                return f"{process.spec.name} does not start; the end of {process.spec.log}:\n{last}"
        return ""

    async def _stop(self) -> None:
        failed = self._phase is Phase.FAILED
        if not failed:
            self._enter(Phase.STOPPING)
        by_stage = sorted(self._supervised, key=lambda process: -process.spec.stage)
        for _, group in groupby(by_stage, key=lambda process: process.spec.stage):
            await asyncio.gather(*(process.stop() for process in group))
        if not failed:
            self._enter(Phase.STOPPED)

    async def _bound_logs(self) -> None:
        while True:
            logs = [self._layout.supervisor_log, *(item.spec.log for item in self._supervised)]
            await asyncio.to_thread(keep_bounded, logs)
            await asyncio.sleep(5.0)

    def _enter(self, phase: Phase, fault: str = "") -> None:
        self._phase = phase
        log.info("the platform is %s", phase)
        self._changed(fault)

    def _changed(self, fault: str = "") -> None:
        ended = self._phase in (Phase.STOPPED, Phase.FAILED)
        processes = {} if ended else {item.spec.name: item.state for item in self._supervised}
        if "control.postgres" in processes and processes["control.postgres"].ready:
            self._database.set()
        self._report.write(self._phase, processes, fault)


@asynccontextmanager
async def _compose(platform: Platform, _: asyncio.Event) -> AsyncIterator[Composition]:
    yield Composition({"platform": platform.run}, {"platform": platform.check})


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 if told to stop or if another one already runs."""
    harden()
    leave_out(HEAVY, LOADS_HEAVY)
    layout, ports = Layout.of(arguments[0]), Ports(int(arguments[1]))
    with exclusive(layout) as alone:
        if not alone:
            return os.EX_OK
        private_folder(layout.runtime)
        report = Report(layout, ports)
        end_stale(read_state(layout))
        report.write(Phase.STARTING, {})
        try:
            host = read_host(layout) or Host()
            _require_free(ports)
            credentials = prepare(layout, ports, host)
            report.serves(host, credentials)
        except ConfigError as error:
            report.write(Phase.FAILED, {}, str(error))
            return os.EX_CONFIG
        dispatchers = int(arguments[2])
        processes = specs(layout, ports, dispatchers=dispatchers, planes=host.planes)
        platform = Platform(
            layout, report, processes, Founding(layout, credentials, joins=host.plane == "data")
        )
        config = ProcessConfig(
            services=("supervisor",),
            process="supervisor",
            runtime=layout.runtime,
            drain_seconds=DRAIN_SECONDS,
        )
        return run(config, "supervisor", partial(_compose, platform))


def _require_free(ports: Ports) -> None:
    """Raise ``ConfigError`` that names every taken port and its holder."""
    deadline = time.monotonic() + FREE_SECONDS
    while True:
        taken = []
        for port in ports.all:
            try:
                require_free(Address("127.0.0.1", port))
            except PortTakenError as error:
                taken.append(str(error))
        if not taken:
            return
        if time.monotonic() > deadline or not any("hh_" in line for line in taken):
            raise ConfigError("\n".join(taken))
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
