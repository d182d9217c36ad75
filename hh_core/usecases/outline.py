"""Which nodes the tree of a session has, in document order: all of them, and little of each."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import TypeVar, cast
from uuid import UUID

from hh_core.domain.identity import NIL, derived_session, span_event_id
from hh_core.domain.tree import NO_EVENT, NO_SPAN, Pending, Rows, SessionTree, build_tree
from hh_core.ports.analytics import (
    Analytics,
    Column,
    Condition,
    Function,
    Measure,
    Op,
    Order,
    Query,
    Relation,
    Row,
    Value,
)
from hh_core.usecases.belonging import TRACE_ROWS, Belonging, parts

MAX_DEPTH = 64
"""Deeper nodes hang under their ancestor at this depth; ``parent_id`` tells the truth."""

_VERSIONS = 1 << 128
"""The index adds versions up in as many bits."""

_COLUMNS = (
    "event_id",
    "trace_id",
    "span_id",
    "parent_span_id",
    "parent_event_id",
    "session_key",
)
_TOLD = (
    *("start_ns", "duration_ns", "event_type", "event_name"),
    *("segment", "record", "ordinal", "record_kind", "cost"),
)
"""What a wide event is composed from beside ids: read of all rows together with these, as to ask
again for those of a page takes longer."""
_OLDEST_FIRST = (Order("start_ns"), Order("event_id"))
_NODE_BYTES = 300
"""About what a node takes in memory."""
_NO_SESSION = NIL.bytes

_FEW = 1_000
"""Rows that are arranged at once: a thread of their own would cost more."""

ValueT = TypeVar("ValueT")
FoundT = TypeVar("FoundT")


@dataclass(frozen=True, slots=True)
class Mark:
    """Of the rows of some traces: two marks are equal if no row has come, gone or changed. A row
    that comes or goes changes the count, and one that changes has another version."""

    traces: frozenset[bytes]
    rows: int
    versions: int
    """Their sum, in 128 bits."""


def mark_of(traces: Sequence[bytes], versions: Column) -> Mark:
    """From the versions of all rows of ``traces``."""
    return Mark(frozenset(traces), len(versions), versions.total() % _VERSIONS)


class Nesting:
    """What each node of a tree hangs under where none is deeper than ``MAX_DEPTH``: found out for
    those nodes that are asked for, and what stands above them."""

    def __init__(self, parents: Sequence[int | None]) -> None:
        self._parents = parents
        self._above: dict[int, tuple[int | None, int]] = {}
        """What a node hangs under, and its depth in the tree."""

    def __getitem__(self, node: int) -> int | None:
        """None: the session."""
        path: list[int] = []
        above: int | None = node
        while above is not None and above not in self._above:
            path.append(above)
            above = self._parents[above]
        depth = -1 if above is None else self._above[above][1]
        for lower in reversed(path):
            depth += 1
            if depth > MAX_DEPTH and above is not None:
                above = self._above[above][0]
            self._above[lower] = (above, depth)
            above = lower
        return self._above[node][0]


@dataclass(frozen=True)
class Outline:
    project: UUID
    traces: Sequence[bytes]
    """All that the session may hold."""
    rows: Rows
    """Of these traces, by start, then event id."""
    tree: SessionTree
    nesting: Nesting
    told: Mapping[str, Column]
    """What the index says of each row beside ids: the columns ``_TOLD``."""
    versions: Column

    @cached_property
    def mark(self) -> Mark:
        """Of the rows. Only the next page asks for it."""
        return mark_of(self.traces, self.versions)

    @property
    def count(self) -> int:
        """Events of the session."""
        return len(self.order) - len(self.tree.pending)

    @property
    def order(self) -> Sequence[int]:
        return self.tree.order

    @property
    def size(self) -> int:
        """Roughly how many bytes of memory this outline takes."""
        columns = sum(column.size for column in self.told.values())
        columns += self.versions.size
        return _NODE_BYTES * (len(self.rows) + len(self.tree.pending)) + columns

    def page(self, first: int, limit: int) -> Sequence[int]:
        return self.order[first : first + limit]

    def is_pending(self, node: int) -> bool:
        return node >= self.tree.first_pending

    def event(self, node: int) -> UUID:
        """The event id of a node; of a pending span the one that it will most likely have."""
        if not self.is_pending(node):
            return UUID(bytes=self.rows.event_ids[node])
        return pending_event(self.project, self.tree.pending[node - self.tree.first_pending])

    def parent_of(self, node: int) -> UUID | None:
        """The event id of the parent of an event, wherever that stands; of a root None."""
        rows = self.rows
        trace, span = rows.trace_ids[node], rows.parent_span_ids[node]
        if rows.parent_event_ids[node] != NO_EVENT:
            return UUID(bytes=rows.parent_event_ids[node])
        if span == NO_SPAN:
            return None
        found = self.tree.at_parent_spans[node]
        if found is None:
            return span_event_id(self.project, trace, span, None)
        return UUID(bytes=rows.event_ids[found])

    def base_rows(self, nodes: Sequence[int]) -> Sequence[Row]:
        """What wide events of ``nodes`` are composed from; none of them is pending."""
        told = [self.told[name].at(nodes) for name in _TOLD]
        rows = self.rows
        return [
            {
                "event_id": self.event(node),
                "trace_id": rows.trace_ids[node],
                "span_id": rows.span_ids[node],
                "parent_span_id": rows.parent_span_ids[node],
                **dict(zip(_TOLD, values, strict=True)),
            }
            for node, *values in zip(nodes, *told, strict=True)
        ]


def pending_event(project: UUID, pending: Pending) -> UUID:
    """The event id that a parent will most likely have when it arrives."""
    if pending.is_event:
        return UUID(bytes=pending.id)
    return span_event_id(project, pending.id[:16], pending.id[16:], None)


class Outlines:
    def __init__(self, analytics: Analytics, belonging: Belonging) -> None:
        self._analytics = analytics
        self._belonging = belonging

    async def traces(self, project: UUID, key: UUID) -> Sequence[bytes]:
        """The traces that the session may hold."""
        (traces,) = await self._analytics.columns(
            Query(
                relation=Relation.SESSION_TRACES,
                project=project,
                columns=("trace_id",),
                where=(Condition("session_key", Op.EQ, key),),
                limit=TRACE_ROWS,
            )
        )
        return cast("list[bytes]", list(traces))

    async def mark(self, project: UUID, traces: Sequence[bytes]) -> Mark:
        """The mark of the rows that are there now."""
        measures = (
            Measure("rows", Function.COUNT),
            Measure("versions", Function.SUM, "version"),
        )
        rows = versions = 0
        for part in parts(traces):
            query = Query(
                relation=Relation.EVENTS, project=project, where=_of(part), measures=measures
            )
            for row in await self._analytics.select(query):
                rows += cast(int, row["rows"])
                versions += cast("int | None", row["versions"]) or 0
        return Mark(frozenset(traces), rows, versions % _VERSIONS)

    async def of(self, project: UUID, key: UUID, traces: Sequence[bytes]) -> Outline:
        """The outline of a session, from the rows that are there now."""
        ids, told = await self.read(project, traces, ("version", *_TOLD))
        rows, tree = await self.tree(project, key, ids)
        versions = told.pop("version")
        return Outline(project, traces, rows, tree, Nesting(tree.parents), told, versions)

    async def read(
        self, project: UUID, traces: Sequence[bytes], also: Sequence[str]
    ) -> tuple[list[Sequence[bytes]], dict[str, Column]]:
        """All rows of ``traces``, oldest first: the columns of ``tree``, and ``also`` by name."""
        names = tuple(dict.fromkeys(("start_ns", *_COLUMNS, *also)))
        found: list[Sequence[Sequence[Value]]] = []
        for part in parts(traces):
            query = Query(
                relation=Relation.EVENTS,
                project=project,
                columns=names,
                where=_of(part),
                order_by=_OLDEST_FIRST,
                limit=TRACE_ROWS,
            )
            found.append(await self._analytics.columns(query))
        rows = sum(len(columns[0]) for columns in found)
        columns, ids = await _arranged(rows, _gathered, found, len(names))
        told = dict(zip(names, columns, strict=True))
        return ids, {name: told[name] for name in also}

    async def tree(
        self, project: UUID, key: UUID, columns: Sequence[Sequence[bytes]]
    ) -> tuple[Rows, SessionTree]:
        """The nodes of a session, from what ``read`` gave."""
        *ids, claims = columns[: len(_COLUMNS)]
        rows = Rows(
            event_ids=ids[0],
            trace_ids=ids[1],
            span_ids=ids[2],
            parent_span_ids=ids[3],
            parent_event_ids=ids[4],
        )
        mine = await self._mine(project, key, rows, claims)
        return rows, await _arranged(len(rows), build_tree, rows, mine, key.bytes)

    async def _mine(
        self, project: UUID, key: UUID, rows: Rows, claims: Sequence[bytes]
    ) -> Sequence[bool] | None:
        """Which rows are the session's; None: all of them. Rows that claim no session stand in
        the one that is claimed in their trace, if it is the only one."""
        own = key.bytes
        if set(claims) == {own}:
            return None
        claimed: dict[bytes, set[bytes]] = {trace: set() for trace in set(rows.trace_ids)}
        for trace, claim in set(zip(rows.trace_ids, claims, strict=True)):
            claimed[trace].add(claim)
        contested = [trace for trace, some in claimed.items() if len(some - {_NO_SESSION}) > 1]
        if not contested:
            session = {
                trace: next(iter(some - {_NO_SESSION}), None)
                or derived_session(project, trace).bytes
                for trace, some in claimed.items()
            }
            if set(session.values()) <= {own}:
                return None
            return [session[trace] == own for trace in rows.trace_ids]
        return await self._resolved(project, key, rows, claims)

    async def _resolved(
        self, project: UUID, key: UUID, rows: Rows, claims: Sequence[bytes]
    ) -> Sequence[bool]:
        events = [UUID(bytes=event) for event in rows.event_ids]
        asked: list[Row] = [
            {
                "event_id": event,
                "event_type": "",
                "trace_id": trace,
                "session_key": UUID(bytes=claim),
            }
            for event, trace, claim in zip(events, rows.trace_ids, claims, strict=True)
        ]
        belongs = await self._belonging.sessions(project, asked)
        return [belongs[event] == key for event in events]


def _of(traces: Sequence[bytes]) -> tuple[Condition, ...]:
    return (Condition("trace_id", Op.IN, traces),)


async def _arranged(rows: int, work: Callable[..., FoundT], *args: object) -> FoundT:
    """Arrange so many rows: here, or many of them in a thread, so that the loop keeps turning."""
    return work(*args) if rows <= _FEW else await asyncio.to_thread(work, *args)


def _gathered(
    found: Sequence[Sequence[Sequence[Value]]], width: int
) -> tuple[Sequence[Column], list[Sequence[bytes]]]:
    """One answer of ``width`` columns from several, and the ids in it: those are all looked at,
    other values later."""
    columns: Sequence[Sequence[Value]] = [()] * width
    if len(found) == 1:
        (columns,) = found
    elif found:
        columns = _sorted([list(chain.from_iterable(some)) for some in zip(*found, strict=True)])
    ids = [cast("list[bytes]", list(column)) for column in columns[1 : len(_COLUMNS) + 1]]
    return [one if isinstance(one, Column) else Column(one) for one in columns], [*ids]


def _sorted(columns: Sequence[Sequence[ValueT]]) -> Sequence[Sequence[ValueT]]:
    """By the first two; an event that moved meanwhile may have come twice."""
    by = cast("Callable[[tuple[ValueT, ...]], tuple[int, bytes]]", itemgetter(0, 1))
    once = {row[1]: row for row in sorted(zip(*columns, strict=True), key=by, reverse=True)}
    ordered = sorted(once.values(), key=by)
    return list(zip(*ordered, strict=True)) if ordered else columns
