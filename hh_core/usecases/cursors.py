"""Opaque page cursors that only this plane can make, bound to the project and the question."""

import base64
import binascii
import hashlib
import hmac
from uuid import UUID

import orjson

from hh_core.domain.event import Json
from hh_core.errors import RejectedError

_MAC_BYTES = 16
_MAX_LENGTH = 16_384


class Cursors:
    """``key`` is secret to the plane. A cursor carries a position, never content."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.sha256(b"cursor\0" + key).digest()

    def seal(self, project: UUID, question: str, position: Json) -> str:
        """Text for a client to send back; letters, digits, ``-`` and ``_``."""
        body = orjson.dumps(position)
        sealed = self._mac(project, question, body) + body
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, project: UUID, question: str, cursor: str, *, name: str = "cursor") -> Json:
        """The position. ``RejectedError`` for a foreign, altered or otherwise bound cursor."""
        try:
            if len(cursor) > _MAX_LENGTH:
                raise ValueError
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        except (ValueError, binascii.Error):
            sealed = b""
        mac, body = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(project, question, body)):
            raise RejectedError(f"{name} is not one of this question; begin again without it")
        return orjson.loads(body)

    def _mac(self, project: UUID, question: str, body: bytes) -> bytes:
        mac = hmac.new(self._key, project.bytes, hashlib.sha256)
        mac.update(hashlib.sha256(question.encode()).digest())
        mac.update(body)
        return mac.digest()[:_MAC_BYTES]
