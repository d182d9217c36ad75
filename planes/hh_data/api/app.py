"""The routes of the read API (contract A3): thin; what they answer is the use cases' affair."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from aiohttp import hdrs, web

from hh_core.domain.identity import MAX_ID
from hh_core.domain.policy import Audience, Plane, operation
from hh_core.errors import RejectedError
from hh_core.usecases.belonging import TRACE_ROWS
from hh_core.usecases.costs import Costs
from hh_core.usecases.freshness import WAIT_SECONDS
from hh_core.usecases.list_questions import parse_histogram, parse_values
from hh_core.usecases.raw_records import RawRecords
from hh_core.usecases.read import Reader
from hh_core.usecases.search import (
    EXPORT_LIMIT,
    SEARCH_LIMIT,
    parse_query,
    parse_range,
)
from hh_core.usecases.session_outline import OUTLINE_LIMIT, SessionOutlines, Unchanged
from hh_core.usecases.sessions import SessionPage, Sessions
from hh_data.api.answers import events_answer, histogram_answer, values_answer
from hh_data.api.coding import coded_json, etag, known_revisions
from hh_data.api.errors import errors_as_json, json_answer
from hh_data.api.preferences import preferred_wait, telling_preferences
from hh_runtime.access import PROJECT_HEADER, Access
from hh_runtime.reference import reference_page
from hh_runtime.schemas import schema_bytes

MAX_BODY_BYTES = 1 << 20
BODY_SECONDS = 60.0
_DEFAULT_NODES = 1000
DOCUMENT = "data.openapi.json"


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Question = Callable[[web.Request, UUID], Awaitable[web.StreamResponse]]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class ReadApi:
    """The handlers. Nobody is told a word about what exists before the policy lets him in."""

    access: Access
    reader: Reader
    sessions: Sessions
    outlines: SessionOutlines
    costs: Costs
    raw_records: RawRecords
    most_wait: float = WAIT_SECONDS
    """Seconds that a client may ask an answer to wait for the index (``Prefer: wait``)."""
    clock: Callable[[], int] = now_ms

    def application(self) -> web.Application:
        """To be served without automatic decompression (``hh_runtime.http.listening``). Raises
        ``LookupError`` for a route whose operation the policy does not know."""
        app = web.Application(
            middlewares=[telling_preferences, errors_as_json], client_max_size=MAX_BODY_BYTES
        )
        for method, path, name, handler in self._questions():
            app.router.add_route(method, path, self._guarded(name, handler))
        for path, name, page in (
            ("/", "home", self.home),
            ("/openapi.json", "openapi", self.openapi),
            ("/docs", "docs", self.docs),
        ):
            _require_public(name)
            app.router.add_route("GET", path, page)
        return app

    def _questions(self) -> Iterable[tuple[str, str, str, Question]]:
        """Method, path, operation and handler of whatever is asked about a project. The project
        is that of the key, or the one that the path or the header names."""
        project = "/v1/projects/{project_id}"
        event, session = "{event_id:[^/]+}", "{session_id:[^/]+}"  # clients choose ids: also "{a}"
        yield "POST", "/v1/events/export", "export_events", self.export
        yield "POST", "/events/export", "export_events_legacy", self.export
        yield "POST", f"{project}/events/export", "export_project_events", self.export
        yield "POST", "/v1/events/search", "search_events", self.search
        yield "POST", f"{project}/events/search", "search_project_events", self.search
        for name, ask in (("histogram", self.histogram), ("values", self.values)):
            yield "POST", f"/v1/events/{name}", f"event_{name}", ask
            yield "POST", f"{project}/events/{name}", f"project_event_{name}", ask
        yield "GET", "/v1/events/schema", "event_schema", self.schema
        yield "GET", f"{project}/events/schema", "project_event_schema", self.schema
        yield "GET", f"/v1/events/{event}", "get_event", self.event
        yield "GET", f"{project}/events/{event}", "get_project_event", self.event
        yield "GET", f"/v1/events/{event}/cost", "get_event_cost", self.cost
        yield "GET", f"{project}/events/{event}/cost", "get_project_event_cost", self.cost
        yield "GET", f"/v1/events/{event}/raw", "get_event_raw", self.raw
        yield "GET", f"{project}/events/{event}/raw", "get_project_event_raw", self.raw
        yield "GET", f"/v1/sessions/{session}", "get_session", self.session
        yield "GET", f"{project}/sessions/{session}", "get_project_session", self.session
        outline = f"sessions/{session}/outline"
        yield "GET", f"/v1/{outline}", "get_session_outline", self.outline
        yield "GET", f"{project}/{outline}", "get_project_session_outline", self.outline
        yield "GET", f"/session/{session}", "get_session_legacy", self.session_legacy

    def _guarded(self, name: str, ask: Question) -> Handler:
        rule = operation(Plane.DATA, name)

        async def answered(request: web.Request) -> web.StreamResponse:
            headers = request.headers
            named = request.match_info.get("project_id", headers.get(PROJECT_HEADER))
            principal = self.access.permit(headers.get("Authorization"), rule, named)
            return await ask(request, principal.project)

        return answered

    async def export(self, request: web.Request, project: UUID) -> web.Response:
        return await self._events(request, project, EXPORT_LIMIT)

    async def search(self, request: web.Request, project: UUID) -> web.Response:
        return await self._events(request, project, SEARCH_LIMIT)

    async def histogram(self, request: web.Request, project: UUID) -> web.Response:
        query, buckets = parse_histogram(await _json(request), now_ms=self.clock)
        answer, behind = await self.reader.histogram(
            project, query, buckets, wait=self._wait(request)
        )
        return json_answer({**histogram_answer(answer), **_behind(behind)})

    async def values(self, request: web.Request, project: UUID) -> web.Response:
        asked = parse_values(await _json(request), now_ms=self.clock)
        answer, behind = await self.reader.values(project, asked, wait=self._wait(request))
        return json_answer({**values_answer(asked.field, answer), **_behind(behind)})

    async def schema(self, request: web.Request, project: UUID) -> web.Response:
        range_ = parse_range(request.query.get("dateRange"), now_ms=self.clock)
        run = request.query.get("evaluation_id") or None
        answer, behind = await self.reader.schema(project, range_, run, wait=self._wait(request))
        return json_answer({**answer, **_behind(behind)})

    async def event(self, request: web.Request, project: UUID) -> web.Response:
        of = _id(request, "event_id")
        event, behind = await self.reader.event(project, of, wait=self._wait(request))
        return json_answer({"event": event, **_behind(behind)})

    async def cost(self, request: web.Request, project: UUID) -> web.Response:
        of = _id(request, "event_id")
        derived, behind = await self.costs.derivation(project, of, wait=self._wait(request))
        return json_answer({**derived, **_behind(behind)})

    async def raw(self, request: web.Request, project: UUID) -> web.Response:
        """A browser saves it: what applications send is nothing that a page should open."""
        of = _id(request, "event_id")
        told, behind = await self.raw_records.of_event(project, of, wait=self._wait(request))
        answer = json_answer({**told, **_behind(behind)})
        answer.headers[hdrs.CONTENT_DISPOSITION] = 'attachment; filename="raw.json"'
        return answer

    async def session(self, request: web.Request, project: UUID) -> web.Response:
        page = await self._tree(request, project)
        body = {"session": page.session, "count": page.count, "next_cursor": page.next_cursor}
        return json_answer({**body, **_behind(page.behind)})

    async def session_legacy(self, request: web.Request, project: UUID) -> web.Response:
        page = await self._tree(request, project)
        return json_answer(
            {**page.session, "next_cursor": page.next_cursor, **_behind(page.behind)}
        )

    async def outline(self, request: web.Request, project: UUID) -> web.Response:
        page = await self.outlines.page(
            project,
            _id(request, "session_id"),
            offset=_whole(request, "offset", 0, range(TRACE_ROWS + 1)),
            limit=_whole(request, "limit", _DEFAULT_NODES, range(1, OUTLINE_LIMIT + 1)),
            known=known_revisions(request),
            wait=self._wait(request),
        )
        headers = {str(hdrs.ETAG): etag(page.revision)}
        if isinstance(page, Unchanged):
            return web.Response(status=304, headers=headers)
        body = {
            "session": page.session,
            "revision": page.revision,
            "count": page.count,
            "next_offset": page.next_offset,
            "nodes": page.nodes,
            **_behind(page.behind),
        }
        return await coded_json(request, body, headers)

    async def home(self, request: web.Request) -> web.Response:
        """A browser that comes to the bare address finds the reference."""
        return web.Response(status=302, headers={"Location": "/docs"})

    async def openapi(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=schema_bytes(DOCUMENT), content_type="application/json")

    async def docs(self, request: web.Request) -> web.StreamResponse:
        page = reference_page(orjson.loads(schema_bytes(DOCUMENT)))
        return web.Response(text=page, content_type="text/html", charset="utf-8", headers=_POLICY)

    async def _events(self, request: web.Request, project: UUID, max_limit: int) -> web.Response:
        query = parse_query(await _json(request), max_limit=max_limit, now_ms=self.clock)
        page = await self.reader.export(project, query, wait=self._wait(request))
        live = query.is_live or query.since is not None
        return json_answer({**events_answer(page, live=live), **_behind(page.behind)})

    def _wait(self, request: web.Request) -> float | None:
        return preferred_wait(request, self.most_wait)

    async def _tree(self, request: web.Request, project: UUID) -> SessionPage:
        return await self.sessions.tree(
            project,
            _id(request, "session_id"),
            limit=_whole(request, "limit", _DEFAULT_NODES, range(1, EXPORT_LIMIT + 1)),
            cursor=request.query.get("cursor") or None,
            wait=self._wait(request),
        )


def _require_public(name: str) -> None:
    """Raises ``LookupError`` for a page that the policy does not show to everybody."""
    if operation(Plane.DATA, name).audience is not Audience.PUBLIC:
        raise LookupError(f"{name} is not for everybody")


_POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def _behind(behind: bool) -> dict[str, Any]:
    return {"behind": True} if behind else {}


def _id(request: web.Request, name: str) -> str:
    text = request.match_info[name]
    if len(text) > MAX_ID:
        raise RejectedError(f"{name} is longer than {MAX_ID} characters")
    return text


def _whole(request: web.Request, name: str, default: int, allowed: range) -> int:
    """A parameter of the query that is a whole number."""
    text = request.query.get(name, str(default))
    if not text.isascii() or not text.isdecimal() or int(text[:9]) not in allowed:
        raise RejectedError(f"{name} must be a whole number from {allowed[0]} to {allowed[-1]}")
    return int(text[:9])


async def _json(request: web.Request) -> Any:
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RejectedError("send the body uncompressed", code=415)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await request.read()
        return orjson.loads(body)
    except TimeoutError:
        raise RejectedError("the body did not arrive in time; send it faster", code=408) from None
    except orjson.JSONDecodeError:
        raise RejectedError("the body is not JSON") from None
    except (ConnectionError, web.RequestPayloadError):
        raise RejectedError("the body broke off; send it again") from None
