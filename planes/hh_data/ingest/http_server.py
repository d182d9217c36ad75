"""The data plane's public HTTP server: raw path routing (SECURITY A9).

aiohttp's low-level server: routing a handful of paths needs no router, and nothing normalises the
path before it is compared.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from hh_core.errors import RejectedError
from hh_data.ingest.answers import json_answer, refusal_of, rest_refusal
from hh_data.ingest.bodies import finish
from hh_data.ingest.browsers import Browsers, tell_browser
from hh_data.ingest.otlp_http import PATHS, OtlpHttp
from hh_data.ingest.proxy import Proxy
from hh_data.ingest.rest import Rest
from hh_runtime.public_http import PublicServer

IDLE_SECONDS = 75.0

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Front:
    """Which request goes where, by its raw path alone."""

    def __init__(self, otlp: OtlpHttp, rest: Rest, proxy: Proxy, browsers: Browsers) -> None:
        self._otlp = otlp
        self._rest = rest
        self._proxy = proxy
        self._browsers = browsers

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        answer = self._browsers.greet(request) or await self._answer(request)
        tell_browser(request, answer)
        return answer

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, _ = request.raw_path.partition("?")
        if (sent := PATHS.get(path)) is not None:
            return await self._otlp.export(request, *sent)
        if path == "/healthz":
            return json_answer({"alive": True})
        if not path.startswith("/"):
            error = RejectedError("the request target must be a path")
            return await finish(request, rest_refusal(refusal_of(error)))
        make = self._rest.making(request.method, path)
        if make is not None:
            return await self._rest.write(request, make)
        return await self._proxy.forward(request)


def public_server(front: Handler, max_strangers: int) -> PublicServer:
    return PublicServer(
        front,
        max_strangers=max_strangers,
        auto_decompress=False,
        access_log=None,
        keepalive_timeout=IDLE_SECONDS,
        lingering_time=0,
    )
