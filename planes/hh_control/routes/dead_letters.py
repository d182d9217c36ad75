"""The rows of a project that the index refused for good."""

from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from hh_control.bodies import query_number, read_json
from hh_control.errors import answered
from hh_control.questions import plain
from hh_control.routing import Call, Route
from hh_core.errors import NotFoundError, RejectedError
from hh_core.ports.records import Records
from hh_core.usecases.dead_letters import DeadLetters, Letter
from hh_core.usecases.redrive import Redrive

MAX_ID = 256


class DeadLetterRoutes:
    def __init__(self, records: Records, redrive: Redrive, *, now_ms: Callable[[], int]) -> None:
        self._letters = DeadLetters(records, now_ms=now_ms)
        self._redrive = redrive

    def routes(self) -> Sequence[Route]:
        letter = "/v1/dead-letters/{id:(?!redrive$)[^/]+}"
        return (
            Route("GET", "/v1/dead-letters", "list_dead_letters", self.page),
            Route("GET", letter, "show_dead_letter", self.show),
            Route("POST", "/v1/dead-letters/redrive", "redrive_dead_letters", self.redrive),
        )

    async def page(self, call: Call) -> web.Response:
        limit = query_number(call.request, "limit", 100, 1, 1000)
        after = call.request.query.get("after", "")
        if len(after) > MAX_ID or "\0" in after:
            raise RejectedError(f"after: must be at most {MAX_ID} characters", code=422)
        letters = await self._letters.page_of(str(call.project), after=after, limit=limit)
        more = letters[-1].id if len(letters) == limit else None
        return answered({"dead_letters": [letter.summary() for letter in letters], "after": more})

    async def show(self, call: Call) -> web.Response:
        letter = await self._letters.get(call.request.match_info["id"][:MAX_ID])
        if letter.project != str(call.project):
            raise NotFoundError("no such dead letter")
        return answered({**letter.summary(), "row": _row(letter)})

    async def redrive(self, call: Call) -> web.Response:
        """Of the project: those that ``ids`` names, or all if the body names none."""
        project = str(call.project)
        body = await read_json(call.request) if call.request.can_read_body else {}
        if not isinstance(body, dict) or body.keys() - {"ids"}:
            raise RejectedError("body: must be a JSON object that holds ids, or nothing", code=422)
        ids = body.get("ids")
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
