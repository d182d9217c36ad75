"""A rebuild over an index that has rows: another derivation of the same records (DESIGN 4.2)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest
from dispatch_house import NAME_KEY, NOW_MS, WHEN, DispatchHouse, Dump, dispatch_house
from read_house import export, rest_event, span, start, update
from servers.clickhouse import clickhouse_server

from hh_core.domain.event import Mapper
from hh_core.domain.identity import Version
from hh_core.domain.segments import KIND, relay_key
from hh_core.domain.tables import COLUMNS, Relation
from hh_core.domain.telemetry import Crossings
from hh_core.errors import NotFoundError, UnavailableError
from hh_core.hooks import load_mappers
from hh_core.usecases.derivations import Derivations
from hh_core.usecases.rebuild import Rebuild, Rebuilt
from hh_core.usecases.renewal import _EMPTY, _KEPT, Renewal
from hh_core.usecases.retelling import Retelling
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.wire import telemetry

Scenario = Callable[[DispatchHouse], Awaitable[None]]

ALL = load_mappers()
NONE: Sequence[Mapper] = ()
A = "aaaaaaaa-0000-4000-8000-000000000001"
B = "bbbbbbbb-0000-4000-8000-000000000002"
CLAIMED = "cccccccc-0000-4000-8000-000000000003"
USED: Any = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 7}


@pytest.fixture(scope="module", params=["memory", "clickhouse"])
def index(request: pytest.FixtureRequest) -> Callable[[], Mapping[str, Any]]:
    """Makes an empty index."""
    if request.param == "memory":
        return lambda: {"adapter": "memory"}
    server = clickhouse_server()
    return lambda: {"adapter": "clickhouse", **server.config(retention_days=10_000).model_dump()}


async def fill(house: DispatchHouse) -> None:
    """Spans whose event, session, type and tokens a mapper tells, REST writes, and a re-sent span
    that has moved to another hour."""
    await house.ship(export(span(1, session__id=A), span(2, parent=1, **USED)), start(A))
    await house.ship(export(span(3, parent=1, session__id=B, **USED), sequence=2))
    claim: Any = {"honeyhive_event_id": CLAIMED, "session.id": A}
    await house.ship(export(span(4, trace=2, **claim, **USED), sequence=3))
    await house.ship(export(span(5, trace=3, **USED), sequence=4))
    await house.ship(export(span(5, trace=3, start=-8_000_000, **USED), sequence=5))
    await house.ship(rest_event(event_id=A.replace("a", "d"), session_id=A))
    await house.ship(update(CLAIMED, sequence=7, metadata={"x": 1}))
    await house.point(*house.shipped)
    await house.drain()


async def derive(house: DispatchHouse) -> Rebuilt:
    """As ``hh rebuild --from-raw``."""
    generation = await Derivations(house.objects, now_ms=lambda: NOW_MS).begin()
    retelling = Retelling(
        house.objects,
        house.records,
        name_key=NAME_KEY,
        crossings=Crossings,
        max_bytes=1 << 30,
    )
    renewal = Renewal(
        house.analytics, house.records, generation=generation, dp_id="dp", tell=retelling
    )
    names = SegmentsSource(house.objects, house.records).names()
    return await Rebuild(house.index(generation), limits=house.limits, renewal=renewal)(names)


async def told(house: DispatchHouse) -> Dump:
    """All that readers are told: not the links and fields that no event has any more."""
    without = {*WHEN, "version"}
    dump = dict(await house.dump(without=without))
    del dump[Relation.SESSION_TRACES], dump[Relation.SCHEMAS]
    return dump


async def of_an_empty_index(
    house: DispatchHouse, index: Callable[[], Mapping[str, Any]], mappers: Sequence[Mapper]
) -> Dump:
    async with dispatch_house(index()) as fresh:
        fresh.objects, fresh.records, fresh.mappers = house.objects, house.records, mappers
        await Rebuild(fresh.index())(SegmentsSource(house.objects, house.records).names())
        return await told(fresh)


def run(scenario: Scenario, index: Callable[[], Mapping[str, Any]], **limits: Any) -> None:
    async def inside() -> None:
        async with dispatch_house(index(), **limits) as house:
            await scenario(house)

    asyncio.run(inside())


@pytest.mark.parametrize(
    ("before", "after"), [(NONE, ALL), (ALL, NONE)], ids=["told more", "told less"]
)
@pytest.mark.parametrize("batch_rows", [1, 1_000])
def test_the_index_becomes_what_the_new_mappers_tell(
    index: Callable[[], Mapping[str, Any]],
    before: Sequence[Mapper],
    after: Sequence[Mapper],
    batch_rows: int,
) -> None:
    async def scenario(house: DispatchHouse) -> None:
        house.mappers = before
        await fill(house)
        assert await told(house) == await of_an_empty_index(house, index, before)
        house.mappers = after

        rebuilt = await derive(house)

        assert await told(house) == await of_an_empty_index(house, index, after)
        assert rebuilt.withdrawn == 1

    run(scenario, index, batch_rows=batch_rows)


def test_what_was_withdrawn_is_back_when_a_later_derivation_tells_it(
    index: Callable[[], Mapping[str, Any]],
) -> None:
    async def scenario(house: DispatchHouse) -> None:
        await fill(house)
        before = await told(house)
        for mappers in (NONE, ALL):
            house.mappers = mappers
            await derive(house)

        assert await told(house) == before

    run(scenario, index)


def test_a_dispatch_of_before_changes_nothing_when_it_comes_late(
    index: Callable[[], Mapping[str, Any]],
) -> None:
    async def scenario(house: DispatchHouse) -> None:
        house.mappers = NONE
        await fill(house)
        old = house.dispatch()
        house.mappers = ALL
        await derive(house)
        after = await told(house)

        await house.point(*house.shipped, attempt=2)
        await house.drain(old)

        assert await told(house) == after

    run(scenario, index)


def test_the_control_plane_is_told_of_every_row_anew_and_of_what_went() -> None:
    async def scenario(house: DispatchHouse) -> None:
        house.mappers = NONE
        await fill(house)
        before = await _spooled(house)
        house.mappers = ALL
        await derive(house)

        after = await _spooled(house)
        assert {row["event_id"] for row in before} < {row["event_id"] for row in after}
        (gone,) = [row for row in after if row["is_deleted"]]
        assert gone["event_id"] in {row["event_id"] for row in before}
        assert sum(dict(row["usage"]).get("prompt_tokens", 0) for row in after) == 35
        for called in house.shipped:
            data = await house.objects.get(relay_key(called))
            assert (await house.receipt(called))["spooled"] == telemetry.digest(data)

    run(scenario, lambda: {"adapter": "memory"})


@pytest.mark.parametrize("breaks", ["when rows are in", "when all is told"])
def test_the_control_plane_hears_of_what_went_however_often_it_breaks_off(
    monkeypatch: pytest.MonkeyPatch, breaks: str
) -> None:
    async def scenario(house: DispatchHouse) -> None:
        house.mappers = NONE
        await fill(house)
        before = {row["event_id"] for row in await _spooled(house)}
        house.mappers = ALL
        if breaks == "when rows are in":

            async def away(*_: object) -> None:
                raise UnavailableError("away")

            with monkeypatch.context() as broken:
                broken.setattr(Renewal, "tell", away)
                with pytest.raises(UnavailableError):
                    await derive(house)
        else:
            await derive(house)
        await derive(house)

        after = await _spooled(house)
        (gone,) = [row for row in after if row["is_deleted"]]
        assert gone["event_id"] in before
        ids = [row["event_id"] for row in after if row["segment"] == gone["segment"]]
        assert len(ids) == len(set(ids))

    run(scenario, lambda: {"adapter": "memory"})


def test_a_segment_before_its_first_dispatch_is_left_to_it() -> None:
    async def scenario(house: DispatchHouse) -> None:
        await fill(house)
        fresh = await house.ship(export(span(9, trace=9)))
        async with house.records.begin() as unit:
            await unit.merge(KIND, {fresh: {"size": 1}})

        rebuilt = await derive(house)

        assert rebuilt.segments == len(house.shipped) - 1
        with pytest.raises(NotFoundError):
            await house.objects.get(relay_key(fresh))

    run(scenario, lambda: {"adapter": "memory"})


def test_a_rebuild_waits_while_the_relay_is_full() -> None:
    async def scenario(house: DispatchHouse) -> None:
        called = await house.ship(export(span(1)))
        await house.objects.put(relay_key("waits"), bytes(100))
        slept: list[float] = []

        async def taken(seconds: float) -> None:
            slept.append(seconds)
            await house.objects.delete([relay_key("waits")])

        retelling = Retelling(
            house.objects,
            house.records,
            name_key=NAME_KEY,
            crossings=Crossings,
            max_bytes=200,
            sleep=taken,
        )
        renewal = Renewal(house.analytics, house.records, generation=1, dp_id="dp", tell=retelling)
        names = SegmentsSource(house.objects, house.records).names()
        await Rebuild(house.index(1), renewal=renewal)(names)

        assert len(slept) == 1
        assert await house.objects.get(relay_key(called))

    run(scenario, lambda: {"adapter": "memory"})


def test_each_derivation_has_a_number_of_its_own() -> None:
    async def scenario(house: DispatchHouse) -> None:
        derivations = Derivations(house.objects, now_ms=lambda: NOW_MS)
        assert await derivations.latest() == 0

        first, second = await asyncio.gather(derivations.begin(), derivations.begin())

        assert {first, second} == {1, 2}
        assert await derivations.latest() == 2

    run(scenario, lambda: {"adapter": "memory"})


def test_later_derivations_win_and_the_record_stands_before_them() -> None:
    first = int(Version(5, 1, 7, Version.derived(3, 0)))
    assert first == int(Version(5, 1, 7, 3))
    again = int(Version(5, 1, 7, Version.derived(3, 1)))
    later_record = int(Version(5, 1, 8, Version.derived(0, 0)))
    assert first < int(Version(5, 1, 7, Version.derived(4, 0))) < again < later_record


def test_a_mark_of_deletion_has_every_column() -> None:
    columns = {column.name for column in COLUMNS[Relation.EVENTS]}
    assert columns == {*_KEPT, *_EMPTY, "project_id", "dp_id"}


async def _spooled(house: DispatchHouse) -> list[dict[str, Any]]:
    return [
        row
        for called in house.shipped
        for row in telemetry.decode(await house.objects.get(relay_key(called))).to_pylist()
    ]
