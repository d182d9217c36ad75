"""People at a data plane: their access tokens, verified offline by the access document alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt

from hh_core.domain.authority import Person
from hh_core.domain.identity import parse_uuid
from hh_core.domain.scopes import Role
from hh_runtime.access_document import AccessDocument
from hh_runtime.tokens import LEEWAY_SECONDS, InvalidTokenError, Kind, verify

CAPACITY = 10_000
"""Verified tokens that are remembered; each saves its next request a check of the signature."""
_ROLES = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True)
class _Verified:
    """What a token says, and who vouched for it."""

    user_id: UUID
    session_id: UUID
    roles: Mapping[UUID, frozenset[Role]]
    issued_ms: int
    """The beginning of the second that it names: a revocation counts from the next on."""
    expires_s: int
    audience: str
    issuer: str
    kid: str
    der: bytes


class PersonTokens:
    """Remembers by digest what a signature vouched for; all that can change is looked up in the
    document each time: token keys, revocations, membership."""

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._verified: dict[str, _Verified] = {}

    def __len__(self) -> int:
        return len(self._verified)

    def person(self, document: AccessDocument, token: str, digest: str, now: float) -> Person:
        """Whose token it is, with the roles that both the token and the document give him.

        ``now`` is in seconds since 1970. Raises ``InvalidTokenError``.
        """
        said = self._verified.get(digest)
        if said is None or not _still_counts(said, document, now):
            self._verified.pop(digest, None)
            said = self._verify(document, token, now)
            self._remember(digest, said)
        subjects = (f"session/{said.session_id}", f"user/{said.user_id}")
        if any(said.issued_ms < document.revoked_before_ms.get(each, 0) for each in subjects):
            raise InvalidTokenError("revoked")
        held = document.members.get(said.user_id, {})
        roles = {
            project: both
            for project, claimed in said.roles.items()
            if (both := claimed & held.get(project, frozenset()))
        }
        return Person(said.user_id, said.session_id, roles)

    def _verify(self, document: AccessDocument, token: str, now: float) -> _Verified:
        keys = {
            kid: each.public
            for kid, each in document.token_keys.items()
            if now * 1000 < each.not_after_ms
        }
        claims = verify(
            token,
            Kind.ACCESS,
            keys,
            issuer=document.issuer,
            audience=document.audience,
            clock=lambda: now,
        )
        kid = _kid_of(token)
        user, session = _uuid(claims, "sub"), _uuid(claims, "sid")
        return _Verified(
            user,
            session,
            _roles(claims),
            claims["iat"] * 1000,
            claims["exp"],
            document.audience,
            document.issuer,
            kid,
            document.token_keys[kid].der,
        )

    def _remember(self, digest: str, said: _Verified) -> None:
        while len(self._verified) >= self._capacity:
            del self._verified[next(iter(self._verified))]  # the oldest expires first, about
        self._verified[digest] = said


def _still_counts(said: _Verified, document: AccessDocument, now: float) -> bool:
    key = document.token_keys.get(said.kid)
    return (
        now < said.expires_s + LEEWAY_SECONDS
        and key is not None
        and key.der == said.der
        and now * 1000 < key.not_after_ms
        and (said.issuer, said.audience) == (document.issuer, document.audience)
    )


def _kid_of(token: str) -> str:
    """Of a token that has been verified."""
    return str(jwt.get_unverified_header(token)["kid"])


def _uuid(claims: Mapping[str, Any], name: str) -> UUID:
    value = claims.get(name)
    id_ = parse_uuid(value) if isinstance(value, str) else None
    if id_ is None:
        raise InvalidTokenError(name)
    return id_


def _roles(claims: Mapping[str, Any]) -> Mapping[UUID, frozenset[Role]]:
    """A role that this release does not know gives nothing."""
    projects = claims.get("prj")
    if not isinstance(projects, dict):
        raise InvalidTokenError("prj")
    roles = {}
    for id_, names in projects.items():
        project = parse_uuid(id_)
        if project is None or not isinstance(names, list):
            raise InvalidTokenError("prj")
        known = (_ROLES.get(name) for name in names if isinstance(name, str))
        roles[project] = frozenset(role for role in known if role is not None)
    return roles
