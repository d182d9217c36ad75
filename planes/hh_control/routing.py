"""From a route to a decision: every request is checked against the policy table in one place."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from aiohttp import web
from aiohttp.typedefs import Middleware

from hh_control.bodies import read_body, read_fields
from hh_control.errors import errors_as_json
from hh_core.domain.authority import ApiKey, Caller, Decision, Person, decide
from hh_core.domain.identity import parse_uuid
from hh_core.domain.policy import Audience, Operation, Plane, operation
from hh_core.domain.scopes import Level, Scope
from hh_core.errors import NotFoundError, RejectedError
from hh_runtime.denials import ForbiddenError, UnauthenticatedError, what_is_missing

MAX_BODY_BYTES = 64 << 10
PROJECT_HEADER = "X-HH-Project-Id"
CSRF_HEADER = "X-CSRF-Token"
_ID_OF = {
    Level.ORGANISATION: "org_id",
    Level.WORKSPACE: "workspace_id",
    Level.PROJECT: "project_id",
}
_SAFE = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Presented:
    """Who came, and how he showed it."""

    caller: Caller
    csrf: str | None = None
    """Came by cookie, which a browser sends for any page: what changes something must repeat this
    in ``X-CSRF-Token``. None: came by a header that no page of somebody else can set."""


class Authentication(Protocol):
    async def __call__(self, request: web.Request) -> Presented | None:
        """Who asks; None if nothing was presented. Raises ``UnauthenticatedError`` for what was
        presented and does not count; the message never says why."""
        ...


class Scopes(Protocol):
    async def find(self, level: Level, id_: UUID) -> Scope | None:
        """Where the organisation, workspace or project of this id lives; None if there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """A request that the policy allows."""

    request: web.Request
    caller: Caller | None
    scope: Scope | None

    @property
    def person(self) -> Person:
        """Only of operations that take a person."""
        if not isinstance(self.caller, Person):
            raise ForbiddenError("sign in to do this; an API key cannot")
        return self.caller

    @property
    def project(self) -> UUID:
        """Only of operations on a project."""
        if self.scope is None or self.scope.project is None:
            raise LookupError("the operation concerns no project")
        return self.scope.project


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    """The ids of the scope are called ``{org_id}``, ``{workspace_id}`` and ``{project_id}``."""
    operation: str
    """Its name in the policy table, and its ``operationId``."""
    handler: Handler
    takes_body: bool = True
    """False: a field in its body is refused as unknown. So it is of every ``DELETE``."""


def application(
    routes: Iterable[Route],
    authentication: Authentication,
    scopes: Scopes,
    *middlewares: Middleware,
) -> web.Application:
    """Serve ``routes``. ``middlewares`` see what these leave open, before errors become answers.
    Raises ``LookupError`` for a route that the policy does not know."""
    app = web.Application(
        middlewares=[errors_as_json, *middlewares], client_max_size=MAX_BODY_BYTES
    )
    for route in routes:
        guard = _Guard(route, operation(Plane.CONTROL, route.operation), authentication, scopes)
        app.router.add_route(route.method, route.path, guard.__call__)
    return app


class _Guard:
    def __init__(
        self, route: Route, rule: Operation, authentication: Authentication, scopes: Scopes
    ) -> None:
        self._handler = route.handler
        self._takes_nothing = route.method == "DELETE" or not route.takes_body
        self._rule = rule
        self._authentication = authentication
        self._scopes = scopes

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if self._rule.audience is Audience.PUBLIC:
            return await self._handler(Call(request, None, None))
        call = await self._allowed(request)
        if request.can_read_body and not request.content.is_eof():
            # whoever sends his body slowly must not act upon rights that have ended meanwhile
            await read_body(request)
            call = await self._allowed(request)
        if self._takes_nothing and request.can_read_body:
            await read_fields(request)
        return await self._handler(call)

    async def _allowed(self, request: web.Request) -> Call:
        """Who asks, if he may do this now. Raises for anybody else."""
        presented = await self._authentication(request)
        if presented is None:
            raise UnauthenticatedError("sign in, or send an API key: Authorization: Bearer <key>")
        _require_own_page(request, presented)
        scope = await self._scope(request, presented.caller)
        decision = decide(presented.caller, self._rule, scope)
        if decision is Decision.UNKNOWN:
            raise NotFoundError("there is no such thing, or it is not yours to see")
        if decision is Decision.FORBIDDEN:
            raise ForbiddenError(what_is_missing(self._rule, presented.caller))
        return Call(request, presented.caller, scope)

    async def _scope(self, request: web.Request, caller: Caller) -> Scope | None:
        level = self._rule.level
        if level is None:
            return None
        named = request.match_info.get(_ID_OF[level])
        if named is None and level is Level.PROJECT:
            named = request.headers.get(PROJECT_HEADER)
        if named is not None:
            id_ = parse_uuid(named)
            return None if id_ is None else await self._scopes.find(level, id_)
        if isinstance(caller, ApiKey) and caller.root.level is level:
            return caller.root
        raise RejectedError(f"name the project in the header {PROJECT_HEADER}", code=422)


def _require_own_page(request: web.Request, presented: Presented) -> None:
    if presented.csrf is None or request.method in _SAFE:
        return
    if request.headers.get(CSRF_HEADER) != presented.csrf:
        raise ForbiddenError(f"send the session's token in the header {CSRF_HEADER}")
