"""What came into the index lately: all kinds of it in one statement, whose rows say which they are.

Nothing here is final: a row that another one has replaced, or that was inserted twice, is one more
that is named. To leave it out would cost a merge of all rows that share its granules.
"""

from collections.abc import Sequence
from uuid import UUID

from hh_clickhouse.parameters import Parameters
from hh_core.ports.analytics import Arrival, Relation

_NO_TRACE = "toFixedString('', 16)"
_NO_SPAN = "toFixedString('', 8)"
_RECEIVED = "received_ms >= {since}"
_COUNTED = "recount >= {since} * 1000000"
_EVENT = f"version AS v, event_id AS a, {_NO_TRACE} AS b, {_NO_SPAN} AS c"
_KINDS: Sequence[tuple[Relation, str, str]] = (
    (Relation.EVENTS, _EVENT, _RECEIVED),
    (Relation.PATCHES, _EVENT, _RECEIVED),
    (Relation.SPAN_LOGS, "version AS v, log_id AS a, trace_id AS b, span_id AS c", _RECEIVED),
    (
        Relation.SESSIONS,
        f"toUInt128(recount) AS v, session_key AS a, {_NO_TRACE} AS b, {_NO_SPAN} AS c",
        _COUNTED,
    ),
)


def arrived(project: UUID, since_ms: int, limit: int) -> tuple[str, dict[str, object]]:
    """The statement, and its parameters, that ``arrivals`` reads."""
    parameters = Parameters()
    of = parameters.fixed(project.bytes)
    since = parameters.add(max(0, since_ms), "UInt64")
    parts = [
        f"SELECT * FROM (SELECT toUInt8({number}) AS k, {columns} FROM {relation}"
        f" WHERE project_id = {of} AND {rule.format(since=since)}"
        f" ORDER BY v DESC LIMIT {int(limit)})"
        for number, (relation, columns, rule) in enumerate(_KINDS)
    ]
    return " UNION ALL ".join(parts), parameters.values


def arrivals(found: Sequence[Sequence[object]]) -> list[Arrival]:
    """The rows of the answer."""
    return [_arrival(*row) for row in found]  # type: ignore[arg-type]  # the driver's values


def _arrival(kind: int, version: int, key: bytes, trace: bytes, span: bytes) -> Arrival:
    relation = _KINDS[kind][0]
    at = (trace, span) if relation is Relation.SPAN_LOGS else None
    return Arrival(relation, UUID(bytes=key), version, at)
