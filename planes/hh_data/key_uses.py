"""When each key was last used anywhere on this data plane, for the controller's reports."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from hh_core.errors import UnavailableError
from hh_runtime.access import Access

log = logging.getLogger(__name__)


class Door(Protocol):
    """A process in which keys are used."""

    async def key_uses(self) -> Mapping[UUID, int]:
        """Raises ``UnavailableError`` while it does not answer."""
        ...


class KeyUses:
    """``here`` is this process's own gate, ``doors`` the plane's ingest processes."""

    def __init__(self, here: Access, doors: Sequence[Door]) -> None:
        self._here = here
        self._doors = doors

    async def key_uses(self) -> Mapping[UUID, int]:
        """By key id, in ms since 1970 to the hour. Of a door that does not answer now the uses
        come with a later report: it keeps them."""
        told = await asyncio.gather(*map(_asked, self._doors))
        latest = dict(self._here.key_uses)
        for uses in told:
            for key_id, used_ms in uses.items():
                latest[key_id] = max(used_ms, latest.get(key_id, 0))
        return latest


async def _asked(door: Door) -> Mapping[UUID, int]:
    try:
        return await door.key_uses()
    except UnavailableError as error:
        log.info("key uses are not known for now: %s", error)
        return {}
