"""What stands in acknowledged records that are not indexed yet, for readers who wait for nothing
that does not concern them.

Nothing is looked at when it comes: bodies are kept as they were sent, and unpacked, once, when a
reader asks which of them hold certain bytes. Where that cannot be told, nobody says that they
do not.
"""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import stringzilla

from hh_core.domain.segments import ContentType, Encoding, RecordKind
from hh_core.errors import RejectedError
from hh_core.usecases.durability import Draft
from hh_core.wire.otlp_body import UNLIMITED, decompress, plain_size

MAX_BYTES = 64 << 20
_LARGE = 4 << 20
"""Bytes of a record that is not looked through: it would hold up those who write."""
_MOST_WORK = 256 << 20
"""Bytes that one reader's question may look through, each time for one of its needles."""
_ESCAPED = re.compile(rb"\\u00(?:2[de]|3[0-9a]|[4-7][0-9a-f])")
"""Letters and digits that a JSON text within a record writes in another way; in lower case."""
_LOWER = bytes(range(256)).lower()


@dataclass(slots=True)
class _Record:
    body: bytes
    encoding: Encoding
    size: int
    """After decompression."""
    plain: bytes | None = None
    """In lower case; empty: what stands in it cannot be told."""

    def lacks(self, needles: Collection[bytes]) -> bool:
        if self.plain is None:
            self.plain = _plain(self.body, self.encoding)
            self.body = b""
        plain = self.plain
        return bool(plain) and all(stringzilla.find(plain, needle) < 0 for needle in needles)


@dataclass(slots=True)
class _Segment:
    records: dict[UUID, list[_Record]] = field(default_factory=dict)
    unclear: set[UUID] = field(default_factory=set)
    """Projects with records of which nothing can be told."""
    size: int = 0


class PendingRecords:
    """The records of segments from their first acknowledgement on. Used within one event loop."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        """``max_bytes`` of records after decompression are kept; of more nothing can be told."""
        self._max_bytes = max_bytes
        self._segments: dict[str, _Segment] = {}
        self._turn = asyncio.Semaphore(1)
        self.size = 0

    def keep(self, segment: str, drafts: Sequence[Draft]) -> None:
        """``drafts`` are in ``segment``."""
        kept = self._segments.setdefault(segment, _Segment())
        for draft in drafts:
            if draft.kind is RecordKind.METRICS:
                continue  # in no index
            size = max(len(draft.body), plain_size(draft.body, draft.encoding))
            is_told = draft.content_type is ContentType.PROTOBUF and size <= _LARGE
            if not is_told or self.size + size > self._max_bytes:
                kept.unclear.add(draft.project)
                continue
            record = _Record(draft.body, draft.encoding, size)
            kept.records.setdefault(draft.project, []).append(record)
            kept.size += size
            self.size += size

    def forget(self, segment: str) -> None:
        kept = self._segments.pop(segment, None)
        self.size -= kept.size if kept is not None else 0

    async def without(
        self, project: UUID, segments: Collection[str], needles: Collection[bytes]
    ) -> Sequence[str]:
        """Those of ``segments`` that certainly hold no record of ``project`` in which one of
        ``needles`` stands, in whatever case: not those that are not known here."""
        async with self._turn:
            asked = {
                name: tuple(kept.records.get(project, ()))
                for name in segments
                if (kept := self._segments.get(name)) is not None and project not in kept.unclear
            }
            size = sum(record.size for records in asked.values() for record in records)
            if size * len(needles) > _MOST_WORK:
                return ()
            return await asyncio.to_thread(_without, asked, [one.lower() for one in needles])


def _without(asked: Mapping[str, Collection[_Record]], needles: Collection[bytes]) -> Sequence[str]:
    return [
        name for name, records in asked.items() if all(record.lacks(needles) for record in records)
    ]


def _plain(body: bytes, encoding: Encoding) -> bytes:
    try:
        plain = stringzilla.translate(decompress(body, encoding, UNLIMITED), _LOWER)
    except RejectedError:
        return b""
    return b"" if _ESCAPED.search(plain) else plain
