"""Answer questions about events: export, search, one event, which fields there are (DESIGN 3.7)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import cast
from uuid import UUID

import orjson

from hh_core.domain.event import Event, Json
from hh_core.domain.filters import Filter, matches
from hh_core.domain.identity import name_key
from hh_core.errors import RejectedError
from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation, Row
from hh_core.usecases.belonging import LIGHT, Belonging
from hh_core.usecases.candidates import NEWEST_FIRST, Candidates
from hh_core.usecases.freshness import Freshness, missing
from hh_core.usecases.narrowing import Plan, plan
from hh_core.usecases.search import EventQuery, Range
from hh_core.usecases.wide_events import BUCKETS, WideEvents

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

_MAX_PATHS = 100_000
_COMPOSE = 1000


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """The bounds of one question; what stops at one says so."""

    scan_limit: int = 10_000
    """Events whose content one search reads."""
    answer_bytes: int = 256 << 20
    """Of one page, as JSON."""


@dataclass(slots=True)
class Page:
    """``count`` is the number of all matches; of an incomplete search, of those found so far."""

    events: list[Event] = field(default_factory=list)
    count: int = 0
    behind: bool = False
    stopped_at: float | None = None
    """The start time, in milliseconds, at which an incomplete search stopped."""
    scanned: int = 0
    warnings: list[str] = field(default_factory=list)

    @property
    def incomplete(self) -> bool:
        return self.stopped_at is not None


class Reader:
    """Every method concerns one project, and waits until its own writes are there (Freshness)."""

    def __init__(
        self,
        analytics: Analytics,
        wide: WideEvents,
        belonging: Belonging,
        freshness: Freshness,
        *,
        name_key: bytes,
        limits: ReadLimits | None = None,
    ) -> None:
        self._analytics = analytics
        self._wide = wide
        self._candidates = Candidates(analytics, belonging)
        self._freshness = freshness
        self._name_key = name_key
        self._limits = limits or ReadLimits()

    async def export(self, project: UUID, query: EventQuery) -> Page:
        """One page of the events that match, newest first, then by event id.

        Exactly what evaluating every event would give, unless ``incomplete``.
        """
        behind = await self._freshness.behind(project)
        planned = plan(query)
        if planned.exact:
            page = await self._indexed(project, query, planned)
        else:
            page = await self._scanned(project, query, planned)
        page.behind = behind
        page.warnings = await self._hints(project, query, page)
        if query.projections:
            page.events = [project_fields(event, query.projections) for event in page.events]
        return page

    async def event(self, project: UUID, text: str) -> tuple[Event, bool]:
        """The event or session of that id, and whether the index is behind.

        Raises ``NotFoundError`` for an unknown id and for another project's alike, ``NotYetError``
        while the index is behind.
        """
        behind = await self._freshness.behind(project)
        rows = await self._analytics.select(
            Query(
                relation=Relation.LISTING,
                project=project,
                columns=LIGHT,
                where=(Condition("event_id", Op.EQ, name_key(self._name_key, project, text)),),
                order_by=NEWEST_FIRST,
                limit=2,
            )
        )
        if not rows:
            raise missing("event", behind)
        # an id may name a session and an event of a client's choosing: the session is the frame
        rows = sorted(rows, key=lambda row: row["event_type"] == "session")
        (event,) = await self._wide.of(project, rows[:1])
        return event, behind

    async def schema(self, project: UUID, range_: Range, run: str | None) -> tuple[Json, bool]:
        """The dotted paths that were seen, by event type, and whether the index is behind."""
        behind = await self._freshness.behind(project)
        if run is not None:
            return await self._schema_of_run(project, range_, run), behind
        where: list[Condition] = []
        if range_.first is not None:
            where.append(Condition("last_ns", Op.GE, int(range_.first * 1e6)))
        if range_.last is not None:
            where.append(Condition("first_ns", Op.LE, int(range_.last * 1e6)))
        paths = await self._paths(project, tuple(where))
        fields = [{"name": path, "event_type": event_type} for event_type, path in sorted(paths)]
        return {"fields": fields, "datasets": [], "mappings": {}}, behind

    async def _indexed(self, project: UUID, query: EventQuery, planned: Plan) -> Page:
        """All filters are decided by columns: count, and read the page alone."""
        listing = Query(
            relation=Relation.LISTING,
            project=project,
            columns=LIGHT,
            where=planned.where,
            order_by=NEWEST_FIRST,
            limit=query.limit,
            offset=query.offset,
        )
        count = await self._analytics.count(listing)
        rows = await self._analytics.select(listing) if count > query.offset else []
        sized = _Sized(self._limits.answer_bytes)
        for start in range(0, len(rows), _COMPOSE):
            sized.add(await self._wide.of(project, rows[start : start + _COMPOSE]))
        return Page(sized.events, count)

    async def _scanned(self, project: UUID, query: EventQuery, planned: Plan) -> Page:
        """Some filters look further: go through candidates until page and count are known.

        The count needs all of them, so the limit is on events read, not on matches.
        """
        session = planned.session
        key = None if session is None else name_key(self._name_key, project, session)
        by_session = Filter("session_id", "is", "string", session)
        residual = [
            condition
            for condition in query.filters
            if replace(condition, type="string") != by_session
        ]
        page, sized = Page(), _Sized(self._limits.answer_bytes)
        async for batch in self._candidates.of(project, planned, key):
            rows = batch[: self._limits.scan_limit - page.scanned] if residual else batch
            await self._take(project, query, residual, rows, page, sized)
            if len(rows) < len(batch):
                page.stopped_at = cast(int, batch[len(rows)]["start_ns"]) / 1e6
                break
        page.events = sized.events
        return page

    async def _take(
        self,
        project: UUID,
        query: EventQuery,
        residual: Sequence[Filter],
        rows: Sequence[Row],
        page: Page,
        sized: "_Sized",
    ) -> None:
        """Count what matches among ``rows``, and keep what belongs on the page."""
        first = max(0, query.offset - page.count)
        wanted = slice(first, max(first, query.offset + query.limit - page.count))
        if residual:
            events = await self._wide.of(project, rows)
            found = [event for event in events if all(matches(event, c) for c in residual)]
            sized.add(found[wanted])
            page.count += len(found)
            page.scanned += len(rows)
        else:
            sized.add(await self._wide.of(project, rows[wanted]))
            page.count += len(rows)

    async def _schema_of_run(self, project: UUID, range_: Range, run: str) -> Json:
        """Paths of the events of one run, from their content: at most the scan limit of them."""
        of_run = Filter("metadata.run_id", "is", "string", run)
        query = EventQuery(filters=(of_run,), range=range_, limit=1000)
        page = await self._scanned(project, query, plan(query))
        found = {
            (event["event_type"], path)
            for event in page.events
            for bucket in BUCKETS
            for path in leaves(bucket, event[bucket])
        }
        fields = [{"name": path, "event_type": event_type} for event_type, path in sorted(found)]
        datasets = {event["metadata"].get("dataset_id") for event in page.events}
        names = sorted(name for name in datasets if isinstance(name, str))
        return {"fields": fields, "datasets": names, "mappings": {}}

    async def _paths(
        self, project: UUID, where: tuple[Condition, ...] = ()
    ) -> set[tuple[str, str]]:
        rows: Sequence[Row] = await self._analytics.select(
            Query(
                relation=Relation.SCHEMAS,
                project=project,
                columns=("event_type", "path"),
                where=where,
                limit=_MAX_PATHS,
            )
        )
        return {(str(row["event_type"]), str(row["path"])) for row in rows}

    async def _hints(self, project: UUID, query: EventQuery, page: Page) -> list[str]:
        """A misspelt field matches nothing; say which name was probably meant."""
        asked = [condition.field for condition in query.filters if condition.field not in ROOTS]
        if not asked or page.count:
            return []
        known = {path for _, path in await self._paths(project)} | set(ROOTS)
        hints = []
        for name in dict.fromkeys(asked):
            is_known = name in known or any(path.startswith(f"{name}.") for path in known)
            near = get_close_matches(name, sorted(known), n=1)
            if not is_known and near:
                hints.append(f"no event has field {name!r}; did you mean {near[0]!r}?")
        return hints


@dataclass(slots=True)
class _Sized:
    """Collects the events of one answer, and refuses one that grows too large."""

    bound: int
    events: list[Event] = field(default_factory=list)
    size: int = 0

    def add(self, events: Sequence[Event]) -> None:
        self.events += events
        self.size += sum(_json_size(event) for event in events)
        if self.size > self.bound:
            raise RejectedError(
                f"the answer is larger than {self.bound >> 20} MiB; ask for a smaller limit "
                "or use projections",
                code=422,
            )


def _json_size(event: Event) -> int:
    try:
        return len(orjson.dumps(event))
    except orjson.JSONEncodeError:  # nested deeper than it goes
        return len(json.dumps(event))


def project_fields(event: Event, paths: Sequence[str]) -> Event:
    """Only what stands at the dotted ``paths``, in the shape that it has in the event."""
    projected: dict[str, Json] = {}
    for path in paths:
        _copy(event, projected, path.split("."))
    return projected


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


def _copy(source: Mapping[str, Json], target: dict[str, Json], parts: Sequence[str]) -> None:
    for length in range(len(parts), 0, -1):
        key = ".".join(parts[:length])
        if key not in source:
            continue
        if length == len(parts):
            target[key] = source[key]
        elif isinstance(source[key], Mapping):
            below = target.setdefault(key, {})
            if isinstance(below, dict) and below is not source[key]:
                _copy(source[key], below, parts[length:])
        return
