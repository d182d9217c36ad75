"""What some events are made of, and how many are read together."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast
from uuid import UUID

from hh_core.domain.enrichment import INDEXED
from hh_core.domain.event import Json
from hh_core.domain.filters import number_of, text_of
from hh_core.domain.segments import Address, RecordKind
from hh_core.ports.analytics import Row
from hh_core.usecases.belonging import event_id, parts
from hh_core.usecases.content import Piece
from hh_core.usecases.span_logs import NONE, Joined, SpanId, span_id
from hh_core.usecases.wanted import ALL, Wanted

SLICE = 200
"""Events that are composed together, and then the event loop has a turn."""
_SLICE_BYTES = 1 << 20
"""Of the records that a slice is read from. They may be packed, and grow when they are read."""
_UNKNOWN = _SLICE_BYTES // 2
"""What a record counts whose size is not known."""

_Place = tuple[str, int]
"""Segment and offset of a record."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the index knows of some events, by event id; sessions by session key."""

    bases: Mapping[UUID, Row]
    patches: Mapping[UUID, Sequence[Row]]
    rollups: Mapping[UUID, Row]
    sessions: Mapping[UUID, UUID]
    names: Mapping[UUID, str]
    parents: Mapping[UUID, UUID | None]
    logs: Mapping[SpanId, Joined]

    def addresses(self, row: Row) -> list[Address]:
        """Where the content of a row's event stands, but for log records."""
        event = event_id(row)
        found = self.updates(row)
        return [address(self.bases[event]), *found] if event in self.bases else found

    def updates(self, row: Row) -> list[Address]:
        """Where the content of its updates stands."""
        return [address(patch) for patch in self.patches.get(event_id(row), ())]

    def joined(self, row: Row) -> Joined:
        """The log records of a row's span."""
        base = self.bases.get(event_id(row))
        if base is None or base["record_kind"] != RecordKind.TRACES:
            return NONE
        return self.logs.get(span_id(base), NONE)

    def read(self, row: Row) -> list[Address]:
        """Whatever is read for a row's event."""
        return [*self.addresses(row), *self.joined(row).addresses]

    def logs_of(self, rows: Sequence[Row]) -> Mapping[Address, Sequence[Address]]:
        """Where the log records of spans stand, by where these do."""
        found = ((row, self.joined(row).addresses) for row in rows)
        return {address(self.bases[event_id(row)]): logs for row, logs in found if logs}


def slices(rows: Sequence[Row], known: Known, *, content: bool) -> Iterator[Sequence[Row]]:
    """``rows`` in order, cut where a slice would be read from too much. Without ``content`` and
    updates nothing is read."""
    if not (content or known.patches):
        yield from parts(rows, SLICE)
        return
    places = [_places(known.read(row)) for row in rows]
    sizes = _sizes({place for some in places for place in some})
    some: list[Row] = []
    read: set[_Place] = set()
    size = 0
    for row, wanted in zip(rows, places, strict=True):
        more = sum(sizes[place] for place in wanted - read)
        if some and (size + more > _SLICE_BYTES or len(some) == SLICE):
            yield some
            some, read, size = [], set(), 0
            more = sum(sizes[place] for place in wanted)
        some.append(row)
        read |= wanted
        size += more
    if some:
        yield some


def _places(addresses: Collection[Address]) -> set[_Place]:
    return {(found.segment, found.record) for found in addresses}


def _sizes(places: Collection[_Place]) -> Mapping[_Place, int]:
    """The most bytes that each record can have: it ends where the next one begins."""
    ordered = sorted(places)
    return dict.fromkeys(ordered, _UNKNOWN) | {
        (segment, record): end - record
        for (segment, record), (following, end) in pairwise(ordered)
        if following == segment
    }


def indexed_piece(row: Row, wanted: Wanted = ALL) -> Piece:
    """What the index keeps of an event's content: small scalars under their dotted names, and the
    class of its error."""
    piece: Piece = {"error": row["error_class"] or None, **{name: {} for name in INDEXED}}
    for path, text in cast("Mapping[str, str]", row["attributes"]).items():
        if path not in wanted:
            continue
        bucket, _, name = path.partition(".")
        if path == "source":
            piece["source"] = text
        elif bucket in INDEXED:
            piece[bucket][name] = _scalar(text)
    return piece


def _scalar(text: str) -> Json:
    """The index has texts. One that a number or a truth value is written as is read as such."""
    if text in ("true", "false"):
        return text == "true"
    number = number_of(text)
    if number is None or text_of(number) != text:
        return text
    return int(number) if number.is_integer() else number


def address(row: Row) -> Address:
    record, ordinal = cast(int, row["record"]), cast(int, row["ordinal"])
    return Address(str(row["segment"]), record, ordinal)
