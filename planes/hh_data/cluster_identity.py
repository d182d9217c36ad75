"""Who this data plane is to its control plane: its own key, and the keys that it follows.

The folder (mode 0700) is shared by the processes of one data plane. Only the controller writes to
it; each step leaves files from which the next start goes on::

    key.pem         the key in force                     trust.pb      the chain of signing keys
    key.next.pem    a rotation has begun                 enrolled      SHA-256 of the used token
    key.enrol.pem   an enrolment has begun
"""

import fcntl
import logging
import os
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import grpc.aio
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from hh_core.domain.enrolment import fingerprint_in, token_digest
from hh_core.errors import ConfigError, DeniedError, RejectedError, UnavailableError
from hh_core.usecases.follow import Chain, kept_chain, trusted_chain
from hh_core.wire.configuration import FORMAT_VERSION, ISSUER, enrol_bytes, rotate_bytes
from hh_core.wire.pb.controller_pb2 import (
    EnrolRequest,
    EnrolResponse,
    RotateKey,
    TokenRequest,
    TokenResponse,
)
from hh_data.control_channel import call_errors, is_unauthenticated
from hh_runtime.net import private_folder
from hh_runtime.signing import (
    key_id,
    new_private_key,
    public_bytes,
    read_private,
    read_private_key,
    rename,
    sign,
    verify,
    write_private,
    write_private_key,
)
from hh_runtime.tokens import Kind, TokenKey
from hh_runtime.tokens import sign as sign_token

log = logging.getLogger(__name__)

KEY, NEXT_KEY, ENROLLING_KEY = "key.pem", "key.next.pem", "key.enrol.pem"
TRUST, ENROLLED = "trust.pb", "enrolled"
ASSERTION_SECONDS = 60
CALL_SECONDS = 20.0
_SERVICE = "/hh.controller.v1.Controller"
_TOKEN = re.compile(r"[A-Za-z0-9_.-]{1,8192}")
_LONGEST_SECONDS = 900


class ClusterIdentity:
    """The files. Raises ``ConfigError`` for a folder or file that cannot be used."""

    def __init__(self, dp_id: UUID, folder: Path) -> None:
        self.dp_id = str(dp_id)
        self._folder = private_folder(folder)

    def key(self) -> EllipticCurvePrivateKey | None:
        """The key in force, as it stands on the disk now; None before the enrolment."""
        return read_private_key(self._folder / KEY)

    def key_age_seconds(self) -> float:
        return max(0.0, time.time() - (self._folder / KEY).stat().st_mtime)

    def trust(self) -> bytes | None:
        return read_private(self._folder / TRUST)

    def save_trust(self, data: bytes) -> None:
        """Raises ``OSError``."""
        write_private(self._folder / TRUST, data)

    def chain(self) -> Chain | None:
        """What this data plane follows; None before the enrolment."""
        data = self.trust()
        if data is None:
            return None
        try:
            return kept_chain(data, verify)
        except RejectedError as error:
            raise ConfigError(f"{self._folder / TRUST}: damaged; enrol again") from error

    def lock(self) -> int | None:
        """An open file that keeps other controllers out of the folder; None if one is in."""
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return descriptor

    def must_enrol(self, one_time_token: str | None) -> bool:
        """Whether this token was not used yet. Raises ``ConfigError`` if there is neither a token
        nor an identity."""
        if one_time_token is None:
            if self.key() is None or self.trust() is None:
                raise ConfigError(
                    "control.enrolment_token: is needed once, to make this data plane known"
                )
            return False
        if fingerprint_in(one_time_token) is None:
            raise ConfigError("control.enrolment_token: not a one-time token")
        used = read_private(self._folder / ENROLLED)
        if used != token_digest(one_time_token).encode():
            return True
        if (self._folder / ENROLLING_KEY).exists():  # a crash before the last step
            self._take_over(ENROLLING_KEY)
        return False

    def enrolment(self, one_time_token: str) -> EnrolRequest:
        """With the same key again after a crash, so that an answer that was lost does no harm."""
        path = self._folder / ENROLLING_KEY
        key = read_private_key(path) or new_private_key()
        write_private_key(path, key)
        return EnrolRequest(
            format_version=FORMAT_VERSION,
            dp_id=self.dp_id,
            one_time_token=one_time_token,
            public_key=public_bytes(key),
            proof=sign(key, enrol_bytes(self.dp_id, one_time_token)),
        )

    def enrolled(self, one_time_token: str, answer: EnrolResponse) -> None:
        """Raises ``RejectedError`` unless the answer is by the key that the token names."""
        if not ISSUER.fullmatch(answer.issuer):
            raise RejectedError("issuer: not a name")
        chain = trusted_chain(answer, fingerprint_in(one_time_token) or "", verify)
        self.save_trust(chain.serialized())
        write_private(self._folder / ENROLLED, token_digest(one_time_token).encode())
        self._take_over(ENROLLING_KEY)

    def rotation(self, *, begin: bool) -> RotateKey | None:
        """The rotation that is under way; with ``begin`` also a new one."""
        old, path = self.key(), self._folder / NEXT_KEY
        fresh = read_private_key(path)
        if old is None or (fresh is None and not begin):
            return None
        if fresh is None:
            fresh = new_private_key()
            write_private_key(path, fresh)
        public = public_bytes(fresh)
        message = rotate_bytes(self.dp_id, public)
        return RotateKey(public_key=public, by_old=sign(old, message), by_new=sign(fresh, message))

    def rotated(self, public_key: bytes) -> bool:
        """The control plane takes the new key from now on; False if it is not the one that was
        offered."""
        fresh = read_private_key(self._folder / NEXT_KEY)
        if fresh is None or public_bytes(fresh) != public_key:
            return False
        self._take_over(NEXT_KEY)
        return True

    def assertion(self, key: EllipticCurvePrivateKey, issuer: str, *, now: float) -> str:
        claims = {
            "iss": self.dp_id,
            "sub": self.dp_id,
            "aud": issuer,
            "iat": int(now),
            "nbf": int(now),
            "exp": int(now) + ASSERTION_SECONDS,
            "jti": secrets.token_hex(16),
        }
        return sign_token(Kind.ASSERTION, TokenKey(key_id(key), key), claims)

    def _take_over(self, name: str) -> None:
        rename(self._folder / name, self._folder / KEY)
        if name == ENROLLING_KEY:  # a rotation of the key that is no more
            (self._folder / NEXT_KEY).unlink(missing_ok=True)


class ClusterTokens:
    """Cluster tokens for this data plane, each used until most of its time is over."""

    def __init__(
        self,
        identity: ClusterIdentity,
        channel: grpc.aio.Channel,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._identity = identity
        self._clock = clock
        self._call = channel.unary_unary(
            f"{_SERVICE}/Token",
            request_serializer=TokenRequest.SerializeToString,
            response_deserializer=TokenResponse.FromString,
        )
        self._token = ""
        self._until = 0.0

    async def token(self) -> str:
        """Raises ``UnavailableError`` while there is no identity or no control plane, and
        ``DeniedError`` if it does not let this data plane in."""
        if self._clock() >= self._until:
            try:
                await self._renew()
            except DeniedError as error:
                if not is_unauthenticated(error):
                    raise
                await self._renew()  # the key may have been rotated since it was read
        return self._token

    def drop(self, token: str = "") -> None:
        """This token does not count any more: get another next time."""
        if not token or token == self._token:
            self._until = 0.0

    async def _renew(self) -> None:
        key, chain = self._identity.key(), self._identity.chain()
        if key is None or chain is None:
            raise UnavailableError("this data plane is not enrolled yet")
        now = self._clock()
        assertion = self._identity.assertion(key, chain.issuer, now=now)
        with call_errors():
            answer = await self._call(TokenRequest(assertion=assertion), timeout=CALL_SECONDS)
        if not _TOKEN.fullmatch(answer.token):
            raise UnavailableError("the control plane answered something else than a token")
        seconds = min(answer.expires_in_s, _LONGEST_SECONDS)
        self._token, self._until = answer.token, now + 0.8 * seconds


async def enrol(identity: ClusterIdentity, channel: grpc.aio.Channel, one_time_token: str) -> None:
    """Make this data plane known. Raises ``DeniedError`` if the token does not count, and
    ``UnavailableError`` to try again."""
    call = channel.unary_unary(
        f"{_SERVICE}/Enrol",
        request_serializer=EnrolRequest.SerializeToString,
        response_deserializer=EnrolResponse.FromString,
    )
    request = identity.enrolment(one_time_token)
    with call_errors():
        answer = await call(request, timeout=CALL_SECONDS)
    try:
        identity.enrolled(one_time_token, answer)
    except RejectedError as error:
        raise DeniedError("whoever answered did not make the one-time token") from error
    log.info("this data plane is enrolled")
