"""Which rows of which segment are durable in the control plane's index.

One record per (data plane, segment) names the row ranges that were written, so that ranges may be
written in any order, twice, and by several writers at once: merges of different fields commute.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hh_core.ports.records import Document, Records

KIND = "receipts"
_AT = "ms"
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Range:
    """Rows ``[first, first + rows)`` of one rendering (``digest``) of a segment's telemetry."""

    dp_id: str
    segment: str
    digest: str
    first: int
    rows: int


class Receipts:
    def __init__(self, records: Records, *, now_ms: Callable[[], int]) -> None:
        self._records = records
        self._now_ms = now_ms

    async def note(self, ranges: Sequence[Range]) -> None:
        """Remember that ``ranges`` are written. Call it only when they are durable."""
        values: dict[str, dict[str, int]] = {}
        for part in ranges:
            document = values.setdefault(_key(part.dp_id, part.segment), {_AT: self._now_ms()})
            document[_field(part.digest, part.first)] = part.rows
        async with self._records.begin() as unit:
            await unit.merge(KIND, values)

    async def written(self, dp_id: str, segments: Sequence[str]) -> Mapping[str, Document]:
        """What is noted of each of ``segments``."""
        if not segments:
            return {}
        async with self._records.begin() as unit:
            found = await unit.get(KIND, [_key(dp_id, segment) for segment in segments])
        return {record.key.partition("/")[2]: record.value for record in found}

    async def forget(self, dp_id: str, segments: Sequence[str]) -> None:
        """The data plane has taken the receipts of ``segments``."""
        async with self._records.begin() as unit:
            await unit.delete(KIND, [_key(dp_id, segment) for segment in segments])

    async def expire(self, *, older_than_ms: int) -> int:
        """Forget receipts that nobody asked for; how many. They cost a repetition, no more."""
        before = self._now_ms() - older_than_ms
        after, expired = "", 0
        while True:
            async with self._records.begin() as unit:
                page = await unit.find(KIND, after=after, limit=_PAGE)
                old = [record.key for record in page if record.value.get(_AT, 0) < before]
                await unit.delete(KIND, old)
            expired += len(old)
            if len(page) < _PAGE:
                return expired
            after = page[-1].key


def covers(noted: Document, digest: str, first: int, rows: int) -> bool:
    """Whether the noted ranges of the rendering ``digest`` cover ``[first, first + rows)``."""
    spans = sorted(
        (int(name.partition("/")[2]), int(length))
        for name, length in noted.items()
        if name.startswith(f"{digest}/")
    )
    reached = first
    for begin, length in spans:
        if begin > reached:
            break
        reached = max(reached, begin + length)
    return bool(spans) and reached >= first + rows


def _key(dp_id: str, segment: str) -> str:
    return f"{dp_id}/{segment}"


def _field(digest: str, first: int) -> str:
    return f"{digest}/{first}"
