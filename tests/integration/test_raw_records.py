"""What was sent about an event, as it was sent."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from read_house import (
    PROJECT,
    ReadHouse,
    as_protobuf,
    export,
    log,
    log_export,
    read_house,
    span,
    update,
)

from hh_core.errors import NotFoundError
from hh_core.wire.json_text import parse

EVENT = "63d761d2-b1b4-4372-925e-c9fa0c341ced"
OTHER_PROJECT = PROJECT.__class__(int=PROJECT.int + 1)


def run(test: Callable[[ReadHouse], Awaitable[None]]) -> None:
    async def main() -> None:
        async with read_house() as house:
            await test(house)

    asyncio.run(main())


async def writes(house: ReadHouse) -> list[Any]:
    told, _ = await house.raw.of_event(PROJECT, EVENT)
    found: Any = told["writes"]
    return list(found)


def sent_span(write: Any) -> Any:
    (resource,) = write["sent"]["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    (only,) = scope["spans"]
    return only


@pytest.mark.parametrize("sent_as", ["json", "protobuf"])
def test_a_span_is_told_as_it_was_sent_alone_and_with_its_scope(sent_as: str) -> None:
    mine = span(2, parent=1, name="mine", honeyhive_event_id=EVENT, odd="ü\u202e")
    request = export(span(1), mine, span(3))

    async def test(house: ReadHouse) -> None:
        await house.accept(as_protobuf(request) if sent_as == "protobuf" else request)

        (write,) = await writes(house)

        assert (write["kind"], write["content_type"]) == ("traces", sent_as)
        found = sent_span(write)
        for name in ("traceId", "spanId", "parentSpanId", "name", "attributes"):
            assert found[name] == mine[name], name
        assert write["sent"]["resourceSpans"][0]["scopeSpans"][0]["scope"] == {"name": "test"}

    run(test)


def test_updates_and_log_records_stand_behind_the_span() -> None:
    told_update = {"event_id": EVENT, "is_start": False, "fields": {"feedback": {"rating": 1}}}

    async def test(house: ReadHouse) -> None:
        await house.accept(export(span(2, honeyhive_event_id=EVENT)))
        await house.accept(update(EVENT, feedback={"rating": 1}))
        await house.accept(log_export(log(2, "a prompt"), sequence=3))

        told = await writes(house)

        assert [write["kind"] for write in told] == ["traces", "patch", "logs"]
        assert told[1]["sent"] == told_update
        (scope,) = told[2]["sent"]["resourceLogs"][0]["scopeLogs"]
        assert scope["logRecords"][0]["body"] == {"stringValue": "a prompt"}

    run(test)


def test_an_event_of_another_project_is_not_there() -> None:
    async def test(house: ReadHouse) -> None:
        await house.accept(export(span(2, honeyhive_event_id=EVENT)))
        with pytest.raises(NotFoundError):
            await house.raw.of_event(OTHER_PROJECT, EVENT)

    run(test)


def test_a_record_is_read_once_however_many_log_records_stand_in_it() -> None:
    logs = [log(2, f"line {n}", at=n + 1) for n in range(300)]

    async def test(house: ReadHouse) -> None:
        await house.accept(export(span(2, honeyhive_event_id=EVENT)))
        await house.accept(log_export(*logs, sequence=3))
        parsed = 0

        def counting(plain: bytes, most: int) -> object:
            nonlocal parsed
            parsed += 1
            return parse(plain, most)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("hh_core.wire.otlp_document.parse", counting)
            told = await writes(house)

        assert [write["kind"] for write in told] == ["traces", *["logs"] * 300]
        assert parsed == 2

    run(test)
