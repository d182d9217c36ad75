"""Answer questions about events: export, search, one event, which fields there are (DESIGN 3.7)."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from hh_core.domain.event import Event, Json
from hh_core.domain.filters import Filter
from hh_core.domain.identity import name_key
from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation, Row
from hh_core.usecases.belonging import BASE, LIGHT, Belonging, event_id, is_session, trace_id
from hh_core.usecases.concern import Needles, of_event
from hh_core.usecases.event_shape import BUCKETS
from hh_core.usecases.field_values import FieldValues, Values, ValuesQuestion
from hh_core.usecases.freshness import Freshness, missing
from hh_core.usecases.histogram import Histogram, Histograms
from hh_core.usecases.listing import Listing
from hh_core.usecases.page import Page
from hh_core.usecases.read_limits import ReadLimits, Turns
from hh_core.usecases.search import EventQuery, Range
from hh_core.usecases.seen_paths import SeenPaths, fields_of, leaves
from hh_core.usecases.segments_source import SegmentsSource
from hh_core.usecases.showing import shown
from hh_core.usecases.sketches import Sketches
from hh_core.usecases.wide_events import Patches, WideEvents


class Reader:
    """Every method concerns one project, and waits until its own writes are there (Freshness), no
    longer than ``wait`` seconds where one is given."""

    def __init__(
        self,
        analytics: Analytics,
        wide: WideEvents,
        belonging: Belonging,
        freshness: Freshness,
        *,
        name_key: bytes,
        source: SegmentsSource,
        sketches: Sketches,
        turns: Turns | None = None,
    ) -> None:
        self._analytics = analytics
        self._wide = wide
        self._belonging = belonging
        self._freshness = freshness
        self._name_key = name_key
        self._turns = turns or Turns(ReadLimits())
        self._paths = SeenPaths(analytics)
        self._listing = Listing(
            analytics,
            wide,
            belonging,
            name_key=name_key,
            source=source,
            sketches=sketches,
            limits=self._turns.limits,
        )
        self._histograms = Histograms(analytics)
        self._values = Values(analytics, self._listing)

    async def export(self, project: UUID, query: EventQuery, *, wait: float | None = None) -> Page:
        """One page of the events that match, in the order that the query asks, then by event id.

        Exactly what evaluating every event would give, unless ``incomplete``. Raises
        ``RejectedError`` (422) for an answer that is too large or takes too long.
        """
        behind = await self._freshness.behind(project, wait)
        async with self._turns.turn(project):
            page = await self._listing.page(project, query, behind=behind)
            page.behind = behind
            page.warnings += query.warnings
            page.warnings += await self._paths.hints(project, _suspects(query, page))
            return page

    async def histogram(
        self, project: UUID, query: EventQuery, buckets: int, *, wait: float | None = None
    ) -> tuple[Histogram, bool]:
        """When the events that match began, and whether the index is behind."""
        behind = await self._freshness.behind(project, wait)
        async with self._turns.turn(project):
            return await self._histograms.of(project, query, buckets), behind

    async def values(
        self, project: UUID, asked: ValuesQuestion, *, wait: float | None = None
    ) -> tuple[FieldValues, bool]:
        """The most frequent values of a field, and whether the index is behind."""
        behind = await self._freshness.behind(project, wait)
        async with self._turns.turn(project):
            found = await self._values.of(project, asked)
            if not found.values:
                found.warnings.extend(await self._paths.hints(project, [asked.field]))
            return found, behind

    async def event(
        self, project: UUID, text: str, *, wait: float | None = None
    ) -> tuple[Event, bool]:
        """The event or session of that id, and whether the index is behind.

        Raises ``NotFoundError`` for an unknown id and for another project's alike, ``NotYetError``
        while the index is behind.
        """
        key = name_key(self._name_key, project, text)
        of_id = Condition("event_id", Op.EQ, key)

        async def row() -> Sequence[Row]:
            # an id may name a session and an event of a client's choosing: the session is the frame
            rows = await self._analytics.select(_one(project, Relation.EVENTS, BASE, of_id))
            if rows:
                return rows
            of_session = _one(project, Relation.LISTING, LIGHT, of_id, _SESSION)
            return await self._analytics.select(of_session)

        async def look() -> tuple[Sequence[Row], Patches]:
            return await asyncio.gather(row(), self._wide.patches(project, [key]))

        async def concern(found: tuple[Sequence[Row], Patches]) -> Needles | None:
            rows, _ = found
            if not rows or is_session(rows[0]):
                return None
            sessions = await self._belonging.sessions(project, rows)
            return of_event(trace_id(rows[0]), sessions[event_id(rows[0])])

        (rows, patches), behind = await self._freshness.settled(project, look, concern, wait)
        if not rows:
            raise missing("event", behind)
        (event,) = await self._wide.of(project, rows[:1], patches)
        return shown(event)[0], behind

    async def schema(
        self, project: UUID, range_: Range, run: str | None, *, wait: float | None = None
    ) -> tuple[Json, bool]:
        """The dotted paths that were seen, by event type, and whether the index is behind."""
        behind = await self._freshness.behind(project, wait)
        if run is not None:
            async with self._turns.turn(project):
                return await self._schema_of_run(project, range_, run), behind
        fields = await self._paths.within(project, range_)
        return {"fields": fields, "datasets": [], "mappings": {}}, behind

    async def _schema_of_run(self, project: UUID, range_: Range, run: str) -> Json:
        """Paths of the events of one run, from their content: at most the scan limit of them."""
        of_run = Filter("metadata.run_id", "is", "string", run)
        query = EventQuery(filters=(of_run,), range=range_, limit=1000)
        page = await self._listing.page(project, query)
        found, datasets = await asyncio.to_thread(_seen, page)
        return {"fields": fields_of(found), "datasets": sorted(datasets), "mappings": {}}


_SESSION = Condition("event_type", Op.EQ, "session")


def _suspects(query: EventQuery, page: Page) -> list[str]:
    """Fields that may be misspelt: of all filters if nothing matches; else of those that also hold
    where the field is missing."""
    if query.since is not None:
        return []  # the list itself has told
    is_empty = not page.encoded and not page.count and query.cursor is None
    return [filter_.field for filter_ in query.filters if is_empty or filter_.negative]


def _one(project: UUID, relation: Relation, columns: tuple[str, ...], *where: Condition) -> Query:
    return Query(relation=relation, project=project, columns=columns, where=where, limit=1)


def _seen(page: Page) -> tuple[set[tuple[str, str]], set[str]]:
    """The paths of a page's events by event type, and the data sets that they name."""
    found: set[tuple[str, str]] = set()
    datasets: set[str] = set()
    for event in page.events:
        paths = (path for bucket in BUCKETS for path in leaves(bucket, event[bucket]))
        found.update((event["event_type"], path) for path in paths)
        dataset = event["metadata"].get("dataset_id")
        datasets.update([dataset] if isinstance(dataset, str) else [])
    return found, datasets
