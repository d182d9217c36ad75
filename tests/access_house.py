"""Access documents of version 2, the keys that stand in them, and tokens that count there."""

import base64
import itertools
import json
import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hh_core.domain.api_keys import KeyKind, digest_of, new_key
from hh_core.domain.scopes import Role, Scope
from hh_runtime.tokens import Kind, TokenKey, sign

ISSUER = "https://control.example"
DP_ID = UUID(int=0xD1)
ORG, OTHER_ORG = UUID(int=0x0A1), UUID(int=0x0B1)
WORKSPACE, OTHER_WORKSPACE = UUID(int=0x0A2), UUID(int=0x0B2)
OWN = Scope(ORG, WORKSPACE, UUID(int=0xA))
FOREIGN = Scope(OTHER_ORG, OTHER_WORKSPACE, UUID(int=0xB))
SESSION = UUID(int=0x5E55)
UNKNOWN_PROJECT = UUID(int=0xC)
DAY_MS = 86_400_000


@cache
def token_key(kid: str) -> TokenKey:
    return TokenKey(kid, ec.generate_private_key(ec.SECP256R1()))


def public_of(key: TokenKey) -> str:
    public = key.private.public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


@dataclass
class AccessHouse:
    """Writes the document whenever something is said of it; ``now`` is in seconds."""

    path: Path
    now: float = field(default_factory=time.time)
    fields: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] = field(default_factory=list)
    members: list[dict[str, Any]] = field(default_factory=list)
    revocations: list[dict[str, Any]] = field(default_factory=list)
    kids: list[str] = field(default_factory=lambda: ["first"])
    projects: list[Scope] = field(default_factory=lambda: [OWN, FOREIGN])
    _ids: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)

    @property
    def now_ms(self) -> int:
        return int(self.now * 1000)

    def clock(self) -> float:
        return self.now

    def key(
        self,
        kind: KeyKind,
        root: Scope = OWN,
        permissions: Collection[str] = (),
        *,
        creator: UUID | None = None,
        **changes: Any,
    ) -> str:
        """A new key in the document."""
        key = new_key(kind, os.urandom(64))
        self.keys.append(
            {
                "digest": digest_of(key),
                "key_id": str(UUID(int=self._ids())),
                "kind": kind,
                "org_id": str(root.org),
                "workspace_id": root.workspace and str(root.workspace),
                "project_id": root.project and str(root.project),
                "permissions": sorted(permissions),
                "expires_ms": None,
                "creator_id": creator and str(creator),
                **changes,
            }
        )
        return key

    def member(self, user: UUID, project: Scope, *roles: Role) -> None:
        self.members.append(
            {"project_id": str(project.project), "user_id": str(user), "roles": list(roles)}
        )

    def token(
        self,
        user: UUID,
        roles: Mapping[Scope, Collection[Role]],
        *,
        session: UUID = SESSION,
        kid: str = "first",
        **claims: Any,
    ) -> str:
        """An access token for this data plane, issued now; a claim that is None is left out."""
        issued = int(self.now)
        said = {
            "iss": ISSUER,
            "sub": str(user),
            "sid": str(session),
            "aud": f"dp:{DP_ID}",
            "iat": issued,
            "nbf": issued,
            "exp": issued + 900,
            "jti": str(self._ids()),
            "prj": {str(scope.project): list(held) for scope, held in roles.items()},
            **claims,
        }
        counted = {name: value for name, value in said.items() if value is not None}
        return sign(Kind.ACCESS, token_key(kid), counted)

    def document(self) -> dict[str, Any]:
        return {
            "version": 2,
            "issuer": ISSUER,
            "dp_id": str(DP_ID),
            "fresh_until_ms": None,
            "draining": False,
            "keys": self.keys,
            "projects": [project(scope) for scope in self.projects],
            "members": self.members,
            "revocations": self.revocations,
            "token_keys": [
                {
                    "kid": kid,
                    "public_key": public_of(token_key(kid)),
                    "not_after_ms": self.now_ms + DAY_MS,
                }
                for kid in self.kids
            ],
            "evaluator_templates": [],
            **self.fields,
        }

    def write(self, **fields: Any) -> Path:
        """As the controller does: whole, or not at all."""
        self.fields |= fields
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(self.document()))
        os.replace(fresh, self.path)
        return self.path


def project(scope: Scope) -> dict[str, Any]:
    return {
        "project_id": str(scope.project),
        "org_id": str(scope.org),
        "workspace_id": str(scope.workspace),
        "name": "a project",
        "retention_days": 30,
        "promoted": [],
        "strict_names": False,
    }


def bearer(key: str) -> str:
    return f"Bearer {key}"
