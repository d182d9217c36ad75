"""A dispatch over memory ports, with faults that a test switches on, and a dump of the index."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from raw_segments import PROJECT, name, ship

from hh_core.domain.event import Mapper
from hh_core.domain.identity import NIL
from hh_core.domain.mapping import Mapping as SpanMapping
from hh_core.domain.segments import KIND, SegmentRecord
from hh_core.domain.tables import COLUMNS, KEYS
from hh_core.errors import RejectedError, UnavailableError
from hh_core.hooks import load_mappers
from hh_core.ports.analytics import Analytics, Arrival, Query, Relation, Row, Shared, Value
from hh_core.ports.objects import Objects
from hh_core.ports.queue import SEGMENTS, Queue
from hh_core.ports.records import Document, Records
from hh_core.registry import open_port
from hh_core.usecases.dispatch import GROUP, Dispatch, DispatchLimits, IndexSegments
from hh_core.usecases.index import Indexer
from hh_core.usecases.reconcile import message
from hh_core.usecases.recount import Recount
from hh_core.usecases.refused import RefusedRows
from hh_core.usecases.rollups import RollUps
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.wire.columns import decode

NAME_KEY = b"n" * 32
NOW_MS = 1_767_323_045_000
STORED = [r for r in Relation if r not in (Relation.LISTING, Relation.SCORES)]
WHEN = {"resolved", "recount", "min_mark", "max_mark"}
"""Columns that say when, and in which batch, something was computed."""
WHERE = {"version", "patch_id", "received_ms", "segment", "record", "ordinal", "time_suspect"}
"""Columns that say when and where something was received."""

Dump = Mapping[str, Sequence[tuple[tuple[str, str], ...]]]


@dataclass
class FaultyAnalytics:
    """The index behind a fault: it is away for some calls, or refuses rows of some names."""

    inner: Analytics
    away: list[bool] = field(default_factory=list)
    """Fate of the next writes: True is a failure after the write has taken effect."""
    poison: str = ""
    """``event_name`` of rows that it refuses; ``*``: all."""
    spoilt: bytes = b""
    """A trace that cannot be counted: our mistake, once its rows are in."""
    mistake: Exception = field(default_factory=lambda: OverflowError("a value"))

    async def insert(self, relation: Relation, arrow: bytes) -> None:
        if relation is Relation.EVENTS and self.poison:
            names = decode(relation, arrow).column("event_name").to_pylist()
            if self.poison in names or self.poison == "*":
                raise RejectedError("event_name cannot be stored", code=422)
        await self.inner.insert(relation, arrow)
        self._fail()

    async def recount(self, project: UUID, sessions: Collection[UUID]) -> None:
        await self.inner.recount(project, sessions)
        self._fail()

    async def shared(
        self, project: UUID, mark: int, sessions: Collection[UUID], traces: Collection[bytes]
    ) -> Shared:
        if self.spoilt in traces:
            raise self.mistake
        return await self.inner.shared(project, mark, sessions, traces)

    async def select(self, query: Query) -> Sequence[Row]:
        return await self.inner.select(query)

    async def columns(self, query: Query) -> Sequence[Sequence[Value]]:
        return await self.inner.columns(query)

    async def count(self, query: Query) -> int:
        return await self.inner.count(query)

    async def has_chosen_ids(self, project: UUID) -> bool:
        return await self.inner.has_chosen_ids(project)

    async def arrived(self, project: UUID, since_ms: int, limit: int) -> Sequence[Arrival]:
        return await self.inner.arrived(project, since_ms, limit)

    async def is_empty(self) -> bool:
        return await self.inner.is_empty()

    async def clock(self) -> int:
        return await self.inner.clock()

    async def ping(self) -> None:
        await self.inner.ping()

    def _fail(self) -> None:
        if self.away and self.away.pop(0):
            raise UnavailableError("the index is away")


@dataclass
class Spool:
    free: bool = True
    sizes: list[int] = field(default_factory=list)

    def room(self) -> bool:
        return self.free

    def spooled(self, size: int) -> None:
        self.sizes.append(size)


@dataclass
class DispatchHouse:
    queue: Queue
    objects: Objects
    records: Records
    analytics: FaultyAnalytics
    spool: Spool
    limits: DispatchLimits
    mappers: Sequence[Mapper] = field(default_factory=load_mappers)
    """Of processes that start now."""
    shipped: list[str] = field(default_factory=list)

    def index(self, generation: int = 0) -> IndexSegments:
        """As a process that has just started."""
        indexer = Indexer(SpanMapping(self.mappers), name_key=NAME_KEY, dp_id="dp")
        indexer.generation = generation
        source = SegmentsSource(self.objects, self.records)
        roll_ups = RollUps(self.analytics, Recount(self.analytics))
        return IndexSegments(
            self.objects, source, self.analytics, roll_ups, indexer, limits=self.limits
        )

    def dispatch(self) -> Dispatch:
        return Dispatch(
            self.queue,
            self.objects,
            self.records,
            self.index(),
            name_key=NAME_KEY,
            spool=self.spool,
            limits=self.limits,
            now_ms=lambda: NOW_MS,
        )

    async def ship(self, *accepted: SegmentRecord) -> str:
        called = name(NOW_MS + len(self.shipped))
        await ship(self.objects, called, accepted)
        self.shipped.append(called)
        return called

    async def point(self, *names: str, attempt: int = 1, receipt: int | None = None) -> None:
        """Publish pointers to segments, without the queue's own de-duplication."""
        messages = [replace(message(called, attempt, receipt=receipt), id="") for called in names]
        await self.queue.publish(SEGMENTS, messages)

    async def drain(self, dispatch: Dispatch | None = None) -> Dispatch:
        """Dispatch until nothing waits, whatever fails in between."""
        working = dispatch or self.dispatch()
        async with self.queue.subscribe(SEGMENTS, group=GROUP) as source:
            idle = 0
            while idle < 2:
                try:
                    idle = 0 if await working.step(source) else idle + 1
                except UnavailableError:
                    await asyncio.sleep(0.005)
        return working

    async def receipt(self, called: str) -> Document:
        async with self.records.begin() as unit:
            found = await unit.get(KIND, [called])
        return found[0].value if found else {}

    async def letters(self) -> Sequence[Document]:
        page = await RefusedRows(self.records, now_ms=lambda: NOW_MS).page()
        return [record.value for record in page]

    async def rows(self, relation: Relation, *columns: str, project: UUID = PROJECT) -> list[Any]:
        names = columns or tuple(column.name for column in COLUMNS[relation])
        query = Query(relation=relation, project=project, columns=names)
        return [tuple(row[n] for n in names) for row in await self.analytics.select(query)]

    async def dump(self, *, without: Collection[str] = WHEN, project: UUID = PROJECT) -> Dump:
        """Every row of every relation that counts, in order of keys.

        A trace that had several claims, and has not any more, keeps what was resolved for it: the
        index looks there for traces of several claims only.
        """
        dumped = {}
        mixed = await self._mixed(project)
        for relation in STORED:
            names = tuple(c.name for c in COLUMNS[relation] if c.name not in without)
            order = [n for n in KEYS[relation] if n in names]
            query = Query(relation=relation, project=project, columns=names)
            rows = await self.analytics.select(query)
            if relation is Relation.TRACE_SESSIONS:
                rows = [row for row in rows if row["trace_id"] in mixed]
            ordered = sorted(rows, key=lambda row: [str(row[n]) for n in (*order, *names)])
            dumped[str(relation)] = [tuple((n, _text(row[n])) for n in names) for row in ordered]
        return dumped

    async def _mixed(self, project: UUID) -> Collection[Any]:
        """The traces in which several sessions are claimed."""
        claims: dict[Any, set[Any]] = {}
        columns = ("trace_id", "session_key")
        query = Query(relation=Relation.EVENTS, project=project, columns=columns)
        for row in await self.analytics.select(query):
            claims.setdefault(row["trace_id"], set()).add(row["session_key"])
        return [trace for trace, keys in claims.items() if len(keys - {None, NIL}) > 1]


def _text(value: Any) -> str:
    return str(sorted(value.items())) if isinstance(value, Mapping) else str(value)


@asynccontextmanager
async def dispatch_house(
    index: Mapping[str, Any] | None = None, **limits: Any
) -> AsyncIterator[DispatchHouse]:
    """``index``: the table of another adapter for analytics."""
    memory = {"adapter": "memory"}
    quick = {"wait_seconds": 0.01, "first_pause": 0.001, "longest_pause": 0.002}
    async with (
        open_port("queue", memory) as queue,
        open_port("objects", memory) as objects,
        open_port("records", memory) as records,
        open_port("analytics", index or memory) as analytics,
    ):
        yield DispatchHouse(
            queue,
            objects,
            records,
            FaultyAnalytics(analytics),
            Spool(),
            DispatchLimits(**{**quick, **limits}),
        )
