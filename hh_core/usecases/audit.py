"""Who changed what, and when. An entry is written in the unit of work of the change itself.

What stood there before and after is kept as a digest only: an entry proves, and tells nothing.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from hh_core.domain.authority import ApiKey, Caller
from hh_core.domain.scopes import Scope
from hh_core.errors import NotFoundError
from hh_core.ports.records import Document, Record, Records, UnitOfWork

AUDIT = "audit"
OPERATOR = "operator"
"""The actor of what is done on the host itself (``hh admin``)."""


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    at_ms: int
    actor: str
    """``user/<id>``, ``key/<id>`` or ``operator``."""
    action: str
    """The operation's name in the policy table."""
    subject: str
    """``<kind>/<id>`` of what was changed."""
    workspace_id: str | None
    project_id: str | None
    before: str | None
    """SHA-256 of the canonical JSON; None: there was nothing."""
    after: str | None


class Audit:
    def __init__(self, records: Records, *, now_ms: Callable[[], int]) -> None:
        self._records = records
        self._now_ms = now_ms

    async def note(
        self,
        unit: UnitOfWork,
        actor: Caller | str,
        action: str,
        subject: str,
        scope: Scope | None,
        before: Document | None = None,
        after: Document | None = None,
    ) -> None:
        """``scope`` None: what concerns the actor alone. Give no secrets, not even to be hashed."""
        now = self._now_ms()
        entry = {
            "at_ms": now,
            "actor": actor if isinstance(actor, str) else _named(actor),
            "action": action,
            "subject": subject,
            "org_id": None if scope is None else str(scope.org),
            "workspace_id": None if scope is None else _text(scope.workspace),
            "project_id": None if scope is None else _text(scope.project),
            "before": _digest(before),
            "after": _digest(after),
        }
        await unit.put(AUDIT, f"{now:015d}-{uuid4()}", entry, expect=0)

    async def entries(self, org: UUID, *, after: str = "", limit: int = 100) -> Sequence[Entry]:
        """Of an organisation and all in it, oldest first. ``after`` is the id of an entry of it:
        raises ``NotFoundError`` for any other."""
        async with self._records.begin() as unit:
            if after:
                await _require_own(unit, org, after)
            where = {"org_id": str(org)}
            found = await unit.find(AUDIT, after=after, limit=limit, where=where)
        return [_entry(record) for record in found]


async def _require_own(unit: UnitOfWork, org: UUID, id_: str) -> None:
    found = await unit.get(AUDIT, [id_])
    if not found or found[0].value["org_id"] != str(org):
        raise NotFoundError("after: no such entry; begin again without it")


def _named(caller: Caller) -> str:
    return f"key/{caller.key_id}" if isinstance(caller, ApiKey) else f"user/{caller.user_id}"


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)


def _digest(document: Mapping[str, Any] | None) -> str | None:
    if document is None:
        return None
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _entry(record: Record) -> Entry:
    value = {name: record.value[name] for name in Entry.__slots__ if name != "id"}
    return Entry(id=record.key, **value)
