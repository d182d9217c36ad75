"""Which data planes may speak to this control plane: token digests in a file.

::

    {"version": 1, "data_planes": [{"dp_id": "<slug or uuid>", "token_digest": "<sha-256, hex>",
      "projects": ["<uuid>"]}]}

Without ``projects`` a data plane may tell of any. Other fields are ignored. The file is read again
when it changes; one that does not read leaves the last good one in force.
"""

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from hh_core.errors import ConfigError
from hh_core.usecases.intake import DP_ID

log = logging.getLogger(__name__)

FORMAT_VERSION = 1
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class DataPlane:
    dp_id: str
    projects: frozenset[UUID] | None
    """Those it may tell of; None: any."""


class DataPlaneTokens:
    """Raises ``ConfigError`` if there is no readable file at first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._current_stamp()
        self._planes = _read(path)

    def identify(self, authorization: str | None) -> DataPlane | None:
        """The data plane whose token is in the metadata ``authorization``, else None."""
        self._refresh()
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        # looked up by digest: its timing tells nothing of the token
        return self._planes.get(hashlib.sha256(token.encode()).hexdigest())

    def _refresh(self) -> None:
        stamp = self._current_stamp()
        if stamp is None or stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._planes = _read(self._path)
        except ConfigError as error:
            log.error("the data planes' file cannot be read; the last good one holds: %s", error)

    def _current_stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path) -> Mapping[str, DataPlane]:
    """Data planes by digest."""
    try:
        document = orjson.loads(path.read_bytes())
        if document["version"] != FORMAT_VERSION:
            raise ConfigError(f"{path}: version {FORMAT_VERSION} of the file is needed")
        return dict(_data_plane(item) for item in document["data_planes"])
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path}: not a file of data planes ({type(error).__name__})") from error


def _data_plane(item: Mapping[str, Any]) -> tuple[str, DataPlane]:
    digest, dp_id, projects = item["token_digest"], item["dp_id"], item.get("projects")
    if not _DIGEST.fullmatch(digest) or not DP_ID.fullmatch(dp_id):
        raise ValueError("token_digest or dp_id")
    named = None if projects is None else frozenset(UUID(project) for project in projects)
    return digest, DataPlane(dp_id, named)
