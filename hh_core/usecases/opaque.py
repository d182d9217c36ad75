"""Opaque secrets that say where their record stands: cookies, refresh and invitation tokens.

``<prefix><two ids and 32 random bytes in base64url>``. The ids lead to one record by its key, and
the record holds a digest of the secret: no search, and nothing in a database that opens anything.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Opaque:
    first: UUID
    second: UUID
    secret: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.secret).hexdigest()

    def matches(self, digest: str) -> bool:
        return hmac.compare_digest(self.digest, digest)

    def text(self, prefix: str = "") -> str:
        data = self.first.bytes + self.second.bytes + self.secret
        return prefix + base64.urlsafe_b64encode(data).decode().rstrip("=")


def parse_opaque(text: str, prefix: str = "") -> Opaque | None:
    """None for what cannot be one."""
    if not text.startswith(prefix) or len(text) != len(prefix) + 86:
        return None
    try:
        data = base64.b64decode(text[len(prefix) :] + "==", b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    if len(data) != 32 + SECRET_BYTES:
        return None
    return Opaque(UUID(bytes=data[:16]), UUID(bytes=data[16:32]), data[32:])
