"""Try dead letters again: by hand after a repair, and by themselves, 15 minutes to a day apart."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hh_core.errors import NotFoundError, PortError, RejectedError, kind_and_place
from hh_core.ports.records import Records
from hh_core.usecases.dead_letters import DeadLetters, Letter
from hh_core.usecases.write import Store

log = logging.getLogger(__name__)

_PAGE = 500


@dataclass(slots=True)
class Redriven:
    """What became of the letters."""

    restored: int = 0
    failed: int = 0
    unknown: int = 0


class Redrive:
    """Writes the rows of letters again. A letter goes only when its row is in the index."""

    def __init__(
        self,
        records: Records,
        store: Store,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._letters = DeadLetters(records, now_ms=now_ms)
        self._store = store

    async def some(self, ids: Sequence[str], *, project: str | None = None) -> Redriven:
        """The letters called ``ids``; those of another project than ``project`` are unknown."""
        letters, result = [], Redriven()
        for id_ in ids:
            try:
                letter = await self._letters.get(id_)
            except NotFoundError:
                result.unknown += 1
                continue
            if project is not None and letter.project != project:
                result.unknown += 1
            else:
                letters.append(letter)
        await self._try(letters, result)
        return result

    async def all(self, *, project: str | None = None) -> Redriven:
        """Every letter, of one project or of all. Raises ``UnavailableError`` when the index is
        away: the letters stay."""
        after, result = "", Redriven()
        while page := await self._letters.page(project=project, after=after, limit=_PAGE):
            await self._try(page, result)
            after = page[-1].id
        return result

    async def due(self) -> Redriven:
        """Those whose time has come."""
        result = Redriven()
        await self._try(await self._letters.due(), result)
        return result

    async def run(self, stopping: asyncio.Event, *, every_seconds: float = 60.0) -> None:
        """Redrive what is due until ``stopping`` is set."""
        while not stopping.is_set():
            try:
                result = await self.due()
                if result.restored or result.failed:
                    log.info("redriven: %d restored, %d failed", result.restored, result.failed)
            except PortError as error:
                log.warning("redriving waits: %s", error)
            try:
                async with asyncio.timeout(every_seconds):
                    await stopping.wait()
            except TimeoutError:
                continue

    async def _try(self, letters: Sequence[Letter], result: Redriven) -> None:
        for letter in letters:
            error = await self._failing(letter)
            if error is not None:
                await self._letters.failed_again(letter, error)
                result.failed += 1
            else:
                await self._letters.discard([letter.id])
                result.restored += 1

    async def _failing(self, letter: Letter) -> RejectedError | None:
        """Why the letter's row does not go in, or None: it has. Raises what may pass later."""
        try:
            rows = letter.rows()
            await self._store.rows(rows)
            await self._store.consequences(rows)
        except RejectedError as error:
            return error
        except PortError:
            raise
        except Exception as error:  # one poisonous letter must not hold up the others
            log.error("a letter cannot be redriven: %s", kind_and_place(error))
            return RejectedError(f"the writer fails with it: {kind_and_place(error)}", code=422)
        return None
