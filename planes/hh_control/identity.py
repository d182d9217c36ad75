"""Which data planes may speak to this control plane: by tokens that it gives for their keys."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import jwt

from hh_control.key_ring import KeyRing
from hh_core.usecases.data_planes import DataPlanes, NotProvedError, Standing
from hh_core.wire.configuration import key_id_of
from hh_runtime.signing import public_key
from hh_runtime.tokens import LEEWAY_SECONDS, InvalidTokenError, Kind, sign, verify

AUDIENCE = "hh-cluster"
TOKEN_SECONDS = 600
ASSERTION_SECONDS = 60
CACHE_SECONDS = 5.0
_MOST_CACHED = 10_000


@dataclass(frozen=True, slots=True)
class Identified:
    """A caller with a cluster token that counts."""

    dp_id: str
    generation: int
    expires: float
    """Seconds since 1970."""
    standing: Standing | None
    """None: nobody knows it (any more)."""

    @property
    def is_let_in(self) -> bool:
        return self.standing is not None and self.standing.is_let_in


class Identities:
    def __init__(
        self, planes: DataPlanes, ring: KeyRing, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._planes = planes
        self._ring = ring
        self._clock = clock
        self._standings: OrderedDict[str, tuple[float, Standing | None]] = OrderedDict()

    async def identify(self, authorization: str | None) -> Identified | None:
        """Who has the cluster token in this metadata; None if it does not count. Raises
        ``UnavailableError`` with the records."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = verify(
                *(token.strip(), Kind.CLUSTER, self._ring.verifying()),
                issuer=self._ring.issuer,
                audience=AUDIENCE,
                clock=self._clock,
            )
        except InvalidTokenError:
            return None
        generation = claims.get("gen")
        if not isinstance(generation, int):
            return None
        dp_id = str(claims["sub"])
        standing = await self.standing(dp_id, at_least=generation)
        if standing is not None and standing.is_let_in and standing.generation != generation:
            return None
        return Identified(dp_id, generation, float(claims["exp"]), standing)

    async def standing(self, dp_id: str, *, at_least: int = 0) -> Standing | None:
        """At most five seconds old, and of this generation or a later one."""
        now = self._clock()
        at, standing = self._standings.get(dp_id, (0.0, None))
        is_fresh = 0 <= now - at < CACHE_SECONDS
        if not is_fresh or standing is None or standing.generation < at_least:
            standing = await self._planes.standing(dp_id)
            self._standings[dp_id] = (now, standing)
            self._standings.move_to_end(dp_id)
            while len(self._standings) > _MOST_CACHED:
                self._standings.popitem(last=False)
        return standing

    async def exchange(self, assertion: str) -> tuple[str, int]:
        """A cluster token for a data plane's assertion, and the seconds it holds. Each assertion
        counts once. Raises ``NotProvedError``."""
        try:
            dp_id = str(jwt.decode(assertion, options={"verify_signature": False}).get("iss"))
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            raise NotProvedError from None
        standing = await self._planes.standing(dp_id) if 0 < len(dp_id) <= 64 else None
        if standing is None or not standing.is_let_in:
            raise NotProvedError
        by_id = {key_id_of(key): key for key in standing.public_keys}
        try:
            claims = verify(
                assertion,
                Kind.ASSERTION,
                {kid: public_key(key) for kid, key in by_id.items()},
                issuer=dp_id,
                audience=self._ring.issuer,
                clock=self._clock,
            )
        except InvalidTokenError:
            raise NotProvedError from None
        if claims["sub"] != dp_id or claims["exp"] - claims["iat"] > ASSERTION_SECONDS:
            raise NotProvedError
        void_ms = int((claims["exp"] + LEEWAY_SECONDS) * 1000)
        await self._planes.use_assertion(dp_id, claims["jti"], void_ms=void_ms)
        used = by_id[jwt.get_unverified_header(assertion)["kid"]]
        await self._planes.token_asked_with(dp_id, used)
        return self._token(dp_id, standing.generation), TOKEN_SECONDS

    def _token(self, dp_id: str, generation: int) -> str:
        now = int(self._clock())
        claims = {
            "iss": self._ring.issuer,
            "sub": dp_id,
            "aud": AUDIENCE,
            "iat": now,
            "nbf": now,
            "exp": now + TOKEN_SECONDS,
            "jti": secrets.token_hex(16),
            "gen": generation,
        }
        return sign(Kind.CLUSTER, self._ring.signing(), claims)
