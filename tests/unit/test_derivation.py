"""Every cost says where it comes from."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from raw_segments import PROJECT
from read_house import ReadHouse, export, read_house, rest_event, span

from hh_core.domain.identity import span_event_id
from hh_core.domain.price_book import PriceBook
from hh_core.errors import NotFoundError
from hh_core.ports.analytics import Query, Relation
from hh_core.wire.price_lines import price_book

CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4.1-mini",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100,
}
BOOK = price_book()


def run(scenario: Callable[[ReadHouse], Awaitable[None]], book: PriceBook = BOOK) -> None:
    async def main() -> None:
        async with read_house(book=book) as house:
            await scenario(house)

    asyncio.run(main())


def event_id(number: int) -> str:
    return str(span_event_id(PROJECT, (1).to_bytes(16, "big"), number.to_bytes(8, "big"), None))


async def derivation(house: ReadHouse, number: int = 1) -> dict[str, Any]:
    found, behind = await house.costs.derivation(PROJECT, event_id(number))
    assert not behind
    return found


def test_a_cost_by_the_book_names_entry_prices_and_arithmetic() -> None:
    async def scenario(house: ReadHouse) -> None:
        cached = {"gen_ai.usage.cache_read.input_tokens": 600}
        await house.accept(export(span(1, **CALL, **cached)))

        found = await derivation(house)
        event, _ = await house.reader.event(PROJECT, event_id(1))

        assert found["usd"] == found["computed_usd"] == "0.00038"
        assert (found["basis"], found["told_usd"]) == ("book", None)
        assert event["metadata"]["cost"] == 0.00038
        assert found["entry"]["matched"] == "as told"
        assert found["entry"]["origin"].startswith("litellm ")
        assert found["entry"]["source"].startswith("https://")
        assert found["price_book"] == BOOK.version
        assert [(c["unit"], c["amount"], c["price_usd"], c["usd"]) for c in found["charges"]] == [
            ("cache_read", 600, "0.0000001", "0.00006"),
            ("prompt", 400, "0.0000004", "0.00016"),
            ("completion", 100, "0.0000016", "0.00016"),
        ]
        told = {count["kind"]: (count["found_in"], count["how"]) for count in found["usage"]}
        assert told["prompt_tokens"] == ("gen_ai.usage.input_tokens", "as told")
        assert told["total_tokens"] == (None, "the sum of prompt_tokens and completion_tokens")

    run(scenario)


def test_a_corrected_count_says_what_was_added_and_why() -> None:
    async def scenario(house: ReadHouse) -> None:
        beside = {"gen_ai.usage.cache_read.input_tokens": 5000}
        await house.accept(export(span(1, **CALL, **beside)))

        (prompt,) = [
            count
            for count in (await derivation(house))["usage"]
            if count["kind"] == "prompt_tokens"
        ]
        assert (prompt["told"], prompt["count"]) == (1000, 6000)
        assert "cache_read_tokens added: they are more than the whole" in prompt["how"]

    run(scenario)


@pytest.mark.parametrize(
    ("more", "basis", "usd", "why"),
    [
        ({"gen_ai.usage.cost": 0.5}, "told", "0.5", "the span tells it"),
        ({"gen_ai.usage.cost": 0}, "book", "0.00056", "by the price book"),
        ({"gen_ai.request.model": "house-llm"}, "unknown", None, "does not know the model"),
        (
            {"gen_ai.request.model": "house-llm", "gen_ai.usage.cost": 0.0},
            "unknown",
            None,
            "does not know the model",
        ),
        ({"gen_ai.operation.name": "invoke_agent"}, "unknown", None, "only model events"),
        ({"openai.response.service_tier": "priority"}, "book", "0.00098", "by the price book"),
    ],
)
def test_what_counts_is_told_or_computed_or_unknown(
    more: dict[str, Any], basis: str, usd: str | None, why: str
) -> None:
    async def scenario(house: ReadHouse) -> None:
        await house.accept(export(span(1, **(CALL | more))))

        found = await derivation(house)
        event, _ = await house.reader.event(PROJECT, event_id(1))

        assert (found["basis"], found["usd"]) == (basis, usd)
        assert why in found["why"]
        assert event["metadata"].get("cost") == (None if usd is None else float(usd))
        if more.get("gen_ai.usage.cost") == 0:
            assert event["metadata"]["told_cost"] == 0

    run(scenario)


def test_many_spans_at_once_and_a_rest_event_cost_the_same() -> None:
    async def scenario(house: ReadHouse) -> None:
        rest = UUID(int=7)
        await house.accept(export(*[span(number, **CALL) for number in range(1, 21)]))
        await house.accept(
            rest_event(
                event_id=str(rest),
                event_type="model",
                config={"model": "gpt-4.1-mini", "provider": "openai"},
                metadata={"prompt_tokens": 1000, "completion_tokens": 100},
            )
        )

        query = Query(relation=Relation.EVENTS, project=PROJECT, columns=("cost",))
        rows = await house.analytics.select(query)
        found, _ = await house.costs.derivation(PROJECT, str(rest))

        assert [float(row["cost"]) for row in rows] == [0.00056] * 21  # type: ignore[arg-type]  # a Decimal
        assert found["usd"] == "0.00056"
        assert found["usage"][0]["found_in"] == "metadata.completion_tokens"

    run(scenario)


def test_a_cost_of_another_day_says_so() -> None:
    async def scenario(house: ReadHouse) -> None:
        await house.accept(export(span(1, **CALL)))

        found = await derivation(house)

        assert (found["basis"], found["usd"]) == ("earlier", None)
        assert found["computed_usd"] == "0.00056"

    async def main() -> None:
        async with read_house() as house:  # indexed without a book
            house.costs._book = lambda: BOOK
            await scenario(house)

    asyncio.run(main())


def test_an_unknown_event_is_not_found() -> None:
    async def scenario(house: ReadHouse) -> None:
        with pytest.raises(NotFoundError):
            await house.costs.derivation(PROJECT, "nothing")

    run(scenario)
