"""Ingest on real sockets and a real disk; its queue and records are in memory."""

import asyncio
import hashlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import uvloop
from prometheus_client import CollectorRegistry

from hh_core.domain.segments import INBOX, RecordKind, SegmentRecord
from hh_core.domain.span import Span
from hh_core.ports.objects import Objects
from hh_core.wire.otlp import decode
from hh_core.wire.segment import Located, read_segment
from hh_data.ingest.service import Ingest, open_ingest
from hh_data.ingest.settings import IngestPorts, IngestSettings
from hh_local.journal import ADAPTER as LOCAL_JOURNAL
from hh_local.objects import ADAPTER as LOCAL_OBJECTS
from hh_memory.queue import QueueConfig, open_queue
from hh_memory.records import RecordsConfig, open_records
from hh_runtime.net import Address

PROJECT, OTHER = UUID(int=0xA), UUID(int=0xB)
KEY, OTHER_KEY, READ_KEY = "hh_full", "hh_other", "hh_ro"
HEADERS = {"Authorization": f"Bearer {KEY}"}


def write_keys(path: Path) -> Path:
    keys = [
        _key(KEY, PROJECT, ["ingest", "read"]),
        _key(OTHER_KEY, OTHER, ["ingest", "read"]),
        _key(READ_KEY, PROJECT, ["read"]),
    ]
    path.write_text(json.dumps({"version": 1, "keys": keys}))
    return path


def _key(key: str, project: UUID, scopes: list[str]) -> dict[str, Any]:
    return {
        "digest": hashlib.sha256(key.encode()).hexdigest(),
        "key_id": str(UUID(int=len(key))),
        "project_id": str(project),
        "org_id": "org-1",
        "workspace_id": "ws-1",
        "scopes": scopes,
        "expires_ms": None,
    }


@dataclass
class House:
    folder: Path
    loop: asyncio.AbstractEventLoop
    ingest: Ingest
    ports: IngestPorts
    settings: IngestSettings
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://{self.ingest.http}"

    @property
    def grpc(self) -> str:
        return str(self.ingest.grpc)

    def records(self) -> list[SegmentRecord]:
        """Everything acknowledged so far, oldest first."""
        return asyncio.run_coroutine_threadsafe(self._shipped(), self.loop).result(10)

    def spans(self) -> list[Span]:
        return [span for record in self.records() for _, span in decode(record)]

    def documents(self, kind: RecordKind, name: str) -> list[dict[str, Any]]:
        """The events or patches of all REST records, in order."""
        bodies = [record.body for record in self.records() if record.header.kind is kind]
        return [item for body in bodies for item in orjson.loads(body)[name]]

    async def _shipped(self) -> list[SegmentRecord]:
        self.ingest.path.commits.nudge()
        await asyncio.sleep(0.06)
        for _ in range(500):
            if not await self.ports.journal.sealed():
                break
            await asyncio.sleep(0.01)
        return await records_in(self.ports.objects)


async def records_in(objects: Objects) -> list[SegmentRecord]:
    found = []
    for info in await objects.list(INBOX):
        name = info.key.removeprefix(INBOX)
        for each in read_segment(await objects.get(info.key), name):
            assert isinstance(each, Located)
            found.append(each.record)
    return found


def stored_records(folder: Path) -> list[SegmentRecord]:
    """What a house that has stopped left in its object store."""

    async def work() -> list[SegmentRecord]:
        config = LOCAL_OBJECTS.config.model_validate({"path": folder / "objects"})
        async with LOCAL_OBJECTS.open(config) as objects:
            return await records_in(objects)

    return asyncio.run(work())


@asynccontextmanager
async def ingest_house(folder: Path, **settings: Any) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        journal = LOCAL_JOURNAL.config.model_validate({"path": folder / "journal"})
        objects = LOCAL_OBJECTS.config.model_validate({"path": folder / "objects"})
        ports = IngestPorts(
            journal=await enter(LOCAL_JOURNAL.open(journal)),
            objects=await enter(LOCAL_OBJECTS.open(objects)),
            queue=await enter(open_queue(QueueConfig())),
            records=await enter(open_records(RecordsConfig())),
        )
        given = IngestSettings(
            **{
                "http": Address(),
                "grpc": Address(),
                "api": Address(path=folder / "api.sock"),
                "internal": Address(path=folder / "in" / "ingest.sock"),
                "keys": write_keys(folder / "keys.json"),
                "name_key": bytes(32),
                "drain_seconds": 2.0,
                **settings,
            }
        )
        ingest = await enter(open_ingest(ports, given, registry=CollectorRegistry()))
        house = House(folder, asyncio.get_running_loop(), ingest, ports, given)
        running = asyncio.ensure_future(ingest.run(house.stopping))
        try:
            yield house
        finally:
            house.stopping.set()
            await running


@contextmanager
def serving(folder: Path, **settings: Any) -> Iterator[House]:
    """The house in a thread of its own, for clients that block."""
    ready = threading.Event()
    houses: list[House] = []
    failures: list[BaseException] = []

    async def work() -> None:
        async with ingest_house(folder, **settings) as house:
            houses.append(house)
            ready.set()
            await house.stopping.wait()

    def body() -> None:
        try:
            uvloop.run(work())
        except BaseException as error:
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=body)
    thread.start()
    ready.wait(20)
    try:
        if failures:
            raise failures[0]
        yield houses[0]
    finally:
        if houses and thread.is_alive():
            houses[0].loop.call_soon_threadsafe(houses[0].stopping.set)
        thread.join(30)
    if failures:
        raise failures[0]
