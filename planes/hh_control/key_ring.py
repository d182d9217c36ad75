"""The control plane's private keys: two files in a folder of its own, never in a database.

``token-keys.json`` signs people's tokens and cluster tokens. A new key is published some time
before it signs, so that no data plane meets a token by a key that it does not know; the old one
verifies until its last token has expired. ``configuration-keys.json`` signs what goes down to data
planes; each new key is signed by the one before, and all links are kept, so that a data plane can
follow however long it was away. Both are read again when they change.
"""

import base64
import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ec import (
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)

from hh_core.errors import ConfigError
from hh_core.usecases.configuration import PublicTokenKey
from hh_core.wire.configuration import ISSUER, key_id_of, signed_bytes
from hh_core.wire.pb.controller_pb2 import Signed, SigningKey
from hh_runtime.net import private_folder
from hh_runtime.signing import (
    key_id,
    new_private_key,
    private_key,
    private_pem,
    public_bytes,
    read_private,
    sign,
    stamp,
    write_private,
)
from hh_runtime.tokens import LEEWAY_SECONDS, MAX_LIFE_SECONDS, TokenKey

FORMAT_VERSION = 1
TOKEN_KEYS = "token-keys.json"
CONFIGURATION_KEYS = "configuration-keys.json"
PUBLISH_SECONDS = 120.0
"""How long a new token key is known before it signs."""
_LAST_TOKEN_MS = 1000 * (MAX_LIFE_SECONDS + 2 * LEEWAY_SECONDS)
_LONGEST_MS = 3650 * 86_400_000


@dataclass(frozen=True, slots=True)
class _TokenKey:
    private: EllipticCurvePrivateKey
    kid: str
    active_ms: int
    not_after_ms: int


@dataclass(frozen=True, slots=True)
class ConfigurationKey:
    """The key that signs configurations, and the chain that leads to it."""

    issuer: str
    private: EllipticCurvePrivateKey
    links: Sequence[Signed]
    """All, oldest first."""

    @property
    def number(self) -> int:
        return len(self.links)

    @property
    def fingerprint(self) -> str:
        return key_id(self.private)

    def links_from(self, fingerprint: str) -> Sequence[Signed]:
        """The chain from the key of this fingerprint; empty if it is none of ours."""
        for index, link in enumerate(self.links):
            if key_id_of_link(link) == fingerprint:
                return self.links[index:]
        return ()

    def sign(self, kind: str, body: bytes) -> Signed:
        signature = sign(self.private, signed_bytes(kind, body))
        return Signed(body=body, key_id=self.fingerprint, signature=signature)


class KeyRing:
    """Raises ``ConfigError`` for a folder or a file that cannot be used. A file that cannot be read
    later leaves the keys in force that were read last."""

    def __init__(
        self, folder: Path, *, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    ) -> None:
        self._folder = private_folder(folder)
        self._now_ms = now_ms
        with self._locked():
            if not self._path(CONFIGURATION_KEYS).exists():
                self._write_configuration(_first_link(now_ms()))
            if not self._path(TOKEN_KEYS).exists():
                self._write_tokens([_new_token_key(now_ms())])
        self._stamps = (stamp(self._path(TOKEN_KEYS)), stamp(self._path(CONFIGURATION_KEYS)))
        self._tokens = self._read_tokens()
        self._configuration = self._read_configuration()

    @property
    def issuer(self) -> str:
        """The control plane's name, which its tokens and configurations carry; random, and the
        same for ever."""
        return self._configuration.issuer

    def fingerprint(self) -> str:
        """Of the configuration-signing key in force: what one-time tokens end in."""
        return self.configuration().fingerprint

    def signing(self) -> TokenKey:
        """The key that signs tokens now: the newest that has been published long enough."""
        self._refresh()
        now = self._now_ms()
        active = [key for key in self._tokens if key.active_ms <= now]
        newest = max(active or self._tokens[:1], key=lambda key: key.active_ms)
        return TokenKey(newest.kid, newest.private)

    def verifying(self) -> Mapping[str, EllipticCurvePublicKey]:
        """By key id, every key whose tokens may still count."""
        self._refresh()
        now = self._now_ms()
        return {key.kid: key.private.public_key() for key in self._tokens if key.not_after_ms > now}

    def published(self) -> Sequence[PublicTokenKey]:
        """As data planes and the JWKS get them."""
        self._refresh()
        now = self._now_ms()
        return [
            PublicTokenKey(key.kid, public_bytes(key.private), key.not_after_ms)
            for key in self._tokens
            if key.not_after_ms > now
        ]

    def configuration(self) -> ConfigurationKey:
        self._refresh()
        return self._configuration

    def rotate_token_key(self, *, publish_seconds: float = PUBLISH_SECONDS) -> str:
        """Make a new key, which signs after ``publish_seconds``; its id."""
        with self._locked():
            now = self._now_ms()
            fresh = _new_token_key(now + int(publish_seconds * 1000))
            last_ms = fresh.active_ms + _LAST_TOKEN_MS
            kept = [
                _TokenKey(key.private, key.kid, key.active_ms, min(key.not_after_ms, last_ms))
                for key in self._read_tokens()
                if key.not_after_ms > now
            ]
            self._write_tokens([*kept, fresh])
        self._refresh()
        return fresh.kid

    def rotate_configuration_key(self) -> str:
        """Make a new key, signed by the old one, which is forgotten; its id."""
        with self._locked():
            old = self._read_configuration()
            fresh = new_private_key()
            link = _link(old.number + 1, fresh, self._now_ms())
            chain = [*old.links, old.sign("SigningKey", link)]
            self._write_configuration(ConfigurationKey(old.issuer, fresh, chain))
        self._refresh()
        return key_id(fresh)

    def _refresh(self) -> None:
        stamps = (stamp(self._path(TOKEN_KEYS)), stamp(self._path(CONFIGURATION_KEYS)))
        if stamps == self._stamps:
            return
        with contextlib.suppress(ConfigError):
            self._tokens, self._configuration = self._read_tokens(), self._read_configuration()
        self._stamps = stamps

    def _path(self, name: str) -> Path:
        return self._folder / name

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._path("lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _read_tokens(self) -> Sequence[_TokenKey]:
        path = self._path(TOKEN_KEYS)
        document = _read(path)
        try:
            keys = [_token_key(item) for item in document["keys"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"{path}: damaged ({type(error).__name__})") from error
        if not keys:
            raise ConfigError(f"{path}: holds no key")
        return sorted(keys, key=lambda key: key.active_ms)

    def _write_tokens(self, keys: Sequence[_TokenKey]) -> None:
        items = [
            {
                "key": private_pem(key.private).decode(),
                "active_ms": key.active_ms,
                "not_after_ms": key.not_after_ms,
            }
            for key in keys
        ]
        _write(self._path(TOKEN_KEYS), {"keys": items})

    def _read_configuration(self) -> ConfigurationKey:
        path = self._path(CONFIGURATION_KEYS)
        document = _read(path)
        try:
            links = [Signed.FromString(base64.b64decode(link)) for link in document["links"]]
            key = private_key(document["key"].encode())
            issuer = document["issuer"]
        except Exception as error:  # protobuf's errors have no base of their own
            raise ConfigError(f"{path}: damaged ({type(error).__name__})") from error
        if not ISSUER.fullmatch(issuer) or not links or key_id_of_link(links[-1]) != key_id(key):
            raise ConfigError(f"{path}: damaged")
        return ConfigurationKey(issuer, key, links)

    def _write_configuration(self, configuration: ConfigurationKey) -> None:
        links = [
            base64.b64encode(link.SerializeToString()).decode() for link in configuration.links
        ]
        document = {
            "issuer": configuration.issuer,
            "key": private_pem(configuration.private).decode(),
            "links": links,
        }
        _write(self._path(CONFIGURATION_KEYS), document)


def key_id_of_link(link: Signed) -> str:
    """The id of the key that a link brings (not of the one that signed it)."""
    return key_id_of(SigningKey.FromString(link.body).public_key)


def _first_link(now_ms: int) -> ConfigurationKey:
    key = new_private_key()
    alone = ConfigurationKey(f"hh-{secrets.token_hex(16)}", key, ())
    link = alone.sign("SigningKey", _link(1, key, now_ms))
    return ConfigurationKey(alone.issuer, key, [link])


def _link(number: int, key: EllipticCurvePrivateKey, now_ms: int) -> bytes:
    link = SigningKey(number=number, public_key=public_bytes(key), issued_ms=now_ms)
    body: bytes = link.SerializeToString()
    return body


def _new_token_key(active_ms: int) -> _TokenKey:
    key = new_private_key()
    return _TokenKey(key, key_id(key), active_ms, active_ms + _LONGEST_MS)


def _token_key(item: Mapping[str, Any]) -> _TokenKey:
    key = private_key(item["key"].encode())
    return _TokenKey(key, key_id(key), int(item["active_ms"]), int(item["not_after_ms"]))


def _read(path: Path) -> Mapping[str, Any]:
    data = read_private(path)
    if data is None:
        raise ConfigError(f"{path}: is missing; restore it from a backup")
    try:
        document = orjson.loads(data)
        version = document["version"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: damaged ({type(error).__name__})") from error
    if version != FORMAT_VERSION:
        raise ConfigError(f"{path}: version {FORMAT_VERSION} is needed")
    return dict(document)


def _write(path: Path, document: Mapping[str, Any]) -> None:
    try:
        write_private(path, orjson.dumps({"version": FORMAT_VERSION, **document}))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
