"""Data planes: list, create, let in anew, drain, revoke. One-time tokens are shown once."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from aiohttp import web

from hh_control.answers import given, moment
from hh_control.bodies import read_fields
from hh_control.routing import Call, Route
from hh_core.domain.authority import Caller
from hh_core.domain.identity import parse_uuid
from hh_core.errors import NotFoundError
from hh_core.usecases.data_planes import DataPlanes, View

MAX_NAME = 128


class DataPlaneRoutes:
    def __init__(self, planes: DataPlanes, *, now_ms: Callable[[], int]) -> None:
        self._planes = planes
        self._now_ms = now_ms

    def routes(self) -> Sequence[Route]:
        all_, one = "/v1/orgs/{org_id}/data-planes", "/v1/orgs/{org_id}/data-planes/{dp_id}"
        return (
            Route("GET", all_, "list_data_planes", self.list),
            Route("POST", all_, "create_data_plane", self.create),
            Route("GET", one, "get_data_plane", self.get),
            Route("POST", f"{one}/enrolment", "enrol_data_plane", self.let_in, takes_body=False),
            Route("POST", f"{one}/drain", "drain_data_plane", self.drain),
            Route("POST", f"{one}/revoke", "revoke_data_plane", self.revoke, takes_body=False),
        )

    async def list(self, call: Call) -> web.Response:
        return given([self._shown(view) for view in await self._planes.list(_org(call))])

    async def get(self, call: Call) -> web.Response:
        return given(self._shown(await self._planes.get(_org(call), _dp_id(call))))

    async def create(self, call: Call) -> web.Response:
        fields = await read_fields(call.request, "name")
        org_id, name = _org(call), fields.text("name", most=MAX_NAME)
        created = await self._planes.create(_caller(call), org_id, name)
        view = await self._planes.get(org_id, created.dp_id)
        return given({**self._shown(view), "one_time_token": created.one_time_token})

    async def let_in(self, call: Call) -> web.Response:
        """A new one-time token; the earlier one is void."""
        org_id, dp_id = _org(call), _dp_id(call)
        token = await self._planes.let_in(_caller(call), org_id, dp_id)
        view = await self._planes.get(org_id, dp_id)
        return given({**self._shown(view), "one_time_token": token})

    async def drain(self, call: Call) -> web.Response:
        """``{"draining": true | false}``; without a body, true."""
        is_wanted = True
        if call.request.can_read_body:
            fields = await read_fields(call.request, "draining")
            is_wanted = fields.flag("draining") if "draining" in fields else True
        change = self._planes.drain if is_wanted else self._planes.undrain
        await change(_caller(call), _org(call), _dp_id(call))
        return await self.get(call)

    async def revoke(self, call: Call) -> web.Response:
        await self._planes.revoke(_caller(call), _org(call), _dp_id(call))
        return await self.get(call)

    def _shown(self, view: View) -> dict[str, Any]:
        health = view.health
        shown: dict[str, Any] = {
            "id": view.dp_id,
            "name": view.name,
            "state": view.state,
            "is_enrolled": view.is_enrolled,
            "created_at": moment(view.created_ms),
            "url": view.url,
            "health": None,
        }
        if health:
            now, oldest_ms = self._now_ms(), health["oldest_ms"]
            shown["health"] = {
                "seen_at": moment(health["seen_ms"]),
                "silent_seconds": max(0, now - health["seen_ms"]) / 1000,
                "behind_seconds": max(0, now - oldest_ms) / 1000 if oldest_ms else 0.0,
                **{name: health[name] for name in _HEALTH},
            }
        return shown


_HEALTH = ("release", "configuration_version", "backlog_segments", "spans", "bytes", "unready")


def _org(call: Call) -> UUID:
    if call.scope is None:
        raise NotFoundError("the path names no organisation")
    return call.scope.org


def _dp_id(call: Call) -> UUID:
    found = parse_uuid(call.request.match_info["dp_id"])
    if found is None:
        raise NotFoundError("no such data plane")
    return found


def _caller(call: Call) -> Caller:
    if call.caller is None:
        raise NotFoundError("nobody asks")
    return call.caller
