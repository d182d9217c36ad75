"""Records that a search for a phrase goes through: in which order, and what holds it in them."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import groupby, starmap
from time import time_ns
from typing import cast

from hh_core.ports.analytics import Condition, Op, Row
from hh_core.usecases.belonging import trace_id
from hh_core.usecases.columns_decide import Where
from hh_core.usecases.sorting import Sort

_AT_ONCE = 64
_SEGMENTS_AT_ONCE = 4
"""A segment is sealed at some MiB, but one record may be as large as a request."""
_HOUR_NS = 3_600_000_000_000
_WINDOWS = tuple(hours * _HOUR_NS for hours in (24, 96, 384))
"""How far before now the time is cut: which records there are is asked of one window after the
other, as most searches end in the first ones. Where they are cut changes no answer."""

At = tuple[str, int]
"""Segment and record."""


@dataclass(frozen=True, slots=True)
class Group:
    """A record, and when the events in it began."""

    segment: str
    record: int
    first_ns: int
    last_ns: int

    @property
    def at(self) -> At:
        return self.segment, self.record


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that holds what is wanted, or may."""

    group: Group
    spans: Mapping[int, bytes] | None
    """Ordinal and trace id of those that hold it; None: all of its events may."""
    told: Set[bytes] = frozenset()
    """Traces with log records that may hold it, in whole or in part."""

    def may_be(self, row: Row) -> bool:
        """Whether the event of ``row``, which stands in the record, may match."""
        return self.spans is None or row["ordinal"] in self.spans or trace_id(row) in self.told


@dataclass(frozen=True, slots=True)
class Window:
    """A part of time, from ``since_ns`` on and before ``until_ns``; None: without end."""

    since_ns: int | None = None
    until_ns: int | None = None

    @property
    def where(self) -> Where:
        limits = ((Op.GE, self.since_ns), (Op.LT, self.until_ns))
        return tuple(Condition("start_ns", op, at) for op, at in limits if at is not None)


def windows(sort: Sort) -> Iterator[Window]:
    """All of time, newest first; in one piece where the order of the list is another one."""
    cuts = [time_ns() - back for back in _WINDOWS] if sort.is_newest_first else []
    return starmap(Window, zip([*cuts, None], [None, *cuts], strict=True))


def of_records(where: Where, groups: Sequence[Group]) -> Where:
    """Conditions that the events of these records fulfil, and few others."""
    return (
        *where,
        Condition("start_ns", Op.GE, min(group.first_ns for group in groups)),
        Condition("start_ns", Op.LE, max(group.last_ns for group in groups)),
        Condition("record", Op.IN, [group.record for group in groups]),
        Condition("segment", Op.IN, list({group.segment for group in groups})),
    )


def place_of(row: Row) -> At:
    return str(row["segment"]), cast(int, row["record"])


def in_traces(hits: Sequence[Hit]) -> Where:
    """The traces in which the events stand, if they are known: they are looked up, then."""
    traces: set[bytes] = set()
    for hit in hits:
        if hit.spans is None:
            return ()
        traces |= {*hit.spans.values(), *hit.told}
    return (Condition("trace_id", Op.IN, list(traces)),)


def in_chunks(groups: Sequence[Group]) -> Iterator[Sequence[Group]]:
    """``groups`` in order, some at a time."""
    some: list[Group] = []
    for _, of_segment in groupby(groups, key=lambda group: group.segment):
        for group in of_segment:
            some.append(group)
            if len(some) == _AT_ONCE:
                yield some
                some = []
        if len({group.segment for group in some}) >= _SEGMENTS_AT_ONCE:
            yield some
            some = []
    if some:
        yield some
