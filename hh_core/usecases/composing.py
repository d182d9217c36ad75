"""Rows of the index as the events of a page: with their content, or as rows of a list without."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from hh_core.domain.event import Event
from hh_core.ports.analytics import Row
from hh_core.usecases.page import Collector, Page
from hh_core.usecases.preview import MAX_PREVIEW, preview
from hh_core.usecases.search import EventQuery
from hh_core.usecases.wanted import Wanted
from hh_core.usecases.wide_events import INDEXED_BASE, Told, WideEvents

_PREVIEWED = ("inputs", "outputs")
_FRAME = frozenset(
    (
        *("event_id", "session_id", "parent_id", "project_id", "event_type", "event_name"),
        *("start_time", "end_time", "duration", "children_ids"),
    )
)
"""What the index and updates say of an event exactly as its content does."""

Previews = Mapping[tuple[str, str], dict[str, str]]
"""By event id and type: a session may have the id of one of its events."""


class Composing:
    def __init__(self, wide: WideEvents, bound: int) -> None:
        """``bound``: bytes of one page as JSON."""
        self._wide = wide
        self._bound = bound

    async def page(
        self, project: UUID, query: EventQuery, rows: Sequence[Row], told: Told | None = None
    ) -> Page:
        """Raises ``RejectedError`` beyond the bound. Where the projections or the query ask for
        nothing but what the index has, no content is read but that of updates."""
        collector = Collector(query, self._bound)
        if query.of_index:
            await self._light(project, query, rows, told, collector)
            return Page(collector.encoded)
        is_frame = bool(query.projections) and _FRAME.issuperset(query.projections)
        async for events in self._wide.slices(project, rows, told, content=not is_frame):
            await asyncio.to_thread(collector.keep, events)
        return Page(collector.encoded)

    async def _light(
        self,
        project: UUID,
        query: EventQuery,
        rows: Sequence[Row],
        told: Told | None,
        collector: Collector,
    ) -> None:
        wanted = [name for name in _PREVIEWED if name in query.projections]
        previews: dict[tuple[str, str], dict[str, str]] = {}
        if wanted:
            async for events in self._wide.slices(project, rows, told):
                previews |= await asyncio.to_thread(_previews, events, wanted)
        shown = Wanted(query.projections)
        slices = self._wide.slices(
            project, rows, told, content=False, columns=INDEXED_BASE, wanted=shown
        )
        async for events in slices:
            collector.keep([_light(event, previews) for event in events])


def _previews(events: Sequence[Event], wanted: Sequence[str]) -> Previews:
    return {_key(event): {name: preview(event[name]) for name in wanted} for event in events}


def _light(event: Event, previews: Previews) -> Event:
    error = event["error"]
    light = {**event, **{name: {} for name in _PREVIEWED}}
    light["error"] = error[:MAX_PREVIEW] if isinstance(error, str) else error
    if _key(event) in previews:
        light["preview"] = previews[_key(event)]
    return light


def _key(event: Event) -> tuple[str, str]:
    return str(event["event_id"]), str(event["event_type"])
