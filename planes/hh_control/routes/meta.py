"""What the control plane is: pages, its own description, health, the boundary."""

from collections.abc import Sequence

from aiohttp import web

from hh_control.boundary import boundary
from hh_control.documents import openapi
from hh_control.errors import answered
from hh_control.lags import Lags
from hh_control.pages import reference_page, status_page
from hh_control.routing import Call, Route
from hh_control.web_application import WebApplication
from hh_core.ports.analytics import Analytics
from hh_core.ports.records import Records


class MetaRoutes:
    def __init__(
        self,
        analytics: Analytics,
        records: Records,
        lags: Lags,
        web_application: WebApplication,
        *,
        name: str,
    ) -> None:
        self._web_application = web_application
        self._analytics = analytics
        self._records = records
        self._lags = lags
        self._name = name

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/", "home", self.home),
            Route("GET", "/status", "status", self.status),
            Route("GET", "/docs", "reference", self.reference),
            Route("GET", "/openapi.json", "openapi", self.openapi),
            Route("GET", "/healthz", "alive", self.alive),
            Route("GET", "/readyz", "ready", self.ready),
            Route("GET", "/v1/boundary", "boundary", self.boundary),
        )

    async def home(self, call: Call) -> web.Response:
        return await self._web_application.page(call.request)

    async def status(self, _: Call) -> web.Response:
        return status_page(self._name, await self._lags.read())

    async def reference(self, _: Call) -> web.Response:
        return reference_page(openapi())

    async def openapi(self, _: Call) -> web.Response:
        return answered(openapi())

    async def boundary(self, _: Call) -> web.Response:
        return answered(boundary())

    async def alive(self, _: Call) -> web.Response:
        return answered({"alive": True})

    async def ready(self, _: Call) -> web.Response:
        """An error of a ping becomes a 503 that names no backend."""
        await self._analytics.ping()
        await self._records.ping()
        return answered({"ready": True})
