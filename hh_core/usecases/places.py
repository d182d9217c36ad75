"""Organisations, workspaces and projects as documents: found by id, each under its parent.

Archived ones are kept, and to everybody they do not exist.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hh_core.domain.authority import Caller, Person
from hh_core.domain.scopes import Level, Scope
from hh_core.errors import NotFoundError
from hh_core.ports.records import Document, Record, Records, UnitOfWork
from hh_core.usecases.audit import Audit
from hh_core.usecases.changes import changed
from hh_core.usecases.memberships import Memberships

ORGANISATIONS = "organisations"
WORKSPACES = "workspaces"
PROJECTS = "projects"
KINDS = {
    Level.ORGANISATION: ORGANISATIONS,
    Level.WORKSPACE: WORKSPACES,
    Level.PROJECT: PROJECTS,
}
ACTIVE = "active"
ARCHIVED = "archived"
_UP = {Level.WORKSPACE: "org_id", Level.PROJECT: "workspace_id"}


@dataclass(frozen=True, slots=True)
class Place:
    scope: Scope
    value: Mapping[str, Any]
    version: int


class Places:
    """What the three levels have in common."""

    def __init__(
        self,
        records: Records,
        memberships: Memberships,
        audit: Audit,
        *,
        now_ms: Callable[[], int],
    ) -> None:
        self.records = records
        self._memberships = memberships
        self._audit = audit
        self._now_ms = now_ms

    async def find(self, level: Level, id_: UUID) -> Scope | None:
        """Where the organisation, workspace or project lives; None if there is none."""
        async with self.records.begin() as unit:
            found = await unit.get(KINDS[level], [str(id_)])
        alive = [place for place in map(_place, found) if place.value["state"] == ACTIVE]
        return alive[0].scope if alive else None

    async def get(self, scope: Scope) -> Place:
        """Raises ``NotFoundError``."""
        async with self.records.begin() as unit:
            return await self.read(unit, scope)

    async def read(self, unit: UnitOfWork, scope: Scope) -> Place:
        found = await unit.get(KINDS[scope.level], [str(scope.id)])
        if not found or found[0].value["state"] != ACTIVE:
            raise NotFoundError(f"there is no such {scope.level.name.lower()}")
        return _place(found[0])

    async def children(
        self, level: Level, parent: UUID, *, after: UUID | None = None, limit: int = 100
    ) -> Sequence[Place]:
        """Of ``level``, by id. Raises ``NotFoundError`` if ``after`` is no child of ``parent``."""
        where, kind = {_UP[level]: str(parent)}, KINDS[level]
        async with self.records.begin() as unit:
            if after is not None:
                last = await unit.get(kind, [str(after)])
                if not last or last[0].value[_UP[level]] != str(parent):
                    raise NotFoundError("after: not of this list; begin again without it")
            found = await unit.find(
                kind,
                after="" if after is None else str(after),
                limit=limit,
                where={**where, "state": ACTIVE},
            )
        return [_place(record) for record in found]

    async def create(
        self,
        unit: UnitOfWork,
        actor: Person | str,
        action: str,
        scope: Scope,
        fields: Document,
        *,
        founder: UUID,
    ) -> Place:
        """``founder`` becomes its administrator."""
        now = self._now_ms()
        ids = {
            "org_id": str(scope.org),
            "workspace_id": None if scope.workspace is None else str(scope.workspace),
        }
        up = {} if scope.level is Level.ORGANISATION else ids
        value = {**up, **fields, "state": ACTIVE, "created_ms": now, "updated_ms": now}
        await unit.put(KINDS[scope.level], str(scope.id), value, expect=0)
        await self._memberships.found(unit, scope, founder)
        await self._audit.note(unit, actor, action, _subject(scope), scope, None, value)
        await changed(unit)
        return Place(scope, value, 1)

    async def change(
        self, unit: UnitOfWork, actor: Caller, action: str, scope: Scope, fields: Document
    ) -> Place:
        """Raises ``ConflictError`` if somebody else changed it since it was read here."""
        place = await self.read(unit, scope)
        value = {**place.value, **fields, "updated_ms": self._now_ms()}
        await unit.put(KINDS[scope.level], str(scope.id), value, expect=place.version)
        await self._audit.note(unit, actor, action, _subject(scope), scope, place.value, value)
        await changed(unit)
        return Place(scope, value, place.version + 1)


def _subject(scope: Scope) -> str:
    return f"{scope.level.name.lower()}/{scope.id}"


def _place(record: Record) -> Place:
    id_, value = UUID(record.key), record.value
    match record.kind:
        case "organisations":
            scope = Scope(id_)
        case "workspaces":
            scope = Scope(UUID(value["org_id"]), id_)
        case _:
            scope = Scope(UUID(value["org_id"]), UUID(value["workspace_id"]), id_)
    return Place(scope, value, record.version)
