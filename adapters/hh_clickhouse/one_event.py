"""One event by its id, whose rows nobody need merge.

``places`` names every place where the event stands or stood, so all of its rows are found there,
and the newest of them is the event. To merge them, and to ask beside whether the event has moved,
takes the engine a third of the statement's time again.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from hh_core.ports.analytics import Condition, Op, Query, Relation, Row

_MOST = 16
"""Rows of one event that are looked through here: of more, the engine finds the newest."""
_BESIDE = ("version", "is_deleted")
"""Columns that say which row is the newest, and whether the event is there at all."""


def asks_one(query: Query) -> bool:
    """Whether ``query`` asks for columns of one event, by its id alone."""
    if query != Query(
        relation=Relation.EVENTS,
        project=query.project,
        columns=query.columns,
        where=query.where,
        limit=query.limit,
    ):
        return False
    match query.where:
        case (Condition(column="event_id", op=Op.EQ, value=value),) if value is not None:
            return bool(query.columns) and query.limit > 0
    return False


def rows_of(query: Query) -> Query:
    """For one that ``asks_one``: the question for all rows of that event."""
    beside = (name for name in _BESIDE if name not in query.columns)
    return replace(query, columns=(*query.columns, *beside), limit=_MOST)


def answer(query: Query, rows: Sequence[Row]) -> Sequence[Row] | None:
    """What ``query`` answers, from the answer to ``rows_of`` it; None where the engine must say:
    there may be more rows, or several that are the newest and differ."""
    if len(rows) == _MOST:
        return None
    latest = max((_version(row) for row in rows), default=None)
    newest = [row for row in rows if _version(row) == latest]
    if any(row != newest[0] for row in newest):
        return None
    return [
        {name: row[name] for name in query.columns} for row in newest[:1] if not row["is_deleted"]
    ]


def _version(row: Row) -> int:
    return cast(int, row["version"])
