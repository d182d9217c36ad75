"""What the control plane is: pages, its own description, health, the boundary."""

from collections.abc import Sequence

from aiohttp import web

from hh_control.boundary import boundary
from hh_control.documents import openapi
from hh_control.errors import answered
from hh_control.lags import Lags
from hh_control.pages import home_page, reference_page
from hh_control.routing import Call, Route
from hh_core.ports.analytics import Analytics
from hh_core.ports.records import Records


class MetaRoutes:
    def __init__(self, analytics: Analytics, records: Records, lags: Lags, *, name: str) -> None:
        self._analytics = analytics
        self._records = records
        self._lags = lags
        self._name = name

    def routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/", "home", self.home),
            Route("GET", "/docs", "reference", self.reference),
            Route("GET", "/openapi.json", "openapi", self.openapi),
            Route("GET", "/healthz", "alive", self.alive),
            Route("GET", "/readyz", "ready", self.ready),
            Route("GET", "/v1/boundary", "boundary", self.boundary),
        )

    async def home(self, _: Call) -> web.Response:
        return home_page(self._name, await self._lags.read())

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
