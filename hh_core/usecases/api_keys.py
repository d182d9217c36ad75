"""API keys at the control plane: made once, shown once, kept as digests, revoked for good.

Who may make, see and revoke the keys of a scope is the policy's affair (``create_project_key``,
…); here a key gets no right at its root that its maker does not hold there. What a key of an
organisation or a workspace may do further down it only borrows from its maker, whenever it is
used (``hh_core.domain.authority.ApiKey``).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from hh_core.domain.api_keys import RANDOM_BYTES, KeyKind, digest_of, new_key, shown
from hh_core.domain.authority import ApiKey, Person
from hh_core.domain.policy import OPERATIONS, Operation, permissions
from hh_core.domain.scopes import Level, Scope
from hh_core.errors import ConflictError, NotFoundError, RejectedError
from hh_core.ports.records import Document, Record, Records, UnitOfWork
from hh_core.usecases.audit import Audit
from hh_core.usecases.changes import changed

API_KEYS = "api-keys"
"""By key id."""
DIGESTS = "api-key-digests"
"""By digest: the ``key_id`` of a key that has not been revoked."""
MAX_KEYS = 1000
"""Of one scope that have not been revoked."""
MAX_LIFE_MS = 10 * 366 * 86_400_000
CACHE_MS = 5_000
"""So long a key that another process revoked may still count here."""
CACHE_KEYS = 10_000
HOUR_MS = 3_600_000
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A key that somebody asks for."""

    kind: KeyKind
    name: str
    description: str = ""
    permissions: frozenset[str] = frozenset()
    """Of fine-grained kinds."""
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    key_id: UUID
    kind: KeyKind
    root: Scope
    name: str
    description: str
    permissions: frozenset[str]
    shown: str
    """Its prefix and last four characters."""
    creator_id: UUID
    created_ms: int
    expires_ms: int | None
    revoked_ms: int | None
    last_used_ms: int | None
    """To the hour."""

    def counts(self, now_ms: int) -> bool:
        return self.revoked_ms is None and (self.expires_ms is None or now_ms < self.expires_ms)

    def told(self) -> Document:
        """For the audit."""
        return {
            "kind": self.kind,
            "name": self.name,
            "permissions": sorted(self.permissions),
            "expires_ms": self.expires_ms,
            "revoked_ms": self.revoked_ms,
        }


class ApiKeys:
    """``random`` gives that many bytes of a cryptographic source."""

    def __init__(
        self,
        records: Records,
        audit: Audit,
        *,
        now_ms: Callable[[], int],
        random: Callable[[int], bytes],
        new_id: Callable[[], UUID],
    ) -> None:
        self._records = records
        self._audit = audit
        self._now_ms = now_ms
        self._random = random
        self._new_id = new_id
        self._found: dict[str, tuple[int, StoredKey | None]] = {}

    async def create(self, maker: Person, root: Scope, wanted: Wanted) -> tuple[str, StoredKey]:
        """The key in plain, which nobody can show again, and what is kept of it.

        Raises ``RejectedError`` (422) that names the field, ``ConflictError`` for too many keys.
        """
        key = new_key(wanted.kind, self._random(RANDOM_BYTES))
        return key, await self.keep(maker, root, wanted, key)

    async def keep(
        self, maker: Person, root: Scope, wanted: Wanted, key: str, key_id: UUID | None = None
    ) -> StoredKey:
        """Make a key whose text its owner has already. Raises as ``create`` does."""
        now = self._now_ms()
        _require_sense(root, wanted, now)
        _require_held(maker, root, wanted)
        stored = StoredKey(
            key_id=key_id or self._new_id(),
            kind=wanted.kind,
            root=root,
            name=wanted.name,
            description=wanted.description,
            permissions=wanted.permissions,
            shown=shown(key),
            creator_id=maker.user_id,
            created_ms=now,
            expires_ms=wanted.expires_ms,
            revoked_ms=None,
            last_used_ms=None,
        )
        digest = digest_of(key)
        async with self._records.begin() as unit:
            await self._require_room(unit, root)
            await unit.put(API_KEYS, str(stored.key_id), _document(stored, digest), expect=0)
            await unit.put(DIGESTS, digest, {"key_id": str(stored.key_id)}, expect=0)
            await self._note(unit, maker, "create", stored, None, stored)
        self._found.pop(digest, None)
        return stored

    async def page(
        self, root: Scope, *, after: UUID | None = None, limit: int = 100
    ) -> Sequence[StoredKey]:
        """Keys that were made at ``root`` itself, revoked ones too, in order of their ids. Raises
        ``NotFoundError`` if ``after`` is none of them."""
        async with self._records.begin() as unit:
            if after is not None:
                last = await unit.get(API_KEYS, [str(after)])
                if not last or _stored(last[0]).root != root:
                    raise NotFoundError("after: not of this list; begin again without it")
            found = await unit.find(
                API_KEYS, after=str(after or ""), limit=limit, where=_where(root)
            )
        return [_stored(record) for record in found]

    async def revoke(self, actor: Person | ApiKey, root: Scope, key_id: UUID) -> StoredKey:
        """At once here, within seconds at data planes. Revoking again changes nothing.

        Raises ``NotFoundError`` for a key of another scope and an unknown one alike.
        """
        async with self._records.begin() as unit:
            found = await unit.get(API_KEYS, [str(key_id)])
            if not found or _stored(found[0]).root != root:
                raise NotFoundError("there is no such thing, or it is not yours to see")
            stored, digest = _stored(found[0]), found[0].value["digest"]
            if stored.revoked_ms is not None:
                return stored
            revoked = replace(stored, revoked_ms=self._now_ms())
            await unit.merge(API_KEYS, {str(key_id): {"revoked_ms": revoked.revoked_ms}})
            await unit.delete(DIGESTS, [digest])
            await self._note(unit, actor, "revoke", revoked, stored, revoked)
        self._found.pop(digest, None)
        return revoked

    async def find(self, digest: str) -> StoredKey | None:
        """The key of this digest, if it counts now; what is known is remembered for 5 s."""
        now = self._now_ms()
        cached = self._found.get(digest)
        if cached is None or now >= cached[0] + CACHE_MS:
            cached = now, await self._read(digest)
            self._found.pop(digest, None)
            while len(self._found) >= CACHE_KEYS:
                del self._found[next(iter(self._found))]
            self._found[digest] = cached
        stored = cached[1]
        return stored if stored is not None and stored.counts(now) else None

    async def note_uses(self, uses: Mapping[UUID, int]) -> None:
        """When keys were last used, in ms since 1970. Times only move forward, and never beyond
        now; unknown keys are passed over."""
        latest = self._now_ms() // HOUR_MS * HOUR_MS
        ids = [str(key_id) for key_id in uses]
        for start in range(0, len(ids), _CHUNK):
            async with self._records.begin() as unit:
                news = {}
                for record in await unit.get(API_KEYS, ids[start : start + _CHUNK]):
                    stored = _stored(record)
                    used = min(uses[stored.key_id] // HOUR_MS * HOUR_MS, latest)
                    if used > (stored.last_used_ms or 0):
                        news[record.key] = {"last_used_ms": used}
                if news:
                    await unit.merge(API_KEYS, news)

    async def _read(self, digest: str) -> StoredKey | None:
        async with self._records.begin() as unit:
            named = await unit.get(DIGESTS, [digest])
            found = await unit.get(API_KEYS, [named[0].value["key_id"]]) if named else ()
        return _stored(found[0]) if found else None

    async def _require_room(self, unit: UnitOfWork, root: Scope) -> None:
        living = {**_where(root), "revoked_ms": None}
        if len(await unit.find(API_KEYS, limit=MAX_KEYS, where=living)) >= MAX_KEYS:
            raise ConflictError(f"there are {MAX_KEYS} keys here; revoke some that are not used")

    async def _note(
        self,
        unit: UnitOfWork,
        actor: Person | ApiKey,
        verb: str,
        key: StoredKey,
        before: StoredKey | None,
        after: StoredKey,
    ) -> None:
        action, subject = f"{verb}_{key.root.level}_key", f"key/{key.key_id}"
        told = None if before is None else before.told()
        await self._audit.note(unit, actor, action, subject, key.root, told, after.told())
        await changed(unit)


def _require_sense(root: Scope, wanted: Wanted, now_ms: int) -> None:
    kind, expires = wanted.kind, wanted.expires_ms
    if expires is not None and not now_ms < expires <= now_ms + MAX_LIFE_MS:
        raise _wrong("expires_at: must be a time in the future, at most ten years from now")
    if not kind.is_fine_grained:
        if root.level is not Level.PROJECT:
            raise _wrong(f"kind: a key of the kind {kind} is made in a project")
        if wanted.permissions:
            raise _wrong(f"permissions: a key of the kind {kind} has those of its kind; send none")
        return
    if expires is None:
        raise _wrong(f"expires_at: a key of the kind {kind} must expire; name a time")
    may = permissions(root.level, kind)
    if not wanted.permissions:
        raise _wrong(f"permissions: choose some of {', '.join(sorted(may))}")
    if not wanted.permissions <= may:
        raise _wrong(f"permissions: a key of the kind {kind} here takes {', '.join(sorted(may))}")


def _require_held(maker: Person, root: Scope, wanted: Wanted) -> None:
    """At the root the key will stand by itself, so its maker must hold there what it gets."""
    held = maker.roles_at(root)
    lacking = sorted(row.permission for row in _at_root(root, wanted) if held.isdisjoint(row.roles))
    if lacking:
        raise _wrong(f"permissions: you do not hold {', '.join(lacking)} here yourself")


def _at_root(root: Scope, wanted: Wanted) -> Collection[Operation]:
    return [
        row
        for row in OPERATIONS
        if row.level is root.level
        and wanted.kind in row.keys
        and (not wanted.kind.is_fine_grained or row.permission in wanted.permissions)
    ]


def _wrong(message: str) -> RejectedError:
    return RejectedError(message, code=422)


def _where(root: Scope) -> Document:
    return {
        "org_id": str(root.org),
        "workspace_id": None if root.workspace is None else str(root.workspace),
        "project_id": None if root.project is None else str(root.project),
    }


def _document(key: StoredKey, digest: str) -> Document:
    return {
        **_where(key.root),
        "digest": digest,
        "kind": key.kind.value,
        "name": key.name,
        "description": key.description,
        "permissions": sorted(key.permissions),
        "shown": key.shown,
        "creator_id": str(key.creator_id),
        "created_ms": key.created_ms,
        "expires_ms": key.expires_ms,
        "revoked_ms": None,
        "last_used_ms": None,
    }


def _stored(record: Record) -> StoredKey:
    value = record.value
    workspace, project = (
        None if value[name] is None else UUID(value[name])
        for name in ("workspace_id", "project_id")
    )
    return StoredKey(
        key_id=UUID(record.key),
        kind=KeyKind(value["kind"]),
        root=Scope(UUID(value["org_id"]), workspace, project),
        name=value["name"],
        description=value["description"],
        permissions=frozenset(value["permissions"]),
        shown=value["shown"],
        creator_id=UUID(value["creator_id"]),
        created_ms=value["created_ms"],
        expires_ms=value["expires_ms"],
        revoked_ms=value["revoked_ms"],
        last_used_ms=value["last_used_ms"],
    )
