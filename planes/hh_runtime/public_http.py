"""The HTTP server of every surface: it says and logs nothing of what clients send (SECURITY B13),
and clients may neither dawdle nor take every connection (SECURITY A3).

aiohttp's own answer to a malformed request repeats it, and so does its log: an API key in a header
line with one space too many would be in both.
"""

import asyncio
import logging
from collections import Counter
from typing import Any

import orjson
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

log = logging.getLogger(__name__)

HEADER_SECONDS = 10.0
_MALFORMED = "the request is not valid HTTP, or a line of its head is too long; nothing was read"
_FAILED = "the server failed to answer; try again"
_INVALID_ARGUMENT, _UNAVAILABLE = 3, 14
"""Codes of ``google.rpc.Status``: OTLP clients read such a body too."""
_TOO_MANY = b'{"message":"too many connections of this address are open without a valid API key",'
_TOO_MANY += b'"errorCode":"too_many_connections"}'
_REFUSAL = (
    b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(_TOO_MANY), _TOO_MANY)
)


class PublicServer(web.Server):
    """Serves ``handler`` with the timeouts of the door.

    ``max_strangers`` connections of one address may be open that nobody has vouched for;
    0: any number. Unix sockets have no address.
    """

    def __init__(self, handler: Any, *, max_strangers: int = 0, **options: Any) -> None:
        super().__init__(handler, **options)
        self.max_strangers = max_strangers
        self.strangers: Counter[str] = Counter()
        self.malformed = 0
        self.turned_away = 0

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class PublicRunner(web.AppRunner):
    """Serves an application by a ``PublicServer``."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return PublicServer(
            made.request_handler, request_factory=made.request_factory, **self._kwargs
        )


def vouch(request: web.BaseRequest) -> None:
    """This request showed a valid key: its connection no longer counts as a stranger's."""
    protocol = request.protocol
    if isinstance(protocol, _Connection):
        protocol.vouched()


class _Connection(RequestHandler):
    """Closes a connection whose request line and headers take longer than 10 s."""

    def __init__(self, server: PublicServer, **options: Any) -> None:
        super().__init__(server, **options)
        self._server = server
        self._header_timer: asyncio.TimerHandle | None = None
        self._stranger: str | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._start_header_timer()
        if self._server.max_strangers:
            self._count(transport)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._messages or self._request_in_progress or self._current_request is not None:
            self._stop_header_timer()
        elif self._header_timer is None:
            self._start_header_timer()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_header_timer()
        self.vouched()
        super().connection_lost(exc)

    def vouched(self) -> None:
        if self._stranger is not None:
            strangers = self._server.strangers
            strangers[self._stranger] -= 1
            if not strangers[self._stranger]:
                del strangers[self._stranger]
            self._stranger = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Without a word of the request, of ``exc`` or of ``message``, which may quote it."""
        if status < 500:
            self._server.malformed += 1
        elif not isinstance(exc, ConnectionError):  # that is a client that has gone
            log.error("a request failed unexpectedly: %s", type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun: there cannot be another")
        body = (
            {"code": _INVALID_ARGUMENT, "message": _MALFORMED, "errorCode": "bad_request"}
            if status < 500
            else {"code": _UNAVAILABLE, "message": _FAILED, "errorCode": "unavailable"}
        )
        answer = web.Response(
            status=status, body=orjson.dumps(body), content_type="application/json"
        )
        answer.force_close()
        return answer

    def log_exception(self, *args: Any, **kw: Any) -> None:
        error = kw.get("exc_info")
        log.error("a connection failed unexpectedly: %s", type(error).__name__)

    def _count(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        if not isinstance(peer, tuple):
            return
        address = str(peer[0])
        if self._server.strangers[address] >= self._server.max_strangers:
            self._server.turned_away += 1
            assert self.transport is not None
            self.transport.write(_REFUSAL)
            self.force_close()
            return
        self._stranger = address
        self._server.strangers[address] += 1

    def _start_header_timer(self) -> None:
        self._header_timer = self._loop.call_later(HEADER_SECONDS, self.force_close)

    def _stop_header_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None
