"""How a message of the port looks on the wire: subject, headers, body."""

import json
import re
from collections.abc import Mapping

from hh_core.errors import RejectedError
from hh_core.ports.queue import Message

_SLUG = re.compile(r"[a-z0-9-]{1,32}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ID = re.compile(r"[\x21-\x7e]{1,256}")

_MESSAGE_ID = "Nats-Msg-Id"
_HEADERS = "Hh-Headers"
"""Holds all headers of a message as one JSON object: NATS would trim and merge them."""


def token(text: str, what: str) -> str:
    """``text`` if it may be part of a subject. Raises ``RejectedError``."""
    if _SLUG.fullmatch(text) or _UUID.fullmatch(text):
        return text
    raise RejectedError(f"{what} must be a slug or a UUID")


def encoded_headers(message: Message) -> dict[str, str]:
    """Raises ``RejectedError`` if the id is not up to 256 visible ASCII characters."""
    headers = {}
    if message.id:
        if not _ID.fullmatch(message.id):
            raise RejectedError("a message's id must be 1 to 256 visible ASCII characters")
        headers[_MESSAGE_ID] = message.id
    if message.headers:
        headers[_HEADERS] = json.dumps(dict(message.headers))
    return headers


def wire_size(headers: Mapping[str, str], body: bytes) -> int:
    """What the server counts against its ``max_payload``: headers and body, in bytes."""
    lines = sum(len(name) + len(value) + 4 for name, value in headers.items())
    return len(body) + (lines + len("NATS/1.0\r\n\r\n") if headers else 0)


def decoded(subject: str, headers: Mapping[str, str] | None, body: bytes) -> Message:
    found = headers or {}
    return Message(
        key=subject.rpartition(".")[2],
        body=body,
        headers=json.loads(found.get(_HEADERS, "{}")),
        id=found.get(_MESSAGE_ID, ""),
    )
