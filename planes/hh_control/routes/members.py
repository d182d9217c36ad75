"""The members of organisations, workspaces and projects, and accepting an invitation."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from aiohttp import web

from hh_control.answers import given, moment
from hh_control.bodies import Fields, query_id, query_number, read_fields
from hh_control.routes.sign_in import person
from hh_control.routing import Call, Route
from hh_core.domain.identity import parse_uuid
from hh_core.domain.scopes import Level, Role, Scope
from hh_core.errors import NotFoundError, RejectedError
from hh_core.usecases.members import Member, Members
from hh_core.usecases.memberships import INVITED
from hh_core.usecases.people import MAX_EMAIL, MAX_NAME
from hh_runtime.denials import UnauthenticatedError

_PATHS = {
    Level.ORGANISATION: "/v1/orgs/{org_id}/members",
    Level.WORKSPACE: "/v1/workspaces/{workspace_id}/members",
    Level.PROJECT: "/v1/projects/{project_id}/members",
}
_MOST = 200


class MemberRoutes:
    def __init__(self, members: Members) -> None:
        self._members = members

    def routes(self) -> Sequence[Route]:
        found = [Route("POST", "/v1/invitations/accept", "accept_invitation", self.accept)]
        for level, path in _PATHS.items():
            one = path + "/{user_id}"
            invite, update = f"invite_{level}_member", f"update_{level}_member"
            remove = f"remove_{level}_member"
            found += [
                Route("GET", path, f"list_{level}_members", self.page),
                Route("POST", path, invite, self._named(self.invite, invite)),
                Route("PATCH", one, update, self._named(self.update, update)),
                Route("DELETE", one, remove, self._named(self.remove, remove)),
            ]
        return found

    async def page(self, call: Call) -> web.Response:
        limit = query_number(call.request, "limit", 100, 1, _MOST)
        after = query_id(call.request, "after")
        found = await self._members.page(_scope(call), after=after, limit=limit)
        more = str(found[-1].user.user_id) if len(found) == limit else None
        return given([_shown(member) for member in found], after=more)

    async def invite(self, call: Call, action: str) -> web.Response:
        """The token is shown here and never again."""
        fields = await read_fields(call.request, "email", "role_names")
        scope = _scope(call)
        roles = {Role(f"{scope.level}.member")}
        if "role_names" in fields:
            roles = _roles(fields)
        email = fields.text("email", most=MAX_EMAIL)
        invited = await self._members.invite(call.person, action, scope, email, roles)
        answer = {
            **_shown(invited.member),
            "invitation_token": invited.token,
            "invitation_expires_at": invited.expires_ms and moment(invited.expires_ms),
        }
        return given(answer)

    async def update(self, call: Call, action: str) -> web.Response:
        fields = await read_fields(call.request, "role_names")
        roles, scope = _roles(fields), _scope(call)
        changed = await self._members.set_roles(call.person, action, scope, _user(call), roles)
        return given(_shown(changed))

    async def remove(self, call: Call, action: str) -> web.Response:
        await self._members.remove(call.person, action, _scope(call), _user(call))
        return given(None)

    async def accept(self, call: Call) -> web.Response:
        """Sets the password of who has none yet; who has one shows it."""
        fields = await read_fields(call.request, "token", "password", "name")
        name = fields.text("name", most=MAX_NAME) if "name" in fields else None
        user = await self._members.accept(
            fields.secret("token"),
            fields.secret("password"),
            name,
            address=call.request.remote or "",
        )
        if user is None:
            raise UnauthenticatedError("the invitation or the password does not count")
        return given({"user": person(user)})

    def _named(
        self, handler: Callable[[Call, str], Awaitable[web.Response]], action: str
    ) -> Callable[[Call], Awaitable[web.Response]]:
        async def handle(call: Call) -> web.Response:
            return await handler(call, action)

        return handle


def _scope(call: Call) -> Scope:
    if call.scope is None:
        raise NotFoundError("the path names no place")
    return call.scope


def _user(call: Call) -> UUID:
    user_id = parse_uuid(call.request.match_info["user_id"])
    if user_id is None:
        raise NotFoundError("there is no such member")
    return user_id


def _roles(fields: Fields) -> set[Role]:
    named = fields.texts("role_names", most=len(Role))
    known = set(Role)
    if not named or not known.issuperset(named):
        raise RejectedError(f"role_names: each must be one of {', '.join(Role)}", code=422)
    return {Role(each) for each in named}


def _shown(member: Member) -> dict[str, Any]:
    held = member.membership
    invited = held.state == INVITED
    return {
        **person(member.user),
        # what somebody calls himself, and how he spells his address, is told where he has come,
        # not where he is expected: it would tell that he has an account elsewhere
        "email": member.user.email.casefold() if invited else member.user.email,
        "name": None if invited else member.user.name or None,
        "role_names": sorted(held.roles),
        "state": "INVITED" if invited else "ONBOARDED",
        "created_at": moment(held.created_ms),
        "updated_at": moment(held.updated_ms),
    }
