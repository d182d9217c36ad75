"""The links of sessions and traces: each stands twice in one table, to be found from either end.

One insert writes both rows. A table for each order would cost a second part with every batch, and
its merges.
"""

from enum import IntEnum
from typing import Any

import pyarrow as pa

from hh_core.wire.columns import table_bytes

TABLE = "links"


class Side(IntEnum):
    """What ``id`` is in a row of the table; ``other`` is the other end."""

    SESSION = 0
    TRACE = 1


_BY_SESSION = {"session_key": "id", "trace_id": "other"}
_BY_TRACE = {"trace_id": "id", "session_key": "other"}


def column(side: Side, name: str) -> str:
    """Where the column ``name`` of SESSION_TRACES stands in rows of one side."""
    return (_BY_SESSION if side is Side.SESSION else _BY_TRACE).get(name, name)


def both_ways(links: Any) -> tuple[list[str], bytes]:
    """Rows of SESSION_TRACES as those of the table: its columns, and an Arrow stream."""
    rows = []
    for side in Side:
        names = [column(side, name) for name in links.column_names]
        sides = pa.array([side.value] * links.num_rows, pa.uint8())
        rows.append(links.rename_columns(names).append_column("side", sides))
    columns = rows[0].column_names
    return columns, table_bytes(pa.concat_tables([part.select(columns) for part in rows]))
