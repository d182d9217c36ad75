"""Read your writes: wait until what was acknowledged before a question is in the index.

Each ingest process tells, inside the plane, which segments hold acknowledged records of a project
that may not be indexed yet; dispatch marks a segment when it is. A reader compares the two.
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from hh_core.domain.segments import KIND
from hh_core.errors import NotFoundError, PortError
from hh_core.ports.records import Records

WAIT_SECONDS = 2.0
_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.1
_PART = 1000


class NotYetError(NotFoundError):
    """Not in the index, which is behind: it may be there in a moment. Ask again."""


def missing(what: str, behind: bool) -> NotFoundError:
    """The error for something that the index does not know."""
    return NotYetError(f"no such {what} yet") if behind else NotFoundError(f"no such {what}")


class Positions(Protocol):
    """What the plane's ingest processes answer."""

    async def pending(self, project: UUID, *, is_awaited: bool) -> Collection[str]:
        """Names of the segments with acknowledged records of ``project`` that may not be indexed.

        Where they are awaited ingest seals and ships its open segment. Raises ``UnavailableError``
        when one of the processes does not answer: then nobody can know.
        """
        ...


class Freshness:
    def __init__(
        self, positions: Positions, records: Records, *, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        self._positions = positions
        self._records = records
        self._wait_seconds = wait_seconds

    async def behind(self, project: UUID, wait: float | None = None) -> bool:
        """False: the index holds everything acknowledged before this call. Waits up to 2 s, or
        ``wait`` seconds if that is less; for 0 it only looks, and nobody is hurried."""
        try:
            async with asyncio.timeout(min(self._wait_seconds, wait or self._wait_seconds)):
                if wait == 0:
                    return bool(await self._unindexed(await self._pending(project)))
                await self._caught_up(project)
        except (TimeoutError, PortError):
            return True
        return False

    async def _pending(self, project: UUID, *, is_awaited: bool = False) -> Sequence[str]:
        return sorted(await self._positions.pending(project, is_awaited=is_awaited))

    async def _caught_up(self, project: UUID) -> None:
        waiting = await self._pending(project, is_awaited=True)
        pause = _FIRST_PAUSE
        while True:
            waiting = await self._unindexed(waiting)
            if not waiting:
                return
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, 1.5 * pause)

    async def _unindexed(self, names: Sequence[str]) -> Sequence[str]:
        left: list[str] = []
        for start in range(0, len(names), _PART):
            part = names[start : start + _PART]
            async with self._records.begin() as unit:
                found = await unit.get(KIND, part)
            done = {record.key for record in found if record.value.get("indexed") is not None}
            left += [name for name in part if name not in done]
        return left
