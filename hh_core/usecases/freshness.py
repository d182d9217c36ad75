"""Read your writes: wait until what was acknowledged before a question is in the index.

Each ingest process tells, inside the plane, which segments hold acknowledged records of a project
that may not be indexed yet; dispatch marks a segment when it is. A reader compares the two.

Who asks about one session or event does not wait for others' (``settled``). Why the answer lacks
nothing: let P be the segments that were not indexed at some moment after the question came.
Whatever else was acknowledged before is in the index, and so in the answer, which is read after
that moment. The answer changes with a record in P only if one of the ``concern`` needles stands in
it, and they are made of what the index said after that moment too. So if none does in any record of
P, whether indexed meanwhile or not, P changes nothing. A segment that ingest has forgotten, or of
which it cannot tell, counts as if one did; and if one does, all of P is waited for, as a first
record may give a second its meaning.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from hh_core.domain.segments import KIND
from hh_core.errors import NotFoundError, PortError
from hh_core.ports.records import Records
from hh_core.usecases.beside import beside
from hh_core.usecases.concern import Needles

WAIT_SECONDS = 2.0
_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.1
_PART = 1000

FoundT = TypeVar("FoundT")


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

    async def without(
        self, project: UUID, segments: Collection[str], needles: Collection[bytes]
    ) -> Collection[str]:
        """Those of ``segments`` whose records of ``project`` certainly hold none of ``needles``, in
        whatever case. Raises ``UnavailableError`` as ``pending`` does."""
        ...


class Freshness:
    def __init__(
        self,
        positions: Positions,
        records: Records,
        *,
        wait_seconds: float = WAIT_SECONDS,
        ids_are_verbatim: bool = False,
    ) -> None:
        """``ids_are_verbatim``: whether all mappers say so (``Mapping.ids_are_verbatim``); if not,
        every reader waits for all."""
        self._positions = positions
        self._records = records
        self._wait_seconds = wait_seconds
        self._ids_are_verbatim = ids_are_verbatim

    async def behind(self, project: UUID, wait: float | None = None) -> bool:
        """False: the index holds everything acknowledged before this call. Waits up to 2 s, or
        ``wait`` seconds if that is less; for 0 it only looks, and nobody is hurried."""
        until = _now() + self._patience(wait)
        return await (self._waited(project, until) if wait != 0 else self._lacks(project, until))

    async def settled(
        self,
        project: UUID,
        look: Callable[[], Awaitable[FoundT]],
        concern: Callable[[FoundT], Awaitable[Needles | None]],
        wait: float | None = None,
        *,
        glance: Callable[[], Awaitable[FoundT]] | None = None,
        rest: Callable[[FoundT], Awaitable[FoundT]] | None = None,
    ) -> tuple[FoundT, bool]:
        """What ``look`` reads from the index, and whether that may lack something acknowledged
        before this call. Waits as ``behind`` does, if what ``concern`` says of it stands in
        something pending, or if that is None.

        Where something is pending, ``glance`` is asked before: all that must be known first. What
        the answer holds beside, ``rest`` adds to it while ``concern`` is asked, and whether that is
        others' affair.
        """
        until = _now() + self._patience(wait)
        try:
            async with asyncio.timeout_at(until):
                names = await self._unindexed(await self._pending(project))
        except (TimeoutError, PortError):
            return await look(), True
        if not names:
            return await look(), False
        if not self._ids_are_verbatim:
            behind = wait == 0 or await self._waited(project, until)
            return await look(), behind
        begun = _now()
        found = await (glance or look)()
        async with beside(rest(found) if rest is not None else _same(found)) as reading:
            needles = await concern(found)
            until += _now() - begun
            if needles is not None and await self._are_others(project, names, needles, until):
                return await reading, False
            if wait == 0:
                return await reading, True
        behind = await self._waited(project, until)
        return await look(), behind

    def _patience(self, wait: float | None) -> float:
        """How long everything but reading may take."""
        return min(self._wait_seconds, wait or self._wait_seconds)

    async def _lacks(self, project: UUID, until: float) -> bool:
        """Whether anything is pending."""
        try:
            async with asyncio.timeout_at(until):
                return bool(await self._unindexed(await self._pending(project)))
        except (TimeoutError, PortError):
            return True

    async def _waited(self, project: UUID, until: float) -> bool:
        """Whether something that is pending now still is at ``until``."""
        try:
            async with asyncio.timeout_at(until):
                await self._caught_up(project)
        except (TimeoutError, PortError):
            return True
        return False

    async def _are_others(
        self, project: UUID, names: Collection[str], needles: Needles, until: float
    ) -> bool:
        """Whether none of ``needles`` stands in any of the segments."""
        if len(names) > _PART:
            return False
        try:
            async with asyncio.timeout_at(until):
                return set(names) <= set(await self._positions.without(project, names, needles))
        except (TimeoutError, PortError):
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


async def _same(found: FoundT) -> FoundT:
    return found


def _now() -> float:
    return asyncio.get_running_loop().time()
