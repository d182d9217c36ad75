"""The control plane's private keys, in a folder of its own, never in a database."""

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)

from hh_core.errors import ConfigError
from hh_runtime.net import private_folder
from hh_runtime.tokens import TokenKey

_PEM = serialization.Encoding.PEM
_DER = serialization.Encoding.DER


class KeyRing:
    """Makes the first key when there is none. Raises ``ConfigError`` for a file that is damaged."""

    def __init__(self, folder: Path) -> None:
        path = private_folder(folder) / "token-keys.json"
        if not path.exists():
            _write(path)
        try:
            document = orjson.loads(path.read_bytes())
            self._keys = [_key(item) for item in document["keys"]]
            self._issuer = str(document["issuer"])
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"{path}: damaged ({type(error).__name__})") from error

    @property
    def issuer(self) -> str:
        return self._issuer

    def signing(self) -> TokenKey:
        return self._keys[-1]

    def verifying(self) -> Mapping[str, EllipticCurvePublicKey]:
        return {key.kid: key.private.public_key() for key in self._keys}


def _write(path: Path) -> None:
    key = generate_private_key(SECP256R1())
    plain = serialization.NoEncryption()
    pem = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, plain).decode()
    body = {"version": 1, "issuer": f"hh-{secrets.token_hex(16)}", "keys": [{"key": pem}]}
    fresh = path.with_name(f".{path.name}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(body))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _key(item: Mapping[str, Any]) -> TokenKey:
    key = serialization.load_pem_private_key(item["key"].encode(), None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise ValueError("not an EC key")
    public = key.public_key().public_bytes(_DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return TokenKey(hashlib.sha256(public).hexdigest(), key)
