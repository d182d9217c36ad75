"""Who asks, and whether he may: the one decision that both planes make by the policy table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

from hh_core.domain.api_keys import KeyKind
from hh_core.domain.policy import Audience, Operation
from hh_core.domain.scopes import Role, Scope


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed in."""

    user_id: UUID
    session_id: UUID
    roles: Mapping[UUID, frozenset[Role]] = field(default_factory=dict)
    """By the id of the organisation, workspace or project in which they are held."""

    def roles_at(self, scope: Scope) -> frozenset[Role]:
        return roles_among(self.roles, scope)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program with a key.

    At its root a key stands by itself: the administrators there see it and can revoke it. Below
    its root nobody would see it, and rights do not cascade; so there it only lends its maker's own
    rights, as they are when it is used: it reaches what he may do there himself, and loses it
    with him. What made the key at an organisation has thereby gained nothing in its projects.
    """

    key_id: UUID
    kind: KeyKind
    root: Scope
    """Where the key was made; it reaches nothing outside."""
    permissions: frozenset[str] = frozenset()
    """Of a fine-grained key: the permissions of the policy table that were chosen."""
    lent: Mapping[UUID, frozenset[Role]] = field(default_factory=dict)
    """The roles that its maker holds now, by the id of where: they bound it below its root."""


Caller = Person | ApiKey


class Decision(Enum):
    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    """The caller is at home there, but may not do this: 403."""
    UNKNOWN = "unknown"
    """The caller has no business there: to him it does not exist (404)."""


def roles_among(roles: Mapping[UUID, frozenset[Role]], scope: Scope) -> frozenset[Role]:
    """Those held at ``scope`` itself: none comes from above."""
    held = roles.get(scope.id, frozenset())
    return frozenset(role for role in held if role.level is scope.level)


def decide(caller: Caller | None, operation: Operation, scope: Scope | None) -> Decision:
    """Whether ``caller`` (None: nobody in particular) may do ``operation`` on what lives in
    ``scope`` (None: on nothing that belongs to anybody but himself)."""
    if operation.audience is Audience.PUBLIC:
        return Decision.ALLOWED
    if operation.audience is Audience.PERSON:
        return Decision.ALLOWED if isinstance(caller, Person) else Decision.FORBIDDEN
    if caller is None or scope is None or scope.level is not operation.level:
        return Decision.UNKNOWN
    if isinstance(caller, Person):
        return _person(caller, operation, scope)
    return _key(caller, operation, scope)


def _person(person: Person, operation: Operation, scope: Scope) -> Decision:
    held = person.roles_at(scope)
    if not held:
        return Decision.UNKNOWN
    return Decision.FORBIDDEN if held.isdisjoint(operation.roles) else Decision.ALLOWED


def _key(key: ApiKey, operation: Operation, scope: Scope) -> Decision:
    at_root = key.root == scope
    lent = frozenset[Role]() if at_root else roles_among(key.lent, scope)
    if not at_root and not (lent and key.root.holds(scope)):
        return Decision.UNKNOWN
    if key.kind not in operation.keys:
        return Decision.FORBIDDEN
    if key.kind.is_fine_grained and operation.permission not in key.permissions:
        return Decision.FORBIDDEN
    if at_root or not lent.isdisjoint(operation.roles):
        return Decision.ALLOWED
    return Decision.FORBIDDEN
