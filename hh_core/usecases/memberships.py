"""Who holds which roles where: one document of each person in each scope, found from both sides.

An invitation that has not been accepted gives no role. Roles are of the scope's own level and do
not cascade.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from hh_core.domain.scopes import Level, Role, Scope
from hh_core.errors import ConflictError, NotFoundError, RejectedError
from hh_core.ports.records import Document, Record, Records, UnitOfWork

MEMBERS = "members"
"""``<scope id>/<user id>``"""
MEMBERSHIPS = "memberships"
"""The same by person: ``<user id>/<scope id>``"""
MEMBER_TURNS = "member-turns"
ACTIVE = "active"
INVITED = "invited"
MAX_MEMBERSHIPS = 1000
"""Of one person, and open invitations."""
_PAGE = 500
_ADMIN = {
    Level.ORGANISATION: Role.ORG_ADMIN,
    Level.WORKSPACE: Role.WORKSPACE_ADMIN,
    Level.PROJECT: Role.PROJECT_ADMIN,
}


@dataclass(frozen=True, slots=True)
class Membership:
    user_id: UUID
    scope: Scope
    roles: frozenset[Role]
    state: str
    created_ms: int
    updated_ms: int

    @property
    def is_admin(self) -> bool:
        return self.state == ACTIVE and administrator(self.scope.level) in self.roles

    def told(self) -> Document:
        """For the audit."""
        return {"roles": sorted(self.roles), "state": self.state}


def administrator(level: Level) -> Role:
    return _ADMIN[level]


class Memberships:
    def __init__(self, records: Records, *, now_ms: Callable[[], int]) -> None:
        self._records = records
        self._now_ms = now_ms

    async def roles(self, user_id: UUID) -> Mapping[UUID, frozenset[Role]]:
        """What a person holds now, by the id of the scope."""
        async with self._records.begin() as unit:
            held = await self.of_person(unit, user_id)
        return {each.scope.id: each.roles for each in held if each.state == ACTIVE}

    async def of_person(self, unit: UnitOfWork, user_id: UUID) -> Sequence[Membership]:
        prefix, found = f"{user_id}/", list[Record]()
        while page := await unit.find(
            MEMBERSHIPS, prefix=prefix, after=found[-1].key if found else "", limit=_PAGE
        ):
            found += page
        return [_membership(record) for record in found]

    async def page(
        self, unit: UnitOfWork, scope: Scope, *, after: UUID | None = None, limit: int = _PAGE
    ) -> Sequence[Membership]:
        """In order of the people's ids. Raises ``NotFoundError`` if ``after`` is no member."""
        prefix = f"{scope.id}/"
        if after is not None:
            await self.get(unit, scope, after)
        last = "" if after is None else f"{prefix}{after}"
        found = await unit.find(MEMBERS, prefix=prefix, after=last, limit=limit)
        return [_membership(record) for record in found]

    async def find(self, unit: UnitOfWork, scope: Scope, user_id: UUID) -> Membership | None:
        return await self.at(unit, scope.id, user_id)

    async def at(self, unit: UnitOfWork, scope_id: UUID, user_id: UUID) -> Membership | None:
        """By the id of the scope alone."""
        found = await unit.get(MEMBERS, [f"{scope_id}/{user_id}"])
        return _membership(found[0]) if found else None

    async def get(self, unit: UnitOfWork, scope: Scope, user_id: UUID) -> Membership:
        """Raises ``NotFoundError``."""
        found = await self.find(unit, scope, user_id)
        if found is None:
            raise NotFoundError("there is no such member")
        return found

    async def found(self, unit: UnitOfWork, scope: Scope, user_id: UUID) -> Membership:
        """Make whoever has created ``scope`` its administrator."""
        roles = frozenset({administrator(scope.level)})
        return await self.put(unit, scope, user_id, roles, ACTIVE)

    async def put(
        self,
        unit: UnitOfWork,
        scope: Scope,
        user_id: UUID,
        roles: Collection[Role],
        state: str,
        known: Membership | None = None,
    ) -> Membership:
        """Raises ``RejectedError`` for roles of another level."""
        chosen = frozenset(roles)
        if not chosen or any(role.level is not scope.level for role in chosen):
            named = ", ".join(role for role in Role if role.level is scope.level)
            raise RejectedError(f"role_names: must be some of {named}", code=422)
        now = self._now_ms()
        if known is None:
            await self._require_room(unit, user_id)
            fresh = Membership(user_id, scope, chosen, state, now, now)
        else:
            fresh = replace(known, roles=chosen, state=state, updated_ms=now)
        value = _document(fresh)
        await unit.put(MEMBERS, f"{scope.id}/{user_id}", value)
        await unit.put(MEMBERSHIPS, f"{user_id}/{scope.id}", value)
        return fresh

    async def delete(self, unit: UnitOfWork, member: Membership) -> None:
        await unit.delete(MEMBERS, [f"{member.scope.id}/{member.user_id}"])
        await unit.delete(MEMBERSHIPS, [f"{member.user_id}/{member.scope.id}"])

    async def take_turn(self, unit: UnitOfWork, scope_id: UUID) -> None:
        """Changes of one scope's members come one after the other: of two at once, one is a
        ``ConflictError``. To be called before members are read."""
        found = await unit.get(MEMBER_TURNS, [str(scope_id)])
        version = found[0].version if found else 0
        value = {"changed_ms": self._now_ms()}
        await unit.put(MEMBER_TURNS, str(scope_id), value, expect=version)

    async def require_another_admin(self, unit: UnitOfWork, member: Membership) -> None:
        """Raises ``ConflictError`` if ``member`` is the last administrator of his scope."""
        after = None
        while page := await self.page(unit, member.scope, after=after):
            if any(each.is_admin and each.user_id != member.user_id for each in page):
                return
            after = page[-1].user_id
        raise ConflictError("this is the last administrator; make another one first")

    async def _require_room(self, unit: UnitOfWork, user_id: UUID) -> None:
        held = await unit.find(MEMBERSHIPS, prefix=f"{user_id}/", limit=MAX_MEMBERSHIPS)
        if len(held) >= MAX_MEMBERSHIPS:
            raise ConflictError(f"a person can be a member of {MAX_MEMBERSHIPS} places at most")


def _document(member: Membership) -> Document:
    scope = member.scope
    return {
        "user_id": str(member.user_id),
        "org_id": str(scope.org),
        "workspace_id": None if scope.workspace is None else str(scope.workspace),
        "project_id": None if scope.project is None else str(scope.project),
        "roles": sorted(member.roles),
        "state": member.state,
        "created_ms": member.created_ms,
        "updated_ms": member.updated_ms,
    }


def _membership(record: Record) -> Membership:
    value = record.value
    ids = (value[name] for name in ("org_id", "workspace_id", "project_id"))
    org, workspace, project = (None if id_ is None else UUID(id_) for id_ in ids)
    assert org is not None
    return Membership(
        UUID(value["user_id"]),
        Scope(org, workspace, project),
        frozenset(Role(role) for role in value["roles"]),
        value["state"],
        value["created_ms"],
        value["updated_ms"],
    )
