"""One question, one event or one project costs the others nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import orjson
import pytest
from raw_segments import OTHER, PROJECT
from read_house import ReadHouse, export, read_house, rest_event, span, start, update, where

from hh_core.domain.filters import Filter
from hh_core.errors import OverloadedError, RejectedError
from hh_core.usecases import text_search
from hh_core.usecases.phrases import needles
from hh_core.usecases.read_limits import ReadLimits, Turns
from hh_core.usecases.seen_paths import MAX_HINTS, MAX_KNOWN
from hh_core.usecases.showing import TOO_DEEP, shown

SESSION = "42557e62-eb0e-48d0-838a-bf5f93adb229"
LARGE = 256 << 10


def run(scenario: Callable[[ReadHouse], Awaitable[None]], **limits: Any) -> None:
    async def main() -> None:
        async with read_house(limits=ReadLimits(**limits)) as house:
            await scenario(house)

    asyncio.run(main())


@pytest.mark.parametrize("depth", [65, 985, 100_000])
def test_json_text_nested_too_deeply_stays_text_and_harms_nobody(depth: int) -> None:
    text = "[" * depth + "]" * depth

    async def main(house: ReadHouse) -> None:
        common: dict[str, Any] = {
            "honeyhive__session_id": SESSION,
            "openinference__span__kind": "CHAIN",
        }
        await house.accept(
            export(span(1, input__value=text, input__mime_type="application/json", **common)),
            export(span(2, **common)),
        )

        page = await house.export(where("event_type", "is not", "session"))

        assert page.count == len(page.events) == 2
        assert text in orjson.dumps(page.events[1]["inputs"]).decode()
        tree = await house.sessions.tree(PROJECT, SESSION, limit=10)
        assert len(tree.session["children"]) == 2
        event, _ = await house.reader.event(PROJECT, page.events[1]["event_id"])
        assert orjson.loads(orjson.dumps(event))["inputs"] == page.events[1]["inputs"]

    run(main)


def test_json_text_of_a_sound_depth_is_an_object() -> None:
    async def main(house: ReadHouse) -> None:
        kept: dict[str, Any] = {
            "openinference__span__kind": "CHAIN",
            "input__mime_type": "application/json",
        }
        await house.accept(export(span(1, input__value='{"a": [[[1]]]}', **kept)))

        (event,) = await house.events(where("inputs.a", "exists"))

        assert event["inputs"] == {"a": [[[1]]]}

    run(main)


@pytest.mark.parametrize("value", [1 << 70, "\ud800", [[[]]] * 3])
def test_what_json_cannot_carry_becomes_text_in_its_own_event(value: Any) -> None:
    deep: Any = "core"
    for _ in range(5_000):
        deep = [deep]

    event, data = shown({"event_id": "e", "inputs": {"deep": deep, "value": value}})

    assert event["event_id"] == orjson.loads(data)["event_id"] == "e"
    assert TOO_DEEP in data.decode()
    assert orjson.loads(data)["inputs"].keys() == {"deep", "value"}


def test_an_answer_that_grows_too_large_is_refused_before_all_of_it_is_read() -> None:
    async def main(house: ReadHouse) -> None:
        for number in range(40):
            await house.accept(rest_event(inputs={"text": "x" * LARGE}, start_time=number + 1.0))
        read = _bytes_read(house)

        with pytest.raises(RejectedError, match=r"1 MiB; set limit to 3 or less .* projections"):
            await house.export()

        assert sum(read) < 40 * LARGE / 2

    run(main, answer_bytes=1 << 20)


def test_one_segment_of_large_events_is_read_a_slice_at_a_time() -> None:
    async def main(house: ReadHouse) -> None:
        events = [rest_event(inputs={"text": "x" * LARGE}, start_time=n + 1.0) for n in range(40)]
        await house.accept(*events)
        read = _bytes_read(house)

        with pytest.raises(RejectedError, match="larger than 1 MiB"):
            await house.export(where("inputs.text", "exists"))

        assert sum(read) < 40 * LARGE / 2

    run(main, answer_bytes=1 << 20)


def test_only_what_is_projected_counts_and_the_remedy_knows_of_projections() -> None:
    async def main(house: ReadHouse) -> None:
        for number in range(8):
            await house.accept(rest_event(inputs={"text": "x" * LARGE}, start_time=number + 1.0))

        tools = where("event_type", "is", "tool")

        page = await house.export(tools, projections=["event_name"])

        assert page.events == [{"event_name": "rest"}] * 8
        with pytest.raises(RejectedError, match="leave large fields out of projections"):
            await house.export(tools, projections=["event_name", "inputs"])

    run(main, answer_bytes=1 << 20)


def test_a_session_page_that_grows_too_large_names_limit() -> None:
    async def main(house: ReadHouse) -> None:
        await house.accept(start(SESSION))
        for _ in range(8):
            await house.accept(rest_event(session_id=SESSION, inputs={"text": "x" * LARGE}))

        with pytest.raises(RejectedError, match="larger than 1 MiB; set limit"):
            await house.sessions.tree(PROJECT, SESSION, limit=100)
        page = await house.sessions.tree(PROJECT, SESSION, limit=2)
        assert len(page.session["children"]) == 2

    run(main, answer_bytes=1 << 20)


def test_a_search_for_a_phrase_says_where_its_time_was_over_and_goes_on_from_there() -> None:
    async def main(house: ReadHouse) -> None:
        for number in range(1, 13):  # each in a segment of its own
            said = {"honeyhive_outputs.result": f"the {'quick' if number % 3 else 'slow'} fox"}
            await house.accept(export(span(number, **said)))
        found: dict[str, Any] = {}
        until: float | None = None
        for _ in range(10):
            bounds = {} if until is None else {"dateRange": {"$lte": until}}
            page = await house.export(where("outputs", "contains", "quick fox"), **bounds)
            found |= {event["event_id"]: event["event_name"] for event in page.events}
            if not page.incomplete:
                break
            assert page.stopped_by == "search_seconds"
            until = page.stopped_at

        assert list(found.values()) == [f"step {n}" for n in range(12, 0, -1) if n % 3]
        assert until is not None

    run(main, search_seconds=1e-9)


def test_a_search_whose_page_is_full_counts_no_longer_than_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text_search, "_GATHERED", 1)

    async def main(house: ReadHouse) -> None:
        for number in range(1, 25):  # each in a segment of its own
            await house.accept(export(span(number, **{"honeyhive_outputs.result": "a quick fox"})))
        asked = where("outputs", "contains", "quick fox")

        first = await house.export(asked, limit=5)
        second = await house.export(asked, limit=5, page=2)

        assert first.incomplete
        assert first.stopped_by == "first_page_seconds"
        assert 5 <= first.count < 24
        names = [event["event_name"] for page in (first, second) for event in page.events]
        assert names == [f"step {number}" for number in range(24, 14, -1)]
        assert not (await house.export(asked, limit=24)).incomplete

    run(main, first_page_seconds=0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("quick brown fox", [b"quick brown fox"]),
        ('said "quick fox"\nand left the house', [b"and left the house"]),
        ("assistant", []),
        ("über Grün", [b"ber Gr"]),
        ("5 < 6 is it", [b" 6 is it"]),
    ],
)
def test_only_several_words_that_no_encoder_escapes_are_looked_for_in_records(
    value: str, expected: list[bytes]
) -> None:
    asked = [Filter("outputs", "contains", "string", value), Filter("error", "exists", "string")]

    assert needles(asked) == expected


def test_a_question_that_takes_too_long_is_told_to_ask_for_less() -> None:
    async def main(house: ReadHouse) -> None:
        await house.accept(export(span(1, honeyhive__session_id=SESSION)))
        _delay(house, 5)

        for question in (house.export(), house.sessions.tree(PROJECT, SESSION, limit=1)):
            with pytest.raises(RejectedError, match=r"longer than .* narrow dateRange") as refused:
                await question
            assert refused.value.code == 422

    run(main, seconds=0.05)


def test_a_project_waits_for_its_turn_and_the_others_do_not() -> None:
    async def main() -> None:
        turns = Turns(ReadLimits(at_once_per_project=1, wait_seconds=0.05))
        async with turns.turn(PROJECT):
            with pytest.raises(OverloadedError, match="try again"):
                async with turns.turn(PROJECT):
                    pass
            async with turns.turn(OTHER):
                pass
        async with turns.turn(PROJECT):
            pass

    asyncio.run(main())


def test_no_more_are_at_work_than_there_are_turns() -> None:
    async def main() -> None:
        turns = Turns(ReadLimits(at_once=2, wait_seconds=5))
        at_work: set[int] = set()
        most = 0

        async def one(number: int) -> None:
            nonlocal most
            async with turns.turn(UUID(int=number)):
                at_work.add(number)
                most = max(most, len(at_work))
                await asyncio.sleep(0.001)
                at_work.remove(number)

        await asyncio.gather(*map(one, range(20)))
        assert most == 2

    asyncio.run(main())


def test_the_loop_keeps_turning_while_a_search_looks_into_everything() -> None:
    async def main(house: ReadHouse) -> None:
        bag = {f"k{number}": "v" * 20 for number in range(50)}
        await house.accept(*(rest_event(metadata=bag, inputs=bag) for _ in range(1000)))
        path = ".".join(["metadata", *"k" * 31])
        ticks: list[float] = []
        ticking = asyncio.create_task(_tick(ticks))

        page = await house.export(*[where(path, "not exists")] * 60, limit=1)

        ticking.cancel()
        assert page.count == 1001  # and the session
        assert len(ticks) > 15  # where it looks on the loop, that turns once a slice

    run(main)


def test_a_few_misspelt_fields_are_hinted_at() -> None:
    async def main(house: ReadHouse) -> None:
        await house.accept(export(span(1, **{f"honeyhive_metadata.key{n}": n for n in range(9)})))
        wrong = [where(f"metdata.key{number}", "is", "x") for number in range(9)]

        page = await house.export(*wrong, where("x" * 900, "is", "y"))

        assert len(page.warnings) == MAX_HINTS
        assert page.warnings[0].endswith("did you mean 'metadata.key0'?")

    run(main)


def test_among_very_many_paths_no_misspelt_one_is_looked_for() -> None:
    async def main(house: ReadHouse) -> None:
        for first in range(0, MAX_KNOWN + 60, 60):
            named = {f"key{number}": 1 for number in range(first, first + 60)}
            await house.accept(rest_event(metadata=named))

        assert (await house.export(where("metdata.key0", "is", "x"))).warnings == []

    run(main)


def test_an_event_with_many_patches_is_read_whole() -> None:
    async def main(house: ReadHouse) -> None:
        event = "11111111-1111-4111-8111-111111111111"
        await house.accept(rest_event(event_id=event))
        for number in range(300):
            await house.accept(update(event, sequence=2000 + number, metadata={f"k{number}": 1}))

        found, _ = await house.reader.event(PROJECT, event)

        assert len(found["metadata"]) == 300

    run(main)


def _bytes_read(house: ReadHouse) -> list[int]:
    """Grows by what is read of the object store from now on."""
    read: list[int] = []
    get = house.objects.get

    async def counted(*args: Any, **named: Any) -> bytes:
        data = await get(*args, **named)
        read.append(len(data))
        return data

    house.objects.get = counted  # type: ignore[method-assign]  # spies on the real one
    return read


def _delay(house: ReadHouse, seconds: float) -> None:
    select = house.analytics.select

    async def delayed(query: Any) -> Any:
        await asyncio.sleep(seconds)
        return await select(query)

    house.analytics.select = delayed  # type: ignore[method-assign]  # the real one, but slow


async def _tick(ticks: list[float]) -> None:
    while True:
        ticks.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.005)


def test_a_phrase_in_a_record_of_very_many_events_is_searched_event_by_event() -> None:
    async def main(house: ReadHouse) -> None:
        said = {"honeyhive_outputs.result": "the quick fox"}
        await house.accept(export(*(span(number, **said) for number in range(1, 13))))

        page = await house.export(where("outputs", "contains", "quick fox"))

        assert page.stopped_by == "scan_limit"
        assert [event["event_name"] for event in page.events] == [
            f"step {n}" for n in range(12, 7, -1)
        ]

    run(main, scan_limit=5)
