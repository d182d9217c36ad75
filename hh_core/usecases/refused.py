"""Rows that the data plane's index refuses for good, found by bisection and kept as dead letters.

A letter is the row's address and the reason: the row itself stands in its segment, and is made
again when that is dispatched again.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from hh_core.errors import RejectedError, UnavailableError
from hh_core.ports.analytics import Analytics, Relation
from hh_core.ports.queue import SEGMENTS, Message, Queue
from hh_core.ports.records import Record, Records
from hh_core.usecases.batch import Rows

KIND = "dead-letters"
ADDRESS = ("segment", "record", "ordinal")
"""The columns that say where a row comes from."""
_MOST_REASON = 200
_PROBES = 20
_PAGE = 1000


class BreakerError(UnavailableError):
    """Most rows of a batch fail: our mistake, not that of the rows. Nothing is dead-lettered."""


@dataclass(frozen=True, slots=True)
class Refusal:
    relation: Relation
    row: Mapping[str, Any]
    error: RejectedError


@dataclass(slots=True)
class Taken:
    """The rows of a batch, by whether the index takes them."""

    good: list[bytes] = field(default_factory=list)
    """Arrow streams of those it took."""
    bad: list[Refusal] = field(default_factory=list)


async def insert_all(
    analytics: Analytics, relation: Relation, rows: Rows, *, breaker_rows: int
) -> Taken:
    """Insert all rows but those that alone are refused.

    Raises ``BreakerError`` when of at least ``breaker_rows`` rows more than half are refused.
    """
    taken = Taken()
    most_bad = len(rows) // 2 if len(rows) >= breaker_rows else len(rows)
    waiting = [rows] if rows else []
    while waiting:
        part = waiting.pop()
        try:
            taken.good.append(await _insert(analytics, relation, part))
        except RejectedError as error:
            if len(part) == 1:
                taken.bad.append(Refusal(relation, part.row(0), error))
            elif part is rows:
                await _probe(analytics, relation, rows)
            half = len(part) // 2
            waiting += [part[half:], part[:half]] if half else []
            if len(taken.bad) > most_bad:
                raise BreakerError(f"more than half of a batch is refused: {error}") from error
    return taken


async def _insert(analytics: Analytics, relation: Relation, rows: Rows) -> bytes:
    stream = await asyncio.to_thread(rows.arrow)
    await analytics.insert(relation, stream)
    return stream


async def _probe(analytics: Analytics, relation: Relation, rows: Rows) -> None:
    """If each of twenty rows is refused, do not insert thousands one by one to learn the same."""
    if len(rows) < 2 * _PROBES:
        return
    for place in random.sample(range(len(rows)), _PROBES):
        try:
            await _insert(analytics, relation, rows[place : place + 1])
            return
        except RejectedError as error:
            last = error
    raise BreakerError(f"each of {_PROBES} rows of a batch is refused: {last}") from last


class RefusedRows:
    """The dead letters of a data plane. Keys are addresses: ``<segment>:<record>:<ordinal>``."""

    def __init__(self, records: Records, *, now_ms: Callable[[], int]) -> None:
        self._records = records
        self._now_ms = now_ms

    async def settle(self, refusals: Iterable[Refusal], segments: Iterable[str]) -> None:
        """Keep a letter for each refusal, and drop those of ``segments`` that are healed.

        ``segments`` names those that were dispatched before: only they can have letters.
        """
        refused = {_key(refusal): refusal for refusal in refusals}
        async with self._records.begin() as unit:
            stale: list[str] = []
            for segment in segments:
                found = await unit.find(KIND, prefix=f"{segment}:")
                stale += [record.key for record in found if record.key not in refused]
            await unit.delete(KIND, stale)
            before = {record.key: record for record in await unit.get(KIND, list(refused))}
            for key, refusal in refused.items():
                await unit.put(KIND, key, self._value(refusal, before.get(key)))

    async def page(self, *, after: str = "", limit: int = _PAGE) -> Sequence[Record]:
        """Letters in order of their addresses."""
        async with self._records.begin() as unit:
            return await unit.find(KIND, after=after, limit=limit)

    def _value(self, refusal: Refusal, before: Record | None) -> dict[str, object]:
        row, now = refusal.row, self._now_ms()
        old = before.value if before is not None else {}
        return {
            "plane": "data",
            "relation": str(refusal.relation),
            "project": str(UUID(bytes=row["project_id"])),
            "code": refusal.error.code,
            "reason": str(refusal.error)[:_MOST_REASON],
            **{name: row[name] for name in ADDRESS},
            "attempts": int(old.get("attempts", 0)) + 1,
            "first_ms": int(old.get("first_ms", now)),
            "last_ms": now,
        }


async def redrive(letters: RefusedRows, queue: Queue, *, nonce: str) -> int:
    """Have every segment that has letters dispatched again; how many there are.

    What passes loses its letter. ``nonce`` tells this redrive from earlier ones.
    """
    after, segments = "", set[str]()
    while page := await letters.page(after=after):
        segments |= {str(record.value["segment"]) for record in page if "segment" in record.value}
        after = page[-1].key
    messages = [
        Message(
            key="redrive",
            body=orjson.dumps({"segment": segment, "attempt": 2}),
            id=f"{segment}:redrive:{nonce}",
        )
        for segment in sorted(segments)
    ]
    if messages:
        await queue.publish(SEGMENTS, messages)
    return len(messages)


def _key(refusal: Refusal) -> str:
    return ":".join(str(refusal.row[name]) for name in ADDRESS)
