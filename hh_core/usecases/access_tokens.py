"""Access tokens for either plane, and the refresh tokens of programs that get new ones.

A refresh token is used once. Whoever shows one a second time, or at the same time as another, has
it from somebody else, or somebody else has his: the whole session ends.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID, uuid4

from hh_core.domain.scopes import Level, Role
from hh_core.errors import ConflictError, NotFoundError, RejectedError
from hh_core.ports.records import Records, UnitOfWork
from hh_core.usecases.memberships import ACTIVE, Memberships
from hh_core.usecases.opaque import SECRET_BYTES, Opaque, parse_opaque
from hh_core.usecases.places import PROJECTS
from hh_core.usecases.revocations import Revocations
from hh_core.usecases.user_sessions import SESSION_TOKENS, UserSession, UserSessions

CONTROL = "control"
"""The audience of tokens for the control plane's own API."""
DATA_PLANE = "dp:"
"""Begins the audience of tokens for a data plane; its id follows."""
LIFE_SECONDS = 15 * 60
MAX_PROJECTS = 64
"""In one token: a header has room for no more."""
REFRESH_PREFIX = "hh_refresh_"
MAX_REFRESHES = 5000
"""Of one session; then it takes signing in again."""
_LIVE, _USED = "live", "used"


class Signer(Protocol):
    @property
    def issuer(self) -> str: ...

    def sign(self, claims: Mapping[str, Any]) -> str: ...


@dataclass(frozen=True, slots=True)
class AccessToken:
    text: str
    audience: str
    expires_in: int
    """Seconds."""


class AccessTokens:
    def __init__(
        self,
        records: Records,
        memberships: Memberships,
        revocations: Revocations,
        signer: Signer,
        *,
        now_ms: Callable[[], int],
    ) -> None:
        self._records = records
        self._memberships = memberships
        self._revocations = revocations
        self._signer = signer
        self._now_ms = now_ms

    async def issue(
        self,
        user_id: UUID,
        session_id: UUID,
        audience: str,
        *,
        projects: Collection[UUID] | None = None,
        until: int | None = None,
    ) -> AccessToken:
        """``projects`` None: all of the person's that the data plane holds. ``until`` (seconds
        since 1970) bounds a token that is issued upon another: none outlives that.

        Raises ``NotFoundError`` if nothing of the person's lives on that data plane.
        """
        async with self._records.begin() as unit:
            held = await self._projects(unit, user_id, audience, projects)
            earliest = await self._revocations.not_before(unit, user_id)
        issued = max(self._now_ms() // 1000, earliest)
        expires = min(issued + LIFE_SECONDS, until or issued + LIFE_SECONDS)
        if expires <= issued:
            raise NotFoundError("the token has expired; refresh it")
        claims = {
            "iss": self._signer.issuer,
            "sub": str(user_id),
            "sid": str(session_id),
            "aud": audience,
            "iat": issued,
            "nbf": issued,
            "exp": expires,
            "jti": str(uuid4()),
        }
        if held is not None:
            claims["prj"] = {str(id_): sorted(roles) for id_, roles in held.items()}
        return AccessToken(self._signer.sign(claims), audience, expires - issued)

    async def _projects(
        self, unit: UnitOfWork, user_id: UUID, audience: str, chosen: Collection[UUID] | None
    ) -> Mapping[UUID, frozenset[Role]] | None:
        if audience == CONTROL:
            return None
        roles = {
            each.scope.id: each.roles
            for each in await self._memberships.of_person(unit, user_id)
            if each.state == ACTIVE
            and each.scope.level is Level.PROJECT
            and (chosen is None or each.scope.id in chosen)
        }
        found = await unit.get(PROJECTS, [str(id_) for id_ in roles]) if roles else ()
        plane = audience.removeprefix(DATA_PLANE)
        held = {
            UUID(record.key): roles[UUID(record.key)]
            for record in found
            if record.value["data_plane_id"] == plane and record.value["state"] == ACTIVE
        }
        if not held or (chosen is not None and held.keys() != set(chosen)):
            raise NotFoundError("there is no such data plane, or nothing of yours on it")
        if len(held) > MAX_PROJECTS:
            message = f"project_ids: name at most {MAX_PROJECTS} of your projects on it"
            raise RejectedError(message, code=422)
        return held


class RefreshTokens:
    """``random`` gives that many bytes of a cryptographic source."""

    def __init__(
        self, records: Records, sessions: UserSessions, *, random: Callable[[int], bytes]
    ) -> None:
        self._records = records
        self._sessions = sessions
        self._random = random

    async def begin(self, unit: UnitOfWork, session: UserSession) -> str:
        """The first of a session."""
        return await self._fresh(unit, session.user_id, session.session_id, 1)

    async def rotate(self, token: str) -> tuple[UserSession, str] | None:
        """The session, and the token that takes this one's place; None if it does not count."""
        parsed = parse_opaque(token, REFRESH_PREFIX)
        if parsed is None:
            return None
        try:
            return await self._rotated(parsed)
        except ConflictError:
            # somebody has used it while we looked: so it is used
            await self._end(parsed)
            return None

    async def _rotated(self, token: Opaque) -> tuple[UserSession, str] | None:
        async with self._records.begin() as unit:
            key = f"{token.second}/{token.digest}"
            found = await unit.get(SESSION_TOKENS, [key])
            if not found or found[0].value["user_id"] != str(token.first):
                return None
            session = await self._sessions.living(unit, token.first, token.second)
            if session is None:
                return None
            number = found[0].value["number"]
            if found[0].value["state"] == _USED or number >= MAX_REFRESHES:
                await self._sessions.end(unit, "refresh_token", session)
                return None
            used = {**found[0].value, "state": _USED}
            await unit.put(SESSION_TOKENS, key, used, expect=found[0].version)
            fresh = await self._fresh(unit, token.first, token.second, number + 1)
        return session, fresh

    async def _fresh(self, unit: UnitOfWork, user_id: UUID, session_id: UUID, number: int) -> str:
        token = Opaque(user_id, session_id, self._random(SECRET_BYTES))
        value = {"user_id": str(user_id), "state": _LIVE, "number": number}
        await unit.put(SESSION_TOKENS, f"{session_id}/{token.digest}", value, expect=0)
        return token.text(REFRESH_PREFIX)

    async def _end(self, token: Opaque) -> None:
        async with self._records.begin() as unit:
            session = await self._sessions.living(unit, token.first, token.second)
            if session is not None:
                await self._sessions.end(unit, "refresh_token", session)
