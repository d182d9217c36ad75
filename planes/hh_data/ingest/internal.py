"""What ingest tells its own plane, on its own Unix socket only."""

from uuid import UUID

from aiohttp import web

from hh_core.usecases.positions import PendingSegments
from hh_data.ingest.answers import json_answer


def internal_app(positions: PendingSegments) -> web.Application:
    """``GET /internal/pending?project=<uuid>`` → ``{"segments": [name, …]}``."""

    async def pending(request: web.Request) -> web.Response:
        try:
            project = UUID(request.query.get("project", ""))
        except ValueError:
            return json_answer({"message": "project must be a UUID"}, 400)
        return json_answer({"segments": positions.pending(project)})

    app = web.Application()
    app.router.add_get("/internal/pending", pending)
    return app
