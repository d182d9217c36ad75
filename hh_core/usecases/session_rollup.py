"""What the index says of one session: its roll-up and its traces."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Generic, TypeVar
from uuid import UUID

from hh_core.domain.identity import name_key
from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation, Row
from hh_core.usecases.beside import beside
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
    rollup: asyncio.Future[Row | None]
    """Asked for beside the traces; answered once there are ``nodes``."""
    nodes: tuple[NodesT, ...] = ()
    """One item; none if they have not been read yet."""


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

        async def look() -> _Seen[NodesT]:
            async with self._turns.turn(project), beside(self._rollup(project, key)) as rollup:
                traces = await self._outlines.traces(project, key)
                nodes = await read(traces)
                await rollup
                return _Seen(traces, rollup, (nodes,))

        # a turn for each: who holds one while he waits for another may wait for himself
        async def traces_of() -> Sequence[bytes]:
            async with self._turns.turn(project):
                return await self._outlines.traces(project, key)

        async def rolled_up() -> Row | None:
            async with self._turns.turn(project):
                return await self._rollup(project, key)

        async def nodes_of(traces: Sequence[bytes]) -> NodesT:
            async with self._turns.turn(project):
                return await read(traces)

        async with AsyncExitStack() as asked:

            async def glance() -> _Seen[NodesT]:
                rollup = await asked.enter_async_context(beside(rolled_up()))
                return _Seen(await traces_of(), rollup)

            async def rest(seen: _Seen[NodesT]) -> _Seen[NodesT]:
                nodes = await nodes_of(seen.traces)
                await seen.rollup
                return replace(seen, nodes=(nodes,))

            async def concern(seen: _Seen[NodesT]) -> Needles | None:
                found = await seen.rollup
                if found is None:
                    return None
                texts = (text, str(found["session_id"]))
                return of_session(self._name_key, project, key, texts=texts, traces=seen.traces)

            seen, behind = await self._freshness.settled(
                project, look, concern, wait, glance=glance, rest=rest
            )
        rollup = seen.rollup.result()
        if rollup is None:
            raise missing("session", behind)
        (nodes,) = seen.nodes
        return FoundSession(rollup, seen.traces, nodes, behind)

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
