"""What an operator does to a data plane from outside its processes: rebuild, dead letters."""

import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import orjson

from hh_core.domain.segments import is_segment_name
from hh_core.errors import NotFoundError
from hh_core.ports.queue import SEGMENTS, Message
from hh_core.ports.records import Record
from hh_core.usecases.alone import DERIVING, LEASE_SECONDS, alone
from hh_core.usecases.lease import Lease
from hh_core.usecases.rebuild import Rebuilt
from hh_core.usecases.refused import redrive
from hh_core.usecases.renewal import Renewal
from hh_core.usecases.reprice import Difference, Wanted
from hh_data.config import DataPlaneConfig
from hh_data.container import DataPlane
from hh_runtime.ports import opened

OPEN_SECONDS = 10.0


@asynccontextmanager
async def open_plane(config: DataPlaneConfig, *names: str) -> AsyncIterator[DataPlane]:
    """The plane's objects over the named ports. Raises ``UnavailableError`` if one is away."""
    tables = {name: table for name, table in config.tables().items() if name in names}
    async with opened(tables, open_seconds=OPEN_SECONDS) as ports:
        yield DataPlane(config=config, process="operator", **ports)


async def rebuild(
    config: DataPlaneConfig, *, progress: Callable[[Rebuilt], None] = lambda rebuilt: None
) -> Rebuilt:
    """Index every raw segment again, packed or not; also catalogues packs that are not.

    The platform may run meanwhile; another rebuild or repricing is waited for. Raises what the
    ports raise: then begin anew.
    """
    async with open_plane(config, "objects", "analytics", "records") as plane:
        return await alone(_lease(plane), lambda: _rebuilt(plane, config, progress))


async def _rebuilt(
    plane: DataPlane, config: DataPlaneConfig, progress: Callable[[Rebuilt], None]
) -> Rebuilt:
    await plane.catalogue().rebuild()
    rebuilding = plane.rebuild(renewal=await _renewal(plane, config))
    source = plane.source()
    of = len([None async for _ in source.names()])
    return await rebuilding(source.names(), of=of, progress=progress)


def _lease(plane: DataPlane) -> Lease:
    """Of whoever writes rows under a new number."""
    return Lease(
        plane.records(),
        DERIVING,
        secrets.token_hex(8),
        seconds=LEASE_SECONDS,
        now_ms=lambda: time.time_ns() // 1_000_000,
    )


async def _renewal(plane: DataPlane, config: DataPlaneConfig) -> Renewal | None:
    """Begin another derivation if the index has rows; it is filled as it was if it has none."""
    if await plane.analytics().is_empty():
        plane.indexer().generation = await plane.derivations().latest()
        return None
    generation = plane.indexer().generation = await plane.derivations().begin()
    tell = plane.retelling() if config.control is not None else None
    return plane.renewal(generation=generation, tell=tell)


async def dead_letters(config: DataPlaneConfig, *, after: str, limit: int) -> Sequence[Record]:
    """Rows that the index refused, in order of their addresses."""
    async with open_plane(config, "records") as plane:
        return await plane.refused().page(after=after, limit=limit)


async def redrive_letters(config: DataPlaneConfig, ids: Sequence[str]) -> int:
    """Have the segments of these letters, or of all, dispatched again; how many there are.

    Raises ``NotFoundError`` for an id that is no address of a row.
    """
    nonce = secrets.token_hex(8)
    async with open_plane(config, "records", "queue") as plane:
        if not ids:
            return await redrive(plane.refused(), plane.queue(), nonce=nonce)
        segments = sorted({id_.partition(":")[0] for id_ in ids})
        if not all(is_segment_name(segment) for segment in segments):
            raise NotFoundError("no such dead letter")
        messages = [
            Message(
                key="redrive",
                body=orjson.dumps({"segment": segment, "attempt": 2}),
                id=f"{segment}:redrive:{nonce}",
            )
            for segment in segments
        ]
        await plane.queue().publish(SEGMENTS, messages)
        return len(messages)


async def reprice(
    config: DataPlaneConfig,
    *,
    project: UUID | None,
    since_ns: int,
    model: str | None,
    apply: bool,
) -> Mapping[tuple[str, str], Difference]:
    """What the price book says of stored events, of one project or of all; with ``apply`` they
    cost that from now on. The platform may run meanwhile; with ``apply`` another repricing or a
    rebuild is waited for. Raises what the ports raise."""
    async with open_plane(config, "objects", "analytics", "records") as plane:
        projects = [project] if project is not None else plane.project_rules().projects()
        wanted = [Wanted(project=each, since_ns=since_ns, model=model) for each in projects]
        tell = plane.retelling() if config.control is not None else None
        run = plane.reprice(tell=tell)
        if not apply:
            return await run(wanted)
        return await alone(_lease(plane), lambda: run(wanted, apply=True))
