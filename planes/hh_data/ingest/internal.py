"""What ingest tells its own plane, on its own Unix socket only."""

from uuid import UUID

from aiohttp import web

from hh_core.errors import UnavailableError
from hh_core.usecases.positions import PendingSegments
from hh_data.ingest.answers import json_answer, refusal_of, rest_refusal


def internal_app(positions: PendingSegments) -> web.Application:
    """``GET /internal/pending?project=<uuid>`` → ``{"segments": [name, …]}``; 503 while this
    process does not know yet what an earlier one left."""

    async def pending(request: web.Request) -> web.Response:
        try:
            project = UUID(request.query.get("project", ""))
        except ValueError:
            return json_answer({"message": "project must be a UUID"}, 400)
        try:
            return json_answer({"segments": positions.pending(project)})
        except UnavailableError as error:
            return rest_refusal(refusal_of(error))

    app = web.Application()
    app.router.add_get("/internal/pending", pending)
    return app
