"""The relay and the intake over memory ports: what is spooled arrives, however often calls fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pytest
from telemetry_rows import DP_ID, telemetry_rows

from hh_core.domain.segments import KIND, is_relayed, relay_key, segment_name
from hh_core.errors import DeniedError, RejectedError, UnavailableError
from hh_core.ports.queue import EVENTS, Message
from hh_core.usecases.intake import DATA_PLANES, Intake, message_range
from hh_core.usecases.receipts import Receipts
from hh_core.usecases.relay import Relay, RelayLimits
from hh_core.wire.pb.telemetry_pb2 import AppendRequest, AppendResponse, Awaited, Batch
from hh_core.wire.telemetry import SCHEMA, decode, digest, encode
from hh_memory.objects import ADAPTER as OBJECTS
from hh_memory.objects import MemoryObjects, ObjectsConfig
from hh_memory.queue import ADAPTER as QUEUE
from hh_memory.queue import MemoryQueue, QueueConfig
from hh_memory.records import ADAPTER as RECORDS
from hh_memory.records import MemoryRecords, RecordsConfig

LIMITS = RelayLimits(
    window=3, batch_rows=10, poll_seconds=0.01, resend_seconds=1.0, lease_seconds=1.0
)


class Wire:
    """The way between the planes; a test may cut it, or lose the answers on the way back."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self.calls: list[AppendRequest] = []
        self.fails: Exception | None = None
        self.refuses = ""
        """A segment that this control plane does not take, nor what comes with it."""
        self.loses_answers = False

    async def append(self, request: AppendRequest) -> AppendResponse:
        if self.fails is not None:
            raise self.fails
        if any(batch.segment == self.refuses for batch in request.batches):
            raise RejectedError("batch: not one I read")
        self.calls.append(request)
        answer = await self._intake(DP_ID, request)
        if self.loses_answers:
            raise UnavailableError("the answer was lost")
        return answer


@dataclass
class World:
    objects: MemoryObjects
    data_records: MemoryRecords
    queue: MemoryQueue
    control_records: MemoryRecords
    wire: Wire
    now: list[float] = field(default_factory=lambda: [1_764_000_000.0])

    def relay(self, process: str = "one", limits: RelayLimits = LIMITS) -> Relay:
        return Relay(
            self.objects,
            self.data_records,
            self.wire,
            dp_id=DP_ID,
            process=process,
            limits=limits,
            now_ms=lambda: int(self.now[0] * 1000),
            clock=lambda: self.now[0],
        )

    async def spool(self, number: int, rows: int = 25) -> str:
        segment = segment_name(1_764_000_000_000 + number, number, 1)
        batch = telemetry_rows(rows, segment=[segment] * rows)
        await self.objects.put(relay_key(segment), encode(batch), replace=True)
        return segment

    async def queued(self) -> list[Message]:
        async with self.queue.subscribe(EVENTS, group="test", max_in_flight=1000) as source:
            found = list(await source.fetch(1000, wait=0.0))
        return [delivery.message for delivery in found]

    async def write(self) -> pa.Table:
        """What the writer does, as far as the relay can tell."""
        messages = await self.queued()
        if messages:
            receipts = Receipts(self.control_records, now_ms=lambda: 0)
            await receipts.note([message_range(message) for message in messages])
        return pa.Table.from_batches([decode(message.body) for message in messages], SCHEMA)

    async def relayed(self) -> set[str]:
        async with self.data_records.begin() as unit:
            found = await unit.find(KIND)
        return {record.key for record in found if record.value.get("relayed")}

    async def waiting(self) -> list[str]:
        return [info.key for info in await self.objects.list("relay/")]


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        objects = await stack.enter_async_context(OBJECTS.open(ObjectsConfig()))
        data_records = await stack.enter_async_context(RECORDS.open(RecordsConfig()))
        queue = await stack.enter_async_context(QUEUE.open(QueueConfig()))
        control_records = await stack.enter_async_context(RECORDS.open(RecordsConfig()))
        intake = Intake(queue, control_records, now_ms=lambda: 5000)
        yield World(objects, data_records, queue, control_records, Wire(intake))


def run(test: Callable[[World], Awaitable[None]]) -> None:
    async def in_world() -> None:
        async with asyncio.timeout(20), world() as ready:
            await test(ready)

    asyncio.run(in_world())


def test_a_spooled_segment_goes_only_when_every_row_is_receipted() -> None:
    async def test(world: World) -> None:
        segment = await world.spool(1, rows=25)
        relay = world.relay()
        await relay.step()
        first = (await world.queued())[:1]
        await Receipts(world.control_records, now_ms=lambda: 0).note(
            [message_range(message) for message in first]
        )
        await relay.step()
        assert await world.waiting() == [relay_key(segment)]

        rows = await world.write()
        await relay.step()

        assert rows.num_rows == 25
        assert await world.waiting() == []
        assert await world.relayed() == {segment}

    run(test)


def test_a_taken_receipt_is_forgotten_over_there() -> None:
    async def test(world: World) -> None:
        await world.spool(1)
        relay = world.relay()
        await relay.step()
        await world.write()
        await relay.step()
        await relay.step()

        async with world.control_records.begin() as unit:
            assert await unit.find("receipts") == []

    run(test)


def test_rows_that_are_sent_ten_times_are_receipted_once_and_nothing_is_lost() -> None:
    async def test(world: World) -> None:
        segments = {await world.spool(number) for number in range(4)}
        relay = world.relay()
        world.wire.loses_answers = True
        for _ in range(10):
            with pytest.raises(UnavailableError):
                await relay.step()
        world.wire.loses_answers = False
        for _ in range(6):
            await relay.step()
            await world.write()

        assert await world.relayed() == segments
        assert await world.waiting() == []

    run(test)


def test_what_is_not_receipted_is_sent_again_after_a_while_under_another_name() -> None:
    async def test(world: World) -> None:
        await world.spool(1, rows=5)
        relay = world.relay()
        for _ in range(3):
            await relay.step()
        assert len([call for call in world.wire.calls if call.batches]) == 1

        world.now[0] += 1.3
        await relay.step()
        world.now[0] += 1.3
        await relay.step()

        sent = [call.batches[0].attempt for call in world.wire.calls if call.batches]
        assert len(sent) == 2
        assert sent[0] != sent[1]

    run(test)


def test_a_restarted_relay_gets_the_receipts_of_the_one_before() -> None:
    async def test(world: World) -> None:
        segment = await world.spool(1)
        await world.relay("one").step()
        await world.write()
        queued = len(await world.queued())
        world.now[0] += 10

        await world.relay("two").step()

        assert await world.relayed() == {segment}
        assert len(await world.queued()) == queued

    run(test)


def test_only_the_holder_of_the_lease_sends_and_another_takes_over() -> None:
    async def test(world: World) -> None:
        await world.spool(1)
        first, second = world.relay("one"), world.relay("two")
        await first.step()
        calls = len(world.wire.calls)
        await second.step()
        assert len(world.wire.calls) == calls

        world.now[0] += 2
        await second.step()

        assert len(world.wire.calls) > calls

    run(test)


def test_a_control_plane_that_is_away_fills_the_spool_up_to_its_bound() -> None:
    async def test(world: World) -> None:
        await world.spool(1)
        size = (await world.objects.list("relay/"))[0].size
        relay = world.relay(limits=RelayLimits(max_bytes=2 * size))
        world.wire.fails = UnavailableError("away")
        with pytest.raises(UnavailableError):
            await relay.step()
        assert relay.room()

        relay.spooled(size)
        assert not relay.room()

        world.wire.fails = None
        await relay.step()
        await world.write()
        await relay.step()
        await relay.step()
        assert relay.room()

    run(test)


def test_the_loop_goes_on_through_days_without_a_control_plane() -> None:
    async def test(world: World) -> None:
        segment = await world.spool(1)
        relay = world.relay()
        world.wire.fails = DeniedError("the token is refused")
        stopping = asyncio.Event()
        running = asyncio.create_task(relay.run(stopping))
        await asyncio.sleep(0.05)
        world.wire.fails = UnavailableError("away")
        await asyncio.sleep(0.05)
        world.wire.fails = None
        while segment not in await world.relayed():
            await world.write()
            await asyncio.sleep(0.01)
        stopping.set()
        await running

    run(test)


def test_the_window_bounds_what_is_on_its_way() -> None:
    async def test(world: World) -> None:
        for number in range(6):
            await world.spool(number, rows=1)
        await world.relay().step()

        assert len(await world.queued()) == LIMITS.window

    run(test)


def test_a_segment_without_rows_and_one_that_does_not_read_stop_nobody() -> None:
    async def test(world: World) -> None:
        empty = await world.spool(1, rows=0)
        broken = segment_name(1_764_000_000_002, 2, 1)
        await world.objects.put(relay_key(broken), b"not arrow")
        whole = await world.spool(3)
        relay = world.relay()
        await relay.step()
        await world.write()
        await relay.step()

        assert await world.relayed() == {empty, whole}
        assert await world.waiting() == []

    run(test)


def test_a_refused_row_is_counted_and_the_others_are_taken() -> None:
    async def test(world: World) -> None:
        segment = segment_name(1_764_000_000_001, 1, 1)
        rows = telemetry_rows(3, segment=[segment] * 3, status=["ok", "a canary", "ok"])
        await world.objects.put(relay_key(segment), encode(rows))
        relay = world.relay()
        await relay.step()
        written = await world.write()
        await relay.step()

        assert written.num_rows == 2
        assert relay.counts["refused"] == 1
        async with world.data_records.begin() as unit:
            (record,) = await unit.get(KIND, [segment])
        assert record.value["refused"] == 1
        assert record.value["relayed"]

    run(test)


def test_telemetry_that_is_spooled_anew_is_not_taken_for_what_was_receipted() -> None:
    async def test(world: World) -> None:
        segment = await world.spool(1, rows=2)
        relay = world.relay()
        await relay.step()
        await world.write()
        await world.spool(1, rows=3)  # a row that was refused is repaired meanwhile
        repaired = digest(await world.objects.get(relay_key(segment)))
        async with world.data_records.begin() as unit:
            await unit.merge(KIND, {segment: {"spooled": repaired}})
        await relay.step()

        assert await world.waiting() == [relay_key(segment)]
        async with world.data_records.begin() as unit:
            assert not is_relayed((await unit.get(KIND, [segment]))[0].value)
        await relay.step()
        assert (await world.write()).num_rows == 2 + 3
        await relay.step()
        assert await world.waiting() == []
        async with world.data_records.begin() as unit:
            assert is_relayed((await unit.get(KIND, [segment]))[0].value)

    run(test)


def test_segments_that_wait_together_go_together_as_far_as_a_request_holds_them() -> None:
    async def test(world: World) -> None:
        for number in range(4):
            await world.spool(number, rows=LIMITS.batch_rows + 1)
        await world.relay(limits=replace(LIMITS, window=4)).step()
        assert [len(call.batches) for call in world.wire.calls] == [8]

        one = max(len(batch.arrow) for batch in world.wire.calls[0].batches)
        limits = replace(LIMITS, window=4, request_bytes=2 * one)
        world.now[0] += LIMITS.lease_seconds + 1
        await world.relay("two", limits).step()
        assert len(world.wire.calls) > 3
        for call in world.wire.calls[1:]:
            assert sum(len(batch.arrow) for batch in call.batches) <= 2 * one
        assert (await world.write()).num_rows == 2 * 4 * (LIMITS.batch_rows + 1)

    run(test)


def test_a_segment_that_is_refused_does_not_hold_up_what_went_with_it() -> None:
    async def test(world: World) -> None:
        names = [await world.spool(number, rows=2) for number in range(3)]
        world.wire.refuses = names[1]
        relay = world.relay()
        await relay.step()
        await world.write()
        await relay.step()

        assert await world.relayed() == {names[0], names[2]}
        assert await world.waiting() == [relay_key(names[1])]

    run(test)


def test_segments_that_are_refused_as_they_are_hold_up_no_others() -> None:
    async def test(world: World) -> None:
        for number in range(4):
            await world.spool(number, rows=1)
        relay = world.relay(limits=replace(LIMITS, window=2))
        world.wire.fails = RejectedError("format_version: not one I read")
        with suppress(RejectedError):
            await relay.step()
        world.wire.fails = None
        await relay.step()

        assert (await world.write()).num_rows == 2
        assert relay.counts["sent"] == 4

    run(test)


def test_a_spool_of_more_than_a_page_is_counted_and_sent_from_its_oldest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hh_core.usecases.relay._PAGE", 4)

    async def test(world: World) -> None:
        for number in range(15):
            await world.spool(number, rows=1)
        relay = world.relay()
        await relay.step()
        assert relay.backlog == 15
        while await world.waiting():
            await world.write()
            world.now[0] += 1
            await relay.step()

        assert len(await world.relayed()) == 15
        assert (relay.backlog, relay.backlog_bytes) == (0, 0)

    run(test)


def test_the_control_plane_learns_how_far_behind_a_data_plane_is() -> None:
    async def test(world: World) -> None:
        for number in range(2):
            await world.spool(number, rows=1)
        await world.relay().step()

        async with world.control_records.begin() as unit:
            (record,) = await unit.get(DATA_PLANES, [DP_ID])
        assert record.value == {"seen_ms": 5000, "backlog": 2, "oldest_ms": 1_764_000_000_000}

    run(test)


SEGMENT = segment_name(1_764_000_000_001, 1, 1)
ROWS = encode(telemetry_rows(2, segment=[SEGMENT] * 2))
GOOD = Batch(
    segment=SEGMENT, digest=digest(ROWS), first_row=0, rows=2, total_rows=2, attempt=1, arrow=ROWS
)


def changed(**changes: object) -> Batch:
    batch = Batch()
    batch.CopyFrom(GOOD)
    for name, value in changes.items():
        setattr(batch, name, value)
    return batch


@pytest.mark.parametrize(
    "request_",
    [
        AppendRequest(format_version=2, dp_id=DP_ID),
        AppendRequest(format_version=1, dp_id=DP_ID, batches=[changed(segment="../../etc")]),
        AppendRequest(format_version=1, dp_id=DP_ID, batches=[changed(digest="xyz")]),
        AppendRequest(format_version=1, dp_id=DP_ID, batches=[changed(rows=3)]),
        AppendRequest(format_version=1, dp_id=DP_ID, batches=[changed(rows=1)]),
        AppendRequest(format_version=1, dp_id=DP_ID, batches=[changed(total_rows=1)]),
        AppendRequest(format_version=1, dp_id=DP_ID, batches=[GOOD, changed(arrow=b"text")]),
        AppendRequest(format_version=1, dp_id=DP_ID, acknowledged=["x"]),
        AppendRequest(
            format_version=1,
            dp_id=DP_ID,
            awaiting=[Awaited(segment=SEGMENT, digest=digest(ROWS), total_rows=2)] * 1001,
        ),
    ],
)
def test_a_malformed_request_is_refused_and_nothing_of_it_is_stored(
    request_: AppendRequest,
) -> None:
    async def test(world: World) -> None:
        with pytest.raises(RejectedError):
            await world.wire.append(request_)

        assert await world.queued() == []

    run(test)


def test_a_full_stream_makes_the_data_plane_wait() -> None:
    async def test(world: World) -> None:
        segment = await world.spool(1)
        relay = world.relay()
        with world.queue.outage(), pytest.raises(UnavailableError):
            await relay.step()
        await relay.step()
        await world.write()
        await relay.step()

        assert await world.relayed() == {segment}

    run(test)
