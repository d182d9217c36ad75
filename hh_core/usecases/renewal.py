"""What a rebuild does beside, when the index has rows already: what is not told any more goes, and
the control plane hears of everything again.

A row is known by its event id, which a mapper may read from the span. So of each segment that was
read whole, a row whose event no span tells any more is marked as deleted, at the new derivation's
version. Everything else is replaced by version, and sessions are counted anew, as ever.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from hh_core.domain.identity import NIL, Version
from hh_core.domain.segments import KIND
from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation
from hh_core.ports.records import Records
from hh_core.usecases.batch import Batch, Rows
from hh_core.usecases.retelling import Tell
from hh_core.wire import columns, telemetry

log = logging.getLogger(__name__)

_PAGE = 1000
_POLL_SECONDS = 0.5
_MOST_ROWS = 1_000_000
"""More rows than the segments of one batch have."""
_KEPT = (
    *("event_id", "trace_id", "span_id", "parent_span_id", "session_key", "event_type"),
    *("start_ns", "received_ms", "segment", "record", "ordinal", "record_kind", "version"),
)
"""What a mark of deletion has from the row that it deletes."""
_EMPTY: Mapping[str, Any] = {
    **{"is_deleted": 1, "call_key": NIL, "parent_event_id": NIL, "status": "unset"},
    **dict.fromkeys(("event_name", "model", "provider", "service", "error_class"), ""),
    **{"duration_ns": 0, "usage": {}, "cost": None, "promoted": {}, "attributes": {}},
    **{"session_id": "", "time_suspect": 0, "truncated": 0},
}


class Renewal:
    def __init__(
        self,
        analytics: Analytics,
        records: Records,
        *,
        generation: int,
        dp_id: str,
        tell: Tell | None = None,
    ) -> None:
        """``tell`` carries on what is written; None: there is no control plane."""
        self._analytics = analytics
        self._records = records
        self._generation = generation
        self._dp_id = dp_id
        self._tell = tell

    async def is_dispatched(self, segment: str) -> bool:
        """False of a segment that is on its way to its first dispatch: there it is derived by the
        mappers of now, and would be spooled over what a rebuild had told."""
        async with self._records.begin() as unit:
            found = await unit.get(KIND, [segment])
        return not found or found[0].value.get("indexed") is not None

    async def withdraw(self, batch: Batch) -> int:
        """Before ``batch`` is written: add to it what deletes the rows that its segments do not
        tell any more; how many there are. Segments with damage are left as they are."""
        events = batch.rows[Relation.EVENTS]
        names = [name for name, corrupt in batch.corrupt.items() if not corrupt]
        told: defaultdict[bytes, set[bytes]] = defaultdict(set)
        for project, event in zip(
            events.column("project_id"), events.column("event_id"), strict=True
        ):
            told[_bytes(project)].add(_bytes(event))
        if not told or not names:
            return 0
        starts = events.column("start_ns")
        times = min(starts), max(starts)
        marks = Rows(Relation.EVENTS)
        for project, kept in told.items():
            gone = await self._gone(UUID(bytes=project), names, times, kept)
            shared = {**_EMPTY, "project_id": project, "dp_id": self._dp_id}
            marks.add(_KEPT, gone, shared)
        if len(marks) and self._tell is not None:
            # Whoever begins anew does not see what is marked: so this is told before it is so.
            rows = telemetry.one_batch(columns.decode(Relation.EVENTS, marks.arrow()))
            await self._tell({str(name) for name in marks.column("segment")}, rows)
        withdrawn = len(marks)
        events += marks
        return withdrawn

    async def tell(self, batch: Batch, events: Any) -> None:
        """After ``batch`` is written, of which ``events`` are the rows that were taken."""
        if self._tell is not None:
            await self._tell(batch.corrupt, events)

    async def _gone(
        self, project: UUID, names: Sequence[str], times: tuple[int, int], kept: Collection[bytes]
    ) -> list[Sequence[Any]]:
        """The cells of ``_KEPT`` of each row of ``names`` whose event is not ``kept``. When a span
        starts no mapper says: so only rows between ``times`` can be of them."""
        found = await self._analytics.columns(
            Query(
                relation=Relation.EVENTS,
                project=project,
                columns=_KEPT,
                where=(
                    Condition("segment", Op.IN, names),
                    Condition("start_ns", Op.GE, times[0]),
                    Condition("start_ns", Op.LE, times[1]),
                ),
                limit=_MOST_ROWS,
            )
        )
        cells = await asyncio.to_thread(lambda: [list(column) for column in found])
        events = cells[0]
        wanted = [place for place, event in enumerate(events) if _bytes(event) not in kept]
        return [self._marked([column[place] for column in cells]) for place in wanted]

    def _marked(self, cells: list[Any]) -> Sequence[Any]:
        version, ordinal = int(cells[-1]), int(cells[_KEPT.index("ordinal")])
        rest = Version.parse(version)
        newer = Version(
            rest.received_ms, rest.node, rest.sequence, Version.derived(ordinal, self._generation)
        )
        return [*cells[:-1], int(newer).to_bytes(16, "little")]


def _bytes(cell: Any) -> bytes:
    return cell.bytes if isinstance(cell, UUID) else bytes(cell)
