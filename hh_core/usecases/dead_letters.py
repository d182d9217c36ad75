"""Rows that the index refused for good, whole, with why and when: nothing is dropped in silence.

A letter's id is a function of its row, so a redelivered poison row is one letter.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pyarrow as pa

from hh_core.domain.identity import uuid8
from hh_core.errors import NotFoundError, RejectedError
from hh_core.ports.queue import Message
from hh_core.ports.records import Record, Records, UnitOfWork
from hh_core.wire.telemetry import decode, encode

KIND = "dead-letters"
FIRST_PAUSE_MS = 15 * 60 * 1000
LONGEST_PAUSE_MS = 24 * 60 * 60 * 1000
_PAGE = 500
_MOST_REASON = 200


@dataclass(frozen=True, slots=True)
class Letter:
    """One row, or a whole message that did not read (then without project and event)."""

    id: str
    what: str
    """``row | message``."""
    project: str
    event: str
    segment: str
    dp_id: str
    code: int
    reason: str
    """What the index said: it names a field and a rule, never a value."""
    attempts: int
    first_ms: int
    last_ms: int
    next_ms: int
    """When it is redriven by itself."""
    body: bytes
    """The row as an Arrow IPC stream, or the message's body."""

    def rows(self) -> pa.RecordBatch:
        """Raises ``RejectedError`` while the body does not read."""
        return decode(self.body)

    def summary(self) -> dict[str, Any]:
        """All but the body."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "body"}


class DeadLetters:
    def __init__(self, records: Records, *, now_ms: Callable[[], int]) -> None:
        self._records = records
        self._now_ms = now_ms

    async def keep_rows(self, rows: Sequence[tuple[pa.RecordBatch, RejectedError]]) -> None:
        """Keep each single-row batch with its error. Durable when it returns."""
        async with self._records.begin() as unit:
            for row, error in rows:
                await self._keep(unit, *_of_row(row), error)

    async def keep_message(self, message: Message, error: RejectedError) -> None:
        id_ = str(uuid8(b"dead-message", message.body))
        value = {
            "what": "message",
            "project": "",
            "event": "",
            "segment": message.headers.get("range", "").partition("/")[0],
            "dp_id": message.key,
            "body": b64encode(message.body).decode(),
        }
        async with self._records.begin() as unit:
            await self._keep(unit, id_, value, error)

    async def page(
        self, *, project: str | None = None, after: str = "", limit: int = 100
    ) -> Sequence[Letter]:
        """Letters in order of their ids; of one project, or of all."""
        where = None if project is None else {"project": project}
        async with self._records.begin() as unit:
            found = await unit.find(KIND, after=after, limit=limit, where=where)
        return [_letter(record) for record in found]

    async def page_of(self, project: str, *, after: str = "", limit: int = 100) -> Sequence[Letter]:
        """Of one project, for people. Raises ``NotFoundError`` if ``after`` is no letter of it, or
        none any more."""
        if after:
            async with self._records.begin() as unit:
                last = await unit.get(KIND, [after])
            if not last or last[0].value["project"] != project:
                raise NotFoundError("after: not of this list; begin again without it")
        return await self.page(project=project, after=after, limit=limit)

    async def get(self, id_: str) -> Letter:
        """Raises ``NotFoundError``."""
        async with self._records.begin() as unit:
            found = await unit.get(KIND, [id_])
        if not found:
            raise NotFoundError("no such dead letter")
        return _letter(found[0])

    async def due(self) -> Sequence[Letter]:
        """The first letters whose time to be redriven has come."""
        after = ""
        while page := await self.page(after=after, limit=_PAGE):
            if ripe := [letter for letter in page if letter.next_ms <= self._now_ms()]:
                return ripe
            after = page[-1].id
        return ()

    async def discard(self, ids: Sequence[str]) -> None:
        async with self._records.begin() as unit:
            await unit.delete(KIND, ids)

    async def failed_again(self, letter: Letter, error: RejectedError) -> None:
        """Wait twice as long as before, at most a day."""
        async with self._records.begin() as unit:
            found = await unit.get(KIND, [letter.id])
            if found:
                await self._keep(unit, letter.id, found[0].value, error)

    async def _keep(
        self, unit: UnitOfWork, id_: str, value: Mapping[str, Any], error: RejectedError
    ) -> None:
        now = self._now_ms()
        found = await unit.get(KIND, [id_])
        before = found[0].value if found else {}
        attempts = before.get("attempts", 0) + 1
        # an exponent beyond 7 is a day in any case
        pause = min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** min(attempts - 1, 10))
        fate = {
            "code": error.code,
            "reason": str(error)[:_MOST_REASON],
            "attempts": attempts,
            "first_ms": before.get("first_ms", now),
            "last_ms": now,
            "next_ms": now + pause,
        }
        await unit.put(KIND, id_, {**value, **fate})


def _of_row(row: pa.RecordBatch) -> tuple[str, dict[str, Any]]:
    cells = {name: row.column(name)[0].as_py() for name in ("project_id", "event_id", "version")}
    id_ = str(uuid8(b"dead-row", cells["project_id"], cells["event_id"], cells["version"]))
    value = {
        "what": "row",
        "project": str(UUID(bytes=cells["project_id"])),
        "event": str(UUID(bytes=cells["event_id"])),
        "segment": row.column("segment")[0].as_py(),
        "dp_id": row.column("dp_id")[0].as_py(),
        "body": b64encode(encode(row)).decode(),
    }
    return id_, value


def _letter(record: Record) -> Letter:
    value = {**record.value, "body": b64decode(record.value["body"])}
    return Letter(id=record.key, **value)
