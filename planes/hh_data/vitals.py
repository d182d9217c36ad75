"""How a data plane is, for its control plane: lag, throughput, and what does not answer."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hh_core.domain.segments import RELAY, is_segment_name, segment_created_ms
from hh_core.errors import HHError, UnavailableError
from hh_data.controller import Vitals

PING_SECONDS = 2.0
_MOST_COUNTED = 1000


class Door(Protocol):
    """An ingest process of this plane."""

    async def totals(self) -> tuple[int, int]:
        """Spans and bytes taken in since it began. Raises ``UnavailableError``."""
        ...


class PlaneVitals:
    """Of the process's open ports, by name, and of the plane's doors. ``objects`` tells the lag."""

    def __init__(self, ports: Mapping[str, Any], doors: Sequence[Door] = ()) -> None:
        self._ports = ports
        self._doors = doors

    async def __call__(self) -> Vitals:
        unready = await self._unready()
        backlog = None if "objects" in unready else await self._backlog()
        if backlog is None and "objects" not in unready:
            unready.append("objects")
        told = await asyncio.gather(*map(_totals, self._doors))
        if None in told:
            unready.append("ingest")
        totals = [each for each in told if each is not None]
        segments, oldest_ms = backlog or (0, 0)
        return Vitals(
            backlog_segments=segments,
            oldest_ms=oldest_ms,
            spans=sum(spans for spans, _ in totals),
            bytes=sum(size for _, size in totals),
            unready=sorted(unready),
        )

    async def _unready(self) -> list[str]:
        names = sorted(self._ports)
        answers = await asyncio.gather(*(_answers(self._ports[name]) for name in names))
        return [name for name, ready in zip(names, answers, strict=True) if not ready]

    async def _backlog(self) -> tuple[int, int] | None:
        """How many segments wait for a receipt, and when the oldest was begun; None if nobody
        knows."""
        if "objects" not in self._ports:
            return 0, 0
        try:
            waiting = await self._ports["objects"].list(RELAY, limit=_MOST_COUNTED)
        except HHError:
            return None
        segments = [each.key.removeprefix(RELAY) for each in waiting]
        return len(segments), min(
            map(segment_created_ms, filter(is_segment_name, segments)), default=0
        )


async def _totals(door: Door) -> tuple[int, int] | None:
    try:
        return await door.totals()
    except UnavailableError:
        return None


async def _answers(port: Any) -> bool:
    try:
        async with asyncio.timeout(PING_SECONDS):
            await port.ping()
    except (HHError, TimeoutError):
        return False
    return True
