"""Whatever is no write goes on to the read API, over its Unix socket, and comes back as it is."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from hh_core.errors import RejectedError, UnavailableError
from hh_data.ingest.answers import refusal_of, rest_refusal
from hh_data.ingest.bodies import chunks, finish, invite
from hh_data.ingest.browsers import tell_browser
from hh_runtime.access import Access
from hh_runtime.denials import UnauthenticatedError
from hh_runtime.net import Address
from hh_runtime.public_http import vouch

log = logging.getLogger(__name__)

_HOP_BY_HOP = frozenset(
    (
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""Headers between two neighbours only (RFC 9110, 7.6.1); an expectation is met right here."""
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=2.0, sock_read=330.0)
"""Longer than the longest read timeout of a client (300 s, contract A2)."""
_AWAY = "the read API is away; try again"


class Proxy:
    def __init__(self, client: aiohttp.ClientSession, base: str, access: Access) -> None:
        self._client = client
        self._base = base
        self._access = access

    async def forward(self, request: web.BaseRequest) -> web.StreamResponse:
        self._greet(request)
        body = _Body(request)
        try:
            if request.body_exists:
                await invite(request)
            async with self._asked(request, body) as upstream:
                return await _passed_back(request, upstream)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if _has_begun(request):
                raise
            if body.refused is not None:
                return await finish(request, rest_refusal(refusal_of(body.refused)))
            log.warning("the read API does not answer: %s", type(error).__name__)
            return await finish(request, rest_refusal(refusal_of(UnavailableError(_AWAY))))

    def _greet(self, request: web.BaseRequest) -> None:
        """Whether a key may read is the read API's affair; here it only makes a client known."""
        try:
            self._access.authenticate(request.headers.get("Authorization"))
        except UnauthenticatedError:
            return
        vouch(request)

    def _asked(
        self, request: web.BaseRequest, body: "_Body"
    ) -> "aiohttp.client._RequestContextManager":
        target = request.raw_path if request.raw_path.startswith("/") else "/"
        headers = _end_to_end(request.headers)
        headers["Host"] = request.headers.get("Host", "data")
        return self._client.request(
            request.method,
            URL(self._base + target, encoded=True),
            headers=headers,
            data=body.chunks() if request.body_exists else None,
            allow_redirects=False,
        )


class _Body:
    """Passes a body on while it comes, and remembers why it did not: the client that sends it
    onwards reports any failure as its own."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self.refused: RejectedError | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in chunks(self._request):
                yield chunk
        except RejectedError as error:
            self.refused = error
            raise
        except ConnectionError:  # the client has gone; the read API is not to blame
            self.refused = RejectedError("the body broke off; send it again")
            raise


async def _passed_back(
    request: web.BaseRequest, upstream: aiohttp.ClientResponse
) -> web.StreamResponse:
    answer = web.StreamResponse(
        status=upstream.status, reason=upstream.reason, headers=_end_to_end(upstream.headers)
    )
    if not request.content.is_eof():
        answer.force_close()
    tell_browser(request, answer)
    await answer.prepare(request)
    async for chunk in upstream.content.iter_any():
        await answer.write(chunk)
    await answer.write_eof()
    return answer


def _has_begun(request: web.BaseRequest) -> bool:
    return request.writer.output_size > 0


def _end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    named = {name.strip().lower() for name in headers.get("Connection", "").split(",")}
    dropped = _HOP_BY_HOP | named
    return CIMultiDict(
        (name, value) for name, value in headers.items() if name.lower() not in dropped
    )


@asynccontextmanager
async def open_proxy(address: Address, access: Access) -> AsyncIterator[Proxy]:
    """Nothing is contacted before the first request."""
    if address.path is None:
        connector: aiohttp.BaseConnector = aiohttp.TCPConnector(limit=0)
        base = f"http://{address}"
    else:
        connector = aiohttp.UnixConnector(path=str(address.path), limit=0)
        base = "http://data"
    client = aiohttp.ClientSession(
        connector=connector,
        timeout=_TIMEOUT,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
    )
    try:
        yield Proxy(client, base, access)
    finally:
        await client.close()
        await asyncio.sleep(0)
