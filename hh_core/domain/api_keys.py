"""API keys: their kinds and shapes (contract A1). Making and reading them; keeping is elsewhere.

A key is 256 random bits or more in the shape that clients know, with a checksum, so that secret
scanners can tell a key from noise and a mistyped one is found without a question to anybody:

========== ============================================================= ============
kind       shape                                                         random bits
========== ============================================================= ============
project    ``hh_`` + 43 base62 + 6 base62 of checksum                    256
read-only  ``hh_ro_`` + the same                                         256
ingestion  ``hh_ingst_`` + 24 base62 + ``_`` + 58 base62 + 6 of checksum 488
data plane ``hh_fgdp_`` + the same                                       488
control    ``hh_fgcp_`` + the same                                       488
========== ============================================================= ============

The checksum is the first 32 bits of the SHA-256 of all that stands before it. Keys of other makers
(project keys of any shape) are looked up by their digest all the same.
"""

import hashlib
from enum import StrEnum

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RANDOM_BYTES = 64
"""What ``new_key`` needs of a cryptographic source."""
MAX_LENGTH = 512
_CHECKSUM = 6


class KeyKind(StrEnum):
    PROJECT = "project"
    READ_ONLY = "read_only"
    INGESTION = "ingestion"
    DATA_PLANE = "data_plane"
    CONTROL_PLANE = "control_plane"

    @property
    def is_fine_grained(self) -> bool:
        """Whether each key of this kind carries permissions of its own, and a scope of its own."""
        return self in (KeyKind.DATA_PLANE, KeyKind.CONTROL_PLANE)


PREFIX = {
    KeyKind.INGESTION: "hh_ingst_",
    KeyKind.DATA_PLANE: "hh_fgdp_",
    KeyKind.CONTROL_PLANE: "hh_fgcp_",
    KeyKind.READ_ONLY: "hh_ro_",
    KeyKind.PROJECT: "hh_",
}
"""Longest first: the first that fits names the kind."""


def new_key(kind: KeyKind, random: bytes) -> str:
    """A key of ``kind`` from 64 random bytes. Raises ``ValueError`` for fewer."""
    if len(random) < RANDOM_BYTES:
        raise ValueError(f"a key needs {RANDOM_BYTES} random bytes")
    number = int.from_bytes(random[:RANDOM_BYTES], "big")
    if kind in (KeyKind.PROJECT, KeyKind.READ_ONLY):
        text = PREFIX[kind] + _base62(number, 43)
    else:
        letters = _base62(number, 82)
        text = f"{PREFIX[kind]}{letters[:24]}_{letters[24:]}"
    return text + _checksum(text)


def kind_of(key: str) -> KeyKind | None:
    """By its prefix; None for what cannot be a key of ours."""
    return next((kind for kind, prefix in PREFIX.items() if key.startswith(prefix)), None)


def is_well_formed(key: str) -> bool:
    """Whether the checksum fits."""
    return len(key) > _CHECKSUM and key[-_CHECKSUM:] == _checksum(key[:-_CHECKSUM])


def digest_of(key: str) -> str:
    """What is kept and compared: SHA-256 in hexadecimal. Enough, as nobody can guess the key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def shown(key: str) -> str:
    """How a key is recognised in lists: its prefix and its last four characters."""
    kind = kind_of(key)
    return f"{PREFIX[kind] if kind else ''}…{key[-4:]}"


def _checksum(text: str) -> str:
    data = hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
    return _base62(int.from_bytes(data[:4], "big"), _CHECKSUM)


def _base62(number: int, length: int) -> str:
    letters = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        letters.append(ALPHABET[digit])
    return "".join(reversed(letters))
