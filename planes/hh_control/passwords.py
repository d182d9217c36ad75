"""Passwords as argon2id hashes, computed in threads, few at a time."""

import asyncio
import unicodedata
from collections.abc import Callable
from typing import TypeVar

import argon2

from hh_core.errors import OverloadedError

AT_ONCE = 2
"""Hashes that are computed at the same time: each takes 64 MiB and a core."""
MAX_WAITING = 32
T = TypeVar("T")


class Argon2Passwords:
    """The parameters of RFC 9106 for hosts with little memory, unless told otherwise."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher()
        # what is compared when there is nobody: made by the same parameters, so the same work
        self._nobodys = self._hasher.hash("nobody has this password")
        self._free = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        return await self._worked(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, hash_: str | None, password: str) -> bool:
        """None (nobody has such a hash) takes the same work and is False."""
        fits = await self._worked(lambda: self._fits(hash_ or self._nobodys, _normal(password)))
        return fits and hash_ is not None

    async def _worked(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise OverloadedError("too many passwords wait to be checked; try again soon")
        self._waiting += 1
        try:
            async with self._free:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1

    def _fits(self, hash_: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(hash_, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False


def _normal(password: str) -> bytes:
    """The same bytes for the same characters, however a keyboard composes them."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
