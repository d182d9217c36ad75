"""What data planes say about themselves: numbers, codes, and where browsers reach them."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from hh_core.domain.origins import is_origin
from hh_core.errors import RejectedError
from hh_core.ports.records import Document, Records, UnitOfWork
from hh_core.usecases.configuration import KNOWN, PROJECTS
from hh_core.wire.configuration import MAX_NUMBER, RELEASE
from hh_core.wire.pb.controller_pb2 import Health

HEALTH = "data-plane-health"
REVOKED = "revoked"
"""The state of a data plane that is shut out; its word counts no more."""
_UNREADY = re.compile(r"[a-z_]{1,32}")
_MOST_UNREADY = 16
_NUMBERS = ("configuration_version", "backlog_segments", "oldest_ms", "spans", "bytes")
MOST_URLS = 24
"""Of one person: they stand together in one header line, which servers in between take up to a few
kilobytes of."""


def said_now(health: Health, now_ms: int) -> Document:
    """What is kept of ``health``. Raises ``RejectedError``, which names the field, for what cannot
    be."""
    numbers = {name: int(getattr(health, name)) for name in _NUMBERS}
    unready = sorted(set(health.unready))
    is_bounded = all(number <= MAX_NUMBER for number in numbers.values())
    is_named = len(unready) <= _MOST_UNREADY and all(map(_UNREADY.fullmatch, unready))
    if not is_bounded or not is_named or not RELEASE.fullmatch(health.release):
        raise RejectedError("health: not numbers and codes")
    if health.public_url and not is_origin(health.public_url):
        raise RejectedError("health.public_url: not an origin")
    return {
        "seen_ms": now_ms,
        "release": health.release,
        "unready": unready,
        "public_url": health.public_url,
        **numbers,
    }


def url_of(state: str, health: Document) -> str | None:
    """Where browsers reach a data plane; None if it has not told, or is revoked."""
    return None if state == REVOKED else health.get("public_url") or None


class DataPlaneUrls:
    """Where browsers reach the data planes that are let in."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def of(self, dp_id: str) -> str | None:
        async with self._records.begin() as unit:
            known = await unit.get(KNOWN, [dp_id])
            said = await unit.get(HEALTH, [dp_id]) if known else ()
        return url_of(known[0].value["state"], said[0].value) if said else None

    async def of_projects(self, project_ids: Collection[UUID]) -> Sequence[str]:
        """Each once, those of the oldest data planes first: no newcomer crowds another out."""
        found: list[tuple[int, str]] = []
        async with self._records.begin() as unit:
            projects = await _values(unit, PROJECTS, map(str, project_ids))
            ids = {value.get("data_plane_id") for value in projects.values()}
            known = await _values(unit, KNOWN, filter(None, ids))
            said = await _values(unit, HEALTH, known)
        for dp_id, value in known.items():
            if url := url_of(value["state"], said.get(dp_id, {})):
                found.append((value["created_ms"], url))
        return list(dict.fromkeys(url for _, url in sorted(found)))[:MOST_URLS]


async def _values(unit: UnitOfWork, kind: str, keys: Iterable[str]) -> Mapping[str, Document]:
    wanted = sorted(keys)
    return {each.key: each.value for each in await unit.get(kind, wanted)} if wanted else {}
