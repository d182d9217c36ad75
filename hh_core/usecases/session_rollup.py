"""What the index says of one session: its roll-up and its traces."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar
from uuid import UUID

from hh_core.domain.identity import name_key
from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation, Row
from hh_core.usecases.concern import Needles, of_session
from hh_core.usecases.freshness import Freshness, missing
from hh_core.usecases.outline import Outlines
from hh_core.usecases.read_limits import Turns
from hh_core.usecases.wide_events import ROLLUP_COLUMNS, as_session

NodesT = TypeVar("NodesT")


@dataclass(frozen=True, slots=True)
class FoundSession(Generic[NodesT]):
    rollup: Row
    """As a row of a list, with the columns ``ROLLUP_COLUMNS``."""
    traces: Sequence[bytes]
    """Those that it may hold."""
    nodes: NodesT
    """What was read of these."""
    behind: bool


@dataclass(frozen=True, slots=True)
class _Seen(Generic[NodesT]):
    traces: Sequence[bytes]
    rollup: Row | None = None
    nodes: tuple[NodesT, ...] = ()
    """One item, beside the roll-up; none if no more than the traces has been asked for."""


class FindSession:
    """Waits for what was acknowledged, if it may be of this session."""

    def __init__(
        self,
        analytics: Analytics,
        outlines: Outlines,
        freshness: Freshness,
        turns: Turns,
        *,
        name_key: bytes,
    ) -> None:
        self._analytics = analytics
        self._outlines = outlines
        self._freshness = freshness
        self._turns = turns
        self._name_key = name_key

    async def __call__(
        self,
        project: UUID,
        text: str,
        wait: float | None,
        read: Callable[[Sequence[bytes]], Awaitable[NodesT]],
    ) -> FoundSession[NodesT]:
        """The session that clients call ``text``. Its traces are ``read`` while its roll-up is
        still asked for, and whether what is pending concerns it.

        Raises ``NotFoundError`` for no such session, ``NotYetError`` if the index is behind, and
        what ``Turns.turn`` raises.
        """
        key = name_key(self._name_key, project, text)

        async def glance() -> _Seen[NodesT]:
            async with self._turns.turn(project):
                return _Seen(await self._outlines.traces(project, key))

        async def look() -> _Seen[NodesT]:
            async with self._turns.turn(project):
                # alone, as everything else waits for them
                traces = await self._outlines.traces(project, key)
                nodes, found = await asyncio.gather(read(traces), self._rollup(project, key))
                return _Seen(traces, found, (nodes,))

        async def nodes_of(traces: Sequence[bytes]) -> NodesT:
            async with self._turns.turn(project):
                return await read(traces)

        async def rolled_up() -> Row | None:
            async with self._turns.turn(project):
                return await self._rollup(project, key)

        @cache
        def rollup() -> asyncio.Future[Row | None]:
            """Of the session whose traces ``glance`` saw: asked for once, by who comes first."""
            return asyncio.ensure_future(rolled_up())

        async def rest(seen: _Seen[NodesT]) -> _Seen[NodesT]:
            # a turn for each: who holds one while he waits for another may wait for himself
            nodes, found = await asyncio.gather(nodes_of(seen.traces), rollup())
            return _Seen(seen.traces, found, (nodes,))

        async def concern(seen: _Seen[NodesT]) -> Needles | None:
            found = await rollup()
            if found is None:
                return None
            texts = (text, str(found["session_id"]))
            return of_session(self._name_key, project, key, texts=texts, traces=seen.traces)

        seen, behind = await self._freshness.settled(
            project, look, concern, wait, glance=glance, rest=rest
        )
        if seen.rollup is None:
            raise missing("session", behind)
        (nodes,) = seen.nodes
        return FoundSession(seen.rollup, seen.traces, nodes, behind)

    async def _rollup(self, project: UUID, key: UUID) -> Row | None:
        rows = await self._analytics.select(
            Query(
                relation=Relation.SESSIONS,
                project=project,
                columns=ROLLUP_COLUMNS,
                where=(Condition("session_key", Op.EQ, key),),
                limit=1,
            )
        )
        return as_session(rows[0]) if rows else None
