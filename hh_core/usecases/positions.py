"""Which segments hold acknowledged records that may not be indexed yet: for read-your-writes."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from uuid import UUID

from hh_core.domain.segments import INBOX, KIND, segment_created_ms
from hh_core.errors import PortError, RejectedError, UnavailableError
from hh_core.ports.journal import Journal
from hh_core.ports.objects import Objects
from hh_core.ports.records import Records
from hh_core.usecases.durability import Draft
from hh_core.usecases.pending_records import MAX_BYTES, PendingRecords

_PAGE = 1000
_PAUSE_SECONDS = 1.0


class PendingSegments:
    """Knows every segment of this node from its first acknowledgement until it is indexed.

    What was pending before a restart is found again, for all projects alike.
    """

    def __init__(
        self,
        journal: Journal,
        objects: Objects,
        records: Records,
        *,
        node: int,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """``max_bytes``: of what is kept to tell whom it does not concern (``PendingRecords``)."""
        self._journal = journal
        self._objects = objects
        self._records = records
        self._suffix = f"-{node:04x}"
        self._is_recovered = False
        self.nudge: Callable[[], None] = lambda: None
        """Called when a reader waits: the open segment should end soon."""
        self._projects: dict[str, set[UUID] | None] = {}
        """``None`` stands for any project."""
        self._kept = PendingRecords(max_bytes)

    def __len__(self) -> int:
        return len(self._projects)

    async def recover(self) -> None:
        """Find what an earlier process left. Raises what the ports raise; then call it again."""
        for name in await self._journal.sealed():
            self._projects.setdefault(name, None)
        after = ""
        while not self._is_recovered:
            page = await self._objects.list(INBOX, after=after, limit=_PAGE)
            names = [info.key.removeprefix(INBOX) for info in page]
            mine = [name for name in names if name.endswith(self._suffix) and _is_segment(name)]
            for name in await self._unindexed(mine):
                self._projects.setdefault(name, None)
            self._is_recovered = len(page) < _PAGE
            after = page[-1].key if page else after

    def durable(self, segment: str, drafts: Sequence[Draft]) -> None:
        """``drafts`` in ``segment`` are about to be acknowledged."""
        known = self._projects.setdefault(segment, set())
        if known is not None:
            known.update(draft.project for draft in drafts)
            self._kept.keep(segment, drafts)

    def pending(self, project: UUID, *, is_awaited: bool = True) -> Sequence[str]:
        """Segments that a reader of ``project`` waits for. If it does, and there are any, the open
        one is sealed soon. Raises ``UnavailableError`` until ``recover`` has succeeded."""
        if not self._is_recovered:
            raise UnavailableError("this process does not know yet what is pending")
        names = [
            name
            for name, projects in self._projects.items()
            if projects is None or project in projects
        ]
        if names and is_awaited:
            self.nudge()
        return names

    async def without(
        self, project: UUID, segments: Collection[str], needles: Collection[bytes]
    ) -> Sequence[str]:
        """Those of ``segments`` that certainly say nothing with one of ``needles`` in it."""
        return await self._kept.without(project, segments, needles)

    async def forget_indexed(self) -> None:
        """Drop what dispatch has indexed. Raises what the port raises."""
        names = list(self._projects)
        for start in range(0, len(names), _PAGE):
            part = names[start : start + _PAGE]
            for name in set(part) - set(await self._unindexed(part)):
                del self._projects[name]
                self._kept.forget(name)

    async def run(self, stopping: asyncio.Event) -> None:
        """Recover, then forget what is indexed, about once a second, until ``stopping`` is set."""
        while not stopping.is_set():
            with suppress(PortError):  # then readers wait, or are told of more than they need
                await (self.forget_indexed() if self._is_recovered else self.recover())
            pause = max(_PAUSE_SECONDS, len(self._projects) / _PAGE)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stopping.wait()

    async def _unindexed(self, names: Sequence[str]) -> Sequence[str]:
        if not names:
            return ()
        async with self._records.begin() as unit:
            found = await unit.get(KIND, names)
        done = {record.key for record in found if record.value.get("indexed") is not None}
        return [name for name in names if name not in done]


def _is_segment(name: str) -> bool:
    try:
        segment_created_ms(name)
    except RejectedError:
        return False
    return True
