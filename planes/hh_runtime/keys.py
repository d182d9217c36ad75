"""Who may write to and read from a plane: the key directory on its disk.

The file holds digests only, so it can be copied without giving anybody access::

    {"version": 1, "keys": [{"digest": "<sha-256 of the key, hex>", "key_id": "<uuid>",
      "project_id": "<uuid>", "org_id": "…", "workspace_id": "…",
      "scopes": ["ingest", "read"], "expires_ms": null}]}

It is read again when it changes. A file that cannot be read leaves the last good one in force, so
that a half-written or vanished file never locks everybody out; unknown keys fail closed.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import orjson

from hh_core.errors import ConfigError
from hh_runtime.denials import ForbiddenError, UnauthenticatedError

log = logging.getLogger(__name__)

FORMAT_VERSION = 1
INGEST = "ingest"
READ = "read"
ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """On whose behalf a request is made: always exactly one project."""

    key_id: UUID
    project: UUID
    org_id: str
    workspace_id: str
    scopes: frozenset[str]
    expires_ms: int | None

    def require(self, scope: str) -> None:
        """Raise ``ForbiddenError`` unless the key carries ``scope``."""
        if scope not in self.scopes:
            raise ForbiddenError(f"this API key lacks the scope {scope!r}; use one that has it")


class KeyDirectory:
    """Verifies keys offline. Raises ``ConfigError`` if there is no readable file at first."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._stamp = self._current_stamp()
        self._principals: Mapping[str, Principal] = _read(path)

    def authenticate(self, authorization: str | None) -> Principal:
        """The holder of the key in an ``Authorization`` header (``Bearer <key>``).

        Raises ``UnauthenticatedError``; the message never tells an unknown from an expired key.
        """
        self._refresh()
        scheme, _, key = (authorization or "").strip().partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise UnauthenticatedError("send an API key: Authorization: Bearer <key>")
        digest = hashlib.sha256(key.strip().encode("utf-8", "surrogateescape")).hexdigest()
        found = self._principals.get(digest)  # a digest's timing tells nothing of the key
        now_ms = self._clock() * 1000
        if found is None or (found.expires_ms is not None and found.expires_ms <= now_ms):
            raise UnauthenticatedError("the API key is not valid; check it, or ask for a new one")
        return found

    def _refresh(self) -> None:
        stamp = self._current_stamp()
        if stamp is None or stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._principals = _read(self._path)
        except ConfigError as error:
            log.error("the key directory cannot be read; the last good one holds: %s", error)

    def _current_stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path) -> Mapping[str, Principal]:
    try:
        document = orjson.loads(path.read_bytes())
        if document["version"] != FORMAT_VERSION:
            raise ConfigError(f"{path}: key directory version {FORMAT_VERSION} is needed")
        return {item["digest"]: _principal(item) for item in document["keys"]}
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{path}: not a key directory ({type(error).__name__})") from error


def _principal(item: Mapping[str, object]) -> Principal:
    scopes, expires = item["scopes"], item.get("expires_ms")
    if not isinstance(scopes, list) or not (expires is None or isinstance(expires, int)):
        raise ValueError("scopes or expires_ms")
    if len(str(item["digest"])) != 64:
        raise ValueError("digest")
    return Principal(
        UUID(str(item["key_id"])),
        UUID(str(item["project_id"])),
        str(item["org_id"]),
        str(item["workspace_id"]),
        frozenset(str(scope) for scope in scopes),
        expires,
    )
