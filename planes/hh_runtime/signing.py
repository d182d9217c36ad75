"""ECDSA keys on P-256 that sign bytes, and the files that hold them.

Every signature is over a domain of its own (``hh-signed-v1`` and a kind, ``hh-enrol-v1``, …), so
that what was signed for one purpose counts for no other. Signatures are ASN.1 DER over SHA-256.
"""

import contextlib
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from hh_core.errors import ConfigError
from hh_core.wire.configuration import is_p256_public_key, key_id_of

MAX_FILE_BYTES = 64 << 20


def new_private_key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


def public_bytes(key: EllipticCurvePrivateKey | EllipticCurvePublicKey) -> bytes:
    """SubjectPublicKeyInfo (DER)."""
    public = key.public_key() if isinstance(key, EllipticCurvePrivateKey) else key
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_id(key: EllipticCurvePrivateKey | EllipticCurvePublicKey) -> str:
    """The SHA-256 of its SubjectPublicKeyInfo, hexadecimal."""
    return key_id_of(public_bytes(key))


def public_key(data: bytes) -> EllipticCurvePublicKey:
    """Raises ``ValueError`` for anything but SubjectPublicKeyInfo of a point on P-256."""
    if not is_p256_public_key(data):
        raise ValueError("not a public key on P-256")
    try:
        key = load_der_public_key(data)
    except UnsupportedAlgorithm as error:
        raise ValueError("not a public key on P-256") from error
    if not isinstance(key, EllipticCurvePublicKey):
        raise ValueError("not a public key on P-256")
    return key


def sign(key: EllipticCurvePrivateKey, message: bytes) -> bytes:
    return key.sign(message, ECDSA(SHA256()))


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` over ``message`` is by the key ``public``; False for what is no key."""
    try:
        public_key(public).verify(signature, message, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def private_pem(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def private_key(pem: bytes) -> EllipticCurvePrivateKey:
    """Raises ``ValueError`` for anything but an unencrypted PEM key on P-256."""
    try:
        key = load_pem_private_key(pem, None)
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError("not a private key on P-256") from error
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("not a private key on P-256")
    return key


def read_private_key(path: Path) -> EllipticCurvePrivateKey | None:
    """The key in a PEM file; None if there is none. Raises ``ConfigError`` for another file, and
    for one that others may read."""
    data = read_private(path)
    if data is None:
        return None
    try:
        return private_key(data)
    except ValueError as error:
        raise ConfigError(f"{path}: not a PEM file of a private key on P-256") from error


def write_private_key(path: Path, key: EllipticCurvePrivateKey) -> None:
    write_private(path, private_pem(key))


def read_private(path: Path) -> bytes | None:
    """The content of a file that only its owner may read; None if there is none."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigError(f"{path} is open to other users; close it by chmod 600 {path}")
            return file.read(MAX_FILE_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


def write_private(path: Path, data: bytes) -> None:
    """Replace a file atomically and durably, mode 0600. Raises ``OSError``."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
    sync_folder(path.parent)


def rename(old: Path, new: Path) -> None:
    """Durably."""
    old.replace(new)
    sync_folder(new.parent)


def sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is replaced; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
