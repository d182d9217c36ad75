"""Make, change and archive organisations, workspaces and projects."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from hh_core.domain.authority import Caller, Person
from hh_core.domain.scopes import Level, Scope
from hh_core.errors import ConflictError, RejectedError
from hh_core.ports.records import Document, UnitOfWork
from hh_core.usecases.memberships import ACTIVE, Memberships
from hh_core.usecases.places import ARCHIVED, KINDS, ORGANISATIONS, Place, Places

DATA_PLANES_KNOWN = "data-planes-known"
MAX_FOUNDED = 100
"""Organisations of which one person may be a member when he makes another."""
PROJECT_DEFAULTS: Document = {
    "description": "",
    "retention_days": None,
    "promoted": [],
    "strict_names": False,
}


class Organisations:
    def __init__(self, places: Places, memberships: Memberships) -> None:
        self._places = places
        self._memberships = memberships

    async def of_person(self, person: Person) -> Sequence[Place]:
        """The organisations in which somebody holds a role."""
        async with self._places.records.begin() as unit:
            held = await self._memberships.of_person(unit, person.user_id)
            ids = [
                str(each.scope.id)
                for each in held
                if each.state == ACTIVE and each.scope.level is Level.ORGANISATION
            ]
            found = await unit.get(ORGANISATIONS, ids) if ids else ()
        return [
            Place(Scope(UUID(record.key)), record.value, record.version)
            for record in sorted(found, key=lambda record: record.key)
            if record.value["state"] == ACTIVE
        ]

    async def create(self, person: Person, fields: Document) -> Place:
        """Raises ``ConflictError`` for somebody who has too many."""
        if len(await self.of_person(person)) >= MAX_FOUNDED:
            raise ConflictError(f"you are a member of {MAX_FOUNDED} organisations already")
        scope, action = Scope(uuid4()), "create_organisation"
        async with self._places.records.begin() as unit:
            return await self._places.create(
                unit, person, action, scope, fields, founder=person.user_id
            )

    async def create_workspace(self, person: Person, org: UUID, fields: Document) -> Place:
        scope, action = Scope(org, uuid4()), "create_workspace"
        async with self._places.records.begin() as unit:
            await self._places.read(unit, Scope(org))
            return await self._places.create(
                unit, person, action, scope, fields, founder=person.user_id
            )

    async def create_project(
        self, person: Person, workspace: Scope, fields: Document, data_plane: str | None
    ) -> Place:
        """Bound to ``data_plane``, or to the only one that the organisation has. Raises
        ``RejectedError`` if there is none of that id in it, or no only one."""
        scope = Scope(workspace.org, workspace.workspace, uuid4())
        async with self._places.records.begin() as unit:
            await self._places.read(unit, workspace)
            bound = await _data_plane(unit, workspace.org, data_plane)
            value = {**PROJECT_DEFAULTS, **fields, "data_plane_id": bound}
            founder = person.user_id
            return await self._places.create(
                unit, person, "create_project", scope, value, founder=founder
            )

    async def update(self, caller: Caller, action: str, scope: Scope, fields: Document) -> Place:
        async with self._places.records.begin() as unit:
            return await self._places.change(unit, caller, action, scope, fields)

    async def archive(self, caller: Caller, action: str, scope: Scope) -> None:
        """A workspace: only once its projects are archived, else ``ConflictError``."""
        async with self._places.records.begin() as unit:
            if scope.level is Level.WORKSPACE:
                await _require_empty(unit, scope)
            gone: dict[str, Any] = {"state": ARCHIVED}
            await self._places.change(unit, caller, action, scope, gone)


async def _require_empty(unit: UnitOfWork, workspace: Scope) -> None:
    where = {"workspace_id": str(workspace.id), "state": ACTIVE}
    if await unit.find(KINDS[Level.PROJECT], where=where, limit=1):
        raise ConflictError("the workspace has projects; archive them first")


async def _data_plane(unit: UnitOfWork, org: UUID, named: str | None) -> str:
    where = {"org_id": str(org), "state": "active"}
    if named is None:
        found = await unit.find(DATA_PLANES_KNOWN, where=where, limit=2)
        if len(found) != 1:
            remedy = "name one" if found else "enrol a data plane first"
            message = f"data_plane_id: the organisation has not exactly one; {remedy}"
            raise RejectedError(message, code=422)
        return found[0].key
    own = [
        record.key
        for record in await unit.get(DATA_PLANES_KNOWN, [named])
        if all(record.value.get(name) == value for name, value in where.items())
    ]
    if not own:
        message = "data_plane_id: the organisation has no such active data plane"
        raise RejectedError(message, code=422)
    return own[0]
