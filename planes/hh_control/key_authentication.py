"""Programs at the control plane: an API key, from its text to what the policy decides about."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from hh_core.domain.api_keys import MAX_LENGTH, digest_of
from hh_core.domain.authority import ApiKey
from hh_core.domain.scopes import Level, Role
from hh_core.errors import UnavailableError
from hh_core.usecases.api_keys import HOUR_MS, ApiKeys, StoredKey

log = logging.getLogger(__name__)

RolesOf = Callable[[UUID], Awaitable[Mapping[UUID, frozenset[Role]]]]
"""What a person holds now, by the id of where."""


class KeyAuthentication:
    def __init__(self, keys: ApiKeys, roles_of: RolesOf, *, now_ms: Callable[[], int]) -> None:
        self._keys = keys
        self._roles_of = roles_of
        self._now_ms = now_ms
        self._noted: dict[UUID, int] = {}
        """The hour of the last use that was noted; of keys that exist, so of bounded number."""

    async def find(self, key: str) -> ApiKey | None:
        """The key that counts now; None for any other. What its maker lends it below its root is
        as it is now."""
        if len(key) > MAX_LENGTH:
            return None
        stored = await self._keys.find(digest_of(key))
        if stored is None:
            return None
        await self._note_use(stored)
        lent: Mapping[UUID, frozenset[Role]] = {}
        if stored.root.level is not Level.PROJECT:
            lent = await self._roles_of(stored.creator_id)
        return ApiKey(stored.key_id, stored.kind, stored.root, stored.permissions, lent)

    async def _note_use(self, stored: StoredKey) -> None:
        """Once an hour for each key."""
        now = self._now_ms()
        hour = now // HOUR_MS * HOUR_MS
        if max(stored.last_used_ms or 0, self._noted.get(stored.key_id, 0)) >= hour:
            return
        try:
            await self._keys.note_uses({stored.key_id: now})
        except UnavailableError as error:
            log.info("the use of a key could not be noted: %s", error)
            return
        self._noted[stored.key_id] = hour
