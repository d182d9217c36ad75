"""The reconciler: whatever has no receipt is sent again, with patience."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from raw_segments import name, record, ship

from hh_core.domain.segments import KIND, relay_key
from hh_core.ports.queue import SEGMENTS
from hh_core.usecases.lease import Lease
from hh_core.usecases.reconcile import Reconcile, ReconcileSettings
from hh_memory.objects import MemoryObjects, ObjectsConfig, open_objects
from hh_memory.queue import MemoryQueue, QueueConfig, open_queue
from hh_memory.records import MemoryRecords, RecordsConfig, open_records

START = 1_767_312_000_000


@dataclass
class House:
    objects: MemoryObjects
    records: MemoryRecords
    queue: MemoryQueue
    now: int = START

    def reconcile(self, **settings: bool) -> Reconcile:
        return Reconcile(
            self.objects,
            self.records,
            self.queue,
            now_ms=lambda: self.now,
            settings=ReconcileSettings(**settings),  # type: ignore[arg-type]  # one flag
        )

    async def mark(self, called: str, **receipts: Any) -> None:
        async with self.records.begin() as unit:
            await unit.merge(KIND, {called: receipts})

    async def sent(self) -> list[dict[str, object]]:
        """What is on the queue, taken off."""
        async with self.queue.subscribe(
            SEGMENTS, group="dispatch", max_in_flight=5000
        ) as subscription:
            found = []
            for delivery in await subscription.fetch(5000, wait=0.01):
                await delivery.ack()
                found.append(orjson.loads(delivery.message.body))
            return found


def run(scenario: Callable[[House], Awaitable[None]]) -> None:
    async def main() -> None:
        async with (
            open_objects(ObjectsConfig()) as objects,
            open_records(RecordsConfig()) as records,
            open_queue(QueueConfig()) as queue,
        ):
            await scenario(House(objects, records, queue))

    asyncio.run(main())


def test_a_segment_without_a_receipt_is_sent_again_with_growing_patience() -> None:
    async def scenario(house: House) -> None:
        called = name(START)
        await ship(house.objects, called, [record(b"x")])
        reconcile = house.reconcile()
        sent_at = []
        for second in range(60):
            house.now = START + second * 1000
            await reconcile()
            sent_at += [(second, item["attempt"]) for item in await house.sent()]

        assert sent_at == [(5, 2), (15, 3), (35, 4)]
        assert reconcile.lag.segments == 1
        assert reconcile.lag.oldest_ms == 59_000

    run(scenario)


def test_a_clock_that_was_set_back_holds_nothing_up() -> None:
    async def scenario(house: House) -> None:
        called = name(START)
        await ship(house.objects, called, [record(b"x")])
        await house.mark(called, sent=START)
        reconcile = house.reconcile()
        sent_at = []
        for second in range(20):
            house.now = START - 3 * 3_600_000 + second * 1000
            await reconcile()
            sent_at += [second for _ in await house.sent()]

        assert sent_at == [0, 10]

    run(scenario)


@pytest.mark.parametrize("back", [0, 3 * 3_600_000])
def test_a_lease_of_a_process_that_died_is_free_in_time_whatever_the_clock_does(back: int) -> None:
    async def scenario(house: House) -> None:
        def lease(holder: str) -> Lease:
            return Lease(house.records, "job", holder, seconds=10, now_ms=lambda: house.now)

        assert await lease("dead").held()
        other = lease("other")
        assert not await other.held()
        house.now += 11_000 - back
        assert await other.held()
        assert not await lease("third").held()

    run(scenario)


@pytest.mark.parametrize(
    ("receipts", "spooled", "needs_relay", "resent"),
    [
        ({}, False, True, True),
        ({"indexed": START}, False, True, True),
        ({"indexed": START}, True, True, False),
        ({"indexed": START}, False, False, False),
        ({"indexed": START, "relayed": START}, False, True, False),
        ({"indexed": START, "relayed": START, "spooled": "b", "receipted": "a"}, False, True, True),
        ({"indexed": START + 9_000}, False, True, False),
    ],
)
def test_only_what_lacks_a_receipt_is_sent(
    receipts: dict[str, Any], spooled: bool, needs_relay: bool, resent: bool
) -> None:
    async def scenario(house: House) -> None:
        called = name(START)
        await ship(house.objects, called, [record(b"x")])
        await house.mark(called, size=1, **receipts)
        if spooled:
            await house.objects.put(relay_key(called), b"rows")
        house.now = START + 10_000

        lag = await house.reconcile(needs_relay=needs_relay)()

        assert (lag.resent == 1) is resent
        known = receipts.get("indexed", 0)
        expected = [{"segment": called, "attempt": 2, "receipt": known}] if resent else []
        assert await house.sent() == expected

    run(scenario)


def test_a_wiped_database_means_that_everything_in_the_inbox_is_driven_again() -> None:
    async def scenario(house: House) -> None:
        names = [name(START + number) for number in range(1, 2100)]
        for called in names:
            await house.objects.put(f"inbox/{called}", b"x")
        await house.objects.put("inbox/stray", b"x")
        house.now = START + 60_000

        lag = await house.reconcile()()

        assert (lag.segments, lag.resent, lag.foreign) == (2099, 2099, 1)
        sent = {item["segment"] for item in await house.sent()}
        assert sent == set(names)

    run(scenario)
