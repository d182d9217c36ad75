"""One-time tokens, by which a data plane and its control plane meet for the first time.

``hh_enrol_`` + 43 base62 (256 random bits) + ``_`` + the fingerprint of the control plane's
configuration-signing key: so the data plane knows whom to trust, and not by its network only.
"""

import hashlib
import re

from hh_core.domain.api_keys import ALPHABET

RANDOM_BYTES = 32
_TOKEN = re.compile(r"hh_enrol_[0-9A-Za-z]{43}_([0-9a-f]{64})")


def one_time_token(random: bytes, fingerprint: str) -> str:
    """From 32 random bytes. Raises ``ValueError`` for fewer."""
    if len(random) < RANDOM_BYTES:
        raise ValueError(f"a one-time token needs {RANDOM_BYTES} random bytes")
    number, letters = int.from_bytes(random[:RANDOM_BYTES], "big"), []
    for _ in range(43):
        number, digit = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[digit])
    return f"hh_enrol_{''.join(letters)}_{fingerprint}"


def fingerprint_in(token: str) -> str | None:
    """Of the key that the token's administrator vouches for; None for what is no such token."""
    found = _TOKEN.fullmatch(token)
    return found[1] if found else None


def token_digest(token: str) -> str:
    """What is kept and compared."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
