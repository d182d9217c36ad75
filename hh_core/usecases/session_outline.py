"""What a session consists of, without a word of its content: every node, as the index knows it."""

import asyncio
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import orjson

from hh_core.domain.event import Json
from hh_core.domain.identity import name_key
from hh_core.domain.tree import Rows, SessionTree
from hh_core.ports.analytics import Analytics, Column, Row
from hh_core.usecases.belonging import Belonging
from hh_core.usecases.byte_cache import ByteCache
from hh_core.usecases.event_shape import milliseconds_of, told_by_rollup
from hh_core.usecases.freshness import Freshness
from hh_core.usecases.node_columns import READ, NodeColumns, node_columns
from hh_core.usecases.outline import Mark, Outlines, mark_of
from hh_core.usecases.read_limits import ReadLimits, Turns
from hh_core.usecases.session_rollup import FindSession

OUTLINE_LIMIT = 25_000
"""Nodes of one page."""


@dataclass(frozen=True, slots=True)
class OutlinePage:
    session: Mapping[str, Json]
    """Its name, its times and what it adds up to."""
    revision: str
    """Equal as long as no node and no sum has changed: pages of one revision tile the session."""
    count: int
    """Nodes of the whole session, pending parents among them."""
    nodes: Mapping[str, Json]
    """Column by column, in display order."""
    next_offset: int | None
    behind: bool


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Who asked knows it already."""

    revision: str


@dataclass(frozen=True, slots=True)
class _Kept:
    """The nodes of a session, and of which rows they are."""

    mark: Mark
    nodes: NodeColumns


class SessionOutlines:
    def __init__(
        self,
        analytics: Analytics,
        belonging: Belonging,
        freshness: Freshness,
        *,
        name_key: bytes,
        turns: Turns | None = None,
    ) -> None:
        self._outlines = Outlines(analytics, belonging)
        self._name_key = name_key
        self._turns = turns or Turns(ReadLimits())
        self._find = FindSession(
            analytics, self._outlines, freshness, self._turns, name_key=name_key
        )
        self._kept: ByteCache[_Kept] = ByteCache(self._turns.limits.outline_cache_bytes)

    async def page(
        self,
        project: UUID,
        text: str,
        *,
        offset: int,
        limit: int,
        known: Collection[str] = (),
        wait: float | None = None,
    ) -> OutlinePage | Unchanged:
        """The nodes of a session from the place ``offset`` on, unless its revision is ``known``.

        Raises ``NotFoundError`` for an unknown session and another project's alike,
        ``NotYetError`` while the index is behind, ``RejectedError`` (422) when it takes too long.
        """
        key = name_key(self._name_key, project, text)

        async def read(traces: Sequence[bytes]) -> tuple[Mark, _Kept | None]:
            return await self._read(project, key, traces, is_known=bool(known))

        found = await self._find(project, text, wait, read)
        session, (mark, kept) = _summary(found.rollup), found.nodes
        if (revision := _revision(session, mark)) in known:
            return Unchanged(revision)
        async with self._turns.turn(project):
            if kept is None:
                kept = await self._made(project, key, found.traces)
                revision = _revision(session, kept.mark)
            nodes = await asyncio.to_thread(kept.nodes.page, offset, limit)
        count, following = len(kept.nodes), offset + limit
        return OutlinePage(
            session,
            revision,
            count,
            nodes,
            following if following < count else None,
            found.behind,
        )

    async def _read(
        self, project: UUID, key: UUID, traces: Sequence[bytes], *, is_known: bool
    ) -> tuple[Mark, _Kept | None]:
        """The mark of the rows that are there, and the nodes that they are if these are kept. Who
        may know them already is told their mark first."""
        kept = self._kept.get((project, key))
        if kept is not None or is_known:
            mark = await self._outlines.mark(project, traces)
            if kept is not None and kept.mark == mark:
                return mark, kept
            if is_known:
                return mark, None
        made = await self._made(project, key, traces)
        return made.mark, made

    async def _made(self, project: UUID, key: UUID, traces: Sequence[bytes]) -> _Kept:
        ids, told = await self._outlines.read(project, traces, READ)
        rows, tree = await self._outlines.tree(project, key, ids)
        kept = await asyncio.to_thread(_noted, project, traces, rows, tree, told)
        self._kept.put((project, key), kept, kept.nodes.size)
        return kept


def _noted(
    project: UUID,
    traces: Sequence[bytes],
    rows: Rows,
    tree: SessionTree,
    told: Mapping[str, Column],
) -> _Kept:
    """``told`` are the columns ``READ``."""
    mark = mark_of(traces, told["version"])
    return _Kept(mark, node_columns(project, rows, tree, told))


def _summary(rollup: Row) -> dict[str, Json]:
    """A row of ``session_rollup`` under the names that a session event has for it."""
    start, length = cast(int, rollup["start_ns"]), cast(int, rollup["duration_ns"])
    return {
        "session_id": str(rollup["session_id"]) or str(rollup["session_key"]),
        "event_name": str(rollup["event_name"]),
        "start_time": milliseconds_of(start),
        "end_time": milliseconds_of(start + length),
        "duration": milliseconds_of(length),
        **told_by_rollup(rollup),
    }


def _revision(session: Mapping[str, Json], mark: Mark) -> str:
    said = orjson.dumps([session, sorted(trace.hex() for trace in mark.traces), mark.rows])
    return hashlib.blake2b(said + mark.versions.to_bytes(16, "big"), digest_size=12).hexdigest()
