"""Dispatch over memory ports: what is settled in which order, and what faults leave behind."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from unittest import mock

import pytest
from dispatch_house import WHEN, WHERE, DispatchHouse, dispatch_house
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from raw_segments import OTHER, PROJECT, record
from read_house import START_MS, export, rest_event, span, start, update

from hh_core.domain.identity import MAX_ID, derived_session, name_key, span_event_id
from hh_core.domain.segments import ContentType, inbox_key, relay_key
from hh_core.domain.telemetry import MAX_TIME_NS
from hh_core.errors import RejectedError, UnavailableError
from hh_core.ports.analytics import Relation
from hh_core.ports.queue import SEGMENTS, Subscription
from hh_core.usecases.dispatch import GROUP
from hh_core.usecases.rebuild import Rebuild
from hh_core.usecases.refused import RefusedRows, redrive
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.wire import telemetry

Scenario = Callable[[DispatchHouse], Awaitable[None]]

A = "aaaaaaaa-0000-4000-8000-000000000001"
B = "bbbbbbbb-0000-4000-8000-000000000002"


def run(scenario: Scenario, **limits: Any) -> None:
    async def inside() -> None:
        async with dispatch_house(**limits) as house:
            await scenario(house)

    asyncio.run(inside())


def trace(number: int = 1) -> bytes:
    return number.to_bytes(16, "big")


def event(number: int) -> str:
    return str(span_event_id(PROJECT, trace(), number.to_bytes(8, "big"), None))


def test_a_segment_is_indexed_spooled_and_receipted() -> None:
    async def scenario(house: DispatchHouse) -> None:
        called = await house.ship(export(span(1), span(2, parent=1)), start(A))
        await house.point(called)
        dispatch = await house.drain()

        assert len(await house.rows(Relation.EVENTS)) == 2
        assert len(await house.rows(Relation.PATCHES)) == 1
        assert (await house.receipt(called))["indexed"] > 0
        spooled = telemetry.decode(await house.objects.get(relay_key(called)))
        assert spooled.num_rows == 2
        assert len(house.spool.sizes) == 1
        assert dispatch.counts["segments"] == 1
        assert dispatch.counts["rows"] == 3

    run(scenario)


def test_a_pointer_delivered_ten_times_changes_nothing() -> None:
    async def scenario(house: DispatchHouse) -> None:
        called = await house.ship(export(span(1, session__id=A), span(2, parent=1)))
        await house.point(called)
        await house.drain()
        once = await house.dump()
        await house.point(*[called] * 9)
        await house.drain()

        assert await house.dump() == once

    run(scenario)


def test_a_segment_that_was_sent_again_while_it_waited_is_dispatched_once() -> None:
    async def scenario(house: DispatchHouse) -> None:
        called = await house.ship(export(span(1)))
        await house.point(called)
        await house.point(called, attempt=2, receipt=0)
        dispatch = await house.drain()
        assert (dispatch.counts["segments"], dispatch.counts["repeated"]) == (1, 1)

        await house.point(called, attempt=3, receipt=(await house.receipt(called))["indexed"])
        await house.point(called, attempt=2)
        await house.drain(dispatch)
        assert (dispatch.counts["segments"], dispatch.counts["repeated"]) == (3, 1)

    run(scenario, batch_segments=1)


def test_a_batch_is_read_while_the_index_works_on_the_one_before() -> None:
    async def scenario(house: DispatchHouse) -> None:
        first = await house.ship(export(span(1)))
        second = await house.ship(export(span(2)))
        insert, get = house.analytics.insert, house.objects.get
        is_read = asyncio.Event()

        async def reading(key: str) -> bytes:
            if second in key:
                is_read.set()
            return await get(key)

        async def writing(relation: Relation, arrow: bytes) -> None:
            await asyncio.wait_for(is_read.wait(), 5)
            await insert(relation, arrow)

        with (
            mock.patch.object(house.objects, "get", reading),
            mock.patch.object(house.analytics, "insert", writing),
        ):
            await house.point(first, second)
            dispatch = await house.drain()

        assert dispatch.counts["rows"] == 2

    run(scenario, batch_rows=1)


def test_failures_after_each_write_only_repeat_the_work() -> None:
    async def scenario(house: DispatchHouse) -> None:
        called = await house.ship(
            export(span(1, session__id=A), span(2, parent=1), span(3, session__id=B)), start(A)
        )
        for failing in range(8):
            house.analytics.away = [False] * failing + [True]
            await house.point(called)
            await house.drain()

        assert len(await house.rows(Relation.EVENTS)) == 3
        counted = dict(await house.rows(Relation.SESSIONS, "session_id", "num_events"))
        assert sum(counted.values()) == 3
        assert (await house.receipt(called))["indexed"]

    run(scenario)


def test_a_segment_is_not_receipted_before_all_is_written() -> None:
    async def scenario(house: DispatchHouse) -> None:
        called = await house.ship(export(span(1, user__id="u")))
        await house.point(called)
        async with house.queue.subscribe(SEGMENTS, group=GROUP) as source:
            for failing in range(4):  # rows, links, roll-ups, paths
                house.analytics.away = [False] * failing + [True]
                assert await _fails(house, source)
                assert await house.receipt(called) == {}

    run(scenario)


async def _fails(house: DispatchHouse, source: Subscription) -> bool:
    dispatch = house.dispatch()
    for _ in range(100):  # until the message is back
        try:
            if await dispatch.step(source):
                return False
        except UnavailableError:
            return True
    return False


def test_a_damaged_record_is_counted_and_its_neighbours_are_indexed() -> None:
    async def scenario(house: DispatchHouse) -> None:
        called = await house.ship(export(span(1)), export(span(2)), export(span(3)))
        data = bytearray(await house.objects.get(inbox_key(called)))
        middle = len(data) // 2
        data[middle] ^= 0xFF
        await house.objects.put(inbox_key(called), bytes(data), replace=True)
        await house.point(called)
        dispatch = await house.drain()

        assert len(await house.rows(Relation.EVENTS)) == 2
        assert (await house.receipt(called))["corrupt"] == 1
        assert dispatch.counts["corrupt"] == 1

    run(scenario)


def test_a_session_id_that_nobody_could_ask_for_is_no_claim_and_is_counted() -> None:
    async def scenario(house: DispatchHouse) -> None:
        kept, dropped = "s" * MAX_ID, "s" * (MAX_ID + 1)
        called = await house.ship(
            export(span(1, honeyhive__session_id=kept)),
            export(span(2, trace=2, honeyhive__session_id=dropped)),
        )
        await house.point(called)
        dispatch = await house.drain()

        rows = await house.rows(Relation.EVENTS, "trace_id", "session_id")
        assert sorted(rows) == [(trace(1), kept), (trace(2), "")]
        assert dispatch.counts["overlong"] == 1

    run(scenario)


def test_a_body_that_does_not_decode_is_counted_and_its_neighbours_are_indexed() -> None:
    async def scenario(house: DispatchHouse) -> None:
        broken = export(span(1))
        broken = type(broken)(broken.header, b'{"resourceSpans": 7}')
        called = await house.ship(broken, export(span(2)), rest_event(session_id=A))
        await house.point(called)
        await house.drain()

        assert len(await house.rows(Relation.EVENTS)) == 2
        assert (await house.receipt(called))["corrupt"] == 1

    run(scenario)


@pytest.mark.parametrize("place", [0, 9, 19])
def test_a_failed_span_with_half_an_attribute_costs_no_other_span(place: int) -> None:
    async def scenario(house: DispatchHouse) -> None:
        request = ExportTraceServiceRequest()
        scope = request.resource_spans.add().scope_spans.add()
        for number in range(1, 21):
            scope.spans.add(trace_id=trace(), span_id=number.to_bytes(8, "big"), name="step")
        scope.spans[place].status.code = 2
        scope.spans[place].attributes.add(key="without a value")
        body = request.SerializeToString()
        called = await house.ship(record(body, content_type=ContentType.PROTOBUF))
        await house.point(called)
        dispatch = await house.drain()

        assert len(await house.rows(Relation.EVENTS)) == 20
        assert dispatch.counts["corrupt"] == 0

    run(scenario)


def test_a_row_that_the_index_refuses_is_a_dead_letter_alone_and_a_redrive_restores_it() -> None:
    async def scenario(house: DispatchHouse) -> None:
        spans = [span(number, name="poison" if number == 5 else "fine") for number in range(1, 41)]
        called = await house.ship(export(*spans))
        house.analytics.poison = "poison"
        await house.point(called)
        await house.drain()

        assert len(await house.rows(Relation.EVENTS)) == 39
        (letter,) = await house.letters()
        assert (letter["segment"], letter["ordinal"], letter["code"]) == (called, 4, 422)
        assert (letter["plane"], letter["relation"]) == ("data", "events")

        house.analytics.poison = ""
        assert await redrive(_letters(house), house.queue, nonce="1") == 1
        await house.drain()
        assert len(await house.rows(Relation.EVENTS)) == 40
        assert await house.letters() == []

    run(scenario)


def test_a_letter_that_fails_again_counts_its_attempts() -> None:
    async def scenario(house: DispatchHouse) -> None:
        called = await house.ship(export(span(1, name="poison"), span(2)))
        house.analytics.poison = "poison"
        await house.point(called)
        await house.drain()
        await house.point(called, attempt=2)
        await house.drain()

        assert [letter["attempts"] for letter in await house.letters()] == [2]

    run(scenario)


def test_an_index_that_refuses_most_rows_makes_no_letters_and_holds_up_no_other_segment() -> None:
    async def scenario(house: DispatchHouse) -> None:
        bad = await house.ship(export(*[span(n, name="poison") for n in range(1, 42)]))
        good = await house.ship(export(*[span(n, name="fine") for n in range(51, 71)]))
        house.analytics.poison = "poison"
        await house.point(bad, good)
        dispatch = house.dispatch()
        draining = asyncio.create_task(house.drain(dispatch))
        async with asyncio.timeout(10):
            while not (await house.receipt(good)).get("indexed"):  # noqa: ASYNC110  # other process
                await asyncio.sleep(0.01)

        assert await house.letters() == []
        assert await house.receipt(bad) == {}
        house.analytics.poison = ""
        await draining
        assert len(await house.rows(Relation.EVENTS)) == 61

    run(scenario)


@pytest.mark.parametrize("mistake", [OverflowError("secret"), RejectedError("secret"), KeyError()])
def test_a_segment_that_cannot_be_worked_with_waits_alone_and_ends_nothing(
    mistake: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(house: DispatchHouse) -> None:
        names = [await house.ship(export(span(n, trace=n))) for n in (1, 2, 3)]
        house.analytics.spoilt, house.analytics.mistake = trace(2), mistake
        await house.point(*names)
        dispatch, stopping = house.dispatch(), asyncio.Event()
        running = asyncio.create_task(dispatch.run(stopping))
        await asyncio.sleep(1.0)

        assert not running.done()
        receipts = [bool((await house.receipt(name)).get("indexed")) for name in names]
        assert receipts == [True, False, True]
        assert 1 <= dispatch.counts["handed_back"] <= 4  # waits longer each time
        house.analytics.spoilt = b""  # the code is repaired
        while not (await house.receipt(names[1])).get("indexed"):  # noqa: ASYNC110  # other process
            await asyncio.sleep(0.02)
        stopping.set()
        await running
        assert await house.letters() == []

    run(scenario, hand_back_seconds=0.2, wait_seconds=0.05)
    assert "secret" not in caplog.text
    assert f"{type(mistake).__name__} at " in caplog.text


def test_without_room_in_the_spool_a_segment_is_indexed_and_spooled_later() -> None:
    async def scenario(house: DispatchHouse) -> None:
        called = await house.ship(export(span(1)))
        house.spool.free = False
        await house.point(called)
        dispatch = await house.drain()

        assert (await house.receipt(called))["indexed"]
        assert house.spool.sizes == []
        assert dispatch.counts["unspooled"] == 1

        house.spool.free = True
        await house.point(called, attempt=2)
        await house.drain()
        assert len(house.spool.sizes) == 1

    run(scenario)


def test_a_segment_of_updates_only_spools_empty_telemetry_so_that_it_can_be_settled() -> None:
    async def scenario(house: DispatchHouse) -> None:
        called = await house.ship(update(A, metadata={"x": 1}))
        await house.point(called)
        await house.drain()

        assert telemetry.decode(await house.objects.get(relay_key(called))).num_rows == 0

    run(scenario)


def test_messages_that_are_no_pointers_and_segments_that_are_gone_are_settled_and_counted() -> None:
    async def scenario(house: DispatchHouse) -> None:
        called = await house.ship(export(span(1)))
        await house.objects.delete([inbox_key(called)])
        await house.point(called, "no segment")
        dispatch = await house.drain()

        assert dispatch.counts["missing"] == 1
        assert dispatch.counts["unreadable"] == 1
        assert await house.receipt(called) == {}

    run(scenario)


def test_a_session_id_on_the_root_that_arrives_last_leaves_no_phantom_session() -> None:
    async def scenario(house: DispatchHouse) -> None:
        await house.ship(export(span(2, parent=1), span(3, parent=2)))
        await house.point(house.shipped[0])
        await house.drain()
        derived = str(derived_session(PROJECT, trace()))
        assert await house.rows(Relation.SESSIONS, "session_id", "num_events") == [(derived, 2)]

        await house.ship(export(span(1, session__id="run-7"), sequence=2))
        await house.point(house.shipped[1])
        await house.drain()
        assert await house.rows(Relation.SESSIONS, "session_id", "num_events") == [("run-7", 3)]

    run(scenario)


def test_a_claim_that_is_taken_back_leaves_no_session_behind() -> None:
    async def scenario(house: DispatchHouse) -> None:
        first = await house.ship(export(span(1, session__id="wrong")))
        second = await house.ship(
            export(span(1, session__id="right"), sequence=2, received_ms=1_767_323_046_000)
        )
        for called in (first, second):
            await house.point(called)
            await house.drain()

        assert await house.rows(Relation.SESSIONS, "session_id", "num_events") == [("right", 1)]

    run(scenario)


def test_a_trace_of_two_sessions_gives_each_event_to_its_nearest_claim() -> None:
    async def scenario(house: DispatchHouse) -> None:
        await house.ship(
            export(
                span(1, session__id="a"),
                span(2, parent=1, session__id="b"),
                span(3, parent=2),
                span(4, parent=1),
            )
        )
        await house.point(*house.shipped)
        await house.drain()

        counted = await house.rows(Relation.SESSIONS, "session_id", "num_events")
        assert sorted(counted) == [("a", 2), ("b", 2)]
        a, b = (name_key(b"n" * 32, PROJECT, text) for text in "ab")
        resolved = await house.rows(Relation.TRACE_SESSIONS, "event_id", "session_key")
        assert {str(found): key for found, key in resolved} == {
            event(1): a,
            event(2): b,
            event(3): b,
            event(4): a,
        }

    run(scenario)


def test_a_span_sent_again_a_day_later_with_another_start_is_there_once() -> None:
    async def scenario(house: DispatchHouse) -> None:
        day = 24 * 3600 * 1000
        await house.ship(export(span(1, session__id="s", start=0)))
        await house.ship(
            export(
                span(1, session__id="s", start=day), sequence=2, received_ms=1_767_323_045_000 + day
            )
        )
        await house.point(*reversed(house.shipped))
        await house.drain()

        assert len(await house.rows(Relation.EVENTS)) == 1
        assert await house.rows(Relation.SESSIONS, "num_events") == [(1,)]

    run(scenario)


def test_an_update_before_its_span_waits_and_is_counted_with_it() -> None:
    async def scenario(house: DispatchHouse) -> None:
        await house.ship(update(event(1), metadata={"late": True}))
        await house.point(house.shipped[0])
        await house.drain()
        assert await house.rows(Relation.EVENTS) == []

        await house.ship(export(span(1)))
        await house.point(house.shipped[1])
        await house.drain()
        (row,) = await house.rows(Relation.EVENTS, "event_id")
        assert await house.rows(Relation.PATCHES, "event_id") == [row]

    run(scenario)


def test_an_absurd_clock_is_counted_and_heads_no_list() -> None:
    day_ms = 24 * 3_600_000
    never = {"startTimeUnixNano": str((1 << 64) - 1), "endTimeUnixNano": "0"}
    year_2262 = {"startTimeUnixNano": str((1 << 63) - 1)}

    async def scenario(house: DispatchHouse) -> None:
        spans = [
            span(1),
            span(2) | never,
            span(3) | year_2262,
            span(4) | {"startTimeUnixNano": "0"},
            span(5, start=day_ms // 2),
            span(6, start=2 * day_ms),
        ]
        name = await house.ship(export(*spans), rest_event(start_time=9e12, end_time=9.1e12))
        await house.ship(start("s", start_time=9e12, session_name="late"))
        await house.point(*house.shipped)
        dispatch = await house.drain()

        columns = ("start_ns", "received_ms", "time_suspect", "duration_ns")
        rows = await house.rows(Relation.EVENTS, *columns)
        placed = sorted((start - received * 1_000_000, flag) for start, received, flag, _ in rows)
        (at,) = {received for _, received, _, _ in rows}
        told = START_MS - at
        assert placed == sorted(
            [
                ((told + 1) * 1_000_000, 0),
                *[(0, 1)] * 4,  # when they were received
                (-at * 1_000_000, 1),
                ((told + day_ms // 2) * 1_000_000, 1),
            ]
        )
        assert dispatch.counts["time_suspect"] == 6
        patches = await house.rows(Relation.PATCHES, "start_ns", "received_ms")
        assert [start for start, received in patches] == [patches[0][1] * 1_000_000]
        crossed = telemetry.decode(await house.objects.get(relay_key(name)))
        assert all(0 <= time <= MAX_TIME_NS for time in crossed.column("start_ns").to_pylist())
        assert all(0 <= time <= MAX_TIME_NS for time in crossed.column("duration_ns").to_pylist())

    run(scenario)


def test_rest_events_and_spans_of_one_session_are_one_session() -> None:
    async def scenario(house: DispatchHouse) -> None:
        await house.ship(export(span(1, session__id="s")), rest_event(session_id="s"), start("s"))
        await house.point(*house.shipped)
        await house.drain()

        key = name_key(b"n" * 32, PROJECT, "s")
        found = await house.rows(Relation.SESSIONS, "session_key", "num_events", "is_started")
        assert [(row[0], row[1], bool(row[2])) for row in found] == [(key, 2, True)]

    run(scenario)


def test_tokens_and_cost_of_a_call_that_two_spans_tell_are_counted_once() -> None:
    async def scenario(house: DispatchHouse) -> None:
        call = {
            "gen_ai__operation__name": "chat",
            "gen_ai__response__id": "resp-1",
            "gen_ai__usage__input_tokens": 10,
            "gen_ai__usage__output_tokens": 5,
            "session__id": "s",
        }
        await house.ship(export(span(1, **call), span(2, parent=1, **call)))
        await house.point(*house.shipped)
        await house.drain()

        ((usage,),) = await house.rows(Relation.SESSIONS, "usage")
        assert usage["prompt_tokens"] == 10
        assert usage["total_tokens"] == 15

    run(scenario)


def test_a_rebuild_from_raw_gives_an_equal_index() -> None:
    async def scenario(house: DispatchHouse) -> None:
        await house.ship(export(span(1, session__id="a"), span(2, parent=1)), start("a"))
        await house.ship(export(span(3, parent=1, session__id="b"), sequence=2))
        await house.ship(update(event(2), sequence=3, metadata={"x": 1}))
        await house.point(*house.shipped)
        await house.drain()
        before = await house.dump()

        async with dispatch_house() as fresh:
            source = SegmentsSource(house.objects, house.records)
            fresh.objects, fresh.records = house.objects, house.records
            rebuilt = await Rebuild(fresh.index())(source.names())
            assert await fresh.dump() == before
        assert (rebuilt.segments, rebuilt.rows) == (3, 5)

    run(scenario)


def test_names_stay_raw_in_the_index_and_cross_only_as_names_or_hashes() -> None:
    async def scenario(house: DispatchHouse) -> None:
        secret = "Für Ännchen, streng geheim!"
        called = await house.ship(
            export(span(1, name=secret, metadata="x", error="canary-error-text"))
        )
        await house.point(called)
        await house.drain()

        assert await house.rows(Relation.EVENTS, "event_name", "status") == [(secret, "error")]
        crossing = await house.objects.get(relay_key(called))
        assert secret.encode() not in crossing
        assert b"canary-error-text" not in crossing

    run(scenario)


def test_a_project_that_names_everything_differently_is_bounded_and_alone() -> None:
    async def scenario(house: DispatchHouse) -> None:
        flood = [span(n, name=f"run {n}", **{f"key_{n}": "x"}) for n in range(1, 30)]
        called = await house.ship(export(*flood))
        other = await house.ship(export(span(1, name="calm"), project=OTHER, sequence=2))
        await house.point(called, other)
        dispatch = await house.drain()

        names = [name for (name,) in await house.rows(Relation.EVENTS, "event_name")]
        assert len(names) == 29
        assert len(set(names) - {"__other__"}) == 10
        paths = {path for (path,) in await house.rows(Relation.SCHEMAS, "path")}
        assert len(paths - {"__other__"}) == 10
        assert dispatch.counts["surplus_names"] >= 2 * 19
        neighbour = await house.rows(Relation.EVENTS, "event_name", project=OTHER)
        assert neighbour == [("calm",)]
        assert dispatch.counts["refused"] == 0

    run(scenario, names_per_day=10)


def _letters(house: DispatchHouse) -> RefusedRows:
    return RefusedRows(house.records, now_ms=lambda: 0)


def test_the_door_may_batch_as_it_likes() -> None:
    async def scenario(house: DispatchHouse) -> None:
        spans = [span(1, session__id="a"), span(2, parent=1), span(3, parent=2, session__id="b")]
        await house.ship(export(*spans))
        await house.point(*house.shipped)
        await house.drain()
        together = await house.dump(without={*WHERE, *WHEN})

        async with dispatch_house() as apart:
            for number, one in enumerate(reversed(spans)):
                await apart.ship(export(one, sequence=number + 1))
            await apart.point(*apart.shipped)
            await apart.drain()
            assert await apart.dump(without={*WHERE, *WHEN}) == together

    run(scenario)
