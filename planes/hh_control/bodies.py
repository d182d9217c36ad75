"""Read what a client sends. A field that is not to be set is refused by name, never ignored."""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from hh_core.domain.identity import parse_uuid
from hh_core.errors import RejectedError

BODY_SECONDS = 10.0
"""A body is at most 64 KiB: slower ones are not waited for."""
_NAME = re.compile(r"[a-z_]{1,32}")
"""What an answer repeats of a body. No key and no token looks so: those are longer."""


async def read_json(request: web.Request) -> Any:
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise RejectedError("Content-Encoding: send the body uncompressed", code=415)
    try:
        return orjson.loads(await read_body(request))
    except orjson.JSONDecodeError:
        raise RejectedError("body: not JSON") from None


async def read_body(request: web.Request) -> bytes:
    """All of it; the second time it is there already."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise RejectedError("body: did not arrive in time; send it faster", code=408) from None
    except (web.RequestPayloadError, BadHttpMessage):
        raise RejectedError("body: its framing is broken") from None


async def read_fields(request: web.Request, *names: str) -> "Fields":
    """The JSON object of a request that may hold ``names`` and no others.

    It must be called JSON: a page of somebody else can send only forms without asking first.
    """
    if request.content_type != "application/json":
        raise RejectedError("Content-Type: must be application/json", code=415)
    body = await read_json(request)
    if not isinstance(body, dict):
        raise RejectedError("body: must be a JSON object", code=422)
    for name in body:
        if name not in names:
            told = name if _NAME.fullmatch(name) else "another field"
            raise RejectedError(f"{told}: is no field that can be set here", code=422)
    return Fields(body)


class Fields:
    """The checked fields of a body. Each method raises ``RejectedError`` with the field's name."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, *, most: int, least: int = 1) -> str:
        """One line of it."""
        value = self._values.get(name)
        if not isinstance(value, str) or not least <= len(value.strip()) <= len(value) <= most:
            raise _wrong(name, f"must be text of {least} to {most} characters")
        if not value.isprintable():
            raise _wrong(name, "must hold no control characters")
        return value.strip()

    def secret(self, name: str) -> str:
        """As it is."""
        value = self._values.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= 1024:
            raise _wrong(name, "must be text")
        return value

    def choice(self, name: str, among: tuple[str, ...], default: str) -> str:
        value = self._values.get(name, default)
        if value not in among:
            raise _wrong(name, f"must be one of {', '.join(among)}")
        return str(value)

    def texts(self, name: str, *, most: int) -> list[str]:
        value = self._values.get(name)
        if not isinstance(value, list) or len(value) > most:
            raise _wrong(name, f"must be a list of at most {most}")
        if not all(isinstance(each, str) and 0 < len(each) <= 128 for each in value):
            raise _wrong(name, "each must be text of 1 to 128 characters")
        if len(set(value)) != len(value):
            raise _wrong(name, "each must be there once")
        return list(value)

    def number(self, name: str, *, least: int, most: int) -> int | None:
        """None if the body says null."""
        value = self._values.get(name)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not (is_number and least <= value <= most):
            raise _wrong(name, f"must be a whole number from {least} to {most}, or null")
        return value

    def moment(self, name: str) -> int | None:
        """ISO 8601 with its offset, in ms since 1970; None if it was not sent, or is null."""
        value = self._values.get(name)
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(value)
            if at.tzinfo is None:
                raise ValueError("no offset")
            return int(at.timestamp() * 1000)
        except (TypeError, ValueError, OverflowError):
            raise _wrong(name, "must be a time such as 2027-01-31T12:00:00Z") from None

    def flag(self, name: str) -> bool:
        value = self._values.get(name)
        if not isinstance(value, bool):
            raise _wrong(name, "must be true or false")
        return value

    def ids(self, name: str, *, most: int) -> list[UUID]:
        found = [parse_uuid(each) for each in self.texts(name, most=most)]
        if None in found:
            raise _wrong(name, "each must be a UUID")
        return [each for each in found if each is not None]


def query_number(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not least <= int(text) <= most:
        raise RejectedError(f"{name}: must be a whole number from {least} to {most}", code=422)
    return int(text)


def query_id(request: web.Request, name: str) -> UUID | None:
    text = request.query.get(name)
    found = parse_uuid(text)
    if text is not None and found is None:
        raise RejectedError(f"{name}: must be a UUID", code=422)
    return found


def _wrong(name: str, message: str) -> RejectedError:
    return RejectedError(f"{name}: {message}", code=422)
