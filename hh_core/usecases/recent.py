"""What the index got lately, in the order of receipt and not of start times.

A record is stamped when it is received and readable a little later, and hosts' clocks differ a
little. So a window begins ``OVERLAP_MS`` before the last one ended, and what was told already is
remembered by digests: of each event its version, of each session its recount.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from uuid import UUID

from hh_core.ports.analytics import Analytics, Relation

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
    arrivals = await analytics.arrived(project, since_ms, MOST + 1)
    seen = Counter(arrival.relation for arrival in arrivals)
    events: dict[UUID, list[Digest]] = {}
    spans: dict[tuple[bytes, bytes], list[Digest]] = {}
    for arrival in arrivals:
        if arrival.span is None:
            told = _digest(arrival.relation, arrival.key, arrival.version)
            events.setdefault(arrival.key, []).append(told)
        else:  # a copy of a log record says the same, whatever its version
            told = _digest(arrival.relation, arrival.key, 0)
            spans.setdefault(arrival.span, []).append(told)
    return Recent(events, spans, any(count > MOST for count in seen.values()))


def pack(digests: Sequence[Digest]) -> bytes:
    return b"".join(digests)


def unpack(packed: bytes) -> frozenset[Digest]:
    starts = range(0, len(packed), _DIGEST_BYTES)
    return frozenset(packed[start : start + _DIGEST_BYTES] for start in starts)


def _digest(relation: Relation, key: UUID, version: int) -> Digest:
    text = f"{relation}\0{version}\0".encode() + key.bytes
    return blake2b(text, digest_size=_DIGEST_BYTES).digest()
