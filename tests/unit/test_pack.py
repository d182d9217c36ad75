"""Packing, the catalogue, retention: every address stays readable at every step."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import pytest
from raw_segments import OTHER, PROJECT, name, record, ship

from hh_core.domain.segments import INBOX, KIND, RAW, inbox_key
from hh_core.errors import NotFoundError, UnavailableError
from hh_core.usecases.catalogue import Catalogue
from hh_core.usecases.pack import QUARANTINE, Pack, PackSettings
from hh_core.usecases.retain import Retain, RetainSettings
from hh_core.usecases.segments_source import PACKED, PACKS, SegmentsSource, packed_key
from hh_memory.objects import MemoryObjects, ObjectsConfig, open_objects
from hh_memory.records import MemoryRecords, RecordsConfig, open_records

DAY = 86_400_000
START = 1_767_312_000_000  # 2026-01-02T00:00:00Z
SETTINGS = PackSettings(pack_after_ms=1000, needs_relay=True, relay_patience_ms=10_000)


@dataclass
class House:
    objects: MemoryObjects
    records: MemoryRecords
    now: int = START

    def pack(self, settings: PackSettings = SETTINGS) -> Pack:
        return Pack(self.objects, self.records, now_ms=lambda: self.now, settings=settings)

    def retain(self, **settings: int) -> Retain:
        return Retain(
            self.objects,
            self.records,
            now_ms=lambda: self.now,
            settings=RetainSettings(**settings),
        )

    async def mark(self, called: str, **receipts: int | str) -> None:
        async with self.records.begin() as unit:
            await unit.merge(KIND, {called: receipts})

    async def read(self, project: UUID, called: str, offset: int) -> bytes | None:
        source = SegmentsSource(self.objects, self.records)
        found = await source.records(project, called, [offset])
        return found[offset].body if offset in found else None

    async def keys(self, prefix: str) -> list[str]:
        return [info.key for info in await self.objects.list(prefix)]


def run(scenario: Callable[[House], Awaitable[None]]) -> None:
    async def main() -> None:
        async with house() as built:
            await scenario(built)

    asyncio.run(main())


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    async with (
        open_objects(ObjectsConfig()) as objects,
        open_records(RecordsConfig()) as records,
    ):
        yield House(objects, records)


async def two_projects(built: House, created: int = START) -> tuple[str, list[int]]:
    called = name(created)
    offsets = await ship(built.objects, called, [record(b"mine"), record(b"theirs", project=OTHER)])
    await built.mark(called, indexed=created, relayed=created)
    return called, offsets


def test_a_packed_record_answers_under_its_old_address() -> None:
    async def scenario(built: House) -> None:
        called, (mine, theirs) = await two_projects(built)
        built.now += 1000

        packed = await built.pack()()

        assert (packed.segments, packed.packs) == (1, 2)
        assert await built.keys(INBOX) == []
        assert {key.split("/")[1] for key in await built.keys(RAW)} == {str(PROJECT), str(OTHER)}
        assert all("/2026-01-02/" in key for key in await built.keys(RAW))
        assert await built.read(PROJECT, called, mine) == b"mine"
        assert await built.read(OTHER, called, theirs) == b"theirs"

    run(scenario)


def test_what_a_sweep_keeps_is_not_read_again_and_the_rest_is() -> None:
    async def scenario(built: House) -> None:
        called, (mine, theirs) = await two_projects(built)
        source = SegmentsSource(built.objects, built.records)
        for project, offset in ((PROJECT, mine), (OTHER, theirs)):
            found = await source.scanned(project, called, [offset])
            if project == PROJECT:
                source.keep(project, called, offset, found[offset])
        await built.objects.delete([inbox_key(called)])

        assert (await source.records(PROJECT, called, [mine]))[mine].body == b"mine"
        assert await source.records(OTHER, called, [mine, theirs]) == {}

    run(scenario)


def test_tenants_never_meet_in_inbox_pack_or_cache() -> None:
    async def scenario(built: House) -> None:
        called, (mine, theirs) = await two_projects(built)
        source = SegmentsSource(built.objects, built.records)
        assert (await source.records(PROJECT, called, [mine, theirs])).keys() == {mine}
        assert (await source.records(OTHER, called, [mine, theirs])).keys() == {theirs}
        built.now += 1000
        await built.pack()()

        assert await built.read(PROJECT, called, theirs) is None
        assert await built.read(OTHER, called, mine) is None
        assert (await source.records(PROJECT, called, [mine, theirs])).keys() == {mine}

    run(scenario)


@pytest.mark.parametrize(
    ("receipts", "age", "packs"),
    [
        ({}, 20_000, False),
        ({"indexed": 1}, 5_000, False),
        ({"relayed": 1}, 5_000, False),
        ({"indexed": 1, "relayed": 1}, 500, False),
        ({"indexed": 1, "relayed": 1}, 5_000, True),
        ({"indexed": 1}, 20_000, False),
        ({"indexed": 1, "spooled": "new"}, 5_000, False),
        ({"indexed": 1, "spooled": "new"}, 20_000, True),
        ({"indexed": 1, "relayed": 1, "spooled": "new", "receipted": "old"}, 5_000, False),
        ({"indexed": 1, "relayed": 1, "spooled": "new", "receipted": "new"}, 5_000, True),
    ],
)
def test_only_done_segments_are_packed(
    receipts: dict[str, int | str], age: int, packs: bool
) -> None:
    async def scenario(built: House) -> None:
        called = name(START)
        await ship(built.objects, called, [record(b"x")])
        await built.mark(called, **receipts)
        built.now = START + age

        assert ((await built.pack()()).segments == 1) is packs
        assert (await built.keys(INBOX) == []) is packs

    run(scenario)


def test_as_soon_as_enough_is_done_it_is_packed() -> None:
    async def scenario(built: House) -> None:
        await two_projects(built)

        packed = await built.pack(PackSettings(pack_bytes=10))()

        assert packed.segments == 1

    run(scenario)


class CrashError(Exception):
    """The process ends here."""


class Crashing(MemoryObjects):
    """Ends the process at the n-th change."""

    countdown = 0

    async def put(self, key: str, data: bytes, *, replace: bool = False) -> None:
        self._step()
        await super().put(key, data, replace=replace)

    async def delete(self, keys: object) -> None:
        self._step()
        await super().delete(keys)  # type: ignore[arg-type]  # handed through

    def _step(self) -> None:
        if self.countdown == 1:
            raise CrashError
        self.countdown -= 1


@pytest.mark.parametrize("step", range(1, 4))
@pytest.mark.parametrize("wiped", [False, True])
def test_a_crash_at_any_step_leaves_every_address_readable(step: int, wiped: bool) -> None:
    async def scenario() -> None:
        async with (
            open_objects(ObjectsConfig(), Crashing) as objects,
            open_records(RecordsConfig()) as records,
            open_records(RecordsConfig()) as fresh,
        ):
            assert isinstance(objects, Crashing)
            built = House(objects, records)
            called, (mine, theirs) = await two_projects(built)
            built.now += 1000
            objects.countdown = step
            with pytest.raises(CrashError):
                await built.pack()()
            objects.countdown = 0
            if wiped:
                built.records = fresh
                await Catalogue(objects, built.records).rebuild()
                await built.mark(called, indexed=START, relayed=START)
            assert await built.read(PROJECT, called, mine) == b"mine"
            assert await built.read(OTHER, called, theirs) == b"theirs"

            await built.pack()()

            assert await built.keys(INBOX) == []
            assert await built.read(PROJECT, called, mine) == b"mine"
            assert await built.read(OTHER, called, theirs) == b"theirs"
            assert len(await built.keys(RAW)) == 2

    asyncio.run(scenario())


def test_the_catalogue_is_rebuilt_from_the_packs() -> None:
    async def scenario(built: House) -> None:
        called, (mine, _) = await two_projects(built)
        built.now += 1000
        await built.pack()()
        async with built.records.begin() as unit:
            before = [await unit.find(PACKED), await unit.find(PACKS)]
            for kind, found in zip((PACKED, PACKS), before, strict=True):
                await unit.delete(kind, [item.key for item in found])
        assert await built.read(PROJECT, called, mine) is None

        assert await Catalogue(built.objects, built.records).rebuild() == 2
        assert await Catalogue(built.objects, built.records).rebuild() == 0

        async with built.records.begin() as unit:
            after = [await unit.find(PACKED), await unit.find(PACKS)]
        assert [[item.value for item in found] for found in after] == [
            [item.value for item in found] for found in before
        ]
        assert await built.read(PROJECT, called, mine) == b"mine"

    run(scenario)


def test_the_source_lists_and_reads_whole_segments_wherever_they_are() -> None:
    async def scenario(built: House) -> None:
        packed, offsets = await two_projects(built)
        built.now += 1000
        await built.pack()()
        waiting = name(START + 5)
        await ship(built.objects, waiting, [record(b"new")])
        source = SegmentsSource(built.objects, built.records)

        assert [called async for called in source.names()] == [waiting, packed]
        whole = await source.segment(packed)
        assert [(item.offset, item.record.body) for item in whole] == [
            (offsets[0], b"mine"),
            (offsets[1], b"theirs"),
        ]
        assert [item.record.body for item in await source.segment(waiting)] == [b"new"]
        with pytest.raises(NotFoundError):
            await source.segment(name(START + 6))

    run(scenario)


def test_a_segment_that_is_packed_while_names_are_listed_is_not_passed_over() -> None:
    async def scenario(built: House) -> None:
        earlier, _ = await two_projects(built)
        built.now += 1000
        await built.pack()()
        later, _ = await two_projects(built, START + 5)
        listed = []
        async for called in SegmentsSource(built.objects, built.records).names():
            listed.append(called)
            built.now += 1000
            await built.pack()()

        assert set(listed) == {earlier, later}

    run(scenario)


def test_damaged_bytes_are_kept_before_the_sound_ones_are_packed() -> None:
    async def scenario(built: House) -> None:
        called = name(START)
        offsets = await ship(built.objects, called, [record(b"bad"), record(b"good")])
        data = bytearray(await built.objects.get(INBOX + called))
        data[offsets[1] - 1] ^= 1
        await built.objects.put(INBOX + called, bytes(data), replace=True)
        await built.mark(called, indexed=1, relayed=1)
        built.now += 1000

        packed = await built.pack()()

        assert packed.quarantined == 1
        assert await built.objects.get(QUARANTINE + called) == bytes(data)
        assert await built.read(PROJECT, called, offsets[1]) == b"good"
        assert await built.read(PROJECT, called, offsets[0]) is None

    run(scenario)


def test_a_large_record_is_read_whole_and_near_ones_in_one_go() -> None:
    async def scenario(built: House) -> None:
        called = name(START)
        bodies = [b"a" * 200_000, b"b", b"c" * 70_000]
        offsets = await ship(built.objects, called, [record(body) for body in bodies])
        source = SegmentsSource(built.objects, built.records, record_cache_bytes=0)

        found = await source.records(PROJECT, called, offsets)

        assert [found[offset].body for offset in offsets] == bodies
        assert await source.records(PROJECT, called, [offsets[1] + 1]) == {}

    run(scenario)


def _forgetful(built: House) -> SegmentsSource:
    """Keeps no bytes of records, but where their segments stand."""
    return SegmentsSource(built.objects, built.records, record_cache_bytes=0, block_cache_bytes=0)


def test_a_pack_that_was_read_from_tells_where_all_its_segments_stand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario(built: House) -> None:
        first, (mine, theirs) = await two_projects(built)
        second, _ = await two_projects(built, START + 1)
        built.now += 1000
        await built.pack()()
        source = _forgetful(built)
        await source.records(PROJECT, first, [mine])

        monkeypatch.setattr(built.records, "begin", None)  # nobody asks the catalogue any more

        assert (await source.records(PROJECT, second, [mine]))[mine].body == b"mine"
        with pytest.raises(TypeError):
            await source.records(OTHER, second, [theirs])

    run(scenario)


def test_where_a_segment_stood_is_asked_anew_when_the_pack_is_another_one_or_gone() -> None:
    async def scenario(built: House) -> None:
        called, (mine, _) = await two_projects(built)
        built.now += 1000
        await built.pack()()
        source = _forgetful(built)
        await source.records(PROJECT, called, [mine])
        entry = packed_key(called, PROJECT)
        async with built.records.begin() as unit:
            (known,) = await unit.get(PACKED, [entry])
            old = str(known.value["pack"])
            await unit.merge(PACKED, {entry: {"pack": f"{old}-2"}})
        await built.objects.put(f"{old}-2", await built.objects.get(old))
        await built.objects.delete([old])

        assert (await source.records(PROJECT, called, [mine]))[mine].body == b"mine"

        async with built.records.begin() as unit:
            await unit.delete(PACKED, [entry])
        await built.objects.delete([f"{old}-2"])
        assert await source.records(PROJECT, called, [mine]) == {}

    run(scenario)


def test_days_go_when_every_record_in_them_is_older_than_the_policy() -> None:
    async def scenario(built: House) -> None:
        called, (mine, _) = await two_projects(built)
        built.now += 1000
        await built.pack()()
        built.now = START + 30 * DAY + DAY - 1
        assert (await built.retain()()).expired_packs == 0
        assert await built.read(PROJECT, called, mine) == b"mine"
        built.now += 1

        retired = await built.retain()()

        assert (retired.expired_packs, retired.held_bytes) == (2, 0)
        assert await built.keys(RAW) == []
        assert await built.read(PROJECT, called, mine) is None
        async with built.records.begin() as unit:
            assert await unit.find(PACKED) == await unit.find(PACKS) == []
        assert await built.retain().forget_segments() == 0
        built.now += DAY
        assert await built.retain().forget_segments() == 1

    run(scenario)


def test_over_the_disk_bound_the_oldest_days_go_first() -> None:
    async def scenario(built: House) -> None:
        for day in range(3):
            await two_projects(built, START + day * DAY)
            built.now = START + day * DAY + 1000
            await built.pack()()
        sizes = [info.size for info in await built.objects.list(RAW)]

        retired = await built.retain(max_disk_bytes=sum(sizes) // 3 + 10)()

        assert (retired.expired_packs, retired.evicted_packs) == (0, 4)
        assert {key.split("/")[2] for key in await built.keys(RAW)} == {"2026-01-04"}

    run(scenario)


def test_while_the_store_is_away_nothing_is_lost() -> None:
    async def scenario(built: House) -> None:
        called, (mine, _) = await two_projects(built)
        built.now += 1000
        with built.objects.outage(), pytest.raises(UnavailableError):
            await built.pack()()

        await built.pack()()

        assert await built.read(PROJECT, called, mine) == b"mine"

    run(scenario)
