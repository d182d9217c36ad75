"""Rewrite done segments into packs by project and day, and let old days go (DESIGN 3.8).

Order of steps: pack object, catalogue, the segment's own mark, then the inbox object is deleted. A
crash between any two leaves every address resolvable; what was packed twice is packed equally.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from hh_core.domain.segments import (
    INBOX,
    KIND,
    RAW,
    SegmentRecord,
    inbox_key,
    is_relayed,
    segment_created_ms,
)
from hh_core.errors import RejectedError
from hh_core.ports.objects import ObjectInfo, Objects
from hh_core.ports.records import Document, Records
from hh_core.usecases.catalogue import Catalogue
from hh_core.wire.pack import encode_pack
from hh_core.wire.segment import Damage, read_segment

QUARANTINE = "quarantine/"
"""Where a segment with damaged bytes is kept whole before its sound records are packed."""

_PAGE = 1000
Bundle = dict[str, list[tuple[int, SegmentRecord]]]
"""Records with their offsets, by segment."""


@dataclass(frozen=True, slots=True)
class PackSettings:
    pack_after_ms: int = 60_000
    """How long a done segment waits for company."""
    pack_bytes: int = 64 << 20
    """As soon as this much is done, it is packed; also the most that is held in memory."""
    needs_relay: bool = True
    """A segment is done with the control plane's receipt too."""
    relay_patience_ms: int = 6 * 3600 * 1000
    """Indexed segments older than this are packed without that receipt: the control plane may be
    away for days. Their telemetry must be spooled: what found no room is dispatched again from the
    inbox."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What one pass did; for counters."""

    segments: int = 0
    packs: int = 0
    raw_bytes: int = 0
    packed_bytes: int = 0
    quarantined: int = 0


class Pack:
    def __init__(
        self,
        objects: Objects,
        records: Records,
        *,
        now_ms: Callable[[], int],
        settings: PackSettings | None = None,
    ) -> None:
        self._objects = objects
        self._records = records
        self._catalogue = Catalogue(objects, records)
        self._now_ms = now_ms
        self._settings = settings or PackSettings()

    async def __call__(self) -> Packed:
        """Pack at most ``pack_bytes`` of done segments. All zero: there is nothing to do yet."""
        done = await self._done()
        if not done:
            return Packed()
        age = self._now_ms() - segment_created_ms(done[0].key.removeprefix(INBOX))
        size = sum(info.size for info in done)
        if size < self._settings.pack_bytes and age < self._settings.pack_after_ms:
            return Packed()
        return await self._pack([info.key.removeprefix(INBOX) for info in done])

    async def _done(self) -> Sequence[ObjectInfo]:
        """The oldest done segments, together about ``pack_bytes``."""
        done: list[ObjectInfo] = []
        size, after = 0, ""
        while size < self._settings.pack_bytes:
            page = await self._objects.list(INBOX, after=after, limit=_PAGE)
            names = [info.key.removeprefix(INBOX) for info in page]
            async with self._records.begin() as unit:
                found = {record.key: record.value for record in await unit.get(KIND, names)}
            for name, info in zip(names, page, strict=True):
                if size < self._settings.pack_bytes and self._is_done(name, found.get(name, {})):
                    done.append(info)
                    size += info.size
            if len(page) < _PAGE:
                break
            after = page[-1].key
        return done

    def _is_done(self, name: str, document: Document) -> bool:
        if document.get("indexed") is None:
            return False
        if not self._settings.needs_relay or is_relayed(document):
            return True
        if document.get("spooled") is None:
            return False
        age = self._now_ms() - segment_created_ms(name)
        return age >= self._settings.relay_patience_ms

    async def _pack(self, names: Sequence[str]) -> Packed:
        bundles: dict[tuple[UUID, str], Bundle] = {}
        raw = quarantined = 0
        for name in names:
            data = await self._objects.get(inbox_key(name))
            raw += len(data)
            if _sort(data, name, bundles):
                quarantined += 1
                await self._objects.put(QUARANTINE + name, data)
        packed = 0
        for (project, day), bundle in bundles.items():
            packed += await self._write(project, day, bundle)
        await self._finish(names)
        return Packed(len(names), len(bundles), raw, packed, quarantined)

    async def _write(self, project: UUID, day: str, bundle: Bundle) -> int:
        data = await asyncio.to_thread(encode_pack, project, bundle)
        key = f"{RAW}{project}/{day}/{min(bundle)}-{hashlib.sha256(data).hexdigest()[:16]}"
        await self._objects.put(key, data)
        counts = {name: len(records) for name, records in bundle.items()}
        await self._catalogue.note(key, project, len(data), counts)
        return len(data)

    async def _finish(self, names: Sequence[str]) -> None:
        now = self._now_ms()
        async with self._records.begin() as unit:
            await unit.merge(KIND, {name: {"packed": now} for name in names})
        await self._objects.delete([inbox_key(name) for name in names])


def day_of(segment: str) -> str:
    """The UTC day on which a segment was begun, ``yyyy-mm-dd``: its records' day of receipt."""
    created = segment_created_ms(segment) / 1000
    return datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%d")


def _sort(data: bytes, name: str, bundles: dict[tuple[UUID, str], Bundle]) -> bool:
    """Add a segment's records to their projects' bundles; True if some bytes do not check."""
    try:
        found = list(read_segment(data, name))
    except RejectedError:
        return True
    day = day_of(name)
    damaged = False
    for item in found:
        if isinstance(item, Damage):
            damaged = damaged or not item.torn
            continue
        bundle = bundles.setdefault((item.record.header.project, day), {})
        bundle.setdefault(name, []).append((item.offset, item.record))
    return damaged
