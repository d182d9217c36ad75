"""The writer over memory ports: at least once in, effectively once out, and no good row lost."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from telemetry_rows import DP_ID, PROJECT, SEGMENT, START_NS, telemetry_rows

from hh_core.errors import DeniedError, RejectedError, UnavailableError
from hh_core.ports.analytics import Analytics, Arrival, Query, Relation, Row, Shared, Value
from hh_core.ports.queue import EVENTS, Message
from hh_core.usecases.dead_letters import FIRST_PAUSE_MS, LONGEST_PAUSE_MS, DeadLetters
from hh_core.usecases.receipts import Receipts, covers
from hh_core.usecases.recount import Recount
from hh_core.usecases.redrive import Redrive
from hh_core.usecases.rollups import RollUps
from hh_core.usecases.write import GROUP, BreakerError, Store, WriteLimits, Writer
from hh_core.wire.telemetry import decode, digest, encode
from hh_memory.analytics import ADAPTER as ANALYTICS
from hh_memory.queue import ADAPTER as QUEUE
from hh_memory.queue import MemoryQueue, QueueConfig
from hh_memory.records import ADAPTER as RECORDS
from hh_memory.records import MemoryRecords, RecordsConfig

LIMITS = WriteLimits(batch_seconds=0.02, first_pause=0.001, longest_pause=0.01)
POISON = "poison"


class Picky:
    """An index that refuses some rows for good, or dies at a step, as a test wishes."""

    def __init__(self, index: Analytics) -> None:
        self._index = index
        self.refuses: Callable[[dict[str, Any]], bool] = lambda row: row["model"] == POISON
        self.dies: dict[str, int] = {}
        """Step to how often it raises: before an insert, after it, or when it counts."""
        self.inserts = 0
        self.spoilt: bytes | None = None
        """A trace that cannot be counted: our mistake, once its rows are in."""
        self.mistake: Exception = OverflowError("gpt-4o-mini is too large")

    async def insert(self, relation: Relation, arrow: bytes) -> None:
        self._die("counted" if relation is Relation.SESSIONS else "before")
        if relation is Relation.EVENTS:
            self.inserts += 1
            if any(self.refuses(row) for row in decode(arrow).to_pylist()):
                raise RejectedError("model: a value that the column cannot hold", code=422)
        await self._index.insert(relation, arrow)
        self._die("after")

    async def select(self, query: Query) -> Sequence[Row]:
        return await self._index.select(query)

    async def columns(self, query: Query) -> Sequence[Sequence[Value]]:
        return await self._index.columns(query)

    async def count(self, query: Query) -> int:
        return await self._index.count(query)

    async def shared(
        self, project: UUID, mark: int, sessions: Collection[UUID], traces: Collection[bytes]
    ) -> Shared:
        self._die("shared")
        if self.spoilt in traces:
            raise self.mistake
        return await self._index.shared(project, mark, sessions, traces)

    async def recount(self, project: UUID, sessions: Collection[UUID]) -> None:
        self._die("recount")
        await self._index.recount(project, sessions)

    async def has_chosen_ids(self, project: UUID) -> bool:
        return await self._index.has_chosen_ids(project)

    async def arrived(self, project: UUID, since_ms: int, limit: int) -> Sequence[Arrival]:
        return await self._index.arrived(project, since_ms, limit)

    async def is_empty(self) -> bool:
        return await self._index.is_empty()

    async def clock(self) -> int:
        self._die("recount")
        return await self._index.clock()

    async def ping(self) -> None:
        await self._index.ping()

    def _die(self, step: str) -> None:
        if self.dies.get(step, 0) > 0:
            self.dies[step] -= 1
            raise UnavailableError(f"killed {step}")


@dataclass
class World:
    queue: MemoryQueue
    records: MemoryRecords
    index: Picky
    now: list[int] = field(default_factory=lambda: [1_000_000])

    def __post_init__(self) -> None:
        self.store = Store(self.index, RollUps(self.index, Recount(self.index, has_content=False)))
        clock = lambda: self.now[0]  # noqa: E731  # read anew by each of these
        self.writer = Writer(self.queue, self.records, self.store, limits=LIMITS, now_ms=clock)
        self.redrive = Redrive(self.records, self.store, now_ms=clock)
        self.letters = DeadLetters(self.records, now_ms=clock)
        self.receipts = Receipts(self.records, now_ms=clock)

    async def send(self, rows: pa.RecordBatch, *, first: int = 0, attempt: int = 1) -> None:
        where = f"{SEGMENT}/{digest(b'')}/{first}/{rows.num_rows}"
        message = Message(DP_ID, encode(rows), {"range": where}, f"{where}:{attempt}")
        await self.queue.publish(EVENTS, [message])

    async def drain(self) -> None:
        """Run the writer until it has settled everything."""
        stopping = asyncio.Event()
        running = asyncio.create_task(self.writer.run(stopping))
        while True:
            await asyncio.sleep(0.05)
            log = self.queue.backend.log(EVENTS)
            group = self.queue.backend.group(EVENTS, GROUP)
            if not group.leases and not group.waiting and group.cursor >= log.end:
                break
        stopping.set()
        await running

    async def state(self) -> tuple[list[Any], list[Any]]:
        """Every row and every roll-up, without the time of the recount."""
        events = await self.index.select(
            Query(
                relation=Relation.EVENTS,
                project=PROJECT,
                columns=("event_id", "version", "model", "usage", "start_ns", "session_key"),
            )
        )
        sessions = await self.index.select(
            Query(
                relation=Relation.SESSIONS,
                project=PROJECT,
                columns=("session_key", "num_events", "usage", "cost", "start_ns", "end_ns"),
            )
        )
        return sorted(map(repr, events)), sorted(map(repr, sessions))

    async def is_receipted(self, rows: int) -> bool:
        noted = await self.receipts.written(DP_ID, [SEGMENT])
        return covers(noted.get(SEGMENT, {}), digest(b""), 0, rows)


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        queue = await stack.enter_async_context(QUEUE.open(QueueConfig()))
        records = await stack.enter_async_context(RECORDS.open(RecordsConfig()))
        config = ANALYTICS.config.model_validate({"plane": "control"})
        index = await stack.enter_async_context(ANALYTICS.open(config))
        yield World(queue, records, Picky(index))


def run(test: Callable[[World], Awaitable[None]]) -> None:
    async def in_world() -> None:
        async with asyncio.timeout(60), world() as ready:
            await test(ready)

    asyncio.run(in_world())


def rows_with_poison(count: int, poisoned: Collection[int]) -> pa.RecordBatch:
    models = [POISON if row in poisoned else "gpt-4o-mini" for row in range(count)]
    return telemetry_rows(count, model=models)


def test_queued_rows_are_written_counted_and_receipted() -> None:
    async def test(world: World) -> None:
        rows = telemetry_rows(25)
        await world.send(rows.slice(0, 10), first=0)
        await world.send(rows.slice(10), first=10)
        await world.drain()

        events, sessions = await world.state()
        assert (len(events), len(sessions)) == (25, 3)
        assert await world.is_receipted(25)
        assert world.writer.counts["written"] == 25

    run(test)


@pytest.mark.parametrize("seed", range(5))
def test_any_repetition_order_and_crash_ends_in_the_same_rows_and_sums(seed: int) -> None:
    async def test(world: World) -> None:
        rows = telemetry_rows(60, session_key=_claims(60))
        await world.send(rows)
        await world.drain()
        once = await world.state()

        dice = random.Random(seed)
        for attempt in range(10):
            cuts = sorted({0, 60, *(dice.randrange(60) for _ in range(3))})
            parts = [(a, rows.slice(a, b - a)) for a, b in pairwise(cuts)]
            dice.shuffle(parts)
            for first, part in parts:
                await world.send(part, first=first, attempt=attempt)
            step = dice.choice(["before", "after", "shared", "counted"])
            world.index.dies = {step: dice.randrange(4)}
            await world.drain()

        assert await world.state() == once

    run(test)


def _claims(count: int) -> list[bytes]:
    """Some rows claim one of two sessions, most claim none."""
    ids = [UUID(int=7).bytes, UUID(int=8).bytes]
    return [ids[row // 4 % 2] if row % 7 == 0 else bytes(16) for row in range(count)]


def test_no_receipt_is_given_before_the_rows_are_there_and_counted() -> None:
    async def test(world: World) -> None:
        await world.send(telemetry_rows(5))
        async with world.queue.subscribe(EVENTS, group=GROUP) as source:
            deliveries = await source.fetch(10, wait=0.1)
            for step in ("shared", "counted"):
                world.index.dies = {step: 1}
                with pytest.raises(UnavailableError):
                    await world.writer.write(deliveries)
                assert not await world.is_receipted(5)

            await world.writer.write(deliveries)
            assert await world.is_receipted(5)

    run(test)


def test_a_writer_killed_between_insert_and_receipt_loses_and_doubles_nothing() -> None:
    async def test(world: World) -> None:
        await world.send(telemetry_rows(5))
        world.index.dies = {"after": 1}
        async with world.queue.subscribe(EVENTS, group=GROUP, lease_seconds=0.2) as source:
            deliveries = await source.fetch(10, wait=0.1)
            with pytest.raises(UnavailableError):
                await world.writer.write(deliveries)
        # the process is gone: what it held comes to the next one
        await world.drain()

        events, sessions = await world.state()
        assert (len(events), len(sessions)) == (5, 1)
        assert "num_events': 5" in sessions[0]

    run(test)


def test_an_index_that_is_away_is_waited_for() -> None:
    async def test(world: World) -> None:
        await world.send(telemetry_rows(5))
        world.index.dies = {"before": 6}
        await world.drain()

        assert await world.is_receipted(5)
        assert world.writer.counts["pauses"] == 6
        assert await world.letters.page() == []

    run(test)


def test_only_the_bad_rows_become_dead_letters_and_the_segment_is_receipted() -> None:
    async def test(world: World) -> None:
        rows = rows_with_poison(50, {3, 17, 49})
        await world.send(rows)
        await world.drain()

        letters = await world.letters.page()
        bad = {str(UUID(bytes=rows.column("event_id")[row].as_py())) for row in (3, 17, 49)}
        assert {letter.event for letter in letters} == bad
        assert {letter.project for letter in letters} == {str(PROJECT)}
        assert all(letter.reason.startswith("model:") for letter in letters)
        assert (await world.letters.get(letters[0].id)).rows().num_rows == 1
        assert len((await world.state())[0]) == 47
        assert await world.is_receipted(50)

    run(test)


def test_poison_that_is_delivered_again_is_one_letter() -> None:
    async def test(world: World) -> None:
        for attempt in range(3):
            await world.send(rows_with_poison(10, {4}), attempt=attempt)
            await world.drain()

        (letter,) = await world.letters.page()
        assert letter.attempts == 3

    run(test)


@pytest.mark.parametrize("count", [20, 100])
def test_a_batch_that_mostly_fails_is_our_mistake_and_waits(count: int) -> None:
    async def test(world: World) -> None:
        await world.send(rows_with_poison(count, range(count // 2 + 1)))
        async with world.queue.subscribe(EVENTS, group=GROUP) as source:
            deliveries = await source.fetch(10, wait=0.1)
            with pytest.raises(BreakerError):
                await world.writer.write(deliveries)

        assert await world.letters.page() == []
        assert not await world.is_receipted(count)

        world.index.refuses = lambda row: False  # the code is repaired
        await world.drain()
        assert len((await world.state())[0]) == count

    run(test)


def test_the_breaker_does_not_insert_thousands_of_rows_one_by_one() -> None:
    async def test(world: World) -> None:
        await world.send(rows_with_poison(2000, range(2000)))
        async with world.queue.subscribe(EVENTS, group=GROUP) as source:
            with pytest.raises(BreakerError):
                await world.writer.write(await source.fetch(10, wait=0.1))

        assert world.index.inserts <= 21

    run(test)


def test_good_messages_pass_beside_one_that_mostly_fails() -> None:
    async def test(world: World) -> None:
        await world.send(rows_with_poison(30, range(30)))
        good = telemetry_rows(45).slice(30)
        await world.send(good, first=30)
        stopping = asyncio.Event()
        running = asyncio.create_task(world.writer.run(stopping))
        while len((await world.state())[0]) < 15:  # noqa: ASYNC110  # the index tells nobody
            await asyncio.sleep(0.02)
        stopping.set()
        await running

        assert await world.letters.page() == []
        assert world.writer.counts["breaks"] == 1

    run(test)


@pytest.mark.parametrize("mistake", [OverflowError("secret"), RejectedError("secret"), KeyError()])
def test_a_message_that_cannot_be_worked_with_waits_alone_and_ends_nothing(
    mistake: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(world: World) -> None:
        limits = replace(LIMITS, hand_back_seconds=0.2)
        world.writer = Writer(world.queue, world.records, world.store, limits=limits)
        rows = telemetry_rows(30)
        world.index.spoilt = rows.column("trace_id")[15].as_py()
        world.index.mistake = mistake
        for first in (0, 10, 20):
            await world.send(rows.slice(first, 10), first=first)
        stopping = asyncio.Event()
        running = asyncio.create_task(world.writer.run(stopping))
        await asyncio.sleep(1.0)

        assert not running.done()
        assert len((await world.state())[1]) == 2  # the other two traces are counted
        noted = (await world.receipts.written(DP_ID, [SEGMENT]))[SEGMENT]
        assert [covers(noted, digest(b""), first, 10) for first in (0, 10, 20)] == [
            True,
            False,
            True,
        ]
        # after 0.2, 0.4 and 0.8 s: it waits longer each time
        assert 1 <= world.writer.counts["handed_back"] <= 4
        assert world.writer.counts["mishaps"] >= 1
        world.index.spoilt = None  # the code is repaired
        while not await world.is_receipted(30):  # noqa: ASYNC110  # records tell nobody
            await asyncio.sleep(0.02)
        stopping.set()
        await running
        assert len((await world.state())[1]) == 3
        assert await world.letters.page() == []

    run(test)
    assert "secret" not in caplog.text
    assert f"{type(mistake).__name__} at hh_" in caplog.text


def test_rows_beyond_every_range_end_nothing() -> None:
    """As an earlier release may have queued them: today's intake refuses such rows."""
    start = [-(1 << 63), (1 << 63) - 1, -1]
    absurd = {"start_ns": start, "duration_ns": start, "usage": [{"total_tokens": 2**64 - 1}] * 3}
    absurd |= {"received_ms": [2**64 - 1] * 3, "trace_id": [b"absurd".ljust(16)] * 3}

    async def test(world: World) -> None:
        await world.send(telemetry_rows(3, **absurd))
        await world.send(telemetry_rows(10).slice(3), first=3)
        stopping = asyncio.Event()
        running = asyncio.create_task(world.writer.run(stopping))
        await asyncio.sleep(0.5)
        stopping.set()
        await running

        noted = (await world.receipts.written(DP_ID, [SEGMENT]))[SEGMENT]
        assert covers(noted, digest(b""), 3, 7)

    run(test)


def test_an_index_that_denies_us_is_waited_for() -> None:
    async def test(world: World) -> None:
        rows = telemetry_rows(5)
        await world.send(rows)
        world.index.spoilt = rows.column("trace_id")[0].as_py()
        world.index.mistake = DeniedError("wrong password")
        running = asyncio.create_task(world.drain())
        await asyncio.sleep(0.2)
        assert world.writer.counts["pauses"] > 1
        world.index.spoilt = None
        await running

        assert await world.is_receipted(5)

    run(test)


def test_a_letter_that_cannot_be_worked_with_holds_up_no_other() -> None:
    async def test(world: World) -> None:
        rows = rows_with_poison(30, {1, 12})
        await world.send(rows)
        await world.drain()
        world.index.refuses = lambda row: False
        world.index.spoilt = rows.column("trace_id")[1].as_py()

        result = await world.redrive.all()

        assert (result.restored, result.failed) == (1, 1)
        (letter,) = await world.letters.page()
        assert letter.reason.startswith("the writer fails with it: OverflowError at ")

    run(test)


def test_a_message_that_does_not_read_is_kept_whole() -> None:
    async def test(world: World) -> None:
        await world.queue.publish(EVENTS, [Message(DP_ID, b"no arrow", {"range": "x"})])
        await world.send(telemetry_rows(5))
        await world.drain()

        (letter,) = await world.letters.page()
        assert (letter.what, letter.body) == ("message", b"no arrow")
        assert await world.is_receipted(5)

    run(test)


def test_a_redrive_after_the_repair_restores_the_rows_and_drops_the_letters() -> None:
    async def test(world: World) -> None:
        await world.send(rows_with_poison(30, {1, 2}))
        await world.drain()
        again = await world.redrive.all(project=str(PROJECT))
        assert (again.restored, again.failed) == (0, 2)

        world.index.refuses = lambda row: False
        first, second = await world.letters.page()
        some = await world.redrive.some([first.id, "nobody"])
        foreign = await world.redrive.some([second.id], project=str(UUID(int=1)))
        rest = await world.redrive.all()

        assert (some.restored, some.unknown) == (1, 1)
        assert (foreign.restored, foreign.unknown) == (0, 1)
        assert rest.restored == 1
        assert await world.letters.page() == []
        events, sessions = await world.state()
        assert (len(events), len(sessions)) == (30, 3)

    run(test)


def test_letters_are_redriven_by_themselves_further_and_further_apart() -> None:
    async def test(world: World) -> None:
        await world.send(rows_with_poison(10, {4}))
        await world.drain()
        waits = []
        for _ in range(9):
            (letter,) = await world.letters.page()
            waits.append(letter.next_ms - letter.last_ms)
            world.now[0] = letter.next_ms - 1
            assert (await world.redrive.due()).failed == 0
            world.now[0] = letter.next_ms
            assert (await world.redrive.due()).failed == 1

        assert waits[:3] == [FIRST_PAUSE_MS, 2 * FIRST_PAUSE_MS, 4 * FIRST_PAUSE_MS]
        assert waits[-1] == LONGEST_PAUSE_MS
        world.index.refuses = lambda row: False
        world.now[0] += LONGEST_PAUSE_MS
        assert (await world.redrive.due()).restored == 1

    run(test)


def test_a_redrive_while_the_index_is_away_keeps_the_letters() -> None:
    async def test(world: World) -> None:
        await world.send(rows_with_poison(10, {4}))
        await world.drain()
        world.index.dies = {"before": 1}

        with pytest.raises(UnavailableError):
            await world.redrive.all()

        assert len(await world.letters.page()) == 1

    run(test)


def test_receipts_that_nobody_asks_for_are_forgotten() -> None:
    async def test(world: World) -> None:
        await world.send(telemetry_rows(5))
        await world.drain()
        assert await world.receipts.expire(older_than_ms=1000) == 0
        world.now[0] += 1001

        assert await world.receipts.expire(older_than_ms=1000) == 1
        assert not await world.is_receipted(5)

    run(test)


def test_the_latest_start_of_a_resent_span_wins() -> None:
    async def test(world: World) -> None:
        await world.send(telemetry_rows(1))
        later = telemetry_rows(1, start_ns=[START_NS + 10**12], version=[1 << 127])
        await world.send(later, attempt=2)
        await world.send(telemetry_rows(1), attempt=3)
        await world.drain()

        (event,), (session,) = await world.state()
        assert str(START_NS + 10**12) in event
        assert str(START_NS + 10**12) in session

    run(test)
