"""JSON Web Tokens as RFC 8725 wants them: one algorithm, each claim required, keys by name only.

The algorithm is ES256 and is never taken from the token. ``jku``, ``jwk`` and ``x5u`` are refused
unread, as is ``crit``: nothing in a token leads anywhere. ``kid`` is looked up in the map that the
caller gives, and nowhere else. A token of one kind never passes as another (``typ``).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)

from hh_core.errors import HHError

ALGORITHM = "ES256"
LEEWAY_SECONDS = 30
MAX_LENGTH = 8 << 10
MAX_LIFE_SECONDS = 15 * 60
_HEADERS = frozenset({"alg", "typ", "kid"})
_REQUIRED = ("iss", "sub", "aud", "exp", "iat", "nbf", "jti")


class Kind(StrEnum):
    """What a token is for: its ``typ``."""

    ACCESS = "at+jwt"
    """A person's, for one plane (RFC 9068)."""
    CLUSTER = "cluster+jwt"
    """A data plane's, for its control plane."""
    ASSERTION = "dp-assertion+jwt"
    """By a data plane's own key, to get a cluster token (RFC 7523)."""


class InvalidTokenError(HHError):
    """The token does not count. ``code`` says why, for our counters; clients are not told."""

    def __init__(self, code: str) -> None:
        super().__init__(f"the token is not valid ({code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key that signs tokens, and its name in ``kid``."""

    kid: str
    private: EllipticCurvePrivateKey


def sign(kind: Kind, key: TokenKey, claims: Mapping[str, Any]) -> str:
    """``claims`` must hold ``iss, sub, aud, exp, iat, nbf, jti``; times in seconds since 1970."""
    missing = [name for name in _REQUIRED if name not in claims]
    if missing:
        raise ValueError(f"a token needs the claims {', '.join(missing)}")
    headers = {"typ": kind.value, "kid": key.kid}
    return jwt.encode(dict(claims), key.private, algorithm=ALGORITHM, headers=headers)


def verify(
    token: str,
    kind: Kind,
    keys: Mapping[str, EllipticCurvePublicKey],
    *,
    issuer: str,
    audience: str,
    clock: Callable[[], float] = time.time,
) -> Mapping[str, Any]:
    """The claims of a token that counts now. Raises ``InvalidTokenError``."""
    key = keys.get(_kid(token, kind))
    if key is None:
        raise InvalidTokenError("unknown_key")
    if not isinstance(key.curve, SECP256R1):
        raise InvalidTokenError("key_curve")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=issuer,
            audience=audience,
            options={
                "require": list(_REQUIRED),
                "strict_aud": True,
                # by our own clock, below
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except jwt.PyJWTError as error:
        raise InvalidTokenError(type(error).__name__) from error
    _require_time(claims, clock())
    if not all(isinstance(claims[name], str) and claims[name] for name in ("sub", "jti")):
        raise InvalidTokenError("claims")
    return claims


def _kid(token: str, kind: Kind) -> str:
    if len(token) > MAX_LENGTH or not token.isascii():
        raise InvalidTokenError("length")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise InvalidTokenError("malformed") from error
    if not header.keys() <= _HEADERS:  # crit, jku, jwk, x5u, x5c, b64, …
        raise InvalidTokenError("header")
    if header.get("alg") != ALGORITHM or header.get("typ") != kind.value:
        raise InvalidTokenError("type")
    kid = header.get("kid")
    if not isinstance(kid, str):
        raise InvalidTokenError("kid")
    return kid


def _require_time(claims: Mapping[str, Any], now: float) -> None:
    times = [claims[name] for name in ("iat", "nbf", "exp")]
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in times):
        raise InvalidTokenError("times")
    issued, not_before, expires = times
    if now >= expires + LEEWAY_SECONDS:
        raise InvalidTokenError("expired")
    if now < max(issued, not_before) - LEEWAY_SECONDS:
        raise InvalidTokenError("not_yet")
    if not 0 < expires - issued <= MAX_LIFE_SECONDS:
        raise InvalidTokenError("too_long")
