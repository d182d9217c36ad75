"""Log records are read with the span that they name, whichever came first."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import permutations
from typing import Any

import pytest
from raw_segments import OTHER, PROJECT
from read_house import (
    ReadHouse,
    export,
    log,
    log_export,
    read_house,
    span,
    where,
)

from hh_core.domain.segments import RecordKind
from hh_core.ports.analytics import Query, Relation
from hh_core.usecases.read_limits import ReadLimits

CHAT = {"gen_ai__operation__name": "chat", "gen_ai__request__model": "m"}
ASKED = log(1, {"content": "how warm is it in Cork"}, event="gen_ai.user.message", at=2)
SAID = log(
    1,
    {"index": 0, "message": {"role": "assistant", "content": "fifteen degrees there"}},
    event="gen_ai.choice",
    at=3,
)


def run(test: Callable[[ReadHouse], Awaitable[None]], **limits: Any) -> None:
    async def main() -> None:
        async with read_house(limits=ReadLimits(**limits)) as house:
            await test(house)

    asyncio.run(main())


def names(event: Any) -> list[str]:
    return [told["name"] for told in event["metadata"].get("span_events", [])]


def texts(event: Any) -> list[Any]:
    events = event["metadata"].get("span_events", [])
    return [told["attributes"].get("body") for told in events]


def test_prompt_and_answer_come_from_log_records() -> None:
    async def test(house: ReadHouse) -> None:
        await house.accept(export(span(1, **CHAT)), log_export(ASKED, SAID, sequence=2))

        (event,) = await house.events(where("event_type", "is", "model"))

        assert [(m["role"], m["content"]) for m in event["inputs"]["chat_history"]] == [
            ("user", "how warm is it in Cork")
        ]
        assert event["outputs"]["content"] == "fifteen degrees there"

    run(test)


def test_any_order_of_arrival_gives_the_same_event() -> None:
    """Before, after, and sent again: in one request, in two, with others between."""
    accepted = {
        "span": export(span(1, **CHAT), sequence=1),
        "asked": log_export(ASKED, sequence=2),
        "said": log_export(SAID, sequence=3),
        "both again": log_export(SAID, ASKED, ASKED, sequence=4),
    }
    seen = []
    for order in permutations(accepted):

        async def test(house: ReadHouse, order: tuple[str, ...] = order) -> None:
            for name in order:
                await house.accept(accepted[name])
            seen.append(await house.events(where("event_type", "is", "model")))

        run(test)

    assert len(seen) == 24
    assert all(events == seen[0] for events in seen)
    assert names(seen[0][0]) == ["gen_ai.user.message", "gen_ai.choice"]


def test_a_span_that_claims_an_event_id_is_joined_too() -> None:
    claimed = "7d0c1a5e-6f0f-4b0e-9d8b-000000000001"

    async def test(house: ReadHouse) -> None:
        await house.accept(log_export(ASKED))
        await house.accept(export(span(1, honeyhive_event_id=claimed, **CHAT)))

        event, _ = await house.reader.event(PROJECT, claimed)

        assert event["inputs"]["chat_history"][0]["content"] == "how warm is it in Cork"

    run(test)


def test_records_stand_in_time_and_those_of_one_time_as_they_came() -> None:
    logs = [
        log(1, "third", at=5),
        log(1, "first", at=1),
        log(1, "second", at=3),
        log(1, "fourth", at=5),
    ]

    async def test(house: ReadHouse) -> None:
        await house.accept(log_export(*logs), export(span(1), sequence=2))

        (event,) = await house.events(where("event_type", "is", "tool"))

        assert texts(event) == ["first", "second", "third", "fourth"]

    run(test)


def test_equal_records_without_any_time_are_as_many_as_one_request_holds() -> None:
    yes = log(1, "yes", at=0)

    async def test(house: ReadHouse) -> None:
        await house.accept(export(span(1)), log_export(yes, yes, sequence=2))
        await house.accept(log_export(yes, yes, sequence=3))

        (event,) = await house.events(where("event_type", "is", "tool"))

        assert texts(event) == ["yes", "yes"]

    run(test)


def test_a_span_shows_so_many_events_before_plain_lines_and_says_what_it_leaves_out() -> None:
    logs = [log(1, f"line {n}", at=n) for n in range(1, 6)]
    named = log(1, "named", event="said", at=9)

    async def test(house: ReadHouse) -> None:
        await house.accept(export(span(1)), log_export(*logs, named, sequence=2))

        (event,) = await house.events(where("event_type", "is", "tool"))

        assert texts(event) == ["line 1", "line 2", "named"]
        assert event["metadata"]["log_records_left_out"] == 3

    run(test, logs_per_span=3)


def test_a_span_shows_so_many_bytes_whatever_is_read_with_it() -> None:
    logs = [log(n, "x" * 400, at=at) for n, at in ((1, 1), (1, 2), (1, 3), (2, 1))]

    async def test(house: ReadHouse) -> None:
        each = [log_export(one, sequence=2 + number) for number, one in enumerate(logs)]
        await house.accept(export(span(1), span(2)), *each)

        events = await house.events(where("event_type", "is", "tool"))

        shown = {event["event_name"]: len(texts(event)) for event in events}
        left_out = {event["event_name"]: event["metadata"].get("log_records_left_out")
                    for event in events}  # fmt: skip
        assert shown == {"step 1": 2, "step 2": 1}
        assert left_out == {"step 1": 1, "step 2": None}

    run(test, log_bytes_per_span=1000)


def test_very_many_records_of_one_span_do_not_hide_those_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hh_core.usecases.span_logs._TOGETHER", 10)
    many = [log(1, f"line {n}", at=n) for n in range(1, 40)]

    async def test(house: ReadHouse) -> None:
        spans = export(*(span(n) for n in range(1, 5)))
        await house.accept(spans, log_export(*many, log(3, "alone"), sequence=2))

        events = await house.events(where("event_type", "is", "tool"))

        left_out = {event["event_name"]: event["metadata"].get("log_records_left_out")
                    for event in events}  # fmt: skip
        assert left_out == {"step 1": 34, "step 2": None, "step 3": None, "step 4": None}
        assert sum("alone" in texts(event) for event in events) == 1

    run(test, logs_per_span=5)


def test_records_that_name_no_span_are_counted_and_stay_where_they_are() -> None:
    without = {**ASKED, "traceId": "", "spanId": ""}
    wrong = {**ASKED, "spanId": "0123"}

    async def test(house: ReadHouse) -> None:
        called = await house.ship(export(span(1, **CHAT)), log_export(without, wrong, SAID))
        batch = await house.index.read([called])

        assert batch.logs_apart == 2
        assert len(batch.rows[Relation.SPAN_LOGS]) == 1
        assert batch.corrupt == {called: 0}

    run(test)


def test_records_of_a_span_that_never_comes_wait_in_the_index() -> None:
    async def test(house: ReadHouse) -> None:
        await house.accept(log_export(ASKED))

        assert await house.events() == []
        waiting = Query(relation=Relation.SPAN_LOGS, project=PROJECT, columns=("log_id",))
        assert len(await house.analytics.select(waiting)) == 1

    run(test)


def test_log_records_of_another_project_join_nothing() -> None:
    async def test(house: ReadHouse) -> None:
        await house.accept(export(span(1, **CHAT)))
        await house.accept(log_export(ASKED, project=OTHER))

        (event,) = await house.events(where("event_type", "is", "model"))

        assert "chat_history" not in event["inputs"]
        assert names(event) == []

    run(test)


def test_what_retention_has_taken_of_log_records_is_said() -> None:
    async def test(house: ReadHouse) -> None:
        await house.accept(export(span(1, **CHAT)))
        gone = await house.accept(log_export(ASKED, SAID))
        await house.objects.delete([f"inbox/{gone}"])

        (event,) = await house.events(where("event_type", "is", "model"))

        assert event["metadata"]["log_records_left_out"] == 2

    run(test)


def test_a_logged_exception_tells_why_a_failed_span_failed_and_fails_no_other() -> None:
    def exception(number: int) -> dict[str, Any]:
        told = {"exception__type": "Boom", "exception__message": "went up in smoke"}
        return log(number, event="exception", **told)

    async def test(house: ReadHouse) -> None:
        failed = span(1, error=" ")
        failed["status"] = {"code": 2}
        await house.accept(export(failed, span(2)), log_export(exception(1), exception(2)))

        events = {e["event_name"]: e for e in await house.events(where("event_type", "is", "tool"))}

        assert events["step 1"]["error"] == "went up in smoke"
        assert events["step 2"]["error"] is None

    run(test)


@pytest.mark.parametrize(
    ("field", "phrase", "count"),
    [
        ("inputs", "warm is it in Cork", 1),
        ("outputs", "fifteen degrees", 1),
        ("inputs.chat_history", "Cork", 1),
        ("outputs", "fifteen degrees elsewhere", 0),
    ],
)
@pytest.mark.parametrize("logs_come_first", [False, True])
def test_searches_find_texts_that_stand_in_log_records_alone(
    field: str, phrase: str, count: int, logs_come_first: bool
) -> None:
    async def test(house: ReadHouse) -> None:
        others = [span(n, **CHAT) for n in range(2, 30)]
        spans, logs = export(span(1, **CHAT), *others), log_export(ASKED, SAID, sequence=2)
        for record in (logs, spans) if logs_come_first else (spans, logs):
            await house.accept(record)

        page = await house.export(where(field, "contains", phrase))

        assert (page.count, page.incomplete) == (count, False)
        assert [event["event_name"] for event in page.events] == ["step 1"] * count

    run(test)


def test_a_phrase_in_the_span_and_another_in_its_log_records_are_found_together() -> None:
    async def test(house: ReadHouse) -> None:
        asked = '[{"role":"user","content":"how warm is it in Cork"}]'
        await house.accept(export(span(1, gen_ai__input__messages=asked, **CHAT)))
        await house.accept(log_export(SAID))

        page = await house.export(
            where("inputs", "contains", "warm is it"), where("outputs", "contains", "fifteen deg")
        )

        assert page.count == 1

    run(test)


def test_metrics_are_kept_and_indexed_nowhere() -> None:
    async def test(house: ReadHouse) -> None:
        called = await house.ship(log_export(ASKED, kind=RecordKind.METRICS))
        batch = await house.index.read([called])

        assert (batch.size(), batch.corrupt) == (0, {called: 0})

    run(test)
