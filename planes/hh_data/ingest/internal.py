"""What ingest tells its own plane, on its own Unix socket only."""

from uuid import UUID

import orjson
from aiohttp import web

from hh_core.errors import UnavailableError
from hh_core.usecases.positions import PendingSegments
from hh_data.ingest.answers import json_answer, refusal_of, rest_refusal
from hh_data.ingest.metrics import Counts
from hh_runtime.access import Access


def internal_app(positions: PendingSegments, access: Access, counts: Counts) -> web.Application:
    """``GET /internal/pending?project=<uuid>&awaited=<0|1>`` → ``{"segments": [name, …]}``; 503
    while this process does not know yet what an earlier one left. With 0 nothing is sealed.
    ``POST /internal/without`` with ``{"project": id, "segments": [name, …], "needles": [hex, …]}``
    → ``{"segments": [name, …]}``: those in which certainly none stands.
    ``GET /internal/key-uses`` → ``{"uses": {key id: ms, …}}``: when each key was last used at this
    door, to the hour.
    ``GET /internal/totals`` → ``{"spans": n, "bytes": n}``: taken in since the process began."""

    async def pending(request: web.Request) -> web.Response:
        try:
            project = UUID(request.query.get("project", ""))
        except ValueError:
            return json_answer({"message": "project must be a UUID"}, 400)
        try:
            is_awaited = request.query.get("awaited") != "0"
            return json_answer({"segments": positions.pending(project, is_awaited=is_awaited)})
        except UnavailableError as error:
            return rest_refusal(refusal_of(error))

    async def without(request: web.Request) -> web.Response:
        try:
            asked = orjson.loads(await request.read())
            project, segments = UUID(asked["project"]), [str(name) for name in asked["segments"]]
            needles = [bytes.fromhex(one) for one in asked["needles"]]
        except (ValueError, KeyError, TypeError):
            return json_answer({"message": "not a question about segments"}, 400)
        return json_answer({"segments": await positions.without(project, segments, needles)})

    async def key_uses(_: web.Request) -> web.Response:
        return json_answer({"uses": {str(key_id): ms for key_id, ms in access.key_uses.items()}})

    async def totals(_: web.Request) -> web.Response:
        size = sum(counts.body_bytes.values())
        return json_answer({"spans": counts.spans["stored"], "bytes": size})

    app = web.Application()
    app.router.add_get("/internal/key-uses", key_uses)
    app.router.add_get("/internal/pending", pending)
    app.router.add_get("/internal/totals", totals)
    app.router.add_post("/internal/without", without)
    return app
