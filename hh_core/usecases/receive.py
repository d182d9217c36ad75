"""Take what clients send, make it durable, and only then say yes (DESIGN 3.1)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import UUID

from hh_core.domain.segments import ContentType, Encoding, RecordKind
from hh_core.usecases.commit import GroupCommit
from hh_core.usecases.durability import Draft
from hh_core.wire import otlp, otlp_logs, otlp_metrics
from hh_core.wire.otlp_body import Checked, Limits, plain_size

T = TypeVar("T")

_CHECKS: Mapping[RecordKind, Callable[[bytes, ContentType, Encoding, Limits], Checked]] = {
    RecordKind.TRACES: otlp.check,
    RecordKind.LOGS: otlp_logs.check,
    RecordKind.METRICS: otlp_metrics.check,
}
_INLINE_BYTES = 256 << 10
"""A body that is larger once unpacked is checked in a thread, so that others are answered
meanwhile."""
_THREADS = 2
"""How many large bodies are unpacked at once: each may take three times the size limit."""


@dataclass(frozen=True, slots=True)
class Writer:
    """On whose behalf something is written."""

    project: UUID
    key_id: UUID


@dataclass(frozen=True, slots=True)
class Written:
    """One REST record: the JSON text of events or patches, with ids and times filled in."""

    kind: RecordKind
    body: bytes


class Receiver:
    """Every method returns only when all it was given is durable.

    Raises ``RejectedError`` for what can never be taken, ``UnavailableError`` (``OverloadedError``)
    for what could not be stored now; then nothing of it was acknowledged.
    """

    def __init__(self, commits: GroupCommit) -> None:
        self._commits = commits
        self._large = asyncio.Semaphore(_THREADS)

    async def otlp(
        self,
        kind: RecordKind,
        writer: Writer,
        body: bytes,
        content_type: ContentType,
        encoding: Encoding,
        limits: Limits,
    ) -> Checked:
        """An OTLP export of a signal. Spans without sound ids are counted, and skipped by every
        reader."""
        check = partial(_CHECKS[kind], body, content_type, encoding, limits)
        checked = await self.unpacked(max(len(body), plain_size(body, encoding)), check)
        if checked.items > checked.rejected:
            draft = Draft(kind, content_type, encoding, writer.project, writer.key_id, body)
            await self._commits.commit([draft])
        return checked

    async def unpacked(self, size: int, work: Callable[[], T]) -> T:
        """Do the work on a body of that size: here, or a large one in a thread, few at once."""
        if size <= _INLINE_BYTES:
            return work()
        async with self._large:
            return await asyncio.to_thread(work)

    async def rest(self, writer: Writer, written: Sequence[Written]) -> None:
        """Events and patches of one request: durable together, in this order."""
        drafts = [
            Draft(
                item.kind,
                ContentType.JSON,
                Encoding.IDENTITY,
                writer.project,
                writer.key_id,
                item.body,
            )
            for item in written
        ]
        if drafts:
            await self._commits.commit(drafts)
