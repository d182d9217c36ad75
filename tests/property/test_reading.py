"""Laws of reading, over memory ports: the index narrows but never decides otherwise than the
filter would, and the order in which things arrive is forgotten."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from read_house import (
    START_MS,
    ReadHouse,
    as_protobuf,
    export,
    read_house,
    rest_event,
    span,
    start,
    update,
)

from hh_core.domain.event import Event
from hh_core.domain.filters import OPERATORS, matches, parse_filters
from hh_core.domain.segments import SegmentRecord
from hh_core.usecases.event_shape import milliseconds_of
from hh_core.usecases.narrowing import first_ns

SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
IDS = [str(UUID(int=number << 64 | 0x4000_8000 << 32 | number)) for number in range(1, 6)]
SESSIONS = ["chat-1", IDS[0], IDS[1]]

values = st.one_of(
    st.sampled_from(["a", "ab", "true", "4", "4.0", "", "x" * 300]),
    st.integers(-3, 5),
    st.sampled_from([0.5, 4.0, -1.25]),
    st.booleans(),
)
fields = st.sampled_from(
    [
        "metadata.tag",
        "metadata.deep.x",
        "metrics.score",
        "config.model",
        "outputs.result",
        "event_name",
        "event_type",
        "session_id",
        "parent_id",
        "start_time",
        "duration",
        "error",
        "metadata.trace_id",
        "metadata.num_events",
        "metadata.total_tokens",
        "metadata.cost",
        "event_id",
    ]
)
buckets = st.dictionaries(st.sampled_from(["tag", "score", "model"]), values, max_size=2)


kinds = st.sampled_from(["session", "model", "chain"])


@st.composite
def filters(draw: st.DrawFn) -> dict[str, Any]:
    type_ = draw(st.sampled_from(sorted(OPERATORS)))
    operator = draw(st.sampled_from(OPERATORS[type_]))
    names = st.sampled_from(["step 1", "model", "tool", "session", *SESSIONS, *IDS, f"{1:032x}"])
    operand: st.SearchStrategy[Any] = {
        "number": st.sampled_from([0, 1, 4, 4.0, "4", 0.5, START_MS + 2]),
        "boolean": st.booleans(),
        "datetime": st.sampled_from([START_MS, START_MS + 1, START_MS + 1.5]),
    }.get(type_, st.one_of(names, st.sampled_from(["a", "4", "true", "x"])))
    field = draw(fields)
    if draw(st.integers(0, 3)) == 0:
        return {"field": "event_type", "operator": "is", "value": draw(kinds)}
    return {"field": field, "operator": operator, "type": type_, "value": draw(operand)}


@st.composite
def spans(draw: st.DrawFn) -> SegmentRecord:
    number, trace = draw(st.integers(1, 4)), draw(st.integers(1, 2))
    attributes: dict[str, Any] = {}
    if draw(st.booleans()):
        attributes["honeyhive.session_id"] = draw(st.sampled_from(SESSIONS))
    if draw(st.booleans()):
        attributes["honeyhive_event_type"] = draw(st.sampled_from(["model", "chain", "tool"]))
    tags = ["metadata.tag", "metadata.deep.x", "metrics.score", "config.model", "outputs.result"]
    tags += ["metadata.cost", "metadata.total_tokens"]
    for tag in draw(st.lists(st.sampled_from(tags), max_size=3, unique=True)):
        attributes[f"honeyhive_{tag}"] = draw(values)
    return export(
        span(
            number,
            trace=trace,
            parent=draw(st.integers(0, 4)),
            start=draw(st.sampled_from([0, 1, 1.5, 2])),
            error=draw(st.sampled_from([None, "broken"])),
            **attributes,
        ),
    )


patches = st.builds(
    lambda event, **changes: update(event, **changes),
    st.sampled_from([*SESSIONS, *IDS]),
    metadata=buckets,
    metrics=buckets,
    duration=st.sampled_from([None, 0, 1.5, 4]),
    error=st.sampled_from([None, "", "late"]),
)
starts = st.builds(
    lambda session, name, **changes: start(session, session_name=name, **changes),
    st.sampled_from(SESSIONS),
    st.sampled_from(["chat", "step 1"]),
    metadata=buckets,
)
events = st.builds(
    lambda event, session, **changes: rest_event(event_id=event, session_id=session, **changes),
    st.sampled_from(IDS[2:]),
    st.sampled_from(SESSIONS),
    metadata=buckets,
    config=buckets,
)
histories = st.lists(st.one_of(spans(), spans(), patches, starts, events), max_size=8)


def numbered(history: Sequence[SegmentRecord]) -> list[SegmentRecord]:
    """Each record with a place of its own in the order of receipt: its version."""
    return [_at(record, sequence) for sequence, record in enumerate(history, 1)]


def _at(record: SegmentRecord, sequence: int) -> SegmentRecord:
    return replace(record, header=replace(record.header, sequence=sequence))


async def everything(house: ReadHouse) -> Sequence[Event]:
    return await house.events()


@SLOW
@given(histories, st.lists(filters(), min_size=1, max_size=2))
def test_the_index_narrows_but_the_filter_decides(
    history: Sequence[SegmentRecord], asked: list[dict[str, Any]]
) -> None:
    async def main() -> None:
        async with read_house() as house:
            await house.accept(*numbered(history))
            conditions = parse_filters(asked)
            expected = [
                event
                for event in await everything(house)
                if all(matches(event, condition) for condition in conditions)
            ]

            page = await house.export(*asked)

            assert page.events == expected
            assert page.count == len(expected)

    asyncio.run(main())


texts = st.sampled_from(
    [
        "the quick fox",
        "a quick fox, too",
        "quick",
        'said "the quick fox"',
        "the quick\nfox",
        '{"content": "the quick fox é"}',
        '{"content": "the quick\\u0020fox"}',
        '[{"role": "user", "content": "quick fox"}]',
    ]
)
spoken = st.builds(
    lambda number, start, source, text: span(
        number, start=start, trace=number % 3 + 1, **{f"honeyhive_{source}.result": text}
    ),
    st.integers(1, 6),
    st.sampled_from([0, 1, 2]),
    st.sampled_from(["inputs", "outputs"]),
    texts,
)
said = st.builds(
    lambda some, send: send(export(*some)),
    st.lists(spoken, min_size=1, max_size=3, unique_by=lambda one: one["spanId"]),
    st.sampled_from([as_protobuf, as_protobuf, lambda exported: exported]),
)
written = st.builds(
    lambda event, text: rest_event(event_id=event, session_id="chat-1", outputs={"said": text}),
    st.sampled_from(IDS[2:]),
    texts,
)
corrected = st.builds(
    lambda event, text: update(event, outputs={"said": text}),
    st.sampled_from([*SESSIONS, *IDS]),
    texts,
)
phrases = st.sampled_from(
    ["quick fox", "the quick fox", "fox, too", 'd "the quick', "quick", "x é"]
)


@SLOW
@given(
    st.lists(st.one_of(said, said, written, corrected), max_size=8),
    st.sampled_from(["inputs", "outputs", "outputs.result"]),
    phrases,
    st.integers(0, 8),
)
def test_a_phrase_is_found_wherever_it_was_said(
    history: Sequence[SegmentRecord], field: str, phrase: str, packed: int
) -> None:
    asked = {"field": field, "operator": "contains", "type": "string", "value": phrase}

    async def main() -> None:
        async with read_house() as house:
            for number, record in enumerate(numbered(history)):
                await house.accept(record)
                if number + 1 == packed:
                    await house.settle()
            (condition,) = parse_filters([asked])
            expected = [event for event in await everything(house) if matches(event, condition)]

            page = await house.export(asked)

            assert page.events == expected
            assert page.count == len(expected)
            assert not page.incomplete

    asyncio.run(main())


@SLOW
@given(histories, st.integers(0, 1 << 32), st.integers(1, 3))
def test_any_order_batching_and_repetition_ends_in_the_same_events_and_trees(
    history: Sequence[SegmentRecord], seed: int, batch: int
) -> None:
    async def state(house: ReadHouse) -> tuple[Sequence[Event], list[Event]]:
        listed = await everything(house)
        sessions = [event["session_id"] for event in listed if event["event_type"] == "session"]
        project = UUID(listed[0]["project_id"]) if listed else UUID(int=0)
        trees = [(await house.sessions.tree(project, text, limit=999)).session for text in sessions]
        return listed, trees

    async def main() -> None:
        records = numbered(history)
        async with read_house() as ordered, read_house() as shuffled:
            await ordered.accept(*records)
            again = records + records[: batch - 1]
            Random(seed).shuffle(again)
            for first in range(0, len(again), batch):
                await shuffled.accept(*again[first : first + batch])

            assert await state(shuffled) == await state(ordered)

    asyncio.run(main())


@given(st.integers(0, 1 << 62), st.integers(-2, 2))
def test_a_bound_in_milliseconds_cuts_nanoseconds_where_readers_see_it(
    moment: int, off: int
) -> None:
    bound = float(milliseconds_of(moment))

    cut = first_ns(lambda ms: ms >= bound, bound)
    past = first_ns(lambda ms: ms > bound, bound)

    for nanoseconds in (cut + off, past + off, moment):
        if nanoseconds >= 0:
            assert (nanoseconds >= cut) == (milliseconds_of(nanoseconds) >= bound)
            assert (nanoseconds >= past) == (milliseconds_of(nanoseconds) > bound)
