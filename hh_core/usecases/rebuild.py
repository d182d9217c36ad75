"""Fill the index from the raw segments: what ``hh rebuild --from-raw`` does (P17).

An empty index is filled as dispatch would have. One that has rows is derived anew, under the next
generation (``derivations``): the new rows win over the old ones as they come, and no reader ever
misses an event or meets it twice.
"""

from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

from hh_core.usecases.batch import Batch
from hh_core.usecases.dispatch import DispatchLimits, IndexSegments
from hh_core.usecases.overlap import Overlap
from hh_core.usecases.renewal import Renewal

_REMEMBERED = 1_000_000
"""Names that are known to have been read; one more is read again if it comes again."""


@dataclass(slots=True)
class Rebuilt:
    of: int = 0
    """Segments that there are, as far as was counted before."""
    segments: int = 0
    rows: int = 0
    refused: int = 0
    withdrawn: int = 0
    """Events that no span tells of any more."""
    corrupt: int = 0
    """Records that do not check or do not decode."""


class Rebuild:
    """Indexes all segments again, in any order; it may run while dispatch does."""

    def __init__(
        self,
        index: IndexSegments,
        *,
        limits: DispatchLimits | None = None,
        renewal: Renewal | None = None,
    ) -> None:
        """``renewal``: the index has rows already, of an earlier derivation."""
        self._index = index
        self._renewal = renewal
        self._limits = limits or DispatchLimits()

    async def __call__(
        self,
        names: AsyncIterable[str],
        *,
        of: int = 0,
        progress: Callable[[Rebuilt], None] = lambda rebuilt: None,
    ) -> Rebuilt:
        """Index the segments called ``names``, of which there are about ``of``; ``progress`` hears
        after each batch.

        Raises what the ports raise: begin anew, nothing is counted twice.
        """
        rebuilt, batch = Rebuilt(of), Batch()
        async with Overlap() as writing:
            async for name in _once(names):
                if self._renewal is not None and not await self._renewal.is_dispatched(name):
                    rebuilt.of -= 1
                    continue
                batch.join(await self._index.read([name]))
                if batch.size() >= self._limits.batch_rows:
                    # the index works on one batch while the next one is read here
                    await writing.begin(partial(self._write, batch, rebuilt, progress))
                    batch = Batch()
        if batch.corrupt:
            await self._write(batch, rebuilt, progress)
        return rebuilt

    async def _write(
        self, batch: Batch, rebuilt: Rebuilt, progress: Callable[[Rebuilt], None]
    ) -> None:
        rows = batch.size()
        if self._renewal is not None:
            rebuilt.withdrawn += await self._renewal.withdraw(batch)
        refused, events = await self._index.write(batch)
        if self._renewal is not None:
            await self._renewal.tell(batch, events)
        rebuilt.segments += len(batch.corrupt)
        rebuilt.rows += rows - len(refused)
        rebuilt.refused += len(refused)
        rebuilt.corrupt += sum(batch.corrupt.values())
        progress(rebuilt)


async def _once(names: AsyncIterable[str]) -> AsyncIterator[str]:
    """``names`` without those that come again."""
    seen: set[str] = set()
    async for name in names:
        if name not in seen:
            yield name
        if len(seen) < _REMEMBERED:
            seen.add(name)
