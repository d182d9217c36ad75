"""The control plane's HTTP API: questions about telemetry, dead letters, and what it is itself."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import orjson
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from hh_control.boundary import boundary
from hh_control.documents import openapi
from hh_control.errors import answered, errors_as_json
from hh_control.lags import Lags
from hh_control.pages import home_page, reference_page
from hh_control.questions import MAX_LIMIT, parse_question, plain
from hh_core.errors import NotFoundError, RejectedError
from hh_core.ports.analytics import Analytics, Order, Query, Relation
from hh_core.ports.records import Records
from hh_core.usecases.dead_letters import DeadLetters, Letter
from hh_core.usecases.redrive import Redrive
from hh_runtime.keys import ADMIN, READ, KeyDirectory, Principal

MAX_BODY_BYTES = 64 << 10
BODY_SECONDS = 10.0
"""A body is at most 64 KiB: slower ones are not waited for."""
MAX_ID = 256
_SESSION_COLUMNS = (
    "session_key",
    "start_ns",
    "end_ns",
    "num_events",
    "num_model_events",
    "num_errors",
    "usage",
    "cost",
)
_NS = 1_000_000


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class ControlApi:
    """The routes of ``schema/control.openapi.json``. Every answer about telemetry is of the key's
    project only."""

    def __init__(
        self,
        analytics: Analytics,
        records: Records,
        redrive: Redrive,
        keys: KeyDirectory,
        *,
        name: str,
        now_ms: Callable[[], int] = _now_ms,
    ) -> None:
        self._analytics = analytics
        self._records = records
        self._redrive = redrive
        self._keys = keys
        self._name = name
        self._now_ms = now_ms
        self._letters = DeadLetters(records, now_ms=now_ms)
        self._lags = Lags(records, now_ms=now_ms)

    def application(self) -> web.Application:
        app = web.Application(middlewares=[errors_as_json], client_max_size=MAX_BODY_BYTES)
        app.router.add_get("/", self._home, allow_head=False)
        app.router.add_get("/docs", self._reference, allow_head=False)
        app.router.add_get("/openapi.json", self._openapi, allow_head=False)
        app.router.add_get("/healthz", self._healthz, allow_head=False)
        app.router.add_get("/readyz", self._readyz, allow_head=False)
        app.router.add_get("/v1/boundary", self._boundary, allow_head=False)
        app.router.add_get("/v1/data-planes", self._data_planes, allow_head=False)
        app.router.add_post("/v1/analytics/query", self._query)
        app.router.add_get("/v1/analytics/sessions", self._sessions, allow_head=False)
        app.router.add_get("/v1/dead-letters", self._dead_letters, allow_head=False)
        letter = "/v1/dead-letters/{id:(?!redrive$)[^/]+}"
        app.router.add_get(letter, self._dead_letter, allow_head=False)
        app.router.add_post("/v1/dead-letters/redrive", self._redrive_letters)
        return app

    async def _home(self, _: web.Request) -> web.Response:
        return home_page(self._name, await self._lags.read())

    async def _data_planes(self, request: web.Request) -> web.Response:
        self._admin(request)
        return answered({"data_planes": [asdict(lag) for lag in await self._lags.read()]})

    async def _reference(self, _: web.Request) -> web.Response:
        return reference_page(openapi())

    async def _openapi(self, _: web.Request) -> web.Response:
        return answered(openapi())

    async def _boundary(self, _: web.Request) -> web.Response:
        return answered(boundary())

    async def _healthz(self, _: web.Request) -> web.Response:
        return answered({"alive": True})

    async def _readyz(self, _: web.Request) -> web.Response:
        """An error of a ping becomes a 503 that names no backend."""
        await self._analytics.ping()
        await self._records.ping()
        return answered({"ready": True})

    async def _query(self, request: web.Request) -> web.Response:
        principal = self._reader(request)
        question = parse_question(await _json(request), principal.project, now_ms=self._now_ms())
        return answered(question.answer(await self._analytics.select(question.query)))

    async def _sessions(self, request: web.Request) -> web.Response:
        principal = self._reader(request)
        query = Query(
            relation=Relation.SESSIONS,
            project=principal.project,
            columns=_SESSION_COLUMNS,
            order_by=(Order("start_ns", descending=True), Order("session_key")),
            limit=_number(request, "limit", 50, 1, 1000),
            offset=_number(request, "offset", 0, 0, MAX_LIMIT),
        )
        rows = await self._analytics.select(query)
        total = await self._analytics.count(query)
        return answered({"sessions": [_session(row) for row in rows], "total": total})

    async def _dead_letters(self, request: web.Request) -> web.Response:
        principal = self._admin(request)
        limit = _number(request, "limit", 100, 1, 1000)
        after = request.query.get("after", "")
        if len(after) > MAX_ID:
            raise RejectedError(f"after: must be at most {MAX_ID} characters", code=422)
        letters = await self._letters.page(project=str(principal.project), after=after, limit=limit)
        more = letters[-1].id if len(letters) == limit else None
        return answered({"dead_letters": [letter.summary() for letter in letters], "after": more})

    async def _dead_letter(self, request: web.Request) -> web.Response:
        principal = self._admin(request)
        letter = await self._letters.get(request.match_info["id"][:MAX_ID])
        if letter.project != str(principal.project):
            raise NotFoundError("no such dead letter")
        return answered({**letter.summary(), "row": _row(letter)})

    async def _redrive_letters(self, request: web.Request) -> web.Response:
        """Of the key's project: those that ``ids`` names, or all if the body names none."""
        project = str(self._admin(request).project)
        body = await _json(request) if request.can_read_body else {}
        ids = body.get("ids") if isinstance(body, dict) else ()
        if ids is None:
            result = await self._redrive.all(project=project)
        else:
            is_list = isinstance(ids, list) and 0 < len(ids) <= 1000
            if not is_list or not all(isinstance(id_, str) and 0 < len(id_) <= 64 for id_ in ids):
                raise RejectedError("ids: must be a list of 1 to 1000 ids", code=422)
            result = await self._redrive.some(ids, project=project)
        return answered(
            {"restored": result.restored, "failed": result.failed, "unknown": result.unknown}
        )

    def _reader(self, request: web.Request) -> Principal:
        return self._principal(request, READ)

    def _admin(self, request: web.Request) -> Principal:
        return self._principal(request, ADMIN)

    def _principal(self, request: web.Request, scope: str) -> Principal:
        principal = self._keys.authenticate(request.headers.get("Authorization"))
        principal.require(scope)
        return principal


async def _json(request: web.Request) -> Any:
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise RejectedError("Content-Encoding: send the body uncompressed", code=415)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return orjson.loads(await request.read())
    except TimeoutError:
        raise RejectedError("body: did not arrive in time; send it faster", code=408) from None
    except (web.RequestPayloadError, BadHttpMessage):
        raise RejectedError("body: its framing is broken") from None
    except orjson.JSONDecodeError:
        raise RejectedError("body: not JSON") from None


def _number(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not least <= int(text) <= most:
        raise RejectedError(f"{name}: must be a whole number from {least} to {most}", code=422)
    return int(text)


def _session(row: Any) -> dict[str, Any]:
    session = {name: plain(row[name]) for name in _SESSION_COLUMNS if not name.endswith("_ns")}
    return {
        **session,
        "start_ms": row["start_ns"] // _NS,
        "end_ms": row["end_ns"] // _NS,
    }


def _row(letter: Letter) -> dict[str, Any] | None:
    """The telemetry record in a letter; None while it does not read."""
    try:
        rows = letter.rows().to_pylist()
    except RejectedError:
        return None
    return {
        name: plain(dict(cell) if isinstance(cell, list) else cell)
        for name, cell in rows[0].items()
    }
