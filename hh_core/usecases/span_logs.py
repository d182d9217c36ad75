"""Which log records belong to a span, whichever came first, and where they stand."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from hh_core.domain.segments import Address
from hh_core.ports.analytics import Analytics, Condition, Op, Order, Query, Relation, Row
from hh_core.usecases.belonging import parts, trace_id

MAX_LOGS = 1_000
"""Log records of one span that a reader sees: events before plain lines, the earliest first."""
LOG_BYTES = 16 << 20
"""Of their texts, by when they came."""
_TOGETHER = 20_000
"""Rows that are asked for at once."""
_COLUMNS = ("trace_id", "span_id", "log_id", "version", "segment", "record", "ordinal")
_ORDER = (
    Order("trace_id"),
    Order("span_id"),
    Order("is_event", descending=True),
    Order("time_ns"),
    Order("log_id"),
)

SpanId = tuple[bytes, bytes]
"""Trace and span."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The log records of one span."""

    addresses: Sequence[Address]
    """In the order of their versions."""
    left_out: int = 0
    """How many more there are: they stand in their segments."""


NONE = Joined(())


class SpanLogs:
    def __init__(self, analytics: Analytics, *, max_logs: int = MAX_LOGS) -> None:
        self._analytics = analytics
        self._most = max_logs

    async def any_in(self, project: UUID, traces: Sequence[bytes]) -> bool:
        """Whether spans of ``traces`` have log records."""
        for part in parts(traces):
            query = Query(
                relation=Relation.SPAN_LOGS,
                project=project,
                columns=("span_id",),
                where=(Condition("trace_id", Op.IN, part),),
                limit=1,
            )
            if await self._analytics.select(query):
                return True
        return False

    async def of(self, project: UUID, rows: Sequence[Row]) -> Mapping[SpanId, Joined]:
        """The log records of those spans of ``rows`` (``trace_id``, ``span_id``) that have some."""
        found: dict[SpanId, Joined] = {}
        waiting = [list(part) for part in parts({span_id(row) for row in rows} - {_NOBODY})]
        while waiting:
            spans = waiting.pop()
            if len(spans) == 1:
                found.update(await self._of_one(project, spans[0]))
                continue
            logs = await self._rows(project, spans, _TOGETHER)
            if len(logs) == _TOGETHER:  # some of them have very many: look for those alone
                half = len(spans) // 2
                waiting += [spans[:half], spans[half:]]
                continue
            for span, own in _by_span(logs).items():
                found[span] = _joined(own, self._most, len(own))
        return found

    async def _of_one(self, project: UUID, span: SpanId) -> Mapping[SpanId, Joined]:
        logs = await self._rows(project, [span], self._most + 1)
        count = len(logs)
        if count > self._most:
            count = await self._analytics.count(_query(project, [span], 1))
        return {span: _joined(logs, self._most, count)} if logs else {}

    async def _rows(self, project: UUID, spans: Sequence[SpanId], limit: int) -> Sequence[Row]:
        wanted = set(spans)
        found = await self._analytics.select(_query(project, spans, limit))
        if len(found) == limit:
            return found
        return [row for row in found if span_id(row) in wanted]


def span_id(row: Row) -> SpanId:
    return trace_id(row), cast(bytes, row["span_id"])


def _query(project: UUID, spans: Sequence[SpanId], limit: int) -> Query:
    traces = list({trace for trace, _ in spans})
    return Query(
        relation=Relation.SPAN_LOGS,
        project=project,
        columns=_COLUMNS,
        where=(
            Condition("trace_id", Op.IN, traces),
            Condition("span_id", Op.IN, list({span for _, span in spans})),
        ),
        order_by=_ORDER,
        limit=limit,
    )


def _by_span(logs: Sequence[Row]) -> Mapping[SpanId, list[Row]]:
    found: defaultdict[SpanId, list[Row]] = defaultdict(list)
    for row in logs:
        found[span_id(row)].append(row)
    return found


def _joined(logs: Sequence[Row], most: int, count: int) -> Joined:
    kept = sorted(logs[:most], key=lambda row: cast(int, row["version"]))
    addresses = [
        Address(str(row["segment"]), cast(int, row["record"]), cast(int, row["ordinal"]))
        for row in kept
    ]
    return Joined(addresses, count - len(kept))


_NOBODY: SpanId = (bytes(16), bytes(8))
"""What stands in the rows of sessions."""
