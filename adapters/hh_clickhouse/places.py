"""Events that stand in more than one place.

The tables' keys hold an event's trace and start hour, so an event that is sent again with another
one leaves a row that no merge finds. ``event_places`` says where rows of each event stand; what
has two places goes to ``event_moves`` (migration 4), before the rows themselves go in. Reads look
there: of an event that moved only the newest row counts, at every moment (A2).
"""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hh_core.wire.columns import table_bytes

HOUR_NS = 3_600_000_000_000
PLACE_COLUMNS = ("project_id", "event_id", "trace_id", "received_ms", "hour")


def hour(start_ns: int) -> int:
    """As the tables cut it: towards zero, which never decreases and is all that matters."""
    return -(-start_ns // HOUR_NS) if start_ns < 0 else start_ns // HOUR_NS


def placed(table: Any) -> bytes:
    """The rows of ``event_places`` for a table of events, as an Arrow stream."""
    places = table.select(PLACE_COLUMNS[:-1])
    hours = pc.divide(table.column("start_ns"), pa.scalar(HOUR_NS, pa.int64()))
    return table_bytes(places.append_column("hour", hours.cast(pa.int32())))


def current(project: str, source: str) -> str:
    """The condition that a row of ``source`` is not left behind in a place its event moved from.

    ``project`` is the SQL of the project's id.
    """
    place = "(trace_id, event_id)" if source == "events" else "(hour, trace_id, event_id)"
    moved = f"FROM event_moves WHERE project_id = {project}"
    return (
        f"(event_id NOT IN (SELECT event_id {moved}) OR (event_id, version) IN ("
        f"SELECT event_id, max(version) FROM {source} WHERE project_id = {project}"
        f" AND {place} IN (SELECT {place[1:-1]} {moved}) GROUP BY event_id))"
    )
