"""What has changed in history is told to the control plane: by the relay, as ever.

Its telemetry waits beside that of new segments, and takes no more room than dispatch can spare.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hh_core.domain.segments import KIND, RELAY, relay_key
from hh_core.domain.telemetry import Crossings
from hh_core.errors import NotFoundError, RejectedError
from hh_core.ports.objects import Objects
from hh_core.ports.records import Records
from hh_core.wire import telemetry

log = logging.getLogger(__name__)

_PAGE = 1000
_POLL_SECONDS = 0.5

Tell = Callable[[Collection[str], Any], Awaitable[None]]
"""Takes segments, and rows of EVENTS that stand in them."""


class Retelling:
    """Spools the telemetry of rows that were written anew, as far as the relay has room."""

    def __init__(
        self,
        objects: Objects,
        records: Records,
        *,
        name_key: bytes,
        crossings: Callable[[], Crossings],
        max_bytes: int,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Half of ``max_bytes``, the relay's ceiling, is left to dispatch."""
        self._objects = objects
        self._records = records
        self._key = name_key
        self._crossings = crossings
        self._ceiling = max_bytes // 2
        self._sleep = sleep

    async def __call__(self, segments: Collection[str], events: Any) -> None:
        """Return when ``events`` of ``segments`` wait for the control plane, and those of other
        events that waited before."""
        await self._room()
        rules = self._crossings()
        crossing = await asyncio.to_thread(telemetry.telemetry, events, self._key, rules)
        waiting: dict[str, bytes] = {}
        for name in segments:
            own = crossing.filter(pc.equal(crossing.column("segment"), pa.scalar(name)))
            waiting[name] = telemetry.encode(await _beside_what_waits(self._objects, name, own))
        async with self._records.begin() as unit:
            known = {record.key for record in await unit.get(KIND, list(waiting))}
            # What dispatch has not seen yet it spools itself.
            digests = {name: {"spooled": telemetry.digest(waiting[name])} for name in known}
            await unit.merge(KIND, digests)
        # Known before they are there: or a receipt of what waited would let them go (``relay``).
        for name, data in waiting.items():
            await self._objects.put(relay_key(name), data, replace=True)

    async def _room(self) -> None:
        """Return when the spool is below the ceiling; the control plane takes from it."""
        told = False
        while await self._size() >= self._ceiling:
            if not told:
                log.warning("the relay is full: what has changed waits for the control plane")
                told = True
            await self._sleep(_POLL_SECONDS)

    async def _size(self) -> int:
        size, after = 0, ""
        while page := await self._objects.list(RELAY, after=after, limit=_PAGE):
            size += sum(info.size for info in page)
            after = page[-1].key
        return size


async def _beside_what_waits(objects: Objects, segment: str, anew: Any) -> Any:
    """The rows of telemetry ``anew`` of a segment, and those of other events that wait for the
    control plane: it may not have heard of them."""
    try:
        waiting = telemetry.decode(await objects.get(relay_key(segment)))
    except (NotFoundError, RejectedError):
        return anew
    return telemetry.concat([telemetry.without(waiting, anew), anew])
