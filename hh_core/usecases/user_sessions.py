"""Sessions of people who have signed in: by a cookie (browsers) or by refresh tokens (programs).

A session is found by what the person holds, which carries 256 random bits; only their digest is
kept. It ends when he signs out, when it is revoked, after ``IDLE_MS`` without use and after
``LONGEST_MS`` in any case; its access tokens end with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID, uuid4

from hh_core.errors import NotFoundError
from hh_core.ports.records import Document, Record, Records, UnitOfWork
from hh_core.usecases.audit import Audit
from hh_core.usecases.opaque import SECRET_BYTES, Opaque, parse_opaque
from hh_core.usecases.people import NOBODY
from hh_core.usecases.revocations import Revocations

SESSIONS = "sessions"
"""``<user id>/<session id>``"""
SESSION_TOKENS = "session-tokens"
"""``<session id>/<digest>`` of each refresh token that was ever issued in a living session."""
LONGEST_MS = 30 * 86_400_000
IDLE_MS = 7 * 86_400_000
MAX_SESSIONS = 50
"""Of one person; the oldest ends when there are more."""
_SEEN_MS = 300_000
"""A use is noted at most this often."""
_PAGE = 500


class SessionKind(StrEnum):
    COOKIE = "cookie"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class UserSession:
    user_id: UUID
    session_id: UUID
    kind: SessionKind
    digest: str
    created_ms: int
    seen_ms: int
    address: str
    agent: str
    """What the client calls itself, shortened."""
    version: int = 0

    @property
    def key(self) -> str:
        return f"{self.user_id}/{self.session_id}"

    @property
    def expires_ms(self) -> int:
        return min(self.created_ms + LONGEST_MS, self.seen_ms + IDLE_MS)


class UserSessions:
    """``random`` gives that many bytes of a cryptographic source."""

    def __init__(
        self,
        records: Records,
        audit: Audit,
        revocations: Revocations,
        *,
        now_ms: Callable[[], int],
        random: Callable[[int], bytes],
    ) -> None:
        self._records = records
        self._audit = audit
        self._revocations = revocations
        self._now_ms = now_ms
        self._random = random

    async def open(
        self, unit: UnitOfWork, user_id: UUID, kind: SessionKind, *, address: str, agent: str
    ) -> tuple[UserSession, Opaque]:
        """A session, and what its owner holds (for ``SessionKind.COOKIE``)."""
        await self._make_room(unit, user_id)
        secret = Opaque(user_id, uuid4(), self._random(SECRET_BYTES))
        now = self._now_ms()
        called = agent[:200].encode("utf-8", "replace").decode()  # it may be any bytes
        session = UserSession(
            user_id, secret.second, kind, secret.digest, now, now, address[:64], called
        )
        await unit.put(SESSIONS, session.key, _document(session), expect=0)
        return session, secret

    async def of_cookie(self, cookie: str) -> UserSession | None:
        """Whose cookie this is; None if it does not count. The same reads for any cookie."""
        held = parse_opaque(cookie) or Opaque(NOBODY, NOBODY, b"")
        async with self._records.begin() as unit:
            session = await self._living(unit, held.first, held.second)
            if session is None or session.kind is not SessionKind.COOKIE:
                return None
            if not held.matches(session.digest):
                return None
            await self._seen(unit, session)
        return session

    async def find(self, user_id: UUID, session_id: UUID) -> UserSession | None:
        """The session of this person, if it lives."""
        async with self._records.begin() as unit:
            return await self._living(unit, user_id, session_id)

    async def living(self, unit: UnitOfWork, user_id: UUID, session_id: UUID) -> UserSession | None:
        """The same within a unit of work, and note that it was used."""
        session = await self._living(unit, user_id, session_id)
        if session is not None:
            await self._seen(unit, session)
        return session

    async def of_person(self, user_id: UUID) -> Sequence[UserSession]:
        async with self._records.begin() as unit:
            found = await self._all(unit, user_id)
        living = [each for each in found if each.expires_ms > self._now_ms()]
        return sorted(living, key=lambda each: each.seen_ms, reverse=True)

    async def revoke(self, action: str, user_id: UUID, session_id: UUID) -> None:
        """End a session of this person. Raises ``NotFoundError``."""
        async with self._records.begin() as unit:
            found = await unit.get(SESSIONS, [f"{user_id}/{session_id}"])
            if not found:
                raise NotFoundError("there is no such session")
            await self.end(unit, action, _session(found[0]))

    async def end_others(
        self, unit: UnitOfWork, action: str, user_id: UUID, kept: UUID | None
    ) -> None:
        """All sessions of the person but ``kept``."""
        for session in await self._all(unit, user_id):
            if session.session_id != kept:
                await self.end(unit, action, session)

    async def end(self, unit: UnitOfWork, action: str, session: UserSession) -> None:
        await self._forget(unit, session)
        await self._revocations.end_session(unit, session.user_id, session.session_id)
        actor, subject = f"user/{session.user_id}", f"session/{session.session_id}"
        await self._audit.note(unit, actor, action, subject, None)

    async def expire(self) -> int:
        """Forget sessions that are over; how many."""
        after, gone = "", 0
        while True:
            async with self._records.begin() as unit:
                found = await unit.find(SESSIONS, after=after, limit=_PAGE)
                over = [each for each in map(_session, found) if each.expires_ms <= self._now_ms()]
                for session in over:
                    await self._forget(unit, session)
            gone += len(over)
            if len(found) < _PAGE:
                return gone
            after = found[-1].key

    async def _living(
        self, unit: UnitOfWork, user_id: UUID, session_id: UUID
    ) -> UserSession | None:
        found = await unit.get(SESSIONS, [f"{user_id}/{session_id}"])
        session = _session(found[0]) if found else None
        return session if session is not None and session.expires_ms > self._now_ms() else None

    async def _seen(self, unit: UnitOfWork, session: UserSession) -> None:
        now = self._now_ms()
        if now - session.seen_ms >= _SEEN_MS:
            await unit.merge(SESSIONS, {session.key: {"seen_ms": now}})

    async def _all(self, unit: UnitOfWork, user_id: UUID) -> Sequence[UserSession]:
        found = await unit.find(SESSIONS, prefix=f"{user_id}/", limit=4 * MAX_SESSIONS)
        return [_session(record) for record in found]

    async def _make_room(self, unit: UnitOfWork, user_id: UUID) -> None:
        held = sorted(await self._all(unit, user_id), key=lambda each: each.seen_ms)
        for session in held[: max(0, len(held) - MAX_SESSIONS + 1)]:
            await self.end(unit, "sign_in", session)

    async def _forget(self, unit: UnitOfWork, session: UserSession) -> None:
        await unit.delete(SESSIONS, [session.key])
        prefix = f"{session.session_id}/"
        while tokens := await unit.find(SESSION_TOKENS, prefix=prefix, limit=_PAGE):
            await unit.delete(SESSION_TOKENS, [record.key for record in tokens])


def shown(session: UserSession) -> Document:
    """For its owner: nothing that opens anything."""
    names = ("kind", "created_ms", "seen_ms", "expires_ms", "address", "agent")
    return {"session_id": str(session.session_id)} | {n: getattr(session, n) for n in names}


def _document(session: UserSession) -> Document:
    names = ("kind", "digest", "created_ms", "seen_ms", "address", "agent")
    return {name: getattr(session, name) for name in names}


def _session(record: Record) -> UserSession:
    user_id, _, session_id = record.key.partition("/")
    value = record.value
    session = UserSession(UUID(user_id), UUID(session_id), version=record.version, **value)
    return replace(session, kind=SessionKind(session.kind))
