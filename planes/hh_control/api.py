"""The control plane's HTTP API: all routes of the published document, behind one guard."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from aiohttp import web

from hh_control.routing import Authentication, Route, Scopes, application


class Resource(Protocol):
    def routes(self) -> Sequence[Route]: ...


class ControlApi:
    def __init__(
        self, resources: Iterable[Resource], authentication: Authentication, scopes: Scopes
    ) -> None:
        self._resources = tuple(resources)
        self._authentication = authentication
        self._scopes = scopes

    def application(self) -> web.Application:
        """Raises ``LookupError`` for a route whose operation the policy does not know."""
        routes = [route for resource in self._resources for route in resource.routes()]
        return application(routes, self._authentication, self._scopes)
