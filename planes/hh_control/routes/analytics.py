"""Questions about a project's telemetry."""

from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from hh_control.bodies import query_number, read_json
from hh_control.errors import answered
from hh_control.questions import MAX_LIMIT, parse_question, plain
from hh_control.routing import Call, Route
from hh_core.ports.analytics import Analytics, Order, Query, Relation

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


class AnalyticsRoutes:
    def __init__(self, analytics: Analytics, *, now_ms: Callable[[], int]) -> None:
        self._analytics = analytics
        self._now_ms = now_ms

    def routes(self) -> Sequence[Route]:
        return (
            Route("POST", "/v1/analytics/query", "query", self.query),
            Route("GET", "/v1/analytics/sessions", "sessions", self.sessions),
        )

    async def query(self, call: Call) -> web.Response:
        body = await read_json(call.request)
        question = parse_question(body, call.project, now_ms=self._now_ms())
        return answered(question.answer(await self._analytics.select(question.query)))

    async def sessions(self, call: Call) -> web.Response:
        query = Query(
            relation=Relation.SESSIONS,
            project=call.project,
            columns=_SESSION_COLUMNS,
            order_by=(Order("start_ns", descending=True), Order("session_key")),
            limit=query_number(call.request, "limit", 50, 1, 1000),
            offset=query_number(call.request, "offset", 0, 0, MAX_LIMIT),
        )
        rows = await self._analytics.select(query)
        total = await self._analytics.count(query)
        return answered({"sessions": [_session(row) for row in rows], "total": total})


def _session(row: Any) -> dict[str, Any]:
    session = {name: plain(row[name]) for name in _SESSION_COLUMNS if not name.endswith("_ns")}
    return {
        **session,
        "start_ms": row["start_ns"] // _NS,
        "end_ms": row["end_ns"] // _NS,
    }
