"""To which session and under which parent each event stands, from the index alone (DESIGN 4.6)."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeVar, cast
from uuid import UUID

from hh_core.domain.claims import ClaimRow, resolve
from hh_core.domain.identity import (
    NIL,
    derived_session,
    is_call_session,
    parse_uuid,
    span_event_id,
)
from hh_core.ports.analytics import (
    Analytics,
    Condition,
    Function,
    Measure,
    Op,
    Query,
    Relation,
    Row,
)

LIGHT = (
    "event_id",
    "trace_id",
    "span_id",
    "parent_span_id",
    "session_key",
    "event_type",
    "event_name",
    "start_ns",
    "duration_ns",
)
"""The columns of a row that lists, trees and searches work on; ``EVENTS`` and ``LISTING`` both
have them."""

BASE = (
    *LIGHT,
    *("segment", "record", "ordinal", "record_kind", "parent_event_id", "session_id", "cost"),
)
"""The columns of an ``EVENTS`` row that a wide event is composed from."""

TRACE_ROWS = 1_000_000
"""More rows than any trace or session that one question reads."""

_PART = 2000
_NO_SPAN = bytes(8)

ItemT = TypeVar("ItemT")


def parts(items: Collection[ItemT], size: int = _PART) -> Iterator[Sequence[ItemT]]:
    """``items`` in groups that fit into one condition."""
    listed = list(items)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def event_id(row: Row) -> UUID:
    return cast(UUID, row["event_id"])


def trace_id(row: Row) -> bytes:
    return cast(bytes, row["trace_id"])


def is_session(row: Row) -> bool:
    return row["event_type"] == "session"


class Belonging:
    def __init__(self, analytics: Analytics) -> None:
        self._analytics = analytics

    async def sessions(self, project: UUID, rows: Sequence[Row]) -> Mapping[UUID, UUID]:
        """The session key of every one of ``rows`` (columns ``LIGHT``), by event id."""
        found: dict[UUID, UUID] = {}
        open_: dict[bytes, list[UUID]] = defaultdict(list)
        for row in rows:
            if is_session(row):
                found[event_id(row)] = event_id(row)
                continue
            claim = cast(UUID, row["session_key"])
            if claim != NIL and not is_call_session(claim.bytes):
                found[event_id(row)] = claim
            else:
                open_[trace_id(row)].append(event_id(row))
        claims = await self._claims(project, open_)
        for trace, events in open_.items():
            if len(claims[trace]) > 1:
                resolved = await self._resolved(project, trace)
                fallback = min(claims[trace])
                found.update((event, resolved.get(event, fallback)) for event in events)
            else:
                key = next(iter(claims[trace]), derived_session(project, trace))
                found.update((event, key) for event in events)
        return found

    async def names(
        self, project: UUID, keys: Collection[UUID], told: Collection[Row] = ()
    ) -> Mapping[UUID, str]:
        """The id of each session as clients know it: as claimed; a derived one's is its key.

        ``told`` are rows that may say it (``session_key``, ``session_id``): roll-ups do. So do
        claims, but for a UUID, which may be written in more than one way.
        """
        names = {
            cast(UUID, row["session_key"]): str(row["session_id"])
            for row in told
            if row.get("session_id")
            and ("num_events" in row or parse_uuid(str(row["session_id"])) is None)
        }
        for relation in (Relation.SESSIONS, Relation.EVENTS):
            missing = set(keys) - names.keys()
            # a roll-up knows that its session has no other name: nobody need look further
            claimed = (Condition("session_id", Op.EXISTS),) if relation is Relation.EVENTS else ()
            for part in parts(missing):
                for row in await self._analytics.select(
                    Query(
                        relation=relation,
                        project=project,
                        where=(Condition("session_key", Op.IN, part), *claimed),
                        group_by=("session_key", "session_id"),
                        measures=(Measure("rows", Function.COUNT),),
                        order_by=(),
                        limit=TRACE_ROWS,
                    )
                ):
                    key = cast(UUID, row["session_key"])
                    name = str(row["session_id"]) or str(key)
                    names[key] = min(names.get(key, name), name)
        return {key: names.get(key, str(key)) for key in keys}

    async def parents(
        self, project: UUID, rows: Sequence[Row], sessions: Mapping[UUID, UUID]
    ) -> Mapping[UUID, UUID | None]:
        """The event id of the parent of each row; of a root its session, of a session None.

        A parent that has not arrived is named by the id that it will most likely have.
        """
        wanted = {
            (trace_id(row), cast(bytes, row["parent_span_id"]))
            for row in rows
            if not is_session(row) and row["parent_span_id"] not in (b"", _NO_SPAN)
        }
        # where every event has the id that its span gives it, nobody need look
        is_told = not wanted or not await self._analytics.has_chosen_ids(project)
        spans = {} if is_told else await self._spans(project, wanted)
        found: dict[UUID, UUID | None] = {}
        for row in rows:
            event = event_id(row)
            if is_session(row):
                found[event] = None
                continue
            named = cast("UUID | None", row.get("parent_event_id")) or NIL
            key = (trace_id(row), cast(bytes, row["parent_span_id"]))
            if named != NIL:
                found[event] = named
            elif key in wanted:
                found[event] = spans.get(key) or span_event_id(project, *key, None)
            else:
                found[event] = sessions[event]
        return found

    async def _claims(
        self, project: UUID, traces: Collection[bytes]
    ) -> Mapping[bytes, Collection[UUID]]:
        """The distinct claims in each trace."""
        claims: dict[bytes, set[UUID]] = {trace: set() for trace in traces}
        for part in parts(traces):
            for row in await self._analytics.select(
                Query(
                    relation=Relation.EVENTS,
                    project=project,
                    where=(
                        Condition("trace_id", Op.IN, part),
                        Condition("session_key", Op.EXISTS),
                    ),
                    group_by=("trace_id", "session_key"),
                    measures=(Measure("rows", Function.COUNT),),
                    limit=TRACE_ROWS,
                )
            ):
                claims[trace_id(row)].add(cast(UUID, row["session_key"]))
        return claims

    async def _resolved(self, project: UUID, trace: bytes) -> Mapping[UUID, UUID]:
        rows = await self._analytics.select(
            Query(
                relation=Relation.EVENTS,
                project=project,
                columns=("event_id", "span_id", "parent_span_id", "session_key", "start_ns"),
                where=(Condition("trace_id", Op.EQ, trace),),
                limit=TRACE_ROWS,
            )
        )
        return resolve(project, trace, [claim_row(row) for row in rows])

    async def _spans(
        self, project: UUID, wanted: Collection[tuple[bytes, bytes]]
    ) -> Mapping[tuple[bytes, bytes], UUID]:
        """The event that stands at each (trace, span); of two with one span id the older one."""
        found: list[Row] = []
        for part in parts(wanted):
            found += await self._analytics.select(
                Query(
                    relation=Relation.EVENTS,
                    project=project,
                    columns=("event_id", "trace_id", "span_id", "start_ns"),
                    where=(
                        Condition("trace_id", Op.IN, list({trace for trace, _ in part})),
                        Condition("span_id", Op.IN, list({span for _, span in part})),
                    ),
                    limit=TRACE_ROWS,
                )
            )
        return _at_spans(found)


def _at_spans(rows: Sequence[Row]) -> Mapping[tuple[bytes, bytes], UUID]:
    """The event at each (trace, span); of two with one span id the older one."""
    oldest: dict[tuple[bytes, bytes], tuple[int, UUID]] = {}
    for row in rows:
        key = (trace_id(row), cast(bytes, row["span_id"]))
        age = (cast(int, row["start_ns"]), event_id(row))
        oldest[key] = min(oldest.get(key, age), age)
    return {key: event for key, (_, event) in oldest.items()}


def claim_row(row: Row) -> ClaimRow:
    return ClaimRow(
        event_id(row),
        cast(bytes, row["span_id"]),
        cast(bytes, row["parent_span_id"]),
        cast(UUID, row["session_key"]),
        cast(int, row["start_ns"]),
    )
