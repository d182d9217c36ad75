"""Run a control plane's services in one process, from its configuration file to a drained exit."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hh_control.config import ControlPlaneConfig
from hh_control.metrics import exposed
from hh_core.errors import ConfigError, PortError
from hh_core.left_out import leave_out
from hh_runtime.config import load
from hh_runtime.http import listening
from hh_runtime.ports import opened
from hh_runtime.serve import (
    EX_CONFIG,
    HEAVY,
    LOADS_HEAVY,
    Composition,
    Service,
    process_name,
    restarting,
    run,
)

if TYPE_CHECKING:
    from hh_control.container import ControlPlane

log = logging.getLogger(__name__)

_DAY_MS = 24 * 3600 * 1000
_EXPIRE_SECONDS = 3600.0
_FORGET_SECONDS = 600.0


def main(path: Path, *, overrides: Sequence[str] = ()) -> int:
    """Run until told to stop; the exit status."""
    leave_out(HEAVY, LOADS_HEAVY)
    try:
        config = load(path, ControlPlaneConfig, overrides=overrides)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EX_CONFIG
    return run(config, process_name("control", config), lambda _: composed(config))


@asynccontextmanager
async def composed(config: ControlPlaneConfig) -> AsyncIterator[Composition]:
    """Open the ports that the services need, then their sockets. Newest closes first."""
    from hh_control.container import ControlPlane  # here, when ``run`` has said what it leaves out

    needed = {port: table for port, table in config.tables().items() if port in config.needed()}
    async with AsyncExitStack() as stack:
        # the writer waits for the index, and the others serve without it
        opening = opened(needed, open_seconds=config.open_seconds, later=("analytics",))
        ports = await stack.enter_async_context(opening)
        plane = ControlPlane(config=config, **ports)
        services: dict[str, Service] = {}
        if "writer" in config.services:
            services |= await _writer(plane, config, stack)
        if "intake" in config.services:
            services["intake"] = await _intake(plane, config, stack)
        if "api" in config.services:
            listener = listening(
                plane.api().application(), config.listen.http, drain_seconds=config.drain_seconds
            )
            await stack.enter_async_context(listener)
            services["api"] = _until_stopped
            services["forget"] = restarting(_forgetting(plane), "forget")
        yield Composition(services, {name: port.ping for name, port in ports.items()})


async def _writer(
    plane: "ControlPlane", config: ControlPlaneConfig, stack: AsyncExitStack
) -> dict[str, Service]:
    writer, redrive = plane.writer(), plane.redrive()
    stack.enter_context(exposed({"writer": writer.counts}))

    async def redriving(stopping: asyncio.Event) -> None:
        await redrive.run(stopping, every_seconds=config.writer.redrive_seconds)

    async def expiring(stopping: asyncio.Event) -> None:
        await _expire(plane, config, stopping)

    services = {"writer": writer.run, "redrive": redriving, "expire": expiring}
    return {name: restarting(service, name) for name, service in services.items()}


async def _intake(
    plane: "ControlPlane", config: ControlPlaneConfig, stack: AsyncExitStack
) -> Service:
    from hh_control.intake import listening_intake

    stack.enter_context(exposed({"intake": plane.intake().counts}))
    serving = listening_intake(
        plane.servicer(),
        plane.controller(),
        address=config.listen.intake,
        certificate=config.listen.tls_certificate,
        key=config.listen.tls_key,
    )
    await stack.enter_async_context(serving)
    return _until_stopped


def _forgetting(plane: "ControlPlane") -> Service:
    async def forgetting(stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            try:
                await plane.forget()()
            except PortError as error:
                log.warning("sessions that are over are not cleaned up now: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FORGET_SECONDS):
                    await stopping.wait()

    return forgetting


async def _until_stopped(stopping: asyncio.Event) -> None:
    """For what serves from a socket: it stops accepting when its listener closes."""
    await stopping.wait()


async def _expire(
    plane: "ControlPlane", config: ControlPlaneConfig, stopping: asyncio.Event
) -> None:
    """Forget receipts that nobody has asked for in a long time."""
    older = int(config.writer.receipt_days * _DAY_MS)
    while not stopping.is_set():
        try:
            if expired := await plane.receipts().expire(older_than_ms=older):
                log.info("%d receipts were never asked for and are forgotten", expired)
        except PortError as error:
            log.warning("receipts are not cleaned up now: %s", error)
        try:
            async with asyncio.timeout(_EXPIRE_SECONDS):
                await stopping.wait()
        except TimeoutError:
            continue
