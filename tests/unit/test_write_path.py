"""Receive, commit, ship: what is acknowledged is durable, and arrives (PROMISES P1, P2, P10)."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
import virtual_time
from write_node import START_MS, WRITER, Node

from hh_core.domain.segments import (
    INBOX,
    KIND,
    ContentType,
    Encoding,
    RecordKind,
    segment_created_ms,
)
from hh_core.errors import OverloadedError, QuotaError, UnavailableError
from hh_core.usecases.admission import Admission
from hh_core.usecases.durability import Bounds
from hh_core.wire.otlp import Limits


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    virtual_time.run(work())


def test_an_answer_waits_for_the_sync() -> None:
    async def work() -> None:
        async with Node().running() as node:
            node.journal.sync_seconds = 3.0
            writing = asyncio.ensure_future(node.write("a"))
            await asyncio.sleep(2.9)
            assert not writing.done()

            await writing
            (segment,) = node.journal.disk.segments.values()
            assert segment.synced == len(segment.data)

    run(work)


def test_requests_that_come_together_are_synced_together() -> None:
    async def work() -> None:
        async with Node().running() as node:
            await asyncio.gather(*(node.write(str(number)) for number in range(50)))

            assert node.journal.syncs == 1
        assert sorted(node.texts(), key=int) == [str(number) for number in range(50)]

    run(work)


def test_a_lone_request_waits_five_milliseconds() -> None:
    async def work() -> None:
        async with Node().running() as node:
            await asyncio.sleep(1)
            start = asyncio.get_running_loop().time()
            await node.write("a")

            assert asyncio.get_running_loop().time() - start == pytest.approx(0.005)

    run(work)


def test_a_segment_is_shipped_once_it_is_200_ms_old() -> None:
    async def work() -> None:
        async with Node().running() as node:
            await node.write("a")
            await asyncio.sleep(0.15)
            await node.write("b")
            assert node.objects.backend.objects == {}

            await asyncio.sleep(0.06)
            assert node.texts() == ["a", "b"]
            assert node.journal.disk.segments == {}
            assert [INBOX + name for name in await node.told()] == list(
                node.objects.backend.objects
            )

    run(work)


def test_a_segment_is_shipped_once_it_is_large() -> None:
    async def work() -> None:
        async with Node(bounds=Bounds(segment_bytes=1_000, segment_ms=60_000)).running() as node:
            for number in range(5):
                await node.write(f"{number}" * 600)
            await asyncio.sleep(0.1)

            assert len(node.objects.backend.objects) == 2

    run(work)


def test_receipts_of_shipping_name_size_and_records() -> None:
    async def work() -> None:
        async with Node().running() as node:
            await asyncio.gather(node.write("a"), node.write("b"))
            await asyncio.sleep(0.3)
            async with node.records.begin() as unit:
                (record,) = await unit.find(KIND)

            (data,) = node.objects.backend.objects.values()
            assert record.value == {"size": len(data), "records": 2}

    run(work)


def test_what_was_acknowledged_survives_a_kill() -> None:
    async def work() -> None:
        node = Node()
        async with node.killed():
            await node.write("acknowledged")
            node.journal.sync_seconds = 9.0
            hanging = asyncio.ensure_future(node.write("not acknowledged"))
            await asyncio.sleep(1)
        hanging.cancel()

        async with node.running():
            await asyncio.sleep(1)
        assert node.texts() == ["acknowledged"]

    run(work)


def test_a_failed_sync_refuses_its_requests_and_abandons_the_segment() -> None:
    async def work() -> None:
        async with Node().running() as node:
            await node.write("before")
            (first,) = node.journal.disk.segments
            with node.journal.broken_disk():
                answers = await asyncio.gather(
                    node.write("x"), node.write("y"), return_exceptions=True
                )
            await node.write("after")

            assert [type(answer) for answer in answers] == [UnavailableError] * 2
            assert first not in [
                name for name, held in node.journal.disk.segments.items() if not held.sealed
            ]
        assert node.texts() == ["before", "after"]

    run(work)


def test_a_full_journal_refuses_and_recovers_without_a_restart() -> None:
    async def work() -> None:
        async with Node(max_journal_bytes=2_000).running() as node:
            with node.objects.outage():
                texts = [f"{number}" * 50 for number in range(10, 60)]
                answers = [
                    (await asyncio.gather(node.write(text), return_exceptions=True))[0]
                    for text in texts
                ]
                acknowledged = [
                    text for text, answer in zip(texts, answers, strict=True) if answer is None
                ]
                assert 0 < len(acknowledged) < 50
                assert {type(answer) for answer in answers} == {type(None), OverloadedError}
                await asyncio.sleep(20)
            await asyncio.sleep(20)
            await node.write("room again")

        assert node.texts() == [*acknowledged, "room again"]

    run(work)


def test_shipping_goes_on_trying_for_hours() -> None:
    async def work() -> None:
        async with Node().running() as node:
            with node.objects.outage():
                await node.write("a")
                await asyncio.sleep(5 * 3600)
                assert node.path.ship.waiting == 1
            await asyncio.sleep(11)

            assert node.texts() == ["a"]
            assert node.path.ship.waiting == 0

    run(work)


@pytest.mark.parametrize("away", ["queue", "records"])
def test_a_queue_or_a_database_that_is_away_does_not_hold_up_shipping(away: str) -> None:
    async def work() -> None:
        async with Node().running() as node:
            with getattr(node, away).outage():
                await node.write("a")
                await asyncio.sleep(1)
                assert node.journal.disk.segments == {}
            await asyncio.sleep(1)

            assert node.texts() == ["a"]
            assert node.path.ship.untold == 1
            if away == "records":
                assert len(await node.told()) == 1

    run(work)


def test_stopping_ships_everything() -> None:
    async def work() -> None:
        node = Node()
        async with node.running():
            await node.write("a")
        assert node.texts() == ["a"]
        assert node.journal.disk.segments == {}
        with pytest.raises(UnavailableError):
            await node.write("too late")

    run(work)


def test_stopping_ships_what_ends_while_an_earlier_segment_is_on_its_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work() -> None:
        node = Node()
        async with node.running():
            put = node.objects.put

            async def slowly(*asked: Any) -> None:
                await asyncio.sleep(1)
                await put(*asked)

            monkeypatch.setattr(node.objects, "put", slowly)
            await node.write("early")
            await asyncio.sleep(0.5)
            await node.write("late")

        assert node.texts() == ["early", "late"]
        assert node.journal.disk.segments == {}

    run(work)


def test_stopping_ends_although_the_queue_keeps_a_cancellation_to_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work() -> None:
        node, told = Node(), list[Any]()
        async with asyncio.timeout(60), node.running():
            publish = node.queue.publish

            async def deaf(*asked: Any) -> None:
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(1)
                await publish(*asked)
                told.append(asked)

            monkeypatch.setattr(node.queue, "publish", deaf)
            await node.write("a")
            await asyncio.sleep(0.5)

        assert len(told) == 1

    run(work)


def test_versions_never_go_back_when_the_clock_does() -> None:
    leaps = {0: 0, 10: 3 * 3600_000, 20: -3 * 3600_000}

    def wall_ms() -> int:
        now = asyncio.get_running_loop().time()
        return (
            START_MS
            + int(1000 * now)
            + max((moment, leap) for moment, leap in leaps.items() if moment <= now)[1]
        )

    async def work() -> None:
        node = Node(wall_ms=wall_ms)
        for _ in range(3):
            async with node.killed():
                await node.write("w")
                await node.write("w")
                await asyncio.sleep(4)
                await node.write("w")
                await asyncio.sleep(5)
        async with node.running():
            await asyncio.sleep(1)

        headers = [record.header for record in node.stored()]
        versions = [(header.received_ms, header.sequence) for header in headers]
        assert len(versions) == 9
        assert versions == sorted(set(versions))

    run(work)


def test_a_segment_ends_in_time_although_the_clock_stands_still() -> None:
    async def work() -> None:
        async with Node(wall_ms=lambda: START_MS).running() as node:
            await node.write("a")
            await asyncio.sleep(0.21)

            assert node.texts() == ["a"]

    run(work)


def test_a_reader_is_told_what_to_wait_for_and_ends_the_open_segment() -> None:
    other = UUID(int=7)

    async def work() -> None:
        async with Node(bounds=Bounds(segment_ms=60_000)).running() as node:
            await asyncio.sleep(1)
            assert node.path.positions.pending(WRITER.project) == []
            await node.write("a")
            (name,) = node.path.positions.pending(WRITER.project)
            assert node.path.positions.pending(other) == []
            await asyncio.sleep(0.05)
            assert list(node.objects.backend.objects) == [INBOX + name]

            async with node.records.begin() as unit:
                await unit.merge(KIND, {name: {"indexed": 1}})
            await asyncio.sleep(2)
            assert node.path.positions.pending(WRITER.project) == []

    run(work)


def test_who_only_asks_what_is_pending_ends_no_segment() -> None:
    async def work() -> None:
        async with Node(bounds=Bounds(segment_ms=60_000)).running() as node:
            await asyncio.sleep(1)
            await node.write("a")
            assert len(node.path.positions.pending(WRITER.project, is_awaited=False)) == 1
            await asyncio.sleep(0.5)
            assert not node.objects.backend.objects

    run(work)


def test_after_a_restart_readers_still_wait_for_what_is_not_indexed() -> None:
    async def work() -> None:
        node = Node()
        async with node.killed():
            await node.write("shipped")
            await asyncio.sleep(1)
            await node.write("left behind")
        async with node.running():
            await asyncio.sleep(0.5)
            pending = node.path.positions.pending(WRITER.project)

            assert len(pending) == 2

    run(work)


def test_until_it_knows_what_is_pending_a_node_says_so() -> None:
    async def work() -> None:
        node = Node()
        async with node.killed():
            await node.write("a")
            await asyncio.sleep(1)
        async with node.running():
            with node.records.outage():
                await asyncio.sleep(0)
                with pytest.raises(UnavailableError):
                    node.path.positions.pending(WRITER.project)
            await asyncio.sleep(1.1)
            assert len(node.path.positions.pending(WRITER.project)) == 1

    run(work)


def test_in_object_mode_the_store_has_it_before_the_answer() -> None:
    async def work() -> None:
        async with Node("object").running() as node:
            await asyncio.gather(node.write("a"), node.write("b"))

            assert sorted(node.texts()) == ["a", "b"]
            assert node.journal.disk.segments == {}
            await asyncio.sleep(0.1)
            assert len(await node.told()) == 1

    run(work)


def test_in_object_mode_the_journal_takes_over_while_the_store_is_away() -> None:
    async def work() -> None:
        async with Node("object", max_journal_bytes=5_000).running() as node:
            with node.objects.outage():
                for number in range(5):
                    await node.write(f"{number}")
                assert node.journal.syncs >= 5
                with pytest.raises(OverloadedError):
                    await node.write("x" * 6_000)
            await asyncio.sleep(11)
            syncs = node.journal.syncs
            await node.write("again")

            assert node.texts() == ["0", "1", "2", "3", "4", "again"]
            assert node.journal.syncs - syncs <= 1  # only the mark of the clock

    run(work)


def test_in_object_mode_versions_survive_a_restart_with_an_older_clock() -> None:
    clock = [START_MS]

    async def work() -> None:
        node = Node("object", wall_ms=lambda: clock[0])
        async with node.killed():
            await node.write("a")
        clock[0] -= 3_600_000
        async with node.running():
            await node.write("b")

        assert node.texts() == ["a", "b"]
        received = [record.header.received_ms for record in node.stored()]
        assert received == sorted(received)

    run(work)


def test_a_put_that_went_through_unheard_is_not_sent_twice() -> None:
    async def work() -> None:
        node = Node()
        async with node.killed():
            await node.write("a")
            await node.write("b")
            (name,) = node.journal.disk.segments
            whole = bytes(node.journal.disk.segments[name].data)
            node.journal.disk.segments[name].synced = len(whole) - 10  # torn by the crash
        node.objects.backend.objects[INBOX + name] = whole
        async with node.running():
            await asyncio.sleep(1)
            assert node.journal.disk.segments == {}

        assert node.texts() == ["a", "b"]

    run(work)


def test_another_segment_of_the_same_name_is_kept() -> None:
    async def work() -> None:
        async with Node().running() as node:
            await node.write("a")
            (name,) = node.journal.disk.segments
            node.objects.backend.objects[INBOX + name] = b"something else"
            await asyncio.sleep(1)
            await node.write("b")
            await asyncio.sleep(1)

            assert name in node.journal.disk.segments
            assert len(node.objects.backend.objects) == 2

    run(work)


def test_segments_are_named_in_the_order_they_were_begun() -> None:
    async def work() -> None:
        async with Node(wall_ms=lambda: START_MS).running() as node:
            for number in range(20):
                await node.write(str(number))
                await asyncio.sleep(0.3)

            names = sorted(key.removeprefix(INBOX) for key in node.objects.backend.objects)
            assert node.texts() == [str(number) for number in range(20)]
            assert len({segment_created_ms(name) for name in names}) == 20

    run(work)


def test_a_request_without_usable_spans_stores_nothing() -> None:
    async def work() -> None:
        async with Node().running() as node:
            body = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00"}]}]}]}'
            checked = await node.path.receiver.otlp(
                RecordKind.TRACES, WRITER, body, ContentType.JSON, Encoding.IDENTITY, Limits()
            )

            assert (checked.items, checked.rejected) == (1, 1)
            assert node.journal.disk.segments == {}

    run(work)


A, B = UUID(int=0xA), UUID(int=0xB)


def test_a_project_that_holds_its_share_is_told_so_and_others_pass() -> None:
    admission = Admission(max_requests=4, max_bytes=100, share=0.5)
    with admission.admit(0, A) as first, admission.admit(0, A) as second:
        first.reserve(40)
        second.reserve(10)
        for ask in (lambda: second.reserve(11), lambda: admission.admit(1, A).__enter__()):
            with pytest.raises(QuotaError) as caught:
                ask()
            assert caught.value.retry_after >= 1
        first.arrived()
        second.arrived()
        with pytest.raises(QuotaError), admission.admit(0, A):
            pass
        with admission.admit(50, B) as other:
            other.reserve(50)
            other.arrived()

    assert (admission.bytes, admission.requests, admission.refused) == (0, 0, 3)
    with admission.admit(50, A) as again:
        again.reserve(50)


def test_the_only_request_of_a_project_may_be_larger_than_its_share() -> None:
    admission = Admission(max_requests=4, max_bytes=100, share=0.5)
    with admission.admit(90, A) as only:
        only.reserve(30)
        only.reserve(90)
        with pytest.raises(OverloadedError):
            only.reserve(101)


def test_admission_counts_bytes_as_they_arrive_and_requests_when_they_are_whole() -> None:
    async def work() -> None:
        async with Node().running() as node:
            admission = node.path.admission
            with admission.admit(100 << 20, A) as slow, admission.admit(100 << 20, B) as other:
                assert admission.bytes == 0
                slow.reserve(200 << 20)
                with pytest.raises(OverloadedError):
                    other.reserve(100 << 20)
                with pytest.raises(OverloadedError), admission.admit(100 << 20, A):
                    pass
                slow.arrived()
                assert admission.requests == 1
            assert (admission.bytes, admission.requests) == (0, 0)
            admission.close()
            with pytest.raises(UnavailableError), admission.admit(0, A):
                pass

    run(work)
