"""A question about events and sessions together as two: one about events, one about sessions."""

from dataclasses import replace

from hh_core.ports.analytics import AnyOf, Condition, Order, Query, Relation
from hh_core.usecases.columns_decide import Where
from hh_core.usecases.narrowing import columns_of
from hh_core.usecases.search import EventQuery
from hh_core.usecases.wide_events import ROLLUP_COLUMNS

_SHARED = frozenset(("start_ns", "event_name", "event_id"))
"""Columns of LISTING that SESSIONS has too, by this name or as the key."""


def can_be_told_apart(query: EventQuery, where: Where) -> bool:
    """Whether SESSIONS decides ``where`` and the order as LISTING does."""
    return query.sort.column == "start_ns" and columns_of(where) <= _SHARED


def apart(listing: Query, columns: tuple[str, ...], end: int) -> tuple[Query, Query]:
    """Of EVENTS (``columns``) and of SESSIONS (``ROLLUP_COLUMNS``), each with the first ``end``
    rows of what ``listing``, a question about LISTING, answers of them."""
    events = replace(listing, relation=Relation.EVENTS, columns=columns, limit=end, offset=0)
    sessions = replace(
        events,
        relation=Relation.SESSIONS,
        columns=ROLLUP_COLUMNS,
        where=tuple(map(_of_session, listing.where)),
        order_by=tuple(Order(_key(order.column), order.descending) for order in listing.order_by),
    )
    return events, sessions


def _of_session(part: Condition | AnyOf) -> Condition | AnyOf:
    if isinstance(part, AnyOf):
        return AnyOf(tuple(map(_renamed, part.alternatives)))
    return _renamed(part)


def _renamed(condition: Condition) -> Condition:
    return replace(condition, column=_key(condition.column))


def _key(column: str) -> str:
    return "session_key" if column == "event_id" else column
