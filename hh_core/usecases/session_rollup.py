"""What the index says of one session: its roll-up and its traces."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hh_core.domain.identity import name_key
from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation, Row
from hh_core.usecases.concern import Needles, of_session
from hh_core.usecases.freshness import Freshness, missing
from hh_core.usecases.outline import Outlines
from hh_core.usecases.read_limits import Turns
from hh_core.usecases.wide_events import ROLLUP_COLUMNS, as_session


@dataclass(frozen=True, slots=True)
class FoundSession:
    rollup: Row
    """As a row of a list, with the columns ``ROLLUP_COLUMNS``."""
    traces: Sequence[bytes]
    """Those that it may hold."""
    behind: bool


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

    async def __call__(self, project: UUID, text: str, wait: float | None) -> FoundSession:
        """The session that clients call ``text``.

        Raises ``NotFoundError`` for no such session, ``NotYetError`` if the index is behind, and
        what ``Turns.turn`` raises.
        """
        key = name_key(self._name_key, project, text)

        async def look() -> tuple[Row | None, Sequence[bytes]]:
            async with self._turns.turn(project):
                return await asyncio.gather(
                    self._rollup(project, key), self._outlines.traces(project, key)
                )

        async def concern(found: tuple[Row | None, Sequence[bytes]]) -> Needles | None:
            rollup, traces = found
            if rollup is None:
                return None
            texts = (text, str(rollup["session_id"]))
            return of_session(self._name_key, project, key, texts=texts, traces=traces)

        (rollup, traces), behind = await self._freshness.settled(project, look, concern, wait)
        if rollup is None:
            raise missing("session", behind)
        return FoundSession(rollup, traces, behind)

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
