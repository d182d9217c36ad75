"""History is priced anew from stored usage: shown first, then applied, effectively once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, cast

import pytest
from raw_segments import PROJECT
from read_house import NAME_KEY, START_MS, ReadHouse, export, read_house, span

from hh_core.domain.price_book import NO_BOOK, PriceBook
from hh_core.domain.segments import KIND, relay_key
from hh_core.domain.telemetry import Crossings
from hh_core.errors import UnavailableError
from hh_core.ports.analytics import Query, Relation, Row
from hh_core.usecases.derivations import Derivations
from hh_core.usecases.recount import Recount
from hh_core.usecases.reprice import Difference, Reprice, Wanted
from hh_core.usecases.retelling import Retelling
from hh_core.usecases.rollups import RollUps
from hh_core.wire import telemetry
from hh_core.wire.price_lines import price_book
from hh_data.config import PricesConfig
from hh_data.price_rules import configured_book

CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4.1-mini",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100,
    "session.id": "s",
}
BOOK = price_book()
BY_BOOK = Decimal("0.00056")
MODEL = ("openai", "gpt-4.1-mini")
ALL = [Wanted(project=PROJECT)]


def run(scenario: Callable[[ReadHouse], Awaitable[None]], book: PriceBook = NO_BOOK) -> None:
    async def main() -> None:
        async with read_house(book=book) as house:
            await scenario(house)

    asyncio.run(main())


def reprice(house: ReadHouse, book: PriceBook = BOOK, *, relays: bool = False) -> Reprice:
    retelling = Retelling(
        house.objects,
        house.records,
        name_key=NAME_KEY,
        crossings=Crossings,
        max_bytes=1 << 30,
    )
    return Reprice(
        house.analytics,
        house.records,
        RollUps(house.analytics, Recount(house.analytics)),
        book,
        begin=Derivations(house.objects, now_ms=lambda: START_MS).begin,
        tell=retelling if relays else None,
    )


async def rows(house: ReadHouse) -> Mapping[bytes, Row]:
    names = ("span_id", "cost", "version", "attributes")
    query = Query(relation=Relation.EVENTS, project=PROJECT, columns=names)
    return {cast(bytes, row["span_id"]): row for row in await house.analytics.select(query)}


async def cost(house: ReadHouse, number: int = 1) -> Decimal | None:
    found = (await rows(house))[number.to_bytes(8, "big")]
    return cast("Decimal | None", found["cost"])


async def of_session(house: ReadHouse) -> Any:
    query = Query(relation=Relation.SESSIONS, project=PROJECT, columns=("cost",))
    return (await house.analytics.select(query))[0]["cost"]


def test_the_difference_is_shown_first_and_changes_nothing() -> None:
    async def scenario(house: ReadHouse) -> None:
        await house.accept(export(span(1, **CALL), span(2, **CALL)))

        found = await reprice(house)(ALL)

        assert found == {
            MODEL: Difference(
                events=2, changed=2, unknown_before=2, before=Decimal(0), after=2 * BY_BOOK
            )
        }
        assert await cost(house) is None

    run(scenario)


def test_what_is_applied_reaches_events_sessions_and_a_second_run_changes_nothing() -> None:
    async def scenario(house: ReadHouse) -> None:
        await house.accept(export(*[span(number, **CALL) for number in range(1, 12)]))

        first = await reprice(house)(ALL, apply=True)
        before = await rows(house)
        second = await reprice(house)(ALL, apply=True)

        assert (first[MODEL].changed, second[MODEL].changed) == (11, 0)
        assert await rows(house) == before
        assert await cost(house) == BY_BOOK
        assert await of_session(house) == 11 * BY_BOOK
        priced = await house.events({"field": "metadata.cost", "operator": "exists"})
        assert {event["metadata"]["cost"] for event in priced} >= {float(BY_BOOK)}

    run(scenario)


def test_a_record_that_comes_again_changes_nothing_and_a_later_one_wins() -> None:
    async def scenario(house: ReadHouse) -> None:
        called = await house.accept(export(span(1, **CALL)))
        await reprice(house)(ALL, apply=True)

        await house.dispatch(called)  # by an index that knows no prices
        assert await cost(house) == BY_BOOK

        await house.accept(export(span(1, **(CALL | {"gen_ai.usage.cost": 7.5})), sequence=9))
        assert await cost(house) == Decimal("7.5")
        found = await reprice(house)(ALL, apply=True)
        assert found[MODEL].changed == 0

    run(scenario)


def test_later_prices_win_over_earlier_ones() -> None:
    def own(price: str) -> PriceBook:
        told = {"model": ".*", "prices": {"prompt": price, "completion": "0"}}
        return configured_book(PricesConfig.model_validate({"overrides": [told]}))

    async def scenario(house: ReadHouse) -> None:
        await house.accept(export(span(1, **CALL)))
        for price in ("5", "2", "9"):
            await reprice(house, own(price))(ALL, apply=True)
            assert await cost(house) == Decimal(price) / 1000

    run(scenario, BOOK)


def test_a_told_cost_stays_and_an_unknown_model_stays_unknown() -> None:
    async def scenario(house: ReadHouse) -> None:
        told = {"gen_ai.usage.cost": 0.123456789012}
        await house.accept(
            export(
                span(1, **CALL, **told),
                span(2, **(CALL | {"gen_ai.request.model": "house-llm"})),
                span(3, **CALL, **{"gen_ai.usage.cost": 0}),
            )
        )

        found = await reprice(house)(ALL, apply=True)

        assert [await cost(house, number) for number in (1, 2, 3)] == [
            Decimal("0.123456789012"),
            None,
            BY_BOOK,
        ]
        assert found[MODEL].changed == 0
        assert found[MODEL[0], "house-llm"].unknown_after == 1

    run(scenario, BOOK)


@pytest.mark.parametrize(
    ("wanted", "events"),
    [
        (Wanted(project=PROJECT, model="gpt-4.1-mini"), 2),
        (Wanted(project=PROJECT, model="gpt-4o"), 0),
        (Wanted(project=PROJECT, since_ns=(START_MS + 7_200_000) * 10**6), 1),
    ],
)
def test_only_what_is_asked_for_is_priced(wanted: Wanted, events: int) -> None:
    async def scenario(house: ReadHouse) -> None:
        await house.accept(export(span(1, **CALL), span(2, start=7_200_500, **CALL)))

        found = await reprice(house)([wanted], apply=True)

        assert sum(each.events for each in found.values()) == events

    run(scenario)


def test_the_control_plane_is_told_beside_what_still_waits_for_it() -> None:
    async def scenario(house: ReadHouse) -> None:
        called = await house.accept(export(span(1, **CALL), span(2, **CALL)))
        async with house.records.begin() as unit:
            await unit.merge(KIND, {called: {"indexed": 1}})

        for _ in range(2):
            await reprice(house, relays=True)(ALL, apply=True)
        await house.objects.delete([relay_key(called)])
        await reprice(house, NO_BOOK, relays=True)(ALL, apply=True)

        data = await house.objects.get(relay_key(called))
        sent = telemetry.decode(data)
        async with house.records.begin() as unit:
            (document,) = await unit.get(KIND, [called])
        stored = {bytes(cast(bytes, key)): row for key, row in (await rows(house)).items()}
        assert sent.column("cost").to_pylist() == [None, None]
        assert document.value["spooled"] == telemetry.digest(data)
        assert [int.from_bytes(v, "little") for v in sent.column("version").to_pylist()] == [
            stored[span_id]["version"] for span_id in sent.column("span_id").to_pylist()
        ]

    run(scenario)


def test_a_run_that_broke_off_is_done_again_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(house: ReadHouse) -> None:
        called = await house.accept(export(span(1, **CALL)))

        async def away(*_: object) -> None:
            raise UnavailableError("away")

        broken = reprice(house, relays=True)
        monkeypatch.setattr(broken, "_roll_ups", away)  # the rows are in, nothing is counted
        with pytest.raises(UnavailableError):
            await broken(ALL, apply=True)
        assert await of_session(house) is None
        await house.objects.delete([relay_key(called)])

        found = await reprice(house, relays=True)(ALL, apply=True)

        assert found[MODEL].changed == 0
        assert await of_session(house) == BY_BOOK
        assert telemetry.decode(await house.objects.get(relay_key(called))).num_rows == 1

    run(scenario)


def test_rows_that_come_meanwhile_hide_none_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hh_core.usecases.reprice._PAGE", 2)

    async def scenario(house: ReadHouse) -> None:
        starts = [500, 500, 500, 700, 800]
        await house.accept(
            export(*[span(n, start=start, **CALL) for n, start in enumerate(starts, 10)])
        )
        pricing = reprice(house)
        write, come = pricing._write, iter(range(1, 3))

        async def while_others_come(rows: Any) -> None:
            await write(rows)
            for number in come:
                await house.accept(export(span(number, start=100, **CALL), sequence=number + 5))

        monkeypatch.setattr(pricing, "_write", while_others_come)
        await pricing(ALL, apply=True)

        assert [await cost(house, number) for number in range(10, 15)] == [BY_BOOK] * 5

    run(scenario)


@pytest.mark.parametrize(
    "between",
    [
        [Wanted(project=PROJECT, model="gpt-4o")],
        [Wanted(project=PROJECT, since_ns=(START_MS + 7_200_000) * 10**6)],
        None,
    ],
)
def test_a_run_that_broke_off_is_done_again_whatever_was_run_since(
    monkeypatch: pytest.MonkeyPatch, between: list[Wanted] | None
) -> None:
    async def scenario(house: ReadHouse) -> None:
        await house.accept(export(span(1, **CALL)))

        async def away(*_: object) -> None:
            raise UnavailableError("away")

        broken = reprice(house)
        monkeypatch.setattr(broken, "_roll_ups", away)
        with pytest.raises(UnavailableError):
            await broken(ALL, apply=True)
        if between is not None:
            await reprice(house)(between, apply=True)
        else:
            again = reprice(house)
            monkeypatch.setattr(again, "_write", away)  # it does not come as far as the first
            with pytest.raises(UnavailableError):
                await again(ALL, apply=True)

        await reprice(house)(ALL, apply=True)
        assert await of_session(house) == BY_BOOK

    run(scenario)
