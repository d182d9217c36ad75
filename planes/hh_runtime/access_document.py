"""The access document: who may do what on a data plane, in one file on its disk.

It holds digests and public keys only, so it can be copied without giving anybody access. Version 2
is written by the data plane's controller::

    {"version": 2, "issuer": "…", "dp_id": "<uuid>", "fresh_until_ms": int | null, "draining": bool,
     "keys": [{"digest": "<sha-256 of the key, hex>", "key_id", "kind", "org_id",
               "workspace_id": … | null, "project_id": … | null, "permissions": ["…"],
               "expires_ms": int | null, "creator_id": "<uuid>" | null}],
     "projects": [{"project_id", "org_id", "workspace_id", …}],
     "members": [{"project_id", "user_id", "roles": ["project.admin", …]}],
     "revocations": [{"subject": "user/<uuid>" | "session/<uuid>", "issued_before_ms"}],
     "token_keys": [{"kid", "public_key": "<SubjectPublicKeyInfo, DER, base64>", "not_after_ms"}]}

Version 1 is written by hand, for a data plane without a control plane: keys only, each of one
project, with the scopes ``ingest`` and ``read``::

    {"version": 1, "keys": [{"digest", "key_id", "project_id", "org_id": "…", "workspace_id": "…",
      "scopes": ["ingest", "read"], "expires_ms": null}]}
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from hh_core.domain.api_keys import KeyKind
from hh_core.domain.authority import ApiKey
from hh_core.domain.identity import NIL
from hh_core.domain.scopes import Role, Scope
from hh_core.errors import ConfigError

_DIGEST_CHARACTERS = 64
_KINDS = {
    frozenset({"ingest", "read"}): KeyKind.PROJECT,
    frozenset({"ingest"}): KeyKind.INGESTION,
    frozenset({"read"}): KeyKind.READ_ONLY,
    frozenset[str](): KeyKind.CONTROL_PLANE,
}
"""What the scopes of version 1 mean. A key without any is known here, and may do nothing."""

Json = Mapping[str, Any]
Roles = Mapping[UUID, frozenset[Role]]


@dataclass(frozen=True, slots=True)
class KnownKey:
    caller: ApiKey
    """Without what its maker lends: that is looked up when the key is used."""
    expires_ms: int | None
    creator_id: UUID | None = None
    """Of a key that is rooted above projects: who made it."""


@dataclass(frozen=True, slots=True)
class KnownProject:
    """A project of this data plane, and how its organisation and workspace are called."""

    scope: Scope
    org_id: str
    workspace_id: str
    retention_days: int = 0
    """0: as long as the data plane keeps."""
    promoted: tuple[str, ...] = ()
    """Attribute keys that the control plane asks for."""
    strict_names: bool = False


@dataclass(frozen=True, slots=True)
class TokenVerifier:
    """A public key that verifies people's tokens until ``not_after_ms``."""

    der: bytes
    public: EllipticCurvePublicKey
    not_after_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDocument:
    keys: Mapping[str, KnownKey]
    """By digest."""
    keys_digest: bytes = b""
    """Of the part that ``keys`` were read from: while it is the same, they need not be again."""
    projects: Mapping[UUID, KnownProject]
    issuer: str = ""
    """Of tokens; empty without a control plane, and then no token counts."""
    audience: str = ""
    fresh_until_ms: int | None = None
    """From then on nothing counts: the control plane has not been heard of for ``max_offline``."""
    draining: bool = False
    members: Mapping[UUID, Roles] = field(default_factory=dict)
    """By user, then by project."""
    revoked_before_ms: Mapping[str, int] = field(default_factory=dict)
    """By ``user/<uuid>`` or ``session/<uuid>``: tokens issued before are void."""
    token_keys: Mapping[str, TokenVerifier] = field(default_factory=dict)
    """By ``kid``."""


def read_document(path: Path, last: AccessDocument | None = None) -> AccessDocument:
    """Raises ``ConfigError`` for a file that is not there, or not whole: nothing of it counts.
    ``last`` is what was read before: keys that are still the same are taken from it."""
    try:
        return parse_document(path.read_bytes(), last)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse_document(data: bytes, last: AccessDocument | None = None) -> AccessDocument:
    """Raises ``ConfigError``; its message holds nothing of the document."""
    try:
        document = orjson.loads(data)
        read = _VERSIONS.get(document["version"])
        if read is None:
            versions = " or ".join(map(str, _VERSIONS))
            raise ConfigError(f"access document version {versions} is needed")
        return read(document, last)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"not an access document ({type(error).__name__})") from error


def _version_1(document: Json, _: AccessDocument | None) -> AccessDocument:
    keys, projects = {}, {}
    for item in document["keys"]:
        scope = Scope(NIL, NIL, UUID(item["project_id"]))
        if not isinstance(item["scopes"], list):
            raise ValueError("scopes")
        kind = _KINDS[frozenset(item["scopes"]) & {"ingest", "read"}]
        caller = ApiKey(UUID(item["key_id"]), kind, scope)
        keys[_digest(item)] = KnownKey(caller, _optional_ms(item, "expires_ms"))
        projects[scope.id] = KnownProject(scope, str(item["org_id"]), str(item["workspace_id"]))
    return AccessDocument(keys=keys, projects=projects)


def _version_2(document: Json, last: AccessDocument | None) -> AccessDocument:
    keys_digest = hashlib.sha256(orjson.dumps(document["keys"])).digest()
    if last is not None and keys_digest == last.keys_digest:
        keys = last.keys
    else:
        keys = {_digest(item): _key(item) for item in document["keys"]}
    return AccessDocument(
        keys=keys,
        keys_digest=keys_digest,
        projects={UUID(item["project_id"]): _project(item) for item in document["projects"]},
        issuer=_text(document, "issuer"),
        audience=f"dp:{UUID(document['dp_id'])}",
        fresh_until_ms=_optional_ms(document, "fresh_until_ms"),
        draining=_flag(document, "draining"),
        members=_members(document["members"]),
        revoked_before_ms={
            _text(item, "subject"): _ms(item, "issued_before_ms")
            for item in document["revocations"]
        },
        token_keys={_text(item, "kid"): _verifier(item) for item in document["token_keys"]},
    )


_VERSIONS: Mapping[int, Callable[[Json, AccessDocument | None], AccessDocument]] = {
    1: _version_1,
    2: _version_2,
}


def _key(item: Json) -> KnownKey:
    kind, root = KeyKind(item["kind"]), _scope(item)
    if not kind.is_fine_grained and root.project is None:
        raise ValueError("such a key is one of a project")
    permissions = frozenset(str(permission) for permission in item["permissions"])
    creator = item.get("creator_id") if root.project is None else None
    return KnownKey(
        ApiKey(UUID(item["key_id"]), kind, root, permissions),
        _optional_ms(item, "expires_ms"),
        None if creator is None else UUID(creator),
    )


def _project(item: Json) -> KnownProject:
    scope = _scope_of(item["org_id"], item["workspace_id"], item["project_id"])
    return KnownProject(
        scope,
        str(scope.org),
        str(scope.workspace),
        int(item.get("retention_days") or 0),
        tuple(map(str, item.get("promoted") or ())),
        bool(item.get("strict_names")),
    )


def _members(items: list[Json]) -> Mapping[UUID, Roles]:
    members: dict[UUID, dict[UUID, frozenset[Role]]] = {}
    for item in items:
        roles = frozenset(Role(role) for role in item["roles"])
        members.setdefault(UUID(item["user_id"]), {})[UUID(item["project_id"])] = roles
    return members


def _verifier(item: Json) -> TokenVerifier:
    der = base64.b64decode(item["public_key"], validate=True)
    public = load_der_public_key(der)
    if not isinstance(public, EllipticCurvePublicKey) or not isinstance(public.curve, SECP256R1):
        raise ValueError("tokens are signed on P-256")
    return TokenVerifier(der, public, _ms(item, "not_after_ms"))


def _scope(item: Json) -> Scope:
    workspace, project = item["workspace_id"], item["project_id"]
    if project is not None and workspace is None:
        raise ValueError("a project lies in a workspace")
    return _scope_of(item["org_id"], workspace, project)


@lru_cache(maxsize=4096)
def _scope_of(org: str, workspace: str | None, project: str | None) -> Scope:
    """One object for each: many keys have one root, and equal objects are compared at once."""
    return Scope(
        UUID(org),
        None if workspace is None else UUID(workspace),
        None if project is None else UUID(project),
    )


def _digest(item: Json) -> str:
    digest = _text(item, "digest")
    if len(digest) != _DIGEST_CHARACTERS:
        raise ValueError("digest")
    return digest


def _text(item: Json, name: str) -> str:
    if not isinstance(item[name], str) or not item[name]:
        raise ValueError(name)
    return str(item[name])


def _flag(item: Json, name: str) -> bool:
    if not isinstance(item[name], bool):
        raise ValueError(name)
    return bool(item[name])


def _optional_ms(item: Json, name: str) -> int | None:
    return None if item.get(name) is None else _ms(item, name)


def _ms(item: Json, name: str) -> int:
    if not isinstance(item[name], int) or isinstance(item[name], bool):
        raise ValueError(name)
    return int(item[name])
