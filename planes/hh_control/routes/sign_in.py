"""Signing in and out, oneself, one's sessions and password."""

import ipaddress
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from hh_control.answers import given
from hh_control.authentication import COOKIE, csrf_token
from hh_control.bodies import read_fields
from hh_control.routing import Call, Route
from hh_core.domain.identity import parse_uuid
from hh_core.errors import NotFoundError
from hh_core.ports.records import Records
from hh_core.usecases.access_tokens import CONTROL, AccessToken, AccessTokens
from hh_core.usecases.memberships import ACTIVE, Membership, Memberships
from hh_core.usecases.people import MAX_EMAIL, People, User
from hh_core.usecases.sign_in import SignedIn, SignIn
from hh_core.usecases.user_sessions import LONGEST_MS, SessionKind, UserSessions, shown
from hh_runtime.denials import UnauthenticatedError

_KINDS = tuple(SessionKind)


class SignInRoutes:
    def __init__(
        self,
        records: Records,
        sign_in: SignIn,
        people: People,
        memberships: Memberships,
        sessions: UserSessions,
        tokens: AccessTokens,
    ) -> None:
        self._records = records
        self._sign_in = sign_in
        self._people = people
        self._memberships = memberships
        self._sessions = sessions
        self._tokens = tokens

    def routes(self) -> Sequence[Route]:
        session = "/v1/me/sessions/{session_id}"
        return (
            Route("POST", "/v1/sign-in", "sign_in", self.sign_in),
            Route("POST", "/v1/sign-out", "sign_out", self.sign_out, takes_body=False),
            Route("GET", "/v1/me", "me", self.me),
            Route("POST", "/v1/me/password", "change_password", self.change_password),
            Route("GET", "/v1/me/sessions", "list_sessions", self.sessions),
            Route("DELETE", session, "revoke_session", self.revoke_session),
        )

    async def sign_in(self, call: Call) -> web.Response:
        """By cookie for a browser; by tokens, and then without a cookie, for a program."""
        fields = await read_fields(call.request, "email", "password", "kind")
        signed_in = await self._sign_in(
            fields.text("email", most=MAX_EMAIL),
            fields.secret("password"),
            SessionKind(fields.choice("kind", _KINDS, SessionKind.COOKIE)),
            address=call.request.remote or "",
            agent=call.request.headers.get("User-Agent", ""),
        )
        if signed_in is None:
            raise UnauthenticatedError("the e-mail address or the password is not right")
        if signed_in.refresh_token is not None:
            return await self._with_tokens(signed_in, signed_in.refresh_token)
        cookie = signed_in.cookie.text()
        answer = given({"user": person(signed_in.user), "csrf_token": csrf_token(cookie)})
        _set_cookie(call.request, answer, cookie, max_age=LONGEST_MS // 1000)
        return answer

    async def sign_out(self, call: Call) -> web.Response:
        who = call.person
        await self._sessions.revoke("sign_out", who.user_id, who.session_id)
        answer = given(None)
        _set_cookie(call.request, answer, "", max_age=0)
        return answer

    async def me(self, call: Call) -> web.Response:
        who = call.person
        async with self._records.begin() as unit:
            user = await self._people.get(unit, who.user_id)
            held = await self._memberships.of_person(unit, who.user_id)
        cookie = call.request.cookies.get(COOKIE)
        by_cookie = cookie is not None and "Authorization" not in call.request.headers
        return given(
            {
                "user": person(user),
                "session_id": str(who.session_id),
                "csrf_token": csrf_token(cookie) if by_cookie and cookie else None,
                "memberships": [_membership(each) for each in held if each.state == ACTIVE],
            }
        )

    async def change_password(self, call: Call) -> web.Response:
        """All other sessions of the person end."""
        fields = await read_fields(call.request, "password", "new_password")
        who = call.person
        changed = await self._sign_in.change_password(
            who.user_id,
            who.session_id,
            fields.secret("password"),
            fields.secret("new_password"),
            address=call.request.remote or "",
        )
        if not changed:
            raise UnauthenticatedError("the password is not right")
        return given(None)

    async def sessions(self, call: Call) -> web.Response:
        own = call.person.session_id
        found = await self._sessions.of_person(call.person.user_id)
        return given([{**shown(each), "is_current": each.session_id == own} for each in found])

    async def revoke_session(self, call: Call) -> web.Response:
        session_id = parse_uuid(call.request.match_info["session_id"])
        if session_id is None:
            raise NotFoundError("there is no such session")
        await self._sessions.revoke("revoke_session", call.person.user_id, session_id)
        return given(None)

    async def _with_tokens(self, signed_in: SignedIn, refresh_token: str) -> web.Response:
        session = signed_in.session
        token = await self._tokens.issue(session.user_id, session.session_id, CONTROL)
        return given({"user": person(signed_in.user), **tokens_of(token, refresh_token)})


def tokens_of(token: AccessToken, refresh_token: str | None = None) -> dict[str, Any]:
    refresh = {} if refresh_token is None else {"refresh_token": refresh_token}
    return {
        "token_type": "Bearer",
        "access_token": token.text,
        "audience": token.audience,
        "expires_in": token.expires_in,
        **refresh,
    }


def person(user: User) -> dict[str, Any]:
    return {"user_id": str(user.user_id), "email": user.email, "name": user.name or None}


def _membership(member: Membership) -> dict[str, Any]:
    return {
        "level": member.scope.level,
        "id": str(member.scope.id),
        "org_id": str(member.scope.org),
        "role_names": sorted(member.roles),
    }


def _set_cookie(request: web.Request, answer: web.Response, value: str, *, max_age: int) -> None:
    answer.set_cookie(
        COOKIE,
        value,
        max_age=max_age,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=not _came_in_clear_on_this_host(request),
    )


def _came_in_clear_on_this_host(request: web.Request) -> bool:
    """Not behind a proxy here that speaks TLS to the world: browsers then name its host."""
    named = request.headers.get("Host", "").rpartition("@")[2]
    host = named.removesuffix(f":{named.rpartition(':')[2]}").strip("[]")
    return not request.secure and _is_loopback(request.remote) and _is_loopback(host)


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
