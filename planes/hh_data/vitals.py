"""How a data plane is, for its control plane: lag, and which ports do not answer."""

import asyncio
from collections.abc import Mapping
from typing import Any

from hh_core.domain.segments import RELAY, is_segment_name, segment_created_ms
from hh_core.errors import HHError
from hh_data.controller import Vitals

PING_SECONDS = 2.0
_MOST_COUNTED = 1000


class PlaneVitals:
    """Of the process's open ports, by name. ``objects`` tells the lag."""

    def __init__(self, ports: Mapping[str, Any]) -> None:
        self._ports = ports

    async def __call__(self) -> Vitals:
        names = sorted(self._ports)
        answers = await asyncio.gather(*(_answers(self._ports[name]) for name in names))
        unready = [name for name, ready in zip(names, answers, strict=True) if not ready]
        if "objects" in unready or "objects" not in self._ports:
            return Vitals(unready=unready)
        try:
            waiting = await self._ports["objects"].list(RELAY, limit=_MOST_COUNTED)
        except HHError:
            return Vitals(unready=[*unready, "objects"])
        segments = [each.key.removeprefix(RELAY) for each in waiting]
        oldest_ms = min(map(segment_created_ms, filter(is_segment_name, segments)), default=0)
        return Vitals(backlog_segments=len(segments), oldest_ms=oldest_ms, unready=unready)


async def _answers(port: Any) -> bool:
    try:
        async with asyncio.timeout(PING_SECONDS):
            await port.ping()
    except (HHError, TimeoutError):
        return False
    return True
