"""Fills a platform fast: through the use case that receives, without HTTP.

What comes in stands in segments and is dispatched, counted and packed as ever. It is made by
several processes, in the order of its start times, and written as another ingest node.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID

from load import Load, Prose
from sender import Body
from stack import GIVE_UP_SECONDS, Stack

from hh_core.domain.segments import INBOX, RAW, ContentType, Encoding, RecordKind
from hh_core.usecases.receive import Writer
from hh_core.usecases.sketches import MIN_PACK_BYTES, SKETCHES
from hh_data.config import DataPlaneConfig
from hh_data.door import Door
from hh_data.ingest.write_path import open_write_path
from hh_runtime.config import load
from hh_runtime.ports import opened

_CHUNK = 8_000
"""Spans that a process makes at a time."""
_PROCESSES = 2
_AHEAD = 6
"""Chunks that may wait."""
_NODE = 2
_LEVEL = 1
"""Of gzip: what is read does not depend on it."""
_NOBODY = UUID(int=0)


Receive = Callable[[bytes], Awaitable[None]]


def fill(
    stack: Stack,
    spans: int,
    *,
    begin_ns: int,
    end_ns: int,
    look: Callable[[int], None] = lambda spans: None,
) -> None:
    """Write ``spans`` in sessions that start evenly between the two times. They are durable then,
    and to be dispatched. ``look`` hears how many there are so far."""
    asyncio.run(_fill(stack, spans, begin_ns, end_ns, look))


def fill_with(stack: Stack, bodies: Iterable[Body]) -> None:
    """Write these requests."""

    async def writing() -> None:
        async with _receiving(stack) as receive:
            for body, _ in bodies:
                await receive(body)

    asyncio.run(writing())


def wait_until_packed(stack: Stack, look: Callable[[int], None] = lambda left: None) -> None:
    """Return when what was written is packed, and texts are found by the packs' sketches.

    ``look`` hears how many packs have none yet. Raises ``RuntimeError`` when that takes too long.
    """
    objects = stack.folder / "data" / "objects"
    until = time.monotonic() + GIVE_UP_SECONDS
    while left := _without_sketch(objects) or _files(objects / INBOX).keys():
        if time.monotonic() > until:
            raise RuntimeError(f"not packed or sketched yet: {sorted(left)[:3]}")
        look(len(left))
        time.sleep(1)


def _without_sketch(objects: Path) -> Collection[str]:
    sketched = _files(objects / SKETCHES)
    packs = _files(objects / RAW)
    return [name for name, size in packs.items() if size >= MIN_PACK_BYTES and name not in sketched]


def _files(folder: Path) -> Mapping[str, int]:
    """The names below a folder, and how large each is."""
    sizes = {}
    for file in folder.rglob("*"):
        with suppress(FileNotFoundError):  # removed meanwhile
            if file.is_file():
                sizes[str(file.relative_to(folder))] = file.stat().st_size
    return sizes


async def _fill(
    stack: Stack, spans: int, begin_ns: int, end_ns: int, look: Callable[[int], None]
) -> None:
    chunks = [
        (begin_ns + (end_ns - begin_ns) * start // spans, (end_ns - begin_ns) // spans, size, start)
        for start in range(0, spans, _CHUNK)
        for size in (min(_CHUNK, spans - start),)
    ]
    written = 0
    with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as processes:
        made = [processes.submit(_bodies, *chunk) for chunk in chunks[:_AHEAD]]
        async with _receiving(stack) as receive:
            for number in range(len(chunks)):
                bodies = await asyncio.wrap_future(made[number])
                made[number] = Future()  # what was written is not kept
                if number + _AHEAD < len(chunks):
                    made.append(processes.submit(_bodies, *chunks[number + _AHEAD]))
                await asyncio.gather(*(receive(body) for body, _ in bodies))
                written += sum(size for _, size in bodies)
                look(written)


def _bodies(begin_ns: int, span_ns: int, spans: int, seed: int) -> list[Body]:
    """In a process of its own. The requests of sessions that start from ``begin_ns`` on."""
    load = Load(begin_ns, seed=seed, spacing_ns=8 * span_ns, prose=_prose())
    return list(load.bodies(spans, level=_LEVEL))


@cache
def _prose() -> Prose:
    return Prose(random.Random(1))


@asynccontextmanager
async def _receiving(stack: Stack) -> AsyncIterator[Receive]:
    """What takes a compressed request and returns when it is durable."""
    with tempfile.TemporaryDirectory(prefix="journal-", dir=stack.folder) as journal:
        config = load(
            stack.layout.config("data", "ingest"),
            DataPlaneConfig,
            overrides=[f"node={_NODE}", f"journal.path={journal}"],
        )
        tables = {name: table for name, table in config.tables().items() if name in config.needed()}
        async with opened(tables) as ports:
            door = Door(config=config, **ports)
            path = await open_write_path(door.ingest_ports(), door.ingest_settings())
            limits = door.ingest_settings().http_limits
            writer = Writer(UUID(stack.endpoints["project_id"]), _NOBODY)

            async def receive(body: bytes) -> None:
                await path.receiver.otlp(
                    RecordKind.TRACES, writer, body, ContentType.PROTOBUF, Encoding.GZIP, limits
                )

            stopping = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(path.run(stopping))
                yield receive
                stopping.set()
