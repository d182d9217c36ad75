"""Read a request's body within bounds: of size, of time, and of what the process may hold."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage, TransferEncodingError

from hh_core.domain.segments import Encoding
from hh_core.errors import RejectedError
from hh_core.usecases.admission import Ticket
from hh_core.wire.otlp_body import too_large
from hh_data.ingest.browsers import tell_browser

BODY_SECONDS = 60.0
STALL_SECONDS = 10.0
STALL_BYTES = 32 << 10
"""A body that is not whole yet must bring this much in every ``STALL_SECONDS``."""
_DRAIN_BYTES = 48 << 10
_DRAIN_SECONDS = 1.0


def announced(request: web.BaseRequest, limit: int) -> int:
    """The declared length, 0 if there is none. Raises ``RejectedError`` (413) over ``limit``."""
    length = request.content_length or 0
    if length > limit:
        raise too_large(limit)
    return length


def encoding_of(request: web.BaseRequest) -> Encoding:
    """Raises ``RejectedError`` (415) for anything but identity and one gzip."""
    given = request.headers.getall("Content-Encoding", [])
    names = [name.strip().lower() for value in given for name in value.split(",")]
    match [name for name in names if name != "identity"]:
        case []:
            return Encoding.IDENTITY
        case ["gzip" | "x-gzip"] if len(names) == 1:
            return Encoding.GZIP
    raise RejectedError("Content-Encoding must be gzip or identity, once", code=415)


async def read(request: web.BaseRequest, ticket: Ticket, limit: int) -> bytes:
    """The body as it came. Raises ``RejectedError`` (413 over ``limit``, whatever was declared;
    408 for a client that is too slow; 400 for broken framing) or ``OverloadedError``."""
    await invite(request)
    parts: list[bytes] = []
    size = 0
    arriving = _Arriving(request)  # an async generator would cost its registration in the loop
    while chunk := await arriving.chunk():
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        ticket.reserve(size)
        parts.append(chunk)
    ticket.arrived()
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def chunks(request: web.BaseRequest) -> AsyncIterator[bytes]:
    """The body as it comes. Raises ``RejectedError``: 408 for a client that takes longer than
    ``BODY_SECONDS`` or stalls, 400 for broken framing."""
    arriving = _Arriving(request)
    while chunk := await arriving.chunk():
        yield chunk


class _Arriving:
    def __init__(self, request: web.BaseRequest) -> None:
        self._content = request.content
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._end = min(self._start + BODY_SECONDS, self._start + STALL_SECONDS)
        self._fresh = 0

    async def chunk(self) -> bytes:
        """The next part, empty at the end. Raises what ``chunks`` raises."""
        try:
            async with asyncio.timeout_at(self._end):
                chunk = await self._content.readany()
        except TimeoutError as error:
            message = "the body did not arrive in time; send it faster, or in smaller parts"
            raise RejectedError(message, code=408) from error
        except (BadHttpMessage, TransferEncodingError, web.RequestPayloadError) as error:
            raise RejectedError("the body's framing is broken; send it again") from error
        self._fresh += len(chunk)
        if self._fresh >= STALL_BYTES:
            now = self._loop.time()
            self._end, self._fresh = min(self._start + BODY_SECONDS, now + STALL_SECONDS), 0
        return chunk


async def invite(request: web.BaseRequest) -> None:
    """A client that asked first is told to go on only now that it may."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


async def finish(request: web.BaseRequest, answer: web.StreamResponse) -> web.StreamResponse:
    """Answer a request whose body was not read: close after it, and read next to nothing more.

    A small rest is read, so that the client sees the answer rather than a reset.
    """
    if request.content.is_eof():
        return answer
    answer.force_close()
    tell_browser(request, answer)
    await answer.prepare(request)
    await answer.write_eof()
    left = _DRAIN_BYTES
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while left > 0 and (chunk := await request.content.readany()):
                left -= len(chunk)
    except (TimeoutError, BadHttpMessage, web.RequestPayloadError, ConnectionError):
        pass
    return answer
