"""Where rows of events stand, and events that stand in more than one place.

The key of ``events`` holds an event's start hour and trace, so an event that is sent again with
another one leaves a row that no merge finds. Before rows go in, ``places`` is told where; then
those that may stand elsewhere too are looked up there, and what has two places goes to
``event_moves``. Reads look at those: of an event that moved only the newest row counts, at every
moment (A2). Two writers of one event each tell before they look, so the later sees both places.

To look up every event would cost more with each event that is kept. An id that is derived from
its span stands in one trace, and moves only with its hour: then its trace has several. An id that
a client chose may stand anywhere. And where it could be a derived one, the event of that span,
which looks innocent, may come later: so the project is marked, and all its events are looked up.

Another mark tells of any id that a client chose: without it nobody need look what the id of an
event is, whose span is known.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from hh_clickhouse.keys import TRACE, chosen, event_keys, trace_key, trace_keys
from hh_clickhouse.parameters import Parameters
from hh_core.wire.columns import table_bytes

HOUR_NS = 3_600_000_000_000
HOUR = f"toInt32(intDiv(start_ns, {HOUR_NS}))"
"""As the key of ``events`` says it."""
TRACE_KEY = (
    f"bitOr({TRACE}, bitXor(reinterpretAsUInt64(substring(trace_id, 1, 8)),"
    " reinterpretAsUInt64(substring(trace_id, 9, 8))))"
)
"""``keys.trace_key``."""

PLACE_COLUMNS = ("project_id", "id", "trace_id", "hour", "received_ms")
MOVABLE_COLUMNS = ("project_id", "event_id", "id")

_TYPES = (pa.binary(16), pa.uint64(), pa.binary(16), pa.int32(), pa.uint64())
_PLACES = pa.schema(list(zip(PLACE_COLUMNS, _TYPES, strict=True)))
_NOWHERE = bytes(16)
"""A project is marked by two hours of this trace, whose id W3C forbids."""
_MARK = trace_key(_NOWHERE)
_CHOSEN = 0
"""Under this ``id`` where clients chose ids of whatever kind: no trace has it, and no event whose
id anybody can find."""
_FOREVER_MS = 3_500_000_000_000
"""When a mark was received: in 2080, so that it does not expire."""
_VERSION_BYTE = 6

Known = tuple[bytes, int]
"""A project, and the key of a trace or of a mark."""


def hour(start_ns: int) -> int:
    """As the tables cut it: towards zero, which never decreases and is all that matters."""
    return -(-start_ns // HOUR_NS) if start_ns < 0 else start_ns // HOUR_NS


class Incoming:
    """A batch of events, and what of it may have moved."""

    def __init__(self, events: Any) -> None:
        hours = pc.divide(events.column("start_ns"), pa.scalar(HOUR_NS, pa.int64()))
        self._events = events.append_column("hour", hours.cast(pa.int32()))
        self._keys = event_keys(events.column("event_id"))
        self._traces = self._events.group_by(["project_id", "trace_id", "hour"]).aggregate(
            [("received_ms", "max")]
        )
        self._trace_keys = trace_keys(self._traces.column("trace_id"))

    def places(self) -> bytes:
        """Rows of ``places`` for every event and trace, as an Arrow stream."""
        traces = self._traces.rename_columns(["project_id", "trace_id", "hour", "received_ms"])
        both = [
            rows.append_column("id", ids).select(PLACE_COLUMNS).cast(_PLACES)
            for rows, ids in ((self._events, self._keys), (traces, self._trace_keys))
        ]
        return table_bytes(pa.concat_tables(both))

    def traces(self) -> Sequence[Known]:
        """Those to ask ``suspects`` about: all, and the marks of each project."""
        projects = self._traces.column("project_id").to_pylist()
        found = set(zip(projects, self._trace_keys.to_pylist(), strict=True))
        marks = [(project, mark) for project in set(projects) for mark in (_MARK, _CHOSEN)]
        return [*found, *marks]

    def movable(self, suspected: Collection[Known]) -> tuple[bytes | None, bytes | None]:
        """What to look up, rows of ``movable_events``; and before, rows of ``places`` that mark
        projects. Each as an Arrow stream, None if there are none."""
        own = chosen(self._events)
        looked_up = pc.or_(own, self._suspected(suspected)) if suspected else own
        rows = self._events.select(MOVABLE_COLUMNS[:2]).append_column("id", self._keys)
        found = rows.filter(looked_up)
        marks = _marks(rows.filter(own), suspected)
        return table_bytes(found) if found.num_rows else None, marks

    def _suspected(self, suspected: Collection[Known]) -> Any:
        projects = self._events.column("project_id").to_pylist()
        marked = {project for project, trace in suspected if trace == _MARK}
        traces = trace_keys(self._events.column("trace_id")).to_pylist()
        return pa.array(
            [
                project in marked or (project, trace) in suspected
                for project, trace in zip(projects, traces, strict=True)
            ],
            pa.bool_(),
        )


def suspects(asked: Sequence[Known]) -> tuple[str, dict[str, object]]:
    """The statement, and its parameters, that answers which of these traces have rows in
    several hours. It may name others too."""
    parameters = Parameters()
    projects = ", ".join(parameters.fixed(one) for one in sorted({one for one, _ in asked}))
    traces = parameters.number_in("id", [trace for _, trace in asked])
    return (
        f"SELECT project_id, id FROM places WHERE project_id IN ({projects}) AND {traces}"
        " GROUP BY project_id, id HAVING min(hour) != max(hour) SETTINGS max_threads = 1",
        parameters.values,
    )


def chosen_ids(project: UUID) -> tuple[str, dict[str, object]]:
    """The statement, and its parameters, that has a row if ``project`` is marked: some of its
    events may have ids that clients chose."""
    parameters = Parameters()
    return (
        f"SELECT 1 FROM places WHERE project_id = {parameters.fixed(project.bytes)}"
        f" AND id = {_CHOSEN} LIMIT 1",
        parameters.values,
    )


def current(project: str) -> str:
    """The condition that a row of ``events`` is not left behind in a place its event moved from.

    ``project`` is the SQL of the project's id. Most projects have no such event: that is found out
    first, after the engine has settled which rows it will read, and nothing else is asked then.
    """
    moved = f"FROM event_moves WHERE project_id = {project}"
    return (
        f"if({unmoved(project)}, 1,"
        f" event_id NOT IN (SELECT event_id {moved}) OR (event_id, version) IN ("
        f"SELECT event_id, max(version) FROM events WHERE project_id = {project}"
        f" AND ({HOUR}, trace_id, event_id) IN (SELECT hour, trace_id, event_id {moved})"
        " GROUP BY event_id))"
    )


def unmoved(project: str) -> str:
    """The condition that no event of ``project`` has moved, found out when ``current`` does: then
    every row counts. To plan what ``current`` asks beyond it takes the engine a sixth of a
    statement for the rows of one trace."""
    return f"(SELECT count() FROM event_moves WHERE project_id = {project}) = 0"


def at(project: str, keys: str) -> str:
    """The condition that finds rows by the key of ``events``; ``keys`` is one on ``id``, the key
    of an event or trace."""
    return (
        f"({HOUR}, trace_id) IN (SELECT hour, trace_id FROM places"
        f" WHERE project_id = {project} AND {keys})"
    )


def _marks(own: Any, suspected: Collection[Known]) -> bytes | None:
    """The marks that projects lack whose clients chose ids, or ids that could be derived."""
    columns = (own.column(name).to_pylist() for name in ("project_id", "event_id"))
    marks = {
        (project, mark)
        for project, event in zip(*columns, strict=True)
        for mark in (_CHOSEN, _MARK)
        # the version of all UUIDs that are derived
        if mark == _CHOSEN or event[_VERSION_BYTE] >> 4 == 8
    }
    lacking = sorted(marks.difference(suspected))
    if not lacking:
        return None
    rows = [
        (project, mark, _NOWHERE, hour, _FOREVER_MS) for project, mark in lacking for hour in (0, 1)
    ]
    cells = [pa.array([row[number] for row in rows], type_) for number, type_ in enumerate(_TYPES)]
    return table_bytes(pa.table(cells, names=list(PLACE_COLUMNS)))
