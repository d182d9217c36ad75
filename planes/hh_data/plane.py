"""Run a data plane's services in one process, from its configuration file to a drained exit."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hh_core.errors import ConfigError
from hh_core.left_out import leave_out
from hh_core.usecases.lease import Lease
from hh_data.background import Periodic
from hh_data.config import NEEDS, ControlConfig, DataPlaneConfig
from hh_data.name_key import now_ms
from hh_runtime.config import load
from hh_runtime.health import Check, add_health_routes
from hh_runtime.http import listening
from hh_runtime.metrics import exposed
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
    from hh_data.container import DataPlane
    from hh_data.vitals import PlaneVitals

log = logging.getLogger(__name__)

DEFERRABLE = ("queue", "records")
RETAIN_SECONDS = 3600.0
PACK_LOOK_SECONDS = 5.0
SKETCH_LOOK_SECONDS = 2.0
SKETCH_REST = 3.0
"""Its process is nicer than all others, so it may take more of a core than other jobs."""
LEASE_SECONDS = 15.0


def main(path: Path, *, overrides: Sequence[str] = ()) -> int:
    """Run until told to stop; the exit status."""
    leave_out(HEAVY, LOADS_HEAVY)
    try:
        config = load(path, DataPlaneConfig, overrides=overrides)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EX_CONFIG
    process = process_name("data", config)
    return run(config, process, lambda _: composed(config, process))


@asynccontextmanager
async def composed(config: DataPlaneConfig, process: str) -> AsyncIterator[Composition]:
    """Open the ports that the services need, then their sockets. Newest closes first."""
    needed = {port: table for port, table in config.tables().items() if port in config.needed()}
    async with AsyncExitStack() as stack:
        ports = await stack.enter_async_context(
            opened(needed, open_seconds=config.open_seconds, later=_deferrable(config))
        )
        services: dict[str, Service] = {}
        if set(config.services) != {"ingest"}:
            services |= await _behind_the_door(config, process, ports, stack)
        if "ingest" in config.services:
            services["ingest"] = await _ingest(config, ports, stack)
        required = [name for name in ports if name not in _deferrable(config)]
        yield Composition(services, {name: ports[name].ping for name in required})


def _deferrable(config: DataPlaneConfig) -> Collection[str]:
    """Ingest takes in and acknowledges while these are away; other services do nothing then."""
    return DEFERRABLE if set(config.services) == {"ingest"} else ()


async def _ingest(
    config: DataPlaneConfig, ports: Mapping[str, Any], stack: AsyncExitStack
) -> Service:
    from hh_data.door import Door  # here, so that each process loads only what it runs

    used = {name: ports[name] for name in NEEDS["ingest"]}
    ingest = await stack.enter_async_context(Door(config=config, **used).open_ingest())
    return ingest.run


async def _behind_the_door(
    config: DataPlaneConfig, process: str, ports: Mapping[str, Any], stack: AsyncExitStack
) -> dict[str, Service]:
    from hh_data.container import DataPlane

    used = {name: port for name, port in ports.items() if name != "journal"}
    plane = DataPlane(config=config, process=process, **used)
    services: dict[str, Service] = {}
    if "dispatch" in config.services:
        services |= await _dispatch(plane, config, process, stack)
    if not {"api", "controller"}.isdisjoint(config.services):
        from hh_data.api.positions import open_positions

        positions = await stack.enter_async_context(open_positions(config.ingest_addresses()))
        plane.positions.override(positions)
        if "api" in config.services:
            checks = {name: port.ping for name, port in used.items()}
            services["api"] = await _api(plane, config, checks, stack)
        if "controller" in config.services and config.control is not None:
            from hh_data.vitals import PlaneVitals

            vitals = PlaneVitals(used, positions.doors)
            services["controller"] = _controller(plane, config, config.control, vitals, stack)
    return services


async def _dispatch(
    plane: "DataPlane", config: DataPlaneConfig, process: str, stack: AsyncExitStack
) -> dict[str, Service]:
    """The background work: dispatch itself, relay, reconciler, packer, retention."""
    services: dict[str, Service] = {}
    # Once: what a process derives, it derives with the mappers that it was started with.
    plane.indexer().generation = await plane.derivations().latest()
    reconcile = plane.reconcile()
    totals = {}
    levels = {
        "inbox_segments": lambda: reconcile.lag.segments,
        "inbox_bytes": lambda: reconcile.lag.size,
        "inbox_oldest_ms": lambda: reconcile.lag.oldest_ms,
        "unrelayed_segments": lambda: reconcile.lag.unrelayed,
    }
    if config.control is not None:
        from hh_data.relay_link import open_relay_client

        link = await stack.enter_async_context(open_relay_client(config.control, config.dp_id))
        plane.link.override(link)
        relay = plane.relay()
        dispatch = plane.dispatch(spool=relay)
        services["relay"] = relay.run
        totals["relay"] = relay.counts
        levels["relay_backlog_segments"] = lambda: relay.backlog
        levels["relay_backlog_bytes"] = lambda: relay.backlog_bytes
    else:
        dispatch = plane.dispatch()
    totals["dispatch"] = dispatch.counts
    stack.enter_context(exposed("hh_data", totals, levels))
    services["dispatch"] = dispatch.run
    settings = config.dispatch
    jobs: dict[str, tuple[Callable[[], Awaitable[object]], float]] = {
        "reconcile": (reconcile, settings.reconcile_seconds),
        "pack": (plane.pack(), PACK_LOOK_SECONDS),
        "sketch": (plane.make_sketches(), SKETCH_LOOK_SECONDS),
        "retain": (_retaining(plane), RETAIN_SECONDS),
    }
    for name, (job, seconds) in jobs.items():
        lease = Lease(plane.records(), name, process, seconds=LEASE_SECONDS, now_ms=now_ms)
        rest = {"rest": SKETCH_REST} if name == "sketch" else {}
        services[name] = Periodic(name, job, lease, seconds=seconds, **rest).run
    return {name: restarting(service, name) for name, service in services.items()}


def _retaining(plane: "DataPlane") -> Callable[[], Awaitable[object]]:
    """Catalogue what a crash or a wiped database left uncatalogued, then let old days go."""
    catalogue, retain = plane.catalogue(), plane.retain()

    async def job() -> None:
        if added := await catalogue.rebuild():
            log.warning("%d packs were not in the catalogue and are now", added)
        retired = await retain()
        while await retain.forget_segments():
            pass  # a thousand at a time
        if retired.expired_packs or retired.evicted_packs:
            log.info(
                "raw content was let go",
                extra={"expired": retired.expired_packs, "evicted": retired.evicted_packs},
            )

    return job


def _controller(
    plane: "DataPlane",
    config: DataPlaneConfig,
    control: ControlConfig,
    vitals: "PlaneVitals",
    stack: AsyncExitStack,
) -> Service:
    from hh_data.controller import Controller

    uses = plane.key_uses().key_uses
    controller = Controller(
        *(control, config.dp_id, config.keys),
        vitals=vitals,
        key_uses=uses,
        public_url=config.browser_url(),
    )
    level = {"configuration_version": lambda: controller.configuration_version}
    stack.enter_context(exposed("hh_data", {"controller": controller.counts}, level))
    return restarting(controller.run, "controller")


async def _api(
    plane: "DataPlane", config: DataPlaneConfig, checks: Mapping[str, Check], stack: AsyncExitStack
) -> Service:
    application = plane.read_api().application()
    add_health_routes(application, checks)
    serving = listening(application, config.api_address(), drain_seconds=config.drain_seconds)
    await stack.enter_async_context(serving)
    return _until_stopped


async def _until_stopped(stopping: asyncio.Event) -> None:
    """For what serves from a socket: it stops accepting when its listener closes."""
    await stopping.wait()
