"""What has been changed in an organisation, and by whom."""

from collections.abc import Sequence
from dataclasses import asdict

from aiohttp import web

from hh_control.answers import given
from hh_control.bodies import query_number
from hh_control.routing import Call, Route
from hh_core.errors import NotFoundError, RejectedError
from hh_core.usecases.audit import Audit

_MAX_ID = 64


class AuditRoutes:
    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    def routes(self) -> Sequence[Route]:
        return (Route("GET", "/v1/orgs/{org_id}/audit", "list_audit_entries", self.page),)

    async def page(self, call: Call) -> web.Response:
        if call.scope is None:
            raise NotFoundError("the path names no organisation")
        limit = query_number(call.request, "limit", 100, 1, 1000)
        after = call.request.query.get("after", "")
        if len(after) > _MAX_ID or "\0" in after:
            raise RejectedError(f"after: must be at most {_MAX_ID} characters", code=422)
        found = await self._audit.entries(call.scope.org, after=after, limit=limit)
        more = found[-1].id if len(found) == limit else None
        return given([asdict(entry) for entry in found], after=more)
