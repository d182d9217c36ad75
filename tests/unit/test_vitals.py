"""What a data plane tells of itself: what waits, what came in, what does not answer."""

import asyncio
from typing import Any

from hh_core.domain.segments import relay_key, segment_name
from hh_core.errors import UnavailableError
from hh_data.vitals import PlaneVitals
from hh_memory.objects import ADAPTER as OBJECTS
from hh_memory.objects import ObjectsConfig


class Port:
    def __init__(self, *, away: bool = False) -> None:
        self.away = away

    async def ping(self) -> None:
        if self.away:
            raise UnavailableError("away")


class Door:
    def __init__(self, *totals: int) -> None:
        self.told = totals

    async def totals(self) -> tuple[int, int]:
        if not self.told:
            raise UnavailableError("away")
        return self.told[0], self.told[1]


def test_what_came_in_at_all_doors_and_what_waits_is_told() -> None:
    async def main() -> None:
        async with OBJECTS.open(ObjectsConfig()) as objects:
            for number in (2, 1):
                await objects.put(relay_key(segment_name(1_000 * number, number, 1)), b"x")
            ports: dict[str, Any] = {
                "objects": objects,
                "queue": Port(),
                "records": Port(away=True),
            }
            vitals = await PlaneVitals(ports, [Door(3, 300), Door(4, 400)])()

        assert (vitals.spans, vitals.bytes) == (7, 700)
        assert (vitals.backlog_segments, vitals.oldest_ms) == (2, 1_000)
        assert vitals.unready == ["records"]

    asyncio.run(main())


def test_a_door_that_does_not_answer_is_named_and_the_others_count() -> None:
    vitals = asyncio.run(PlaneVitals({}, [Door(3, 300), Door()])())

    assert (vitals.spans, vitals.unready) == (3, ["ingest"])


def test_without_a_store_nobody_knows_what_waits() -> None:
    vitals = asyncio.run(PlaneVitals({"objects": Port(away=True)})())

    assert (vitals.backlog_segments, vitals.unready) == (0, ["objects"])
