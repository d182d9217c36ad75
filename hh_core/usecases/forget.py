"""Forget what is over: sessions, revocations whose tokens have expired, throttles at rest."""

from hh_core.ports.records import Records
from hh_core.usecases.revocations import Revocations
from hh_core.usecases.sign_in_throttle import SignInThrottle
from hh_core.usecases.user_sessions import UserSessions


class Forget:
    def __init__(
        self,
        records: Records,
        sessions: UserSessions,
        revocations: Revocations,
        throttle: SignInThrottle,
    ) -> None:
        self._records = records
        self._sessions = sessions
        self._revocations = revocations
        self._throttle = throttle

    async def __call__(self) -> int:
        """How many records went."""
        return (
            await self._sessions.expire()
            + await self._revocations.expire(self._records)
            + await self._throttle.expire()
        )
