"""The control plane's HTTP API: all routes of the published document, behind one guard; and the web
application beside them."""

from collections.abc import Iterable, Sequence
from itertools import chain

from aiohttp import web

from hh_control.routing import Authentication, Route, Scopes, application
from hh_control.web_application import WebApplication


class ControlApi:
    def __init__(
        self,
        routes: Iterable[Sequence[Route]],
        authentication: Authentication,
        scopes: Scopes,
        web_application: WebApplication,
    ) -> None:
        self._routes = tuple(chain.from_iterable(routes))
        self._authentication = authentication
        self._scopes = scopes
        self._web_application = web_application

    def application(self) -> web.Application:
        """Raises ``LookupError`` for a route whose operation the policy does not know."""
        return application(
            self._routes, self._authentication, self._scopes, self._web_application.otherwise
        )
