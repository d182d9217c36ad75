"""Write queued telemetry records to the control plane's index, and receipt what is safe there.

Deliveries are settled in this order, each step idempotent: rows, links, roll-ups, dead letters,
receipts, ack. A crash anywhere costs a repetition. What may pass later is tried again for as long
as it takes; what never will is bisected down to single rows, and those alone become dead letters.
A message whose rows went in, and with which all else fails, waits alone and longer each time: what
it holds must neither end the process nor hold up other messages.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from hh_core.errors import PortError, RejectedError, UnavailableError, kind_and_place
from hh_core.ports.analytics import Analytics, Relation
from hh_core.ports.queue import EVENTS, Delivery, Queue, Subscription
from hh_core.ports.records import Records
from hh_core.usecases.dead_letters import DeadLetters
from hh_core.usecases.deliveries import leased
from hh_core.usecases.intake import message_range
from hh_core.usecases.receipts import Range, Receipts
from hh_core.usecases.rollups import RollUps
from hh_core.wire.telemetry import concat, decode, encode

log = logging.getLogger(__name__)

GROUP = "writer"
_FETCH = 16
_REST = 10.0
_PROBES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteLimits:
    batch_rows: int = 40_000
    batch_seconds: float = 2.0
    """From one batch to the next, unless the first was full or was written fast. A batch costs the
    same whether it holds ten rows or a thousand."""
    gather_seconds: float = 0.1
    """What a data plane sends comes in bursts: a batch ends when no more has come for so long."""
    max_in_flight: int = 64
    lease_seconds: float = 60.0
    first_pause: float = 0.2
    longest_pause: float = 10.0
    breaker_rows: int = 20
    """From this many rows on, a batch that mostly fails is taken for our own mistake."""
    hand_back_seconds: float = 15.0
    """How long a message waits that was handed back; doubled each time, up to 15 minutes."""


class BreakerError(UnavailableError):
    """Most rows of a batch fail: our mistake, not that of the rows. Nothing is dead-lettered."""


class Store:
    """Rows into the index, with the links and roll-ups that hang on them."""

    def __init__(self, analytics: Analytics, roll_ups: RollUps) -> None:
        self._analytics = analytics
        self._roll_ups = roll_ups

    async def rows(self, batch: pa.RecordBatch) -> None:
        await self._analytics.insert(Relation.EVENTS, encode(batch))

    async def consequences(self, batch: pa.RecordBatch) -> None:
        """What follows from rows that are in the index."""
        if batch.num_rows:
            await self._roll_ups(batch)


@dataclass(slots=True)
class _Sorted:
    """The rows of a batch by whether the index takes them."""

    most_bad: int
    good: list[pa.RecordBatch] = field(default_factory=list)
    bad: list[tuple[pa.RecordBatch, RejectedError]] = field(default_factory=list)


class Writer:
    """Any number of these may run; they share the group's messages."""

    def __init__(
        self,
        queue: Queue,
        records: Records,
        store: Store,
        *,
        limits: WriteLimits | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._queue = queue
        self._store = store
        self._letters = DeadLetters(records, now_ms=now_ms)
        self._receipts = Receipts(records, now_ms=now_ms)
        self._limits = limits or WriteLimits()
        self.counts: Counter[str] = Counter()
        """Rows ``written`` and ``dead_lettered``; messages ``dead_messages`` and ``handed_back``;
        ``pauses``, ``breaks`` and ``mishaps`` as they happened."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Write until ``stopping`` is set. What is then unsettled goes back to the queue."""
        subscription = self._queue.subscribe(
            EVENTS,
            group=GROUP,
            max_in_flight=self._limits.max_in_flight,
            lease_seconds=self._limits.lease_seconds,
        )
        async with subscription as source:
            failures = 0
            while not stopping.is_set():
                try:
                    deliveries = await self._collect(source)
                    failures = 0
                except UnavailableError as error:
                    failures += 1
                    await self._pause(failures, stopping, error)
                    continue
                if deliveries:
                    begun = time.monotonic()
                    await self._insist(deliveries, stopping)
                    if _rows(deliveries) < self._limits.batch_rows:
                        await self._rest(begun, stopping)

    async def write(
        self, deliveries: Sequence[Delivery], *, breaker_rows: int | None = None
    ) -> None:
        """Settle ``deliveries``. Raises ``UnavailableError`` when that must be tried again,
        ``BreakerError`` when of at least ``breaker_rows`` rows more than half fail for good, and
        anything when the rows are in the index but what they say cannot be worked with."""
        ranges: list[Range] = []
        batches: list[pa.RecordBatch] = []
        for delivery in deliveries:
            try:
                part, rows = message_range(delivery.message), decode(delivery.message.body)
            except RejectedError as error:
                await self._letters.keep_message(delivery.message, error)
                self.counts["dead_messages"] += 1
                continue
            ranges.append(part)
            batches.append(rows)
        if batches:
            await self._write_rows(concat(batches), breaker_rows or self._limits.breaker_rows)
            await self._receipts.note(ranges)
        for delivery in deliveries:
            try:
                await delivery.ack()
            except UnavailableError as error:
                log.info("an ack is lost, the message will come again: %s", error)

    async def _collect(self, source: Subscription) -> Sequence[Delivery]:
        """The next messages: as many as fit a batch, or as come together."""
        deliveries = list(await source.fetch(_FETCH, wait=self._limits.batch_seconds))
        if not deliveries:
            return ()
        loop = asyncio.get_running_loop()
        until = loop.time() + self._limits.batch_seconds / 2
        rows = _rows(deliveries)
        while rows < self._limits.batch_rows and len(deliveries) < self._limits.max_in_flight:
            wait = min(self._limits.gather_seconds, until - loop.time())
            more = await source.fetch(_FETCH, wait=wait) if wait > 0 else ()
            if not more:
                break
            deliveries += more
            rows += _rows(more)
        return deliveries

    async def _rest(self, begun: float, stopping: asyncio.Event) -> None:
        """Let more rows gather after a batch that was not full, in proportion to what it took."""
        spent = time.monotonic() - begun
        await _wait(min(self._limits.batch_seconds - spent, _REST * spent), stopping)

    async def _insist(self, deliveries: Sequence[Delivery], stopping: asyncio.Event) -> None:
        """Write until it is done or ``stopping`` is set; waiting longer each time, with jitter."""
        failures = 0
        async with leased(deliveries, self._limits.lease_seconds):
            while True:
                try:
                    await self.write(deliveries)
                    return
                except Exception as error:
                    if not _passes(error):
                        await self._one_by_one(deliveries, error)
                        return
                    failures += 1
                    await self._pause(failures, stopping, error)
                if stopping.is_set():
                    return

    async def _one_by_one(self, deliveries: Sequence[Delivery], error: Exception) -> None:
        """The good messages pass; those that fail alone, too, wait."""
        if isinstance(error, BreakerError):
            self.counts["breaks"] += 1
            log.error("%s; nothing is dead-lettered, the messages wait", error)
        else:
            self.counts["mishaps"] += 1
            log.error("a batch fails, its messages go one by one: %s", kind_and_place(error))
        for delivery in deliveries:
            try:
                await self.write([delivery], breaker_rows=1)
            except Exception as alone:
                await self._hand_back(delivery, alone)

    async def _hand_back(self, delivery: Delivery, error: Exception) -> None:
        self.counts["handed_back"] += 1
        wait = min(900.0, self._limits.hand_back_seconds * 2 ** min(delivery.attempt - 1, 6))
        log.warning("a message waits %.0f s: %s", wait, kind_and_place(error))
        with contextlib.suppress(PortError):  # its lease runs out instead
            await delivery.retry(after=wait)

    async def _write_rows(self, batch: pa.RecordBatch, breaker_rows: int) -> None:
        if batch.num_rows == 0:
            return
        sorted_ = _Sorted(batch.num_rows // 2 if batch.num_rows >= breaker_rows else batch.num_rows)
        try:
            await self._store.rows(batch)
            sorted_.good.append(batch)
        except RejectedError as error:
            await self._probe(batch)
            await self._bisect(batch, error, sorted_)
        await self._letters.keep_rows(sorted_.bad)
        await self._store.consequences(concat(sorted_.good))
        self.counts["dead_lettered"] += len(sorted_.bad)
        self.counts["written"] += batch.num_rows - len(sorted_.bad)

    async def _probe(self, batch: pa.RecordBatch) -> None:
        """If each of twenty rows fails, do not insert thousands one by one to learn the same."""
        if batch.num_rows < 2 * _PROBES:
            return
        for row in random.sample(range(batch.num_rows), _PROBES):
            try:
                await self._store.rows(batch.slice(row, 1))
                return
            except RejectedError as error:
                last = error
        raise BreakerError(f"each of {_PROBES} rows of a batch fails: {last}") from last

    async def _bisect(self, batch: pa.RecordBatch, error: RejectedError, found: "_Sorted") -> None:
        """Insert the rows that pass, and find those that do not."""
        if batch.num_rows == 1:
            found.bad.append((batch, error))
            if len(found.bad) > found.most_bad:
                raise BreakerError(f"more than half of a batch fails: {error}") from error
            return
        half = batch.num_rows // 2
        for part in (batch.slice(0, half), batch.slice(half)):
            try:
                await self._store.rows(part)
                found.good.append(part)
            except RejectedError as smaller:
                await self._bisect(part, smaller, found)

    async def _pause(self, failures: int, stopping: asyncio.Event, error: Exception) -> None:
        self.counts["pauses"] += 1
        log.log(
            logging.WARNING if failures in (1, 5, 50) else logging.DEBUG,
            "writing pauses: %s",
            error,
        )
        growing = self._limits.first_pause * 2 ** min(failures, 16)
        longest = min(self._limits.longest_pause, growing)
        await _wait(random.uniform(longest / 2, longest), stopping)


async def _wait(seconds: float, stopping: asyncio.Event) -> None:
    """Wait for ``seconds``, or until ``stopping`` is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


def _passes(error: Exception) -> bool:
    """Whether a backend fails, which passes by itself, and not we with what a message holds."""
    return isinstance(error, PortError) and not isinstance(error, RejectedError | BreakerError)


def _rows(deliveries: Sequence[Delivery]) -> int:
    """How many rows the messages say they carry; what does not say counts as one."""
    total = 0
    for delivery in deliveries:
        try:
            total += message_range(delivery.message).rows
        except RejectedError:
            total += 1
    return total
