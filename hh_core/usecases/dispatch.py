"""Dispatch: from pointers on the queue to rows in the data plane's index, and telemetry to relay.

A batch is settled in this order, each step idempotent: rows, links, roll-ups, telemetry under
``relay/``, dead letters and receipts, ack. A crash anywhere costs a repetition. The queue is a
signal and the segment the truth: a message that is lost is sent again by the reconciler.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

import orjson
import pyarrow.compute as pc

from hh_core.domain.segments import KIND, inbox_key, is_segment_name, relay_key
from hh_core.domain.telemetry import Crossings
from hh_core.errors import (
    NotFoundError,
    PortError,
    RejectedError,
    UnavailableError,
    kind_and_place,
)
from hh_core.ports.analytics import Analytics, Relation
from hh_core.ports.objects import Objects
from hh_core.ports.queue import SEGMENTS, Delivery, Queue, Subscription
from hh_core.ports.records import Records
from hh_core.usecases.batch import Batch, Path, Rows, schema_rows
from hh_core.usecases.cardinality import Cardinality
from hh_core.usecases.deliveries import leased
from hh_core.usecases.index import Indexer
from hh_core.usecases.overlap import Overlap
from hh_core.usecases.refused import BreakerError, Refusal, RefusedRows, insert_all
from hh_core.usecases.rollups import RollUps
from hh_core.wire import columns, telemetry
from hh_core.wire.segment import Damage, Located, read_segment

log = logging.getLogger(__name__)

GROUP = "dispatch"
_REST = 5.0


class SegmentSource(Protocol):
    """Where a segment stands that is not in the inbox any more."""

    async def segment(self, name: str) -> Sequence[Located]:
        """Raises ``NotFoundError`` when it is nowhere."""
        ...


class Spool(Protocol):
    """The relay's bounded room under ``relay/``."""

    def room(self) -> bool: ...

    def spooled(self, size: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchLimits:
    batch_rows: int = 40_000
    batch_segments: int = 64
    """That are leased at a time: some batches of rows, so that one is read while another one is
    written."""
    max_in_flight: int = 64
    lease_seconds: float = 60.0
    wait_seconds: float = 1.0
    longest_rest: float = 1.0
    """A batch costs the same whether it holds ten rows or a thousand. So when no more segments wait
    and their rows made no full one, dispatch rests ``_REST`` times as long as they took, but no
    longer than this."""
    period: float = 2.0
    """Nor does it rest any more when that many seconds have passed since it took them: else the
    batches of a steady load, and what they take of memory, would grow as the index does, where
    each batch takes longer."""
    first_pause: float = 0.2
    longest_pause: float = 30.0
    hand_back_seconds: float = 15.0
    """How long a segment waits that fails alone; doubled each time, up to 15 minutes."""
    breaker_rows: int = 20
    """From this many rows on, a batch that mostly fails is taken for our own mistake."""
    remembered_paths: int = 100_000
    """Dotted paths that a process knows to be in the index already."""
    names_per_day: int = 10_000
    """Of one project, in each column of names, and paths of attributes (``cardinality``)."""

    def rest(self, spent: float) -> float:
        """The seconds between a batch that took ``spent`` and the next one."""
        return max(0.0, min(self.longest_rest, _REST * spent, self.period - spent))


class _Pointer(NamedTuple):
    """A message about a segment."""

    name: str
    is_again: bool
    """It may have been dispatched before."""
    receipt: int | None
    """See ``reconcile.message``."""


class IndexSegments:
    """Puts segments into the index. Dispatch and rebuild differ only in where names come from."""

    def __init__(
        self,
        objects: Objects,
        source: SegmentSource,
        analytics: Analytics,
        roll_ups: RollUps,
        indexer: Indexer,
        *,
        limits: DispatchLimits | None = None,
    ) -> None:
        self._objects = objects
        self._source = source
        self._analytics = analytics
        self._roll_ups = roll_ups
        self._indexer = indexer
        self._limits = limits or DispatchLimits()
        self._known: dict[Path, tuple[int, int]] = {}
        self._cardinality = Cardinality(self._limits.names_per_day)

    async def read(self, names: Iterable[str]) -> Batch:
        """The rows of segments. Those that are nowhere any more are not in ``corrupt``."""
        batch = Batch()
        for name in names:
            try:
                found = await self._found(name)
            except NotFoundError:
                log.warning("segment %s is nowhere: retention has taken it", name)
                continue
            batch.join(await asyncio.to_thread(self._indexer.segment, name, found))
        return batch

    async def write(self, batch: Batch) -> tuple[Sequence[Refusal], Any]:
        """Insert the rows and all that hangs on them. Answers the rows that are refused for good,
        and the others of EVENTS as an Arrow record batch."""
        batch.surplus += await asyncio.to_thread(self._cardinality.bound, batch)
        refused: list[Refusal] = []
        good: dict[Relation, Sequence[bytes]] = {}
        for relation, rows in batch.rows.items():
            taken = await insert_all(
                self._analytics, relation, rows, breaker_rows=self._limits.breaker_rows
            )
            refused += taken.bad
            good[relation] = taken.good
        events = _record_batch(good[Relation.EVENTS] or [Rows(Relation.EVENTS).arrow()])
        await self._roll_ups(events, batch.patched)
        await self._write_paths(batch.paths)
        return refused, events

    async def _found(self, name: str) -> Iterable[Located | Damage]:
        try:
            data = await self._objects.get(inbox_key(name))
        except NotFoundError:
            return await self._source.segment(name)
        try:
            return list(read_segment(data, name))
        except RejectedError:
            return [Damage(0, len(data), torn=False)]

    async def _write_paths(self, paths: Mapping[Path, tuple[int, int]]) -> None:
        """The dotted paths that the index does not know yet, or not for these hours."""
        fresh = {
            path: (first, last)
            for path, (first, last) in paths.items()
            if not _within((first, last), self._known.get(path))
        }
        if not fresh:
            return
        await self._analytics.insert(Relation.SCHEMAS, schema_rows(fresh).arrow())
        for path, (first, last) in fresh.items():
            known = self._known.get(path, (first, last))
            if path in self._known or len(self._known) < self._limits.remembered_paths:
                self._known[path] = (min(first, known[0]), max(last, known[1]))


class Dispatch:
    """Any number of these may run; they share the group's messages."""

    def __init__(
        self,
        queue: Queue,
        objects: Objects,
        records: Records,
        index: IndexSegments,
        *,
        name_key: bytes,
        spool: Spool | None = None,
        crossings: Callable[[], Crossings] = Crossings,
        limits: DispatchLimits | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """Without a ``spool`` no telemetry is made: a data plane without a control plane.
        ``crossings`` tells of projects that promote attributes or are strict."""
        self._queue = queue
        self._objects = objects
        self._records = records
        self._index = index
        self._key = name_key
        self._spool = spool
        self._crossings = crossings
        self._limits = limits or DispatchLimits()
        self._now_ms = now_ms
        self._refused = RefusedRows(records, now_ms=now_ms)
        self._most = min(self._limits.batch_segments, self._limits.max_in_flight)
        self._spent = 0.0
        self.counts: Counter[str] = Counter()
        """Totals: ``segments``, ``rows``, ``refused`` (rows), ``corrupt`` (records), ``missing``
        (segments), ``repeated`` (messages that had been seen to), ``unreadable`` (messages),
        ``time_suspect`` (rows), ``overlong`` (session ids that count as no claim),
        ``surplus_names`` (``cardinality``), ``span_logs`` and ``logs_apart`` (log records of a span
        and of none), ``unspooled`` and ``handed_back`` (segments),
        ``pauses``, ``breaks``, ``mishaps``."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Dispatch until ``stopping`` is set. What is then unsettled goes back to the queue."""
        subscription = self._queue.subscribe(
            SEGMENTS,
            group=GROUP,
            max_in_flight=self._limits.max_in_flight,
            lease_seconds=self._limits.lease_seconds,
        )
        async with subscription as source:
            failures = 0
            while not stopping.is_set():
                try:
                    before = self.counts["rows"]
                    taken = await self.step(source)
                    failures = 0
                    is_full = self.counts["rows"] - before >= self._limits.batch_rows
                    if 0 < taken < self._most and not is_full:
                        await _wait(self._limits.rest(self._spent), stopping)
                except UnavailableError as error:
                    failures += 1
                    await self._pause(failures, stopping, error)

    async def step(self, source: Subscription) -> int:
        """Dispatch what waits, at most ``batch_segments`` messages; how many there were.

        Raises ``UnavailableError`` when it did not work out: the messages come again.
        """
        deliveries = await source.fetch(self._most, wait=self._limits.wait_seconds)
        if deliveries:
            begun = time.monotonic()
            async with leased(deliveries, self._limits.lease_seconds):
                await self._settle(deliveries)
            self._spent = time.monotonic() - begun
        return len(deliveries)

    async def _settle(self, deliveries: Sequence[Delivery]) -> None:
        try:
            pointers = [self._pointer(delivery) for delivery in deliveries]
            found = [pointer for pointer in pointers if pointer is not None]
            await self._segments(await self._wanted(found))
        except Exception as error:
            await self._failed(deliveries, error)
            return
        for delivery in deliveries:
            await delivery.ack()

    async def _failed(self, deliveries: Sequence[Delivery], error: Exception) -> None:
        """Give ``deliveries`` back, or settle them one by one where one may spoil the others.

        Raises ``UnavailableError`` when dispatch as a whole had better pause.
        """
        if not isinstance(error, PortError) or isinstance(error, RejectedError):
            await self._spoilt(deliveries, error)
            return
        if isinstance(error, BreakerError) and len(deliveries) > 1:
            self.counts["breaks"] += 1
            log.error("%s; nothing is dead-lettered, the segments wait", error)
            await self._one_by_one(deliveries)
            raise error
        for delivery in deliveries:
            await delivery.retry(after=self._growing(delivery.attempt))
        if isinstance(error, UnavailableError):
            raise error
        raise UnavailableError(f"dispatching fails: {error}") from error

    async def _spoilt(self, deliveries: Sequence[Delivery], error: Exception) -> None:
        """Not a backend fails but we, with what some segment holds: that one alone waits."""
        if len(deliveries) > 1:
            self.counts["mishaps"] += 1
            log.error("a batch fails, its segments go one by one: %s", kind_and_place(error))
            await self._one_by_one(deliveries)
            return
        for delivery in deliveries:
            self.counts["handed_back"] += 1
            wait = min(900.0, self._limits.hand_back_seconds * 2 ** min(delivery.attempt - 1, 6))
            log.error("a segment waits %.0f s: %s", wait, kind_and_place(error))
            await delivery.retry(after=wait)

    async def _one_by_one(self, deliveries: Sequence[Delivery]) -> None:
        """The segments that are good pass; those that fail wait."""
        for delivery in deliveries:
            with contextlib.suppress(UnavailableError):
                await self._settle([delivery])

    def _pointer(self, delivery: Delivery) -> _Pointer | None:
        try:
            body = orjson.loads(delivery.message.body)
            name, attempt = str(body["segment"]), int(body["attempt"])
            receipt = None if body.get("receipt") is None else int(body["receipt"])
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
            name, attempt, receipt = "", 0, None
        if not is_segment_name(name):
            self.counts["unreadable"] += 1
            log.error("a message on %s is no pointer to a segment", SEGMENTS.name)
            return None
        return _Pointer(name, attempt > 1 or delivery.attempt > 1, receipt)

    async def _wanted(self, pointers: Sequence[_Pointer]) -> Sequence[_Pointer]:
        """Without the segments that were sent again only because they had to wait in the queue."""
        doubtful = [pointer.name for pointer in pointers if pointer.receipt is not None]
        if not doubtful:
            return pointers
        async with self._records.begin() as unit:
            found = await unit.get(KIND, doubtful)
        indexed = {record.key: int(record.value.get("indexed") or 0) for record in found}
        wanted = [p for p in pointers if p.receipt is None or indexed.get(p.name, 0) <= p.receipt]
        self.counts["repeated"] += len(pointers) - len(wanted)
        return wanted

    async def _segments(self, pointers: Sequence[_Pointer]) -> None:
        """Index segments in batches of at most ``batch_rows``, give or take one segment. The index
        works on one batch while the next one is read here."""
        again = {pointer.name for pointer in pointers if pointer.is_again}
        batch = Batch()
        async with Overlap() as writing:
            for name in dict.fromkeys(pointer.name for pointer in pointers):
                part = await self._index.read([name])
                if name not in part.corrupt:
                    self.counts["missing"] += 1
                    continue
                batch.join(part)
                if batch.size() >= self._limits.batch_rows:
                    await writing.begin(partial(self._batch, batch, again))
                    batch = Batch()
        if batch.corrupt:
            await self._batch(batch, again)

    async def _batch(self, batch: Batch, again: Collection[str]) -> None:
        refused, events = await self._index.write(batch)
        spooled = await self._relay(batch, events)
        segments = again & batch.corrupt.keys()
        if refused or segments:
            await self._refused.settle(refused, segments)
        now = self._now_ms()
        receipts = {
            name: {
                "indexed": now,
                **({"corrupt": corrupt} if corrupt else {}),
                **({"spooled": spooled[name]} if name in spooled else {}),
            }
            for name, corrupt in batch.corrupt.items()
        }
        async with self._records.begin() as unit:
            await unit.merge(KIND, receipts)
        self.counts["segments"] += len(receipts)
        self.counts["rows"] += batch.size() - len(refused)
        self.counts["time_suspect"] += pc.sum(events.column("time_suspect")).as_py() or 0
        self.counts["refused"] += len(refused)
        self.counts["corrupt"] += sum(batch.corrupt.values())
        self.counts["overlong"] += batch.overlong
        self.counts["surplus_names"] += batch.surplus
        self.counts["span_logs"] += len(batch.rows[Relation.SPAN_LOGS])
        self.counts["logs_apart"] += batch.logs_apart
        if self._spool is not None:
            self.counts["unspooled"] += len(receipts) - len(spooled)

    async def _relay(self, batch: Batch, events: Any) -> Mapping[str, str]:
        """Spool each segment's telemetry, also when it is empty: then there is nothing to wait
        for. A segment that finds no room is dispatched again later by the reconciler. Answers the
        digest of what was spooled for each."""
        if self._spool is None:
            return {}
        rules = self._crossings()
        crossing = await asyncio.to_thread(telemetry.telemetry, events, self._key, rules)
        ranges = _ranges(crossing.column("segment"))
        spooled: dict[str, str] = {}
        for name in batch.corrupt:
            if not self._spool.room():
                break
            first, rows = ranges.get(name, (0, 0))
            data = telemetry.encode(crossing.slice(first, rows))
            await self._objects.put(relay_key(name), data, replace=True)
            self._spool.spooled(len(data))
            spooled[name] = telemetry.digest(data)
        return spooled

    async def _pause(self, failures: int, stopping: asyncio.Event, error: PortError) -> None:
        self.counts["pauses"] += 1
        level = logging.WARNING if failures in (1, 5, 50) else logging.DEBUG
        log.log(level, "dispatch pauses: %s", error)
        await _wait(self._growing(failures), stopping)

    def _growing(self, failures: int) -> float:
        longest = self._limits.first_pause * 2.0 ** min(failures, 16)
        return random.uniform(0.5, 1.0) * min(self._limits.longest_pause, longest)


async def _wait(seconds: float, stopping: asyncio.Event) -> None:
    """Wait for ``seconds``, or until ``stopping`` is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


def _record_batch(streams: Sequence[bytes]) -> Any:
    return telemetry.one_batch(columns.decode(Relation.EVENTS, columns.concat(streams)))


def _ranges(segments: Any) -> Mapping[str, tuple[int, int]]:
    """Where each segment's rows stand: rows of one segment are neighbours."""
    runs = pc.run_end_encode(segments)
    ranges: dict[str, tuple[int, int]] = {}
    before = 0
    for name, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
        first, rows = ranges.get(name, (before, 0))
        ranges[name] = (first, rows + end - before)
        before = end
    return ranges


def _within(inner: tuple[int, int], outer: tuple[int, int] | None) -> bool:
    return outer is not None and outer[0] <= inner[0] and inner[1] <= outer[1]
