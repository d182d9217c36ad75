"""The API keys that count at the control plane: those made here, and those of a file."""

from collections.abc import Mapping
from uuid import UUID

from hh_core.domain.api_keys import KeyKind, digest_of
from hh_core.domain.authority import ApiKey
from hh_core.domain.identity import parse_uuid, uuid8
from hh_core.domain.policy import permissions
from hh_core.domain.scopes import Level, Role, Scope
from hh_core.usecases.api_keys import ApiKeys
from hh_core.usecases.memberships import Memberships
from hh_core.usecases.places import Places
from hh_runtime.denials import UnauthenticatedError
from hh_runtime.keys import ADMIN, READ, KeyDirectory, Principal

_READS = frozenset({"project.query", "project.sessions"})


class KnownKeys:
    """A key whose organisation, workspace or project is archived does not count. Below its root a
    key lends the rights that its maker holds at this moment."""

    def __init__(
        self, kept: ApiKeys, memberships: Memberships, places: Places, directory: KeyDirectory
    ) -> None:
        self._kept = kept
        self._memberships = memberships
        self._places = places
        self._directory = directory

    async def find(self, key: str) -> ApiKey | None:
        """The key that counts now; None for any other."""
        stored = await self._kept.find(digest_of(key))
        if stored is None:
            return self._of_file(key)
        if await self._places.find(stored.root.level, stored.root.id) is None:
            return None
        lent: Mapping[UUID, frozenset[Role]] = {}
        if stored.root.level is not Level.PROJECT:
            lent = await self._memberships.roles(stored.creator_id)
        return ApiKey(stored.key_id, stored.kind, stored.root, stored.permissions, lent)

    def _of_file(self, key: str) -> ApiKey | None:
        try:
            return _api_key(self._directory.authenticate(f"Bearer {key}"))
        except UnauthenticatedError:
            return None


def _api_key(principal: Principal) -> ApiKey:
    """A key of a file is one of its project; with ``admin``, one for dead letters too."""
    ids = (principal.org_id, principal.workspace_id)
    org, workspace = (parse_uuid(id_) or uuid8(b"scope", id_.encode()) for id_ in ids)
    root = Scope(org, workspace, principal.project)
    if ADMIN in principal.scopes:
        may = permissions(Level.PROJECT, KeyKind.CONTROL_PLANE)
        chosen = may if READ in principal.scopes else may - _READS
        return ApiKey(principal.key_id, KeyKind.CONTROL_PLANE, root, chosen)
    kind = KeyKind.PROJECT if READ in principal.scopes else KeyKind.INGESTION
    return ApiKey(principal.key_id, kind, root)
