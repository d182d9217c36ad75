"""Sketches are made of packs that have rested, and go with them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from string import ascii_lowercase

import pytest
from raw_segments import PROJECT, record

from hh_core.domain.segments import RAW
from hh_core.errors import RejectedError
from hh_core.usecases.catalogue import Catalogue
from hh_core.usecases.retain import Retain, RetainSettings, Retired
from hh_core.usecases.segments_source import PACKS
from hh_core.usecases.sketches import SKETCHES, MakeSketches, Sketches, sketch_key
from hh_core.wire.pack import encode_pack
from hh_core.wire.sketch_writer import sketch_of
from hh_data.sketching import in_a_process
from hh_memory.objects import MemoryObjects, ObjectsConfig, open_objects
from hh_memory.records import MemoryRecords, RecordsConfig, open_records

DATE = "2026-01-02"
LONG_AFTERWARDS = 1_770_768_000_000  # 2026-02-11T00:00:00Z


@dataclass
class House:
    objects: MemoryObjects
    records: MemoryRecords

    async def retain(self) -> Retired:
        """What retention does after more than a month."""
        return await Retain(self.objects, self.records, now_ms=lambda: LONG_AFTERWARDS)()

    async def keys(self, prefix: str) -> list[str]:
        return [info.key for info in await self.objects.list(prefix)]


def run(scenario: Callable[[House], Awaitable[None]]) -> None:
    async def main() -> None:
        async with (
            open_objects(ObjectsConfig()) as objects,
            open_records(RecordsConfig()) as records,
        ):
            await scenario(House(objects, records))

    asyncio.run(main())


async def _make(pack: bytes) -> bytes:
    return sketch_of(pack)


def _text(size: int) -> bytes:
    return "".join(Random(size).choices(ascii_lowercase + "    ", k=size)).encode()


async def _packed(built: House, size: int) -> str:
    """A pack of one record of ``size`` bytes, as the packer leaves it."""
    pack = encode_pack(PROJECT, {"s": [(0, record(_text(size)))]})
    key = f"{RAW}{PROJECT}/{DATE}/s-{size}"
    await built.objects.put(key, pack)
    await Catalogue(built.objects, built.records).note(key, PROJECT, len(pack), {"s": 1})
    return key


def _job(built: House, rest_seconds: float = 0) -> MakeSketches:
    return MakeSketches(built.objects, built.records, _make, rest_seconds=rest_seconds)


def test_a_pack_that_has_rested_gets_a_sketch_once() -> None:
    async def scenario(built: House) -> None:
        pack = await _packed(built, 3 << 20)

        assert await _job(built, rest_seconds=60)() == 0
        job = _job(built)
        assert [await job(), await job()] == [1, 0]

        assert await built.keys(SKETCHES) == [sketch_key(pack)]
        sketched = await Sketches(built.objects, built.records).look(PROJECT, [b"no such phrase"])
        assert sketched.packs.keys() == {"s"}

    run(scenario)


def test_a_small_pack_and_what_is_no_pack_are_searched_without() -> None:
    async def scenario(built: House) -> None:
        await _packed(built, 1000)
        broken = f"{RAW}{PROJECT}/{DATE}/broken"
        await built.objects.put(broken, b"not a pack")
        await Catalogue(built.objects, built.records).note(broken, PROJECT, 2 << 20, {"t": 1})
        job = _job(built)

        assert [await job(), await job()] == [0, 0]

        assert await built.keys(SKETCHES) == []
        async with built.records.begin() as unit:
            assert {item.value["sketch"] for item in await unit.find(PACKS)} == {"none"}

    run(scenario)


def test_a_sketch_goes_with_its_pack() -> None:
    async def scenario(built: House) -> None:
        await _packed(built, 3 << 20)
        await _job(built)()

        assert (await built.retain()).expired_packs == 1

        assert await built.keys(SKETCHES) == []
        assert await built.keys(RAW) == []

    run(scenario)


def test_the_disk_bound_counts_sketches_too() -> None:
    async def scenario(built: House) -> None:
        for size in (2 << 20, 3 << 20):
            await _packed(built, size)
        infos = await built.objects.list(RAW)
        packs = sum(info.size for info in infos)
        job = _job(built)
        assert [await job(), await job()] == [1, 1]
        sketches = sum(info.size for info in await built.objects.list(SKETCHES))
        assert sketches > 0

        async def bounded(most: int) -> Retired:
            settings = RetainSettings(retention_days=10**4, max_disk_bytes=most)
            retain = Retain(
                built.objects, built.records, now_ms=lambda: LONG_AFTERWARDS, settings=settings
            )
            return await retain()

        assert await bounded(packs + sketches) == Retired(held_bytes=packs + sketches)
        retired = await bounded(packs)  # the packs alone would fit
        assert retired.evicted_packs == 1
        assert retired.evicted_bytes + retired.held_bytes == packs + sketches
        left = [*await built.objects.list(RAW), *await built.objects.list(SKETCHES)]
        assert sum(info.size for info in left) == retired.held_bytes

    run(scenario)


def test_a_pack_that_goes_while_its_sketch_is_made_leaves_none() -> None:
    async def scenario(built: House) -> None:
        await _packed(built, 3 << 20)

        async def make(pack: bytes) -> bytes:
            await built.retain()
            return sketch_of(pack)

        assert await MakeSketches(built.objects, built.records, make, rest_seconds=0)() == 0
        assert await built.keys(SKETCHES) == []

    run(scenario)


def test_the_process_that_makes_sketches_makes_the_same() -> None:
    pack = encode_pack(PROJECT, {"s": [(0, record(_text(50_000)))]})

    assert asyncio.run(in_a_process(pack)) == sketch_of(pack)
    with pytest.raises(RejectedError):
        asyncio.run(in_a_process(b"not a pack"))
