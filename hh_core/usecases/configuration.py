"""What one data plane is told: computed whole from the records, then sent as the difference.

Level-triggered: nothing is remembered about changes. Whoever changes something that a data plane
must hear of writes a new ``configuration/epoch`` in the same unit of work
(``hh_core.usecases.changes``); then the whole is computed again, and compared with what the data
plane has.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hh_core.domain.scopes import Scope
from hh_core.errors import NotFoundError
from hh_core.ports.records import Record, Records, UnitOfWork
from hh_core.usecases.changes import CONFIGURATION, EPOCH
from hh_core.wire.configuration import (
    KEY_KINDS,
    MAX_BODY_BYTES,
    MAX_NAME,
    PROJECT_ROLES,
    Items,
    checked_items,
    digest_of,
    framed,
)
from hh_core.wire.pb.controller_pb2 import (
    Configuration,
    DataPlane,
    Item,
    Key,
    Member,
    Project,
    Revocation,
    TokenKey,
)

PROJECTS = "projects"
MEMBERS = "members"
API_KEYS = "api-keys"
REVOCATIONS = "revocations"
"""Key: the subject (``user/<id>``, ``session/<id>``); ``user_id``, ``issued_before_ms`` and
``until_ms``, when its tokens would have expired anyway."""
KNOWN = "data-planes-known"
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class PublicTokenKey:
    """What verifies people's tokens: as published to everybody."""

    kid: str
    public_key: bytes
    """SubjectPublicKeyInfo of a point on P-256 (DER)."""
    not_after_ms: int


TokenKeys = Callable[[], Sequence[PublicTokenKey]]


class Desired:
    """``__call__`` gives the items that a data plane should have, and nothing that concerns
    anybody else. Raises ``NotFoundError`` for a data plane that nobody knows, and
    ``RejectedError`` for more than one data plane can hold."""

    def __init__(
        self, records: Records, token_keys: TokenKeys, *, now_ms: Callable[[], int]
    ) -> None:
        self._records = records
        self._token_keys = token_keys
        self._now_ms = now_ms

    async def epoch(self) -> str:
        """Changes with every change that concerns a data plane."""
        async with self._records.begin() as unit:
            found = await unit.get(CONFIGURATION, [EPOCH])
        noted = found[0].value.get("epoch", "") if found else ""
        return f"{noted} {' '.join(f'{key.kid}/{key.not_after_ms}' for key in self._token_keys())}"

    async def __call__(self, dp_id: str) -> Items:
        now = self._now_ms()
        async with self._records.begin() as unit:
            known = await unit.get(KNOWN, [dp_id])
            if not known:
                raise NotFoundError("no such data plane")
            projects = [
                record
                for record in await bound_projects(unit, dp_id)
                if record.value.get("org_id") == known[0].value["org_id"]
                and record.value.get("state", "active") == "active"
            ]
            members = [member for each in projects for member in await _members(unit, each.key)]
            items = [
                _data_plane(known[0].value),
                *(_token_key(key) for key in self._token_keys()),
                *(_project(record) for record in projects),
                *(await _keys(unit, str(known[0].value["org_id"]), projects, now)),
                *members,
                *(await _revocations(unit, {each.member.user_id for each in members}, now)),
            ]
        return checked_items(items)


def difference(
    dp_id: str, issuer: str, before: Items | None, after: Items, *, version: int, base: int, ms: int
) -> Configuration:
    """From ``before``, in force at version ``base``, to ``after``; a snapshot if ``before`` is
    None."""
    configuration = Configuration(
        dp_id=dp_id, issuer=issuer, version=version, issued_ms=ms, digest=digest_of(after)
    )
    if before is None or base == 0:
        configuration.items.extend(after[name] for name in sorted(after))
        return configuration
    configuration.after = base
    changed = [name for name in sorted(after) if _form(before, name) != _form(after, name)]
    configuration.items.extend(after[name] for name in changed)
    configuration.gone.extend(sorted(before.keys() - after.keys()))
    return configuration


def fits(configuration: Configuration) -> bool:
    """Whether it may be sent at all."""
    return bool(configuration.ByteSize() <= MAX_BODY_BYTES)


async def bound_projects(unit: UnitOfWork, dp_id: str) -> Sequence[Record]:
    """Of any state: also what an archived project has sent is its own data plane's."""
    return await _all(unit, PROJECTS, where={"data_plane_id": dp_id})


async def _all(
    unit: UnitOfWork, kind: str, *, prefix: str = "", where: Mapping[str, Any] | None = None
) -> Sequence[Record]:
    found: list[Record] = []
    page: Sequence[Record] = ()
    while not found or len(page) == _PAGE:
        after = found[-1].key if found else ""
        page = await unit.find(kind, prefix=prefix, after=after, limit=_PAGE, where=where)
        if not page:
            break
        found += page
    return found


async def _members(unit: UnitOfWork, project_id: str) -> list[Item]:
    found = []
    for record in await _all(unit, MEMBERS, prefix=f"{project_id}/"):
        roles = PROJECT_ROLES.intersection(record.value.get("roles", ()))
        if roles and record.value.get("state", "active") == "active":
            user_id = record.key.removeprefix(f"{project_id}/")
            member = Member(project_id=project_id, user_id=user_id, roles=sorted(roles))
            found.append(Item(member=member))
    return found


async def _keys(
    unit: UnitOfWork, org_id: str, projects: Sequence[Record], now_ms: int
) -> list[Item]:
    scopes = [_scope(record) for record in projects]
    found = []
    for record in await _all(unit, API_KEYS, where={"org_id": org_id}):
        if _counts(record.value, now_ms) and _reaches(record.value, scopes):
            found.append(_key(record))
    return found


def _counts(key: Mapping[str, Any], now_ms: int) -> bool:
    is_revoked = key.get("state", "active") != "active" or key.get("revoked_ms") is not None
    expires_ms = key.get("expires_ms")
    is_over = expires_ms is not None and expires_ms <= now_ms
    return key["kind"] in KEY_KINDS and not is_revoked and not is_over


def _reaches(key: Mapping[str, Any], scopes: Collection[Scope]) -> bool:
    root = Scope(UUID(key["org_id"]), _optional(key, "workspace_id"), _optional(key, "project_id"))
    return any(root.holds(scope) for scope in scopes)


def _scope(project: Record) -> Scope:
    value = project.value
    return Scope(UUID(value["org_id"]), UUID(value["workspace_id"]), UUID(project.key))


def _optional(value: Mapping[str, Any], name: str) -> UUID | None:
    return UUID(value[name]) if value.get(name) else None


async def _revocations(unit: UnitOfWork, user_ids: Collection[str], now_ms: int) -> list[Item]:
    """Of the people that this data plane knows; to it the tokens of others are void anyway."""
    found = []
    for record in await _all(unit, REVOCATIONS):
        user_id, until_ms = record.value.get("user_id"), record.value.get("until_ms")
        concerns = user_id is None or user_id in user_ids
        if concerns and not (until_ms is not None and until_ms <= now_ms):
            before = int(record.value["issued_before_ms"])
            found.append(Item(revocation=Revocation(subject=record.key, issued_before_ms=before)))
    return found


def _key(record: Record) -> Item:
    value = record.value
    return Item(
        key=Key(
            key_id=record.key,
            digest=bytes.fromhex(value["digest"]),
            kind=value["kind"],
            org_id=value["org_id"],
            workspace_id=value.get("workspace_id") or "",
            project_id=value.get("project_id") or "",
            permissions=sorted(value.get("permissions") or ()),
            expires_ms=value.get("expires_ms") or 0,
            creator_id=value.get("creator_id") or "",
        )
    )


def _project(record: Record) -> Item:
    value = record.value
    return Item(
        project=Project(
            project_id=record.key,
            org_id=value["org_id"],
            workspace_id=value["workspace_id"],
            name=_shown(value["name"]),
            retention_days=value.get("retention_days") or 0,
            promoted=sorted(value.get("promoted") or ()),
            strict_names=bool(value.get("strict_names")),
        )
    )


def _token_key(key: PublicTokenKey) -> Item:
    return Item(
        token_key=TokenKey(kid=key.kid, public_key=key.public_key, not_after_ms=key.not_after_ms)
    )


def _data_plane(value: Mapping[str, Any]) -> Item:
    return Item(
        data_plane=DataPlane(name=_shown(value["name"]), draining=value.get("state") == "draining")
    )


def _shown(name: str) -> str:
    """A name that a data plane takes, whatever stands in the record."""
    return "".join(each if each.isprintable() else " " for each in name[:MAX_NAME]) or "-"


def _form(items: Items, name: str) -> bytes:
    return framed(items[name]) if name in items else b""
