"""API keys of an organisation, a workspace or a project: listed, made, revoked."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from hh_control.answers import moment
from hh_control.bodies import query_id, query_number, read_fields
from hh_control.errors import answered
from hh_control.routing import Call, Route
from hh_core.domain.api_keys import KeyKind
from hh_core.domain.identity import parse_uuid
from hh_core.domain.scopes import Level, Scope
from hh_core.errors import NotFoundError
from hh_core.usecases.api_keys import ApiKeys, StoredKey, Wanted

MAX_NAME, MAX_DESCRIPTION = 128, 1024
MAX_PERMISSIONS = 100
_KINDS = tuple(kind.value for kind in KeyKind)
_PATHS = {
    Level.ORGANISATION: "/v1/orgs/{org_id}/keys",
    Level.WORKSPACE: "/v1/workspaces/{workspace_id}/keys",
    Level.PROJECT: "/v1/projects/{project_id}/keys",
}


def key_routes(keys: ApiKeys) -> Sequence[Route]:
    handlers = _Keys(keys)
    return [
        route
        for level, path in _PATHS.items()
        for route in (
            Route("GET", path, f"list_{level}_keys", handlers.page),
            Route("POST", path, f"create_{level}_key", handlers.create),
            Route("DELETE", f"{path}/{{key_id}}", f"revoke_{level}_key", handlers.revoke),
        )
    ]


class _Keys:
    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    async def page(self, call: Call) -> web.Response:
        limit = query_number(call.request, "limit", 100, 1, 1000)
        found = await self._keys.page(
            _root(call), after=query_id(call.request, "after"), limit=limit
        )
        more = str(found[-1].key_id) if len(found) == limit else None
        return answered({"success": True, "data": list(map(_item, found)), "after": more})

    async def create(self, call: Call) -> web.Response:
        """The only answer that ever holds the key itself (``key_value``)."""
        fields = await read_fields(
            call.request, "kind", "name", "description", "permissions", "expires_at"
        )
        wanted = Wanted(
            kind=KeyKind(fields.choice("kind", _KINDS, "")),
            name=fields.text("name", most=MAX_NAME),
            description=fields.text("description", most=MAX_DESCRIPTION, least=0)
            if "description" in fields
            else "",
            permissions=frozenset(fields.texts("permissions", most=MAX_PERMISSIONS))
            if "permissions" in fields
            else frozenset(),
            expires_ms=fields.moment("expires_at"),
        )
        key, stored = await self._keys.create(call.person, _root(call), wanted)
        return answered({"success": True, "data": {"key_value": key, **_item(stored)}})

    async def revoke(self, call: Call) -> web.Response:
        key_id = parse_uuid(call.request.match_info["key_id"])
        if key_id is None or call.caller is None:
            raise NotFoundError("there is no such thing, or it is not yours to see")
        return answered(
            {
                "success": True,
                "data": _item(await self._keys.revoke(call.caller, _root(call), key_id)),
            }
        )


def _root(call: Call) -> Scope:
    if call.scope is None:
        raise LookupError("keys are those of a scope")
    return call.scope


def _item(key: StoredKey) -> Mapping[str, Any]:
    return {
        "key_id": str(key.key_id),
        "kind": key.kind,
        "name": key.name,
        "description": key.description,
        "permissions": sorted(key.permissions),
        "shown": key.shown,
        "root_scope_type": key.root.level,
        "root_scope_id": str(key.root.id),
        "creator_id": str(key.creator_id),
        "created_at": moment(key.created_ms),
        "expires_at": _moment(key.expires_ms),
        "revoked_at": _moment(key.revoked_ms),
        "last_used_at": _moment(key.last_used_ms),
    }


def _moment(ms: int | None) -> str | None:
    return None if ms is None else moment(ms)
