"""Who asks the control plane: a person by cookie or access token, a program by API key.

A header counts before a cookie. Why something does not count is never said.
"""

import base64
import hashlib
from typing import Protocol

from aiohttp import web

from hh_control.routing import Presented
from hh_control.token_signer import TokenSigner
from hh_core.domain.authority import ApiKey, Person
from hh_core.usecases.memberships import Memberships
from hh_core.usecases.user_sessions import UserSession, UserSessions
from hh_runtime.denials import UnauthenticatedError

COOKIE = "hh_session"


class Keys(Protocol):
    async def find(self, key: str) -> ApiKey | None:
        """The key that counts now; None for any other."""
        ...


class ControlAuthentication:
    def __init__(
        self, keys: Keys, sessions: UserSessions, memberships: Memberships, signer: TokenSigner
    ) -> None:
        self._keys = keys
        self._sessions = sessions
        self._memberships = memberships
        self._signer = signer

    async def __call__(self, request: web.Request) -> Presented | None:
        header = request.headers.get("Authorization")
        if header is not None:
            return await self._of_header(header)
        cookie = request.cookies.get(COOKIE)
        return None if cookie is None else await self._of_cookie(cookie)

    def until(self, request: web.Request) -> int | None:
        """When (seconds since 1970) the access token expires by which somebody came, if by one."""
        read = self._signer.read(_bearer(request.headers.get("Authorization", "")) or "")
        return None if read is None else read[2]

    async def _of_header(self, header: str) -> Presented:
        bearer = _bearer(header)
        if bearer is None:
            raise UnauthenticatedError("send Authorization: Bearer <API key or access token>")
        if bearer.count(".") == 2:
            return await self._of_token(bearer)
        key = await self._keys.find(bearer)
        if key is None:
            raise UnauthenticatedError("the API key is not valid; check it, or ask for a new one")
        return Presented(key)

    async def _of_token(self, token: str) -> Presented:
        read = self._signer.read(token)
        session = None if read is None else await self._sessions.find(read[0], read[1])
        if session is None:
            raise UnauthenticatedError("the access token is not valid; refresh it, or sign in")
        return Presented(await self._person(session))

    async def _of_cookie(self, cookie: str) -> Presented:
        session = await self._sessions.of_cookie(cookie)
        if session is None:
            raise UnauthenticatedError("the session is over; sign in")
        return Presented(await self._person(session), csrf=csrf_token(cookie))

    async def _person(self, session: UserSession) -> Person:
        roles = await self._memberships.roles(session.user_id)
        return Person(session.user_id, session.session_id, roles)


def csrf_token(cookie: str) -> str:
    """Whoever has the cookie can tell it, nobody can tell the cookie by it."""
    digest = hashlib.sha256(b"csrf\0" + cookie.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _bearer(header: str) -> str | None:
    scheme, _, value = header.strip().partition(" ")
    value = value.strip()
    return value if scheme.lower() == "bearer" and value else None
