"""Access tokens by this plane's own keys: signed for both planes, verified for this one."""

import base64
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from hh_core.usecases.access_tokens import CONTROL
from hh_runtime.tokens import InvalidTokenError, Kind, TokenKey, sign, verify


class TokenKeys(Protocol):
    """What of the key ring is needed here."""

    @property
    def issuer(self) -> str: ...

    def signing(self) -> TokenKey: ...

    def verifying(self) -> Mapping[str, EllipticCurvePublicKey]: ...


class TokenSigner:
    def __init__(self, keys: TokenKeys, *, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._clock = clock

    @property
    def issuer(self) -> str:
        return self._keys.issuer

    def sign(self, claims: Mapping[str, Any]) -> str:
        return sign(Kind.ACCESS, self._keys.signing(), claims)

    def read(self, token: str) -> tuple[UUID, UUID, int] | None:
        """Person, session and expiry (seconds) of a token for this plane; None for any that does
        not count. Whether its session still lives is not known here."""
        try:
            claims = verify(
                token,
                Kind.ACCESS,
                self._keys.verifying(),
                issuer=self._keys.issuer,
                audience=CONTROL,
                clock=self._clock,
            )
            return UUID(claims["sub"]), UUID(claims["sid"]), int(claims["exp"])
        except (InvalidTokenError, KeyError, TypeError, ValueError, AttributeError):
            return None


def jwks(keys: Mapping[str, EllipticCurvePublicKey]) -> Mapping[str, Any]:
    """The public keys as RFC 7517 wants them."""
    return {"keys": [_jwk(kid, key) for kid, key in sorted(keys.items())]}


def _jwk(kid: str, key: EllipticCurvePublicKey) -> Mapping[str, str]:
    numbers = key.public_numbers()
    named = {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid}
    return {**named, "x": _coordinate(numbers.x), "y": _coordinate(numbers.y)}


def _coordinate(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")
