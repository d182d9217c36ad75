"""Organisations, workspaces and projects."""

import re
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from hh_control.answers import given, moment
from hh_control.bodies import Fields, query_id, query_number, read_fields
from hh_control.routing import Call, Route
from hh_core.domain.authority import Caller
from hh_core.domain.scopes import Level, Scope
from hh_core.errors import NotFoundError, RejectedError
from hh_core.usecases.organisations import Organisations
from hh_core.usecases.places import Place, Places

MAX_NAME = 128
MAX_DESCRIPTION = 1024
MAX_RETENTION_DAYS = 3650
MAX_PROMOTED = 64
_ATTRIBUTE = re.compile(r"[\w.:/@-]{1,128}", re.ASCII)
_TEXTS = ("name", "description")
_SETTINGS = ("retention_days", "promoted", "strict_names")
_MOST = 200


class OrganisationRoutes:
    def __init__(self, organisations: Organisations, places: Places) -> None:
        self._organisations = organisations
        self._places = places

    def routes(self) -> Sequence[Route]:
        org = "/v1/orgs/{org_id}"
        workspace, project = "/v1/workspaces/{workspace_id}", "/v1/projects/{project_id}"
        return (
            Route("GET", "/v1/orgs", "list_organisations", self.list_organisations),
            Route("POST", "/v1/orgs", "create_organisation", self.create_organisation),
            Route("GET", org, "get_organisation", self.get),
            Route("PUT", org, "update_organisation", self.update_organisation),
            Route("GET", f"{org}/workspaces", "list_workspaces", self.list_workspaces),
            Route("POST", f"{org}/workspaces", "create_workspace", self.create_workspace),
            Route("GET", workspace, "get_workspace", self.get),
            Route("PUT", workspace, "update_workspace", self.update_workspace),
            Route("DELETE", workspace, "delete_workspace", self.delete_workspace),
            Route("GET", f"{workspace}/projects", "list_projects", self.list_projects),
            Route("POST", f"{workspace}/projects", "create_project", self.create_project),
            Route("GET", project, "get_project", self.get),
            Route("PUT", project, "update_project", self.update_project),
            Route("DELETE", project, "delete_project", self.delete_project),
        )

    async def get(self, call: Call) -> web.Response:
        return given(_shown(await self._places.get(_scope(call))))

    async def list_organisations(self, call: Call) -> web.Response:
        found = await self._organisations.of_person(call.person)
        return given([_shown(place) for place in found])

    async def create_organisation(self, call: Call) -> web.Response:
        fields = await read_fields(call.request, *_TEXTS)
        made = await self._organisations.create(call.person, _new(fields))
        return given(_shown(made))

    async def update_organisation(self, call: Call) -> web.Response:
        return await self._updated(call, "update_organisation", _TEXTS)

    async def list_workspaces(self, call: Call) -> web.Response:
        return await self._children(call, Level.WORKSPACE)

    async def create_workspace(self, call: Call) -> web.Response:
        fields = await read_fields(call.request, *_TEXTS)
        org = _scope(call).org
        return given(
            _shown(await self._organisations.create_workspace(call.person, org, _new(fields)))
        )

    async def update_workspace(self, call: Call) -> web.Response:
        return await self._updated(call, "update_workspace", _TEXTS)

    async def delete_workspace(self, call: Call) -> web.Response:
        """Archive it."""
        return await self._archived(call, "delete_workspace")

    async def list_projects(self, call: Call) -> web.Response:
        return await self._children(call, Level.PROJECT)

    async def create_project(self, call: Call) -> web.Response:
        fields = await read_fields(call.request, *_TEXTS, *_SETTINGS, "data_plane_id")
        plane = fields.text("data_plane_id", most=64) if "data_plane_id" in fields else None
        value = {**_new(fields), **_settings(fields)}
        made = await self._organisations.create_project(call.person, _scope(call), value, plane)
        return given(_shown(made))

    async def update_project(self, call: Call) -> web.Response:
        return await self._updated(call, "update_project", (*_TEXTS, *_SETTINGS))

    async def delete_project(self, call: Call) -> web.Response:
        """Archive it."""
        return await self._archived(call, "delete_project")

    async def _updated(self, call: Call, action: str, names: Sequence[str]) -> web.Response:
        fields = await read_fields(call.request, *names)
        changed = {**_texts(fields), **_settings(fields)}
        if not changed:
            raise RejectedError(f"body: must hold some of {', '.join(names)}", code=422)
        place = await self._organisations.update(_caller(call), action, _scope(call), changed)
        return given(_shown(place))

    async def _archived(self, call: Call, action: str) -> web.Response:
        await self._organisations.archive(_caller(call), action, _scope(call))
        return given(None)

    async def _children(self, call: Call, level: Level) -> web.Response:
        limit = query_number(call.request, "limit", 100, 1, _MOST)
        after = query_id(call.request, "after")
        found = await self._places.children(level, _scope(call).id, after=after, limit=limit)
        more = str(found[-1].scope.id) if len(found) == limit else None
        return given([_shown(place) for place in found], after=more)


def _scope(call: Call) -> Scope:
    if call.scope is None:
        raise NotFoundError("the path names no place")
    return call.scope


def _caller(call: Call) -> Caller:
    if call.caller is None:
        raise NotFoundError("nobody asks")
    return call.caller


def _new(fields: Fields) -> dict[str, Any]:
    return {"description": "", "name": fields.text("name", most=MAX_NAME), **_texts(fields)}


def _texts(fields: Fields) -> dict[str, Any]:
    limits = {"name": (MAX_NAME, 1), "description": (MAX_DESCRIPTION, 0)}
    return {
        name: fields.text(name, most=most, least=least)
        for name, (most, least) in limits.items()
        if name in fields
    }


def _settings(fields: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "retention_days" in fields:
        found["retention_days"] = fields.number("retention_days", least=1, most=MAX_RETENTION_DAYS)
    if "strict_names" in fields:
        found["strict_names"] = fields.flag("strict_names")
    if "promoted" in fields:
        promoted = fields.texts("promoted", most=MAX_PROMOTED)
        if not all(_ATTRIBUTE.fullmatch(each) for each in promoted):
            raise RejectedError("promoted: each must be the name of an attribute", code=422)
        found["promoted"] = sorted(promoted)
    return found


def _shown(place: Place) -> dict[str, Any]:
    value, scope = place.value, place.scope
    shown: dict[str, Any] = {"id": str(scope.id)}
    if scope.level is not Level.ORGANISATION:
        shown["org_id"] = str(scope.org)
    if scope.level is Level.PROJECT:
        shown["workspace_id"] = str(scope.workspace)
        shown |= {name: value[name] for name in ("data_plane_id", *_SETTINGS)}
    shown |= {name: value[name] for name in _TEXTS}
    times = {"created_at": value["created_ms"], "updated_at": value["updated_ms"]}
    return shown | {name: moment(ms) for name, ms in times.items()}
