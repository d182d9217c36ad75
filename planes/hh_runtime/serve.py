"""Run a process: one loop, one task group, one ``stopping`` event, one deadline.

Shutdown order: ``stopping`` is set and /readyz fails; services stop accepting and pulling, settle
what is in flight and return; then what ``compose`` opened is closed, newest first. What is not
settled after ``drain_seconds`` is left to redelivery.
"""

import asyncio
import contextlib
import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import uvloop
from prometheus_client import Counter

from hh_core.errors import ConfigError, UnavailableError, kind_and_place
from hh_core.heap import keep_trimmed
from hh_runtime.config import ProcessConfig
from hh_runtime.health import Check, Health
from hh_runtime.net import Address
from hh_runtime.tracing import configure_tracing

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 60.0
_RESTARTS = Counter("hh_service_restarts", "Unexpected failures of a service", ["service"])

EX_TEMPFAIL = os.EX_TEMPFAIL
EX_CONFIG = os.EX_CONFIG

Service = Callable[[asyncio.Event], Awaitable[None]]
"""Runs until the event is set, then drains and returns. Returning earlier is a failure."""


@dataclass(frozen=True, slots=True)
class Composition:
    """What a process is made of, once its ports are open and its sockets listen."""

    services: Mapping[str, Service]
    checks: Mapping[str, Check] = field(default_factory=dict)


def restarting(service: Service, name: str, *, first_pause: float = 1.0) -> Service:
    """``service`` that begins again, after a minute at most, when it fails unexpectedly.

    For work from a queue or at intervals: the process, and its other services, outlive what one
    message holds. Not for what keeps a state that a failure may have left half changed: that ends
    the process, and the next one reads its state anew. A ``ConfigError`` and an
    ``UnavailableError``, which have statuses of their own, pass.
    """

    async def run_again(stopping: asyncio.Event) -> None:
        pause, loop = first_pause, asyncio.get_running_loop()
        while True:
            begun = loop.time()
            try:
                await service(stopping)
                return
            except Exception as error:
                if isinstance(error, ConfigError | UnavailableError):
                    raise
                _RESTARTS.labels(name).inc()
                log.error("%s failed and begins again: %s", name, kind_and_place(error))
            if loop.time() - begun > _LONGEST_PAUSE:
                pause = first_pause
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stopping.wait()
            if stopping.is_set():
                return
            pause = min(_LONGEST_PAUSE, 2 * pause)

    return run_again


Compose = Callable[[asyncio.Event], AbstractAsyncContextManager[Composition]]
"""Opens ports and sockets; gets the process's ``stopping`` event."""


class ServiceEndedError(Exception):
    """A service returned although nobody had asked it to stop: a bug."""


HEAVY = ("pandas", "numpy", "rich", "pydantic_settings", "werkzeug")
"""A second of CPU at start, and 55 MB in each process, though we never use them. A ``main`` leaves
them out first of all: reading a configuration file loads the adapters that it names."""

LOADS_HEAVY = (
    *("pyarrow", "clickhouse_connect", "structlog", "dependency_injector"),
    *("hh_core", "hh_runtime", "hh_data", "hh_control", "hh_cli", "hh_clickhouse", "hh_memory"),
)
"""Who loads them where they are found: libraries; and ours, which call the compiled ones."""


COLLECT = (50_000, 20, 20)
"""Rows are many small objects without cycles: looking for some after every 700 costs a tenth."""


def run(config: ProcessConfig, process: str, compose: Compose) -> int:
    """Run until SIGTERM or SIGINT. The exit status: 0, 78 (fix the file) or 75 (try again)."""
    harden()
    from hh_runtime.logs import configure_logs  # here, after its caller has left out what is heavy

    gc.set_threshold(*COLLECT)
    configure_logs(process, config.log_level)
    try:
        with configure_tracing(config.tracing, process):
            uvloop.run(_serve(config, process, compose))
    except BaseExceptionGroup as group:
        return _exit_status(process, group)
    except Exception as error:
        return _exit_status(process, BaseExceptionGroup("process", [error]))
    return os.EX_OK


def harden() -> None:
    """No core dumps (they would hold content), and no file readable by others."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    os.umask(0o077)


def process_name(plane: str, config: ProcessConfig) -> str:
    return config.process or f"{plane}.{'-'.join(config.services)}"


async def _serve(config: ProcessConfig, process: str, compose: Compose) -> None:
    """Serve; work that is not settled at the deadline is left to redelivery."""
    deadline = asyncio.timeout(None)
    try:
        async with deadline:
            await _serve_until(deadline, config, process, compose)
    except TimeoutError:
        if not deadline.expired():
            raise
        log.warning("not all work was settled in time; it will be delivered again")
    log.info("stopped")


async def _serve_until(
    deadline: asyncio.Timeout, config: ProcessConfig, process: str, compose: Compose
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    health = Health(process, stopping)
    address = config.health or Address(path=config.runtime / f"{process}.sock")

    async with health.serving(address):

        def stop() -> None:
            if stopping.is_set():
                deadline.reschedule(loop.time())
                return
            log.info("stopping", extra={"drain_seconds": config.drain_seconds})
            stopping.set()
            deadline.reschedule(loop.time() + config.drain_seconds)

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        await _compose_and_run(compose, stopping, health)


async def _compose_and_run(compose: Compose, stopping: asyncio.Event, health: Health) -> None:
    opening = asyncio.ensure_future(_run(compose, stopping, health))
    waiting = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait({opening, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not health.is_started:  # told to stop, or failed, while still opening
            opening.cancel()
        await opening
    except asyncio.CancelledError:
        if not stopping.is_set() or health.is_started:
            raise
    finally:
        waiting.cancel()
        if not opening.done():
            opening.cancel()
            await asyncio.wait({opening})


async def _run(compose: Compose, stopping: asyncio.Event, health: Health) -> None:
    async with compose(stopping) as composition, asyncio.TaskGroup() as tasks:
        for name, service in composition.services.items():
            tasks.create_task(_watched(name, service, stopping), name=name)
        tasks.create_task(keep_trimmed(stopping), name="heap")
        health.started(composition.checks)
        log.info("ready", extra={"services": list(composition.services)})


async def _watched(name: str, service: Service, stopping: asyncio.Event) -> None:
    await service(stopping)
    if not stopping.is_set():
        raise ServiceEndedError(f"{name} ended by itself")


def _exit_status(process: str, group: BaseExceptionGroup[BaseException]) -> int:
    if (config := _first(group, ConfigError)) is not None:
        for line in str(config).splitlines():
            print(f"{process}: {line}", file=sys.stderr)
        return EX_CONFIG
    if (away := _first(group, UnavailableError)) is not None:
        log.error("a backend is away: %s", away)
        return EX_TEMPFAIL
    log.error("the process failed", exc_info=group)
    return os.EX_SOFTWARE


def _first(group: BaseExceptionGroup[BaseException], kind: type[Exception]) -> BaseException | None:
    found: BaseException | None = group.subgroup(kind)
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
