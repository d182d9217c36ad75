"""People: who they are, and the password by which they prove it. Kept as a hash, and nowhere else.

A person is known by an e-mail address; letters of any case are the same address. Whoever has been
invited but has never set a password cannot sign in.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID, uuid4

from hh_core.errors import NotFoundError, RejectedError
from hh_core.ports.records import Record, UnitOfWork

USERS = "users"
USER_EMAILS = "user-emails"
MIN_PASSWORD = 12
MAX_PASSWORD = 256
MAX_EMAIL = 254
MAX_NAME = 128
NOBODY = UUID(int=0)
"""Stands for a person that does not exist, so that looking him up is the same work."""

_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{1,189}")


class Passwords(Protocol):
    """Slow on purpose. Both raise ``OverloadedError`` when too many wait."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, hash_: str | None, password: str) -> bool:
        """None (nobody has such a hash) takes the same work and is False."""
        ...


@dataclass(frozen=True, slots=True)
class User:
    user_id: UUID
    email: str
    name: str
    password: str | None
    """The hash; None: invited, never onboarded."""
    created_ms: int
    version: int


def checked_email(text: str) -> str:
    """In the one form of all that are the same: an answer must not tell how somebody else wrote it
    before. Raises ``RejectedError``."""
    email = _folded(text)
    if len(email) > MAX_EMAIL or not _EMAIL.fullmatch(email) or not email.isprintable():
        raise RejectedError("email: not an e-mail address", code=422)
    return email


def checked_password(password: str, email: str) -> str:
    """Raises ``RejectedError`` for one that is too easy to guess; the message never holds it."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        message = f"password: must have {MIN_PASSWORD} to {MAX_PASSWORD} characters"
        raise RejectedError(message, code=422)
    folded = password.casefold()
    if folded in (email.casefold(), email.partition("@")[0].casefold()):
        raise RejectedError("password: must not be the e-mail address", code=422)
    if len(set(password)) < 4:
        raise RejectedError("password: must not be a few characters repeated", code=422)
    return password


def email_key(email: str) -> str:
    return hashlib.sha256(_folded(email).encode("utf-8", "surrogatepass")).hexdigest()


def _folded(email: str) -> str:
    return unicodedata.normalize("NFC", email.strip().lower())


class People:
    """Works in units of work of others: a person comes into being together with a membership."""

    def __init__(self, *, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms

    async def by_email(self, unit: UnitOfWork, email: str) -> User | None:
        """The same reads whether there is such a person or not."""
        found = await unit.get(USER_EMAILS, [email_key(email)])
        user_id = UUID(found[0].value["user_id"]) if found else NOBODY
        return await self.find(unit, user_id)

    async def find(self, unit: UnitOfWork, user_id: UUID) -> User | None:
        found = await unit.get(USERS, [str(user_id)])
        return _user(found[0]) if found else None

    async def get(self, unit: UnitOfWork, user_id: UUID) -> User:
        """Raises ``NotFoundError``."""
        user = await self.find(unit, user_id)
        if user is None:
            raise NotFoundError("there is no such person")
        return user

    async def invited(self, unit: UnitOfWork, email: str) -> User:
        """The person of this address, who is made known if need be, without a password. Raises
        ``ConflictError`` if somebody else does the same just now."""
        known = await self.by_email(unit, email)
        if known is not None:
            return known
        user = User(uuid4(), email, "", None, self._now_ms(), 0)
        await unit.put(USER_EMAILS, email_key(email), {"user_id": str(user.user_id)}, expect=0)
        await self._put(unit, user)
        return User(user.user_id, email, "", None, user.created_ms, 1)

    async def set_password(
        self, unit: UnitOfWork, user: User, hash_: str, *, name: str | None = None
    ) -> User:
        """Raises ``ConflictError`` if the person was changed since he was read."""
        shown = user.name if name is None else name
        fresh = User(user.user_id, user.email, shown, hash_, user.created_ms, user.version)
        await self._put(unit, fresh)
        return fresh

    async def _put(self, unit: UnitOfWork, user: User) -> None:
        value = {
            "email": user.email,
            "name": user.name,
            "password": user.password,
            "created_ms": user.created_ms,
            "updated_ms": self._now_ms(),
        }
        await unit.put(USERS, str(user.user_id), value, expect=user.version)


def _user(record: Record) -> User:
    value = record.value
    return User(
        UUID(record.key),
        value["email"],
        value["name"],
        value["password"],
        value["created_ms"],
        record.version,
    )
