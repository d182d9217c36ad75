"""The HTTP side: who may ask, how much at once, and how answers look."""

import asyncio
import hmac
import json
import uuid
import zlib
from base64 import b64decode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from aiohttp import web

from hh_clickhouse.engine import failure
from hh_clickhouse.engine.body import DataFile, Decoder, TooLargeError, decoded_file
from hh_clickhouse.engine.failure import EngineError
from hh_clickhouse.engine.pool import Answer, Pool
from hh_clickhouse.engine.statement import Statement, is_insert_of_body, parse

_READ_SHARE = 0.7
"""Of the connections that reads may fill: the rest is left to writers."""
_GZIP_MIN_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    connections: int = 6
    waiting: int = 128
    """Requests that wait for a connection; more are refused with TOO_MANY_SIMULTANEOUS_QUERIES."""
    body_bytes: int = 128 * 1024 * 1024
    """Of a request, after decompression too."""
    uri_bytes: int = 1024 * 1024


class Server:
    def __init__(self, pool: Pool, user: str, password: str, limits: Limits) -> None:
        self._pool = pool
        self._credentials = (user.encode(), password.encode())
        self._limits = limits
        self._threads = ThreadPoolExecutor(limits.connections, thread_name_prefix="statement")
        self._reads = asyncio.Semaphore(max(1, int(limits.connections * _READ_SHARE)))
        self._all = asyncio.Semaphore(limits.connections)
        self._waiting = 0
        self.statements = 0
        """How many came since the start."""

    def app(self) -> web.Application:
        app = web.Application(client_max_size=self._limits.body_bytes)
        app.router.add_get("/ping", self._ping)
        app.router.add_route("GET", "/", self._handle)
        app.router.add_route("POST", "/", self._handle)
        return app

    async def _ping(self, request: web.Request) -> web.Response:
        return web.Response(text="Ok.\n")

    async def _handle(self, request: web.Request) -> web.Response:
        query_id = request.query.get("query_id") or str(uuid.uuid4())
        self.statements += 1
        try:
            self._authenticate(request)
            statement = await self._statement(request)
            answer = await self._run(statement)
        except EngineError as error:
            return _refused(error, query_id)
        return await _answered(request, statement, answer, query_id)

    def _authenticate(self, request: web.Request) -> None:
        user, password = _presented(request)
        same_user = hmac.compare_digest(user, self._credentials[0])
        if not hmac.compare_digest(password, self._credentials[1]) or not same_user:
            raise EngineError(
                failure.AUTHENTICATION_FAILED,
                "Code: 516. DB::Exception: Authentication failed: password is incorrect, or there"
                " is no user with such name. (AUTHENTICATION_FAILED)",
            )

    async def _statement(self, request: web.Request) -> Statement:
        options = dict(request.query)
        try:
            if request.content_type.startswith("multipart/"):
                options.update(await _form(request))
                return parse(options, b"")
            decoder = Decoder(request.headers.get("Content-Encoding", ""), self._limits.body_bytes)
            if is_insert_of_body(options.get("query", "")):
                statement = parse(options, b"")
                data = await decoded_file(request.content.iter_any(), decoder)
                return replace(statement, data=data)
            body = decoder.decode(await request.read())
            decoder.finish()
            return parse(options, body)
        except (web.HTTPRequestEntityTooLarge, TooLargeError) as error:
            raise _too_large(self._limits.body_bytes) from error
        except ValueError as error:
            raise _bad_argument(str(error)) from error

    async def _run(self, statement: Statement) -> Answer:
        if self._waiting >= self._limits.waiting:
            if isinstance(statement.data, DataFile):
                statement.data.close()
            raise EngineError(
                failure.TOO_MANY_SIMULTANEOUS_QUERIES,
                "Code: 202. DB::Exception: Too many simultaneous queries."
                " (TOO_MANY_SIMULTANEOUS_QUERIES)",
            )
        self._waiting += 1
        try:
            if statement.is_read:
                async with self._reads:
                    return await self._run_now(statement)
            return await self._run_now(statement)
        finally:
            self._waiting -= 1

    async def _run_now(self, statement: Statement) -> Answer:
        async with self._all:
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._threads, self._pool.run, statement)
            # The thread cannot be stopped: the place is free when it ends, not when we are told.
            return await asyncio.shield(running)


def _presented(request: web.Request) -> tuple[bytes, bytes]:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = b64decode(token, validate=True).partition(b":")
        except ValueError:
            return b"", b""
        return user, password
    headers, query = request.headers, request.query
    user_name = headers.get("X-ClickHouse-User") or query.get("user", "")
    return user_name.encode(), (
        headers.get("X-ClickHouse-Key") or query.get("password", "")
    ).encode()


async def _form(request: web.Request) -> Mapping[str, str]:
    return {key: value for key, value in (await request.post()).items() if isinstance(value, str)}


def _too_large(limit: int) -> EngineError:
    return EngineError(
        failure.TOO_MANY_BYTES,
        f"Code: 307. DB::Exception: The request is larger than {limit} bytes. (TOO_MANY_BYTES)",
    )


def _bad_argument(text: str) -> EngineError:
    return EngineError(failure.BAD_ARGUMENTS, f"Code: 36. DB::Exception: {text}. (BAD_ARGUMENTS)")


def _refused(error: EngineError, query_id: str) -> web.Response:
    headers = {"X-ClickHouse-Exception-Code": str(error.code), "X-ClickHouse-Query-Id": query_id}
    return web.Response(status=error.status, text=error.text + "\n", headers=headers)


async def _answered(
    request: web.Request, statement: Statement, answer: Answer, query_id: str
) -> web.Response:
    summary = {
        "read_rows": answer.read_rows,
        "read_bytes": answer.read_bytes,
        "written_rows": answer.written_rows,
        "written_bytes": answer.written_bytes,
        "elapsed_ns": answer.elapsed_ns,
    }
    headers = {
        "X-ClickHouse-Summary": json.dumps({name: str(value) for name, value in summary.items()}),
        "X-ClickHouse-Query-Id": query_id,
        "X-ClickHouse-Timezone": "UTC",
    }
    if statement.is_read:
        headers["X-ClickHouse-Format"] = statement.format
    body = answer.body
    if (
        request.query.get("enable_http_compression") == "1"
        and "gzip" in request.headers.get("Accept-Encoding", "")
        and len(body) >= _GZIP_MIN_BYTES
    ):
        body = await asyncio.to_thread(zlib.compress, body, 1, 31)
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, headers=headers, content_type="application/octet-stream")
