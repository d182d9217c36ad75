"""Sign in with e-mail and password, and change the password.

Unknown, wrong and not yet onboarded are one answer after the same work: the throttle is paid, the
same records are read, and one hash is computed.
"""

import unicodedata
from dataclasses import dataclass
from uuid import UUID

from hh_core.errors import ConflictError
from hh_core.ports.records import Records
from hh_core.usecases.access_tokens import RefreshTokens
from hh_core.usecases.audit import Audit
from hh_core.usecases.opaque import Opaque
from hh_core.usecases.people import Passwords, People, User, checked_password
from hh_core.usecases.sign_in_throttle import SignInThrottle
from hh_core.usecases.user_sessions import SessionKind, UserSession, UserSessions


@dataclass(frozen=True, slots=True)
class SignedIn:
    user: User
    session: UserSession
    cookie: Opaque
    refresh_token: str | None
    """Of a session of tokens."""


class SignIn:
    def __init__(
        self,
        records: Records,
        people: People,
        sessions: UserSessions,
        refresh_tokens: RefreshTokens,
        throttle: SignInThrottle,
        passwords: Passwords,
        audit: Audit,
    ) -> None:
        self._records = records
        self._people = people
        self._sessions = sessions
        self._refresh_tokens = refresh_tokens
        self._throttle = throttle
        self._passwords = passwords
        self._audit = audit

    async def __call__(
        self, email: str, password: str, kind: SessionKind, *, address: str, agent: str
    ) -> SignedIn | None:
        """None: no such account, or not its password. Raises ``QuotaError``."""
        email = unicodedata.normalize("NFC", email.strip())
        await self._throttle.pay(email, address)
        async with self._records.begin() as unit:
            user = await self._people.by_email(unit, email)
        hash_ = None if user is None else user.password
        if not await self._passwords.verify(hash_, password) or user is None:
            return None
        await self._throttle.forgive(email)
        return await self._open(user, kind, address, agent)

    async def change_password(
        self, user_id: UUID, session_id: UUID, old: str, new: str, *, address: str
    ) -> bool:
        """Ends all other sessions of the person. False: ``old`` is not his password. Raises
        ``QuotaError``, and ``RejectedError`` for a new one that is too weak."""
        async with self._records.begin() as unit:
            user = await self._people.get(unit, user_id)
        checked_password(new, user.email)
        await self._throttle.pay(user.email, address)
        if not await self._passwords.verify(user.password, old):
            return False
        await self.set_password(user, new, kept=session_id, actor=f"user/{user_id}")
        await self._throttle.forgive(user.email)
        return True

    async def set_password(
        self, user: User, password: str, *, kept: UUID | None, actor: str
    ) -> None:
        """Without asking for the old one (``hh admin``). Sessions other than ``kept`` end."""
        hash_ = await self._passwords.hash(checked_password(password, user.email))
        action = "change_password"
        async with self._records.begin() as unit:
            await self._people.set_password(unit, user, hash_)
            await self._sessions.end_others(unit, action, user.user_id, kept)
            await self._audit.note(unit, actor, action, f"user/{user.user_id}", None)

    async def _open(self, user: User, kind: SessionKind, address: str, agent: str) -> SignedIn:
        async with self._records.begin() as unit:
            if await self._people.find(unit, user.user_id) != user:
                raise ConflictError("the account was changed just now; sign in again")
            opened = self._sessions.open(unit, user.user_id, kind, address=address, agent=agent)
            session, cookie = await opened
            refresh_token = None
            if kind is SessionKind.TOKENS:
                refresh_token = await self._refresh_tokens.begin(unit, session)
            actor, subject = f"user/{user.user_id}", f"session/{session.session_id}"
            await self._audit.note(unit, actor, "sign_in", subject, None)
        return SignedIn(user, session, cookie, refresh_token)
