"""The public HTTP server: raw path routing, and clients that may not dawdle (SECURITY A3, A9).

aiohttp's low-level server: routing a handful of paths needs no router, and nothing normalises the
path before it is compared.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from hh_core.errors import RejectedError
from hh_data.ingest.answers import json_answer, refusal_of, rest_refusal
from hh_data.ingest.bodies import finish
from hh_data.ingest.otlp_http import NOT_KEPT, TRACES, OtlpHttp
from hh_data.ingest.proxy import Proxy
from hh_data.ingest.rest import Rest

HEADER_SECONDS = 10.0
IDLE_SECONDS = 75.0

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class PublicServer(web.Server):
    """Serves ``handler`` with the timeouts of the door."""

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(RequestHandler):
    """Closes a connection whose request line and headers take longer than 10 s."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._header_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._start_header_timer()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._messages or self._request_in_progress or self._current_request is not None:
            self._stop_header_timer()
        elif self._header_timer is None:
            self._start_header_timer()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_header_timer()
        super().connection_lost(exc)

    def _start_header_timer(self) -> None:
        self._header_timer = self._loop.call_later(HEADER_SECONDS, self.force_close)

    def _stop_header_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None


class Front:
    """Which request goes where, by its raw path alone."""

    def __init__(self, otlp: OtlpHttp, rest: Rest, proxy: Proxy) -> None:
        self._otlp = otlp
        self._rest = rest
        self._proxy = proxy

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, _ = request.raw_path.partition("?")
        if path in TRACES:
            return await self._otlp.traces(request)
        if path in NOT_KEPT:
            return await self._otlp.not_kept(request)
        if path == "/healthz":
            return json_answer({"alive": True})
        if not path.startswith("/"):
            error = RejectedError("the request target must be a path")
            return await finish(request, rest_refusal(refusal_of(error)))
        make = self._rest.making(request.method, path)
        if make is not None:
            return await self._rest.write(request, make)
        return await self._proxy.forward(request)


def public_server(front: Handler) -> PublicServer:
    return PublicServer(
        front,
        auto_decompress=False,
        access_log=None,
        keepalive_timeout=IDLE_SECONDS,
        lingering_time=0,
    )
