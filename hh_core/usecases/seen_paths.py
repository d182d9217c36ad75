"""Which dotted paths a project's events have, as the index has seen them."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from uuid import UUID

from hh_core.domain.enrichment import INDEXED
from hh_core.domain.event import Json
from hh_core.domain.mapping import is_left_to_content
from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation, Row
from hh_core.usecases.columns_decide import SERVER_SET
from hh_core.usecases.event_shape import BUCKETS
from hh_core.usecases.search import Range

ROOTS = (
    "event_id",
    "session_id",
    "parent_id",
    "project_id",
    "source",
    "event_type",
    "event_name",
    "start_time",
    "end_time",
    "duration",
    "error",
    *BUCKETS,
)
"""The fields that every event has."""

COMPUTED = frozenset(
    f"metadata.{name}"
    for name in (*SERVER_SET, "trace_id", "span_id", "parent_span_id", "content_expired")
)
"""Fields that no event brings with it."""

MAX_HINTS = 3
MAX_KNOWN = 2_000
"""Paths among which a misspelt one is looked for; with more there are no hints."""
_MAX_NAME = 64
_MAX_PATHS = 100_000

Fields = Sequence[Mapping[str, str]]


class SeenPaths:
    def __init__(self, analytics: Analytics) -> None:
        self._analytics = analytics

    async def within(self, project: UUID, range_: Range) -> Fields:
        """``name`` and ``event_type`` of what was seen in ``range_``, sorted."""
        where: list[Condition] = []
        if range_.first is not None:
            where.append(Condition("last_ns", Op.GE, int(range_.first * 1e6)))
        if range_.last is not None:
            where.append(Condition("first_ns", Op.LE, int(range_.last * 1e6)))
        rows = await self._rows(project, _MAX_PATHS, where)
        return await asyncio.to_thread(_sorted, rows)

    async def hints(self, project: UUID, fields: Collection[str]) -> list[str]:
        """A misspelt field matches nothing; say which name was probably meant."""
        asked = [name for name in dict.fromkeys(fields) if _is_indexed(name)]
        asked = [name for name in asked if len(name) <= _MAX_NAME][:MAX_HINTS]
        if not asked:
            return []
        rows = await self._rows(project, MAX_KNOWN)
        if len(rows) == MAX_KNOWN:
            return []
        known = {str(row["path"]) for row in rows}.union(ROOTS, COMPUTED)
        return await asyncio.to_thread(_hints, asked, sorted(known))

    async def _rows(
        self, project: UUID, limit: int, where: Sequence[Condition] = ()
    ) -> Sequence[Row]:
        return await self._analytics.select(
            Query(
                relation=Relation.SCHEMAS,
                project=project,
                columns=("event_type", "path"),
                where=tuple(where),
                limit=limit,
            )
        )


def _is_indexed(field: str) -> bool:
    """Whether the index would know the field if an event had it; what only content has, it does
    not know."""
    root, _, below = field.partition(".")
    if root in ROOTS:
        return bool(below) and root in INDEXED and not is_left_to_content(field)
    return True


def fields_of(pairs: Collection[tuple[str, str]]) -> Fields:
    """From pairs of event type and path."""
    return [{"name": path, "event_type": event_type} for event_type, path in sorted(pairs)]


def leaves(path: str, value: Json) -> Sequence[str]:
    """The dotted path of every value below ``value`` that is no object; lists count as one."""
    found: list[str] = []
    waiting = [(path, value)]
    while waiting:
        where, item = waiting.pop()
        if isinstance(item, Mapping):
            waiting += [(f"{where}.{key}", below) for key, below in item.items()]
        elif item is not None:
            found.append(where)
    return found


def _sorted(rows: Sequence[Row]) -> Fields:
    return fields_of({(str(row["event_type"]), str(row["path"])) for row in rows})


def _hints(asked: Sequence[str], known: Sequence[str]) -> list[str]:
    short = [path for path in known if len(path) <= _MAX_NAME]
    hints = []
    for name in asked:
        is_known = name in known or any(path.startswith(f"{name}.") for path in known)
        near = [] if is_known else get_close_matches(name, short, n=1)
        hints += [f"no event has field {name!r}; did you mean {found!r}?" for found in near]
    return hints
