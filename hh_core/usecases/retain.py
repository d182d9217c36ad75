"""Let whole days of raw content go: by age, and oldest first when the disk bound is reached."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hh_core.domain.segments import KIND, RAW
from hh_core.ports.objects import ObjectInfo, Objects
from hh_core.ports.records import Records
from hh_core.usecases.catalogue import Catalogue, packs
from hh_core.usecases.sketches import SKETCHES, keys_of, sketch_key


@dataclass(frozen=True, slots=True)
class RetainSettings:
    retention_days: int = 30
    """A pack goes when every record in it is older: nothing earlier than this (P16)."""
    max_disk_bytes: int = 20 << 30
    """Bound of raw/ and of the sketches beside it; above it the oldest days go first, whatever
    their age."""


@dataclass(frozen=True, slots=True)
class Retired:
    """What one pass deleted; for counters."""

    expired_packs: int = 0
    expired_bytes: int = 0
    evicted_packs: int = 0
    """Younger than ``retention_days``, but over ``max_disk_bytes``."""
    evicted_bytes: int = 0
    held_bytes: int = 0
    """Of raw/ and its sketches, afterwards."""


class Retain:
    def __init__(
        self,
        objects: Objects,
        records: Records,
        *,
        now_ms: Callable[[], int],
        settings: RetainSettings | None = None,
    ) -> None:
        self._objects = objects
        self._records = records
        self._catalogue = Catalogue(objects, records)
        self._now_ms = now_ms
        self._settings = settings or RetainSettings()

    async def __call__(self) -> Retired:
        dated = [(day, info) async for info in packs(self._objects) if (day := _day(info))]
        sketches = {info.key: info.size async for info in packs(self._objects, SKETCHES)}
        dated.sort(key=lambda item: (item[0], item[1].key))
        today = datetime.fromtimestamp(self._now_ms() / 1000, UTC).date()
        keep_from = today - timedelta(days=self._settings.retention_days)
        expired = [info for day, info in dated if day < keep_from]
        held = [info for day, info in dated if day >= keep_from]
        evicted, size = _over(held, sketches, self._settings.max_disk_bytes)
        for info in [*expired, *evicted]:
            await self._retire(info)
        expired_bytes, evicted_bytes = _size(expired, sketches), _size(evicted, sketches)
        return Retired(len(expired), expired_bytes, len(evicted), evicted_bytes, size)

    async def _retire(self, info: ObjectInfo) -> None:
        """Catalogue first: an uncatalogued pack is found again, a lost one's entries are not."""
        await self._catalogue.forget(info)
        await self._objects.delete(keys_of([info.key]))

    async def forget_segments(self, limit: int = 1000) -> int:
        """Delete the documents of segments that were packed before the retention; how many."""
        before = self._now_ms() - (self._settings.retention_days + 1) * 86_400_000
        async with self._records.begin() as unit:
            oldest = await unit.find(KIND, limit=limit)
            gone = [item.key for item in oldest if 0 < item.value.get("packed", 0) < before]
            await unit.delete(KIND, gone)
        return len(gone)


def _day(info: ObjectInfo) -> date | None:
    parts = info.key.removeprefix(RAW).split("/")
    try:
        return date.fromisoformat(parts[1])
    except (IndexError, ValueError):
        return None


def _over(
    held: Sequence[ObjectInfo], sketches: Mapping[str, int], bound: int
) -> tuple[list[ObjectInfo], int]:
    """The oldest of ``held`` that must go to come under ``bound``, and what is left in bytes."""
    size = _size(held, sketches)
    evicted: list[ObjectInfo] = []
    for info in held:
        if size <= bound:
            break
        evicted.append(info)
        size -= _size([info], sketches)
    return evicted, size


def _size(infos: Sequence[ObjectInfo], sketches: Mapping[str, int]) -> int:
    """Bytes of packs together with their sketches (key and size of all there are)."""
    return sum(info.size + sketches.get(sketch_key(info.key), 0) for info in infos)
