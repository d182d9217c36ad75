"""The policy table: every operation of both planes, and who may do it.

Code, documentation (``docs/permissions.md``) and tests are made from this table; a route whose
operation does not stand here does not start. An operation's name is its ``operationId`` in
``schema/``; several paths may lead to one operation (``Operation.also``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from hh_core.domain.api_keys import KeyKind
from hh_core.domain.scopes import Level, Role


class Plane(StrEnum):
    CONTROL = "control"
    DATA = "data"


class Audience(Enum):
    PUBLIC = "anybody"
    PERSON = "anybody who has signed in, about himself"
    SCOPE = "who holds a role or a key in the scope"


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    plane: Plane
    audience: Audience
    level: Level | None = None
    """Of the thing that it concerns."""
    roles: frozenset[Role] = frozenset()
    keys: frozenset[KeyKind] = frozenset()
    also: tuple[str, ...] = ()
    """Further operationIds of the same operation: older paths, batches."""

    @property
    def permission(self) -> str:
        """What a fine-grained key must carry: ``<level>.<operation>``."""
        return f"{self.level}.{self.name}"


_ORG_ADMIN = frozenset({Role.ORG_ADMIN})
_ORG = _ORG_ADMIN | {Role.ORG_MEMBER}
_WORKSPACE_ADMIN = frozenset({Role.WORKSPACE_ADMIN})
_WORKSPACE = _WORKSPACE_ADMIN | {Role.WORKSPACE_MEMBER}
_PROJECT_ADMIN = frozenset({Role.PROJECT_ADMIN})
_PROJECT = _PROJECT_ADMIN | {Role.PROJECT_MEMBER}

_CONTROL_KEY = frozenset({KeyKind.CONTROL_PLANE})
_WRITERS = frozenset({KeyKind.PROJECT, KeyKind.INGESTION, KeyKind.DATA_PLANE})
_READERS = frozenset({KeyKind.PROJECT, KeyKind.READ_ONLY, KeyKind.DATA_PLANE})
_SUMMARIES = frozenset({KeyKind.PROJECT, KeyKind.READ_ONLY, KeyKind.CONTROL_PLANE})


def _public(plane: Plane, *names: str) -> list[Operation]:
    return [Operation(name, plane, Audience.PUBLIC) for name in names]


def _own(*names: str) -> list[Operation]:
    return [Operation(name, Plane.CONTROL, Audience.PERSON) for name in names]


def _control(
    level: Level, roles: frozenset[Role], *names: str, keys: frozenset[KeyKind] = _CONTROL_KEY
) -> list[Operation]:
    return [Operation(name, Plane.CONTROL, Audience.SCOPE, level, roles, keys) for name in names]


def _data(keys: frozenset[KeyKind], name: str, *also: str) -> Operation:
    return Operation(name, Plane.DATA, Audience.SCOPE, Level.PROJECT, _PROJECT, keys, also)


OPERATIONS: tuple[Operation, ...] = (
    *_public(Plane.CONTROL, "home", "status", "reference", "openapi", "alive", "ready", "boundary"),
    *_public(Plane.CONTROL, "jwks", "sign_in", "refresh_token", "accept_invitation"),
    *_own("me", "sign_out", "issue_token", "change_password"),
    *_own("list_sessions", "revoke_session", "list_organisations", "create_organisation"),
    *_control(Level.ORGANISATION, _ORG, "get_organisation", "list_workspaces"),
    *_control(Level.ORGANISATION, _ORG_ADMIN, "update_organisation"),
    *_control(Level.ORGANISATION, _ORG_ADMIN, "create_workspace", keys=frozenset()),
    *_control(Level.ORGANISATION, _ORG_ADMIN, "list_org_members"),
    *_control(Level.ORGANISATION, _ORG_ADMIN, "invite_org_member", keys=frozenset()),
    *_control(Level.ORGANISATION, _ORG_ADMIN, "update_org_member", keys=frozenset()),
    *_control(Level.ORGANISATION, _ORG_ADMIN, "remove_org_member", keys=frozenset()),
    *_control(Level.ORGANISATION, _ORG_ADMIN, "list_data_planes", "get_data_plane"),
    *_control(Level.ORGANISATION, _ORG_ADMIN, "create_data_plane", keys=frozenset()),
    *_control(Level.ORGANISATION, _ORG_ADMIN, "enrol_data_plane", keys=frozenset()),
    *_control(Level.ORGANISATION, _ORG_ADMIN, "drain_data_plane", "revoke_data_plane"),
    *_control(Level.ORGANISATION, _ORG_ADMIN, "list_audit_entries"),
    *_control(Level.ORGANISATION, _ORG_ADMIN, "list_org_keys", "revoke_org_key"),
    *_control(Level.ORGANISATION, _ORG_ADMIN, "create_org_key", keys=frozenset()),
    *_control(Level.WORKSPACE, _WORKSPACE, "get_workspace", "list_projects"),
    *_control(Level.WORKSPACE, _WORKSPACE_ADMIN, "update_workspace", "delete_workspace"),
    *_control(Level.WORKSPACE, _WORKSPACE_ADMIN, "create_project", keys=frozenset()),
    *_control(Level.WORKSPACE, _WORKSPACE_ADMIN, "list_workspace_members"),
    *_control(Level.WORKSPACE, _WORKSPACE_ADMIN, "invite_workspace_member", keys=frozenset()),
    *_control(Level.WORKSPACE, _WORKSPACE_ADMIN, "update_workspace_member", keys=frozenset()),
    *_control(Level.WORKSPACE, _WORKSPACE_ADMIN, "remove_workspace_member", keys=frozenset()),
    *_control(Level.WORKSPACE, _WORKSPACE_ADMIN, "list_workspace_keys", "revoke_workspace_key"),
    *_control(Level.WORKSPACE, _WORKSPACE_ADMIN, "create_workspace_key", keys=frozenset()),
    *_control(Level.PROJECT, _PROJECT, "get_project"),
    *_control(Level.PROJECT, _PROJECT_ADMIN, "update_project", "delete_project"),
    *_control(Level.PROJECT, _PROJECT_ADMIN, "list_project_members"),
    *_control(Level.PROJECT, _PROJECT_ADMIN, "invite_project_member", keys=frozenset()),
    *_control(Level.PROJECT, _PROJECT_ADMIN, "update_project_member", keys=frozenset()),
    *_control(Level.PROJECT, _PROJECT_ADMIN, "remove_project_member", keys=frozenset()),
    *_control(Level.PROJECT, _PROJECT_ADMIN, "list_project_keys", "revoke_project_key"),
    *_control(Level.PROJECT, _PROJECT_ADMIN, "create_project_key", keys=frozenset()),
    *_control(Level.PROJECT, _PROJECT, "query", "sessions", keys=_SUMMARIES),
    *_control(Level.PROJECT, _PROJECT_ADMIN, "list_dead_letters", "show_dead_letter"),
    *_control(Level.PROJECT, _PROJECT_ADMIN, "redrive_dead_letters"),
    *_public(Plane.DATA, "home", "openapi", "docs", "alive", "ready"),
    _data(_WRITERS, "receive_traces", "receive_traces_sdk"),
    _data(_WRITERS, "receive_logs", "receive_logs_sdk"),
    _data(_WRITERS, "receive_metrics", "receive_metrics_sdk"),
    _data(_WRITERS, "start_session", "start_session_v1"),
    _data(_WRITERS, "create_event", "create_event_v1"),
    _data(_WRITERS, "update_event", "update_event_v1"),
    _data(_WRITERS, "create_events", "create_events_v1", "create_session_events"),
    _data(_READERS, "export_events", "export_events_legacy", "export_project_events"),
    _data(_READERS, "search_events", "search_project_events"),
    _data(_READERS, "event_schema", "project_event_schema"),
    _data(_READERS, "event_histogram", "project_event_histogram"),
    _data(_READERS, "event_values", "project_event_values"),
    _data(
        _READERS,
        *("get_event", "get_project_event", "get_event_cost", "get_project_event_cost"),
        *("get_event_raw", "get_project_event_raw"),
    ),
    _data(
        _READERS,
        *("get_session", "get_session_legacy", "get_project_session"),
        *("get_session_outline", "get_project_session_outline"),
    ),
)
"""Which keys may make keys, members or data planes: none. What a program gains can be gained by
whoever stole its key; so these take a person. So do workspaces and projects: whoever makes one
becomes its administrator, and a key cannot be that."""


def _by_name(plane: Plane) -> Mapping[str, Operation]:
    named: dict[str, Operation] = {}
    for operation in OPERATIONS:
        if operation.plane is plane:
            for name in (operation.name, *operation.also):
                if name in named:
                    raise ValueError(f"the policy table names {name} twice")
                named[name] = operation
    return named


_NAMED = {plane: _by_name(plane) for plane in Plane}


def operation(plane: Plane, name: str) -> Operation:
    """The row of the table. Raises ``LookupError`` for an operation that nobody has decided on."""
    try:
        return _NAMED[plane][name]
    except KeyError:
        raise LookupError(f"{plane}: the operation {name} does not stand in the policy") from None


def permissions(level: Level, kind: KeyKind) -> frozenset[str]:
    """What a fine-grained key of ``kind`` that is rooted at ``level`` may carry."""
    levels = list(Level)
    within = set(levels[levels.index(level) :])
    return frozenset(
        row.permission for row in OPERATIONS if kind in row.keys and row.level in within
    )
