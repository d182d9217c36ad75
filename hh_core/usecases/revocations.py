"""Access tokens that no longer count before they expire. Data planes hear of them by the epoch.

A token carries when it was issued in whole seconds. So a revocation ends all that were issued up to
and in its own second, and what is issued to the same person thereafter says the next second at the
earliest (``not_before``): none of before slips through, none of after is refused.
"""

from collections.abc import Callable
from uuid import UUID

from hh_core.ports.records import Records, UnitOfWork
from hh_core.usecases.changes import changed

REVOCATIONS = "revocations"
"""By subject (``user/<id>``, ``session/<id>``): ``user_id``, ``issued_before_ms``, ``until_ms``."""
LONGEST_TOKEN_MS = 1000 * (15 * 60 + 60)
"""The longest life of a token and the most leeway."""
_PAGE = 500


class Revocations:
    def __init__(self, *, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms

    async def end_session(self, unit: UnitOfWork, user_id: UUID, session_id: UUID) -> None:
        await self._put(unit, f"session/{session_id}", user_id)

    async def end_tokens(self, unit: UnitOfWork, user_id: UUID) -> None:
        """All that the person holds; his sessions stay and may get new ones."""
        await self._put(unit, f"user/{user_id}", user_id)

    async def not_before(self, unit: UnitOfWork, user_id: UUID) -> int:
        """The second (since 1970) that a new token of the person must at least carry."""
        found = await unit.get(REVOCATIONS, [f"user/{user_id}"])
        return int(found[0].value["issued_before_ms"]) // 1000 if found else 0

    async def expire(self, records: Records) -> int:
        """Forget those whose tokens have all expired; how many."""
        now, after, gone = self._now_ms(), "", 0
        while True:
            async with records.begin() as unit:
                found = await unit.find(REVOCATIONS, after=after, limit=_PAGE)
                over = [record.key for record in found if record.value["until_ms"] <= now]
                if over:
                    await unit.delete(REVOCATIONS, over)
                    await changed(unit)
            gone += len(over)
            if len(found) < _PAGE:
                return gone
            after = found[-1].key

    async def _put(self, unit: UnitOfWork, subject: str, user_id: UUID) -> None:
        now = self._now_ms()
        value = {
            "user_id": str(user_id),
            "issued_before_ms": (now // 1000 + 1) * 1000,
            "until_ms": now + LONGEST_TOKEN_MS,
        }
        await unit.put(REVOCATIONS, subject, value)
        await changed(unit)
