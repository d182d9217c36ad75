"""What the index got lately, in the order of receipt and not of start times.

A record is stamped when it is received and readable a little later, and hosts' clocks differ a
little. So a window begins ``OVERLAP_MS`` before the last one ended, and what was told already is
remembered by digests: of each event its version, of each session its recount.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import cast
from uuid import UUID

from hh_core.ports.analytics import Analytics, Condition, Op, Order, Query, Relation, Value
from hh_core.usecases.belonging import event_id, trace_id

OVERLAP_MS = 10_000
"""Longer than a record takes from its stamp to durability, and than clocks may differ."""
MOST = 1_000
"""Changes of one kind that are looked at."""
_DIGEST_BYTES = 8

Digest = bytes


@dataclass(frozen=True, slots=True)
class Recent:
    events: Mapping[UUID, Collection[Digest]]
    """Digests by the event or session that they tell of."""
    spans: Mapping[tuple[bytes, bytes], Collection[Digest]]
    """By trace and span, of log records: these are part of events."""
    is_cut: bool
    """There is more than was looked at."""

    @property
    def digests(self) -> list[Digest]:
        """The newest first, about."""
        found = (*self.events.values(), *self.spans.values())
        return [digest for digests in found for digest in digests]

    def beyond(self, told: frozenset[Digest]) -> "Recent":
        """Without what has nothing new."""
        return Recent(
            {key: new for key, new in self.events.items() if not told.issuperset(new)},
            {key: new for key, new in self.spans.items() if not told.issuperset(new)},
            self.is_cut,
        )


async def recent(analytics: Analytics, project: UUID, since_ms: int) -> Recent:
    """What was received since then, and sessions that were counted since then."""
    received = Condition("received_ms", Op.GE, since_ms)
    counted = Condition("recount", Op.GE, since_ms * 1_000_000)
    rows, patches, logs, sessions = await asyncio.gather(
        *(
            analytics.select(_newest(relation, project, condition, *columns))
            for relation, condition, columns in (
                (Relation.EVENTS, received, ("version", "event_id")),
                (Relation.PATCHES, received, ("version", "event_id")),
                (Relation.SPAN_LOGS, received, ("version", "trace_id", "span_id", "log_id")),
                (Relation.SESSIONS, counted, ("recount", "session_key")),
            )
        )
    )
    events: dict[UUID, list[Digest]] = {}
    for relation, found in ((Relation.EVENTS, rows), (Relation.PATCHES, patches)):
        for row in found[:MOST]:
            told = _digest(relation, event_id(row).bytes, row["version"])
            events.setdefault(event_id(row), []).append(told)
    for row in sessions[:MOST]:
        key = cast(UUID, row["session_key"])
        told = _digest(Relation.SESSIONS, key.bytes, row["recount"])
        events.setdefault(key, []).append(told)
    spans: dict[tuple[bytes, bytes], list[Digest]] = {}
    for row in logs[:MOST]:
        told = _digest(Relation.SPAN_LOGS, cast(UUID, row["log_id"]).bytes, 0)
        spans.setdefault((trace_id(row), cast(bytes, row["span_id"])), []).append(told)
    is_cut = any(len(found) > MOST for found in (rows, patches, logs, sessions))
    return Recent(events, spans, is_cut)


def pack(digests: Sequence[Digest]) -> bytes:
    return b"".join(digests)


def unpack(packed: bytes) -> frozenset[Digest]:
    starts = range(0, len(packed), _DIGEST_BYTES)
    return frozenset(packed[start : start + _DIGEST_BYTES] for start in starts)


def _newest(relation: Relation, project: UUID, where: Condition, *columns: str) -> Query:
    return Query(
        relation=relation,
        project=project,
        columns=columns,
        where=(where,),
        order_by=(Order(columns[0], descending=True),),
        limit=MOST + 1,
    )


def _digest(relation: Relation, key: bytes, version: Value) -> Digest:
    text = f"{relation}\0{cast(int, version)}\0".encode() + key
    return blake2b(text, digest_size=_DIGEST_BYTES).digest()
