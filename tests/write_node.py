"""An ingest node in memory, whose disk and store outlive it: kill it, starve it, restart it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson

from hh_core.domain.segments import INBOX, RecordKind, SegmentRecord
from hh_core.ports.queue import SEGMENTS
from hh_core.usecases.durability import Bounds
from hh_core.usecases.receive import Writer, Written
from hh_core.wire.segment import Located, read_segment
from hh_data.ingest.settings import IngestPorts, IngestSettings
from hh_data.ingest.write_path import WritePath, open_write_path
from hh_memory.journal import JournalConfig, MemoryJournal, open_journal
from hh_memory.objects import MemoryObjects, ObjectsConfig, open_objects
from hh_memory.queue import MemoryQueue, QueueConfig, open_queue
from hh_memory.records import MemoryRecords, RecordsConfig, open_records
from hh_runtime.net import Address

WRITER = Writer(UUID(int=1), UUID(int=2))
START_MS = 1_795_132_800_000


class CountingJournal(MemoryJournal):
    """Tells how often it was synced, and can take its time for it."""

    syncs = 0
    sync_seconds = 0.0

    async def sync(self, name: str) -> None:
        self.syncs += 1
        await asyncio.sleep(self.sync_seconds)
        await super().sync(name)


@dataclass
class Node:
    """An ingest node in memory: it can be killed and started again on the same disk and store."""

    durability: Any = "disk"
    name: str = field(default_factory=lambda: uuid4().hex)
    wall_ms: Callable[[], int] = field(
        default=lambda: START_MS + int(1000 * asyncio.get_running_loop().time())
    )
    max_journal_bytes: int = 1 << 30
    bounds: Bounds = field(default_factory=Bounds)
    journal: CountingJournal = field(init=False)
    objects: MemoryObjects = field(init=False)
    queue: MemoryQueue = field(init=False)
    records: MemoryRecords = field(init=False)
    path: WritePath = field(init=False)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Node"]:
        stopping = asyncio.Event()
        async with AsyncExitStack() as stack:
            await self._open(stack)
            running = asyncio.ensure_future(self.path.run(stopping))
            yield self
            stopping.set()
            await running

    @asynccontextmanager
    async def killed(self) -> AsyncIterator["Node"]:
        """Running until the block ends, then killed: what was not synced is lost."""
        async with AsyncExitStack() as stack:
            await self._open(stack)
            running = asyncio.ensure_future(self.path.run(asyncio.Event()))
            yield self
            self.journal.crash()
            running.cancel()
            await asyncio.wait({running})

    async def _open(self, stack: AsyncExitStack) -> None:
        enter = stack.enter_async_context
        config = JournalConfig(name=self.name, max_bytes=self.max_journal_bytes)
        journal = await enter(open_journal(config, CountingJournal))
        assert isinstance(journal, CountingJournal)
        self.journal = journal
        self.objects = await enter(open_objects(ObjectsConfig(name=self.name)))
        self.queue = await enter(open_queue(QueueConfig(name=self.name)))
        self.records = await enter(open_records(RecordsConfig(name=self.name)))
        nowhere = Address()
        settings = IngestSettings(
            http=nowhere,
            grpc=nowhere,
            api=nowhere,
            internal=nowhere,
            keys=Path("none"),
            name_key=bytes(32),
            durability=self.durability,
            bounds=self.bounds,
        )
        ports = IngestPorts(
            journal=self.journal, objects=self.objects, queue=self.queue, records=self.records
        )
        self.path = await open_write_path(ports, settings, now_ms=self.wall_ms)

    async def write(self, text: str, project: UUID = WRITER.project) -> None:
        body = orjson.dumps({"events": [{"event_id": text}]})
        writer = Writer(project, WRITER.key_id)
        await self.path.receiver.rest(writer, [Written(RecordKind.EVENT, body)])

    def stored(self) -> list[SegmentRecord]:
        """The records of every segment in the object store, in the order of their versions."""
        return [
            found.record
            for key, data in sorted(self.objects.backend.objects.items())
            for found in read_segment(data, key.removeprefix(INBOX))
            if isinstance(found, Located)
        ]

    def texts(self) -> list[str]:
        bodies = [orjson.loads(record.body) for record in self.stored()]
        return [event["event_id"] for body in bodies for event in body["events"]]

    async def told(self) -> list[str]:
        """The segments that dispatch hears of."""
        async with self.queue.subscribe(SEGMENTS, group="test") as subscription:
            deliveries = await subscription.fetch(1000, wait=0)
            return [orjson.loads(each.message.body)["segment"] for each in deliveries]
