"""What of a question the index can decide, so that as little content as possible is read.

A plan's conditions are *necessary*: whatever matches fulfils them. Where all filters are decided
by columns they are *sufficient* too (``exact``), and nothing but the asked page is read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from hh_core.domain.filters import Filter, number_of
from hh_core.domain.identity import parse_uuid
from hh_core.domain.mapping import INDEXED, is_left_to_content
from hh_core.ports.analytics import AnyOf, Condition, Op, Relation, Value
from hh_core.usecases.columns_decide import (
    NUMBER_OPS,
    ROLL_UP_COLUMNS,
    SERVER_SET,
    Where,
    by_roll_up,
    cost_of_events,
    least,
    needed_unless_updated,
    unless_updated,
)
from hh_core.usecases.event_shape import milliseconds_of
from hh_core.usecases.search import EventQuery, Range

IS_SESSION = Condition("event_type", Op.EQ, "session")
OF_SESSIONS = frozenset({"start_ns", "event_name", *ROLL_UP_COLUMNS})
"""Columns that ``LISTING`` has of sessions and ``SESSIONS`` too."""

_MAX_NS = (1 << 63) - 1
_TEXT = ("string", "id")
_COLUMNS = {"event_type": "event_type", "event_name": "event_name"}
_BYTES = {
    "metadata.trace_id": ("trace_id", 16),
    "metadata.span_id": ("span_id", 8),
    "metadata.parent_span_id": ("parent_span_id", 8),
}
TEXT_OPS = {
    "is": Op.EQ,
    "is not": Op.NE,
    "contains": Op.CONTAINS,
    "not contains": Op.NOT_CONTAINS,
    "exists": Op.EXISTS,
    "not exists": Op.NOT_EXISTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    where: Where
    """On columns of ``LISTING``, exact for every row. ``EVENTS`` has them too, here and below, but
    where sessions alone are asked for."""
    told: Where = ()
    """True of what matches and, where ``index_decides``, of nothing else, unless it is updated."""
    ids: Where = ()
    """On the ids of spans; true of every match but for REST events and sessions."""
    attributes: Where = ()
    """On attributes of ``EVENTS``; true of what matches unless it is updated or truncated."""
    index_decides: bool = False
    """``where``, ``told`` and ``attributes`` are true of nothing else, then: the index knows the
    matches."""
    session: str | None = None
    """Only what belongs to the session that clients know under this id."""
    exact: bool = False

    @property
    def of_sessions(self) -> Where | None:
        """``where`` as SESSIONS has it, if it asks for sessions alone."""
        rest = tuple(part for part in self.where if part != IS_SESSION)
        return rest if self.only_sessions and columns_of(rest) <= OF_SESSIONS else None

    @property
    def only_sessions(self) -> bool:
        return IS_SESSION in self.where

    @property
    def no_sessions(self) -> bool:
        """Whether the type rules out sessions, so that ``EVENTS`` alone has all matches."""
        return rules_out_sessions(self.where)

    @property
    def relation(self) -> Relation:
        """What has all matches but for what patches make match: sessions have no attributes."""
        if self.no_sessions or (self.attributes and not self.only_sessions):
            return Relation.EVENTS
        return Relation.LISTING


def columns_of(where: Where) -> set[str]:
    """The columns that conditions ask."""
    return {
        condition.column
        for part in where
        for condition in (part.alternatives if isinstance(part, AnyOf) else (part,))
    }


def rules_out_sessions(where: Where) -> bool:
    return any(
        isinstance(part, Condition)
        and part.column == "event_type"
        and (part.op, part.value == "session") in ((Op.EQ, False), (Op.NE, True))
        for part in where
    )


def plan(query: EventQuery) -> Plan:
    where = list(range_conditions(query.range))
    told: list[Condition | AnyOf] = []
    ids: list[Condition | AnyOf] = []
    attributes: list[Condition | AnyOf] = []
    session: str | None = None
    of_sessions, of_events = asks_for_sessions(query), asks_for_events(query)
    exact, index_decides = True, True
    for condition in query.filters:
        found = decided(condition)
        if found is None and of_sessions:
            found = by_roll_up(condition)
        if found is not None:
            where += found
            continue
        exact = False
        by_column = unless_updated(condition)
        if by_column is not None:
            told += by_column
            continue
        cost = cost_of_events(condition) if of_events else None
        if cost is not None:
            told, attributes = [*told, *cost[0]], [*attributes, *cost[1]]
            continue
        index_decides = index_decides and is_same(condition, of_events=of_events)
        told += needed_unless_updated(condition)
        if condition.field == "session_id" and condition.operator == "is" and _is_text(condition):
            session = str(condition.value)
        elif hexadecimal(condition):
            ids += hexadecimal(condition)
        else:
            attributes += attribute(condition, of_events=of_events)
    return Plan(
        where=tuple(where),
        told=tuple(told),
        ids=tuple(ids),
        attributes=tuple(attributes),
        index_decides=index_decides and not exact,
        session=session,
        exact=exact,
    )


def asks_for_sessions(query: EventQuery) -> bool:
    """Whether the type leaves nothing but sessions."""
    return any(decided(condition) == (IS_SESSION,) for condition in query.filters)


def asks_for_events(query: EventQuery) -> bool:
    """Whether the type rules out sessions."""
    return any(rules_out_sessions(decided(condition) or ()) for condition in query.filters)


def range_conditions(range_: Range) -> Where:
    """Start times within ``range_``, ends included."""
    where: list[Condition] = []
    if range_.first is not None:
        first = range_.first
        where.append(Condition("start_ns", Op.GE, first_ns(lambda ms: ms >= first, first)))
    if range_.last is not None:
        last = range_.last
        where.append(Condition("start_ns", Op.LT, first_ns(lambda ms: ms > last, last)))
    return tuple(where)


def first_ns(holds: Callable[[float], bool], near_ms: float) -> int:
    """The least time whose milliseconds, as readers see them, fulfil a rising condition."""
    found = least(lambda nanoseconds: holds(milliseconds_of(nanoseconds)), near_ms * 1e6)
    return max(0, min(_MAX_NS, found))


def decided(condition: Filter) -> Where | None:
    """Conditions that say exactly the same as the filter, for every row; None if there are none."""
    if condition.field in _COLUMNS and _is_text(condition):
        column = _COLUMNS[condition.field]
        return (Condition(column, TEXT_OPS[condition.operator], condition.value),)
    if condition.field == "event_id" and _is_text(condition) and condition.operator == "is":
        found = parse_uuid(str(condition.value))
        exactly = found is not None and str(found) == condition.value
        return (Condition("event_id", Op.EQ, found),) if exactly else None
    if condition.field == "start_time" and condition.type in ("number", "datetime"):
        return _start(condition)
    return None


def _start(condition: Filter) -> Where | None:
    value = cast(float, condition.value)
    at = first_ns(lambda ms: ms >= value, value) if condition.value is not None else 0
    past = first_ns(lambda ms: ms > value, value) if condition.value is not None else 0
    match condition.operator:
        case "greater than" | "after":
            return (Condition("start_ns", Op.GE, past),)
        case "less than" | "before":
            return (Condition("start_ns", Op.LT, at),)
        case "is":
            return (Condition("start_ns", Op.GE, at), Condition("start_ns", Op.LT, past))
        case "exists":
            return ()
        case _:
            return None


def hexadecimal(condition: Filter) -> Where:
    """The id of a span or trace that is asked for; none for any other condition."""
    if condition.operator != "is" or condition.field not in _BYTES or not _is_text(condition):
        return ()
    column, length = _BYTES[condition.field]
    try:
        raw = bytes.fromhex(str(condition.value))
    except ValueError:
        return ()
    return (Condition(column, Op.EQ, raw),) if len(raw) == length else ()


def attribute(condition: Filter, *, of_events: bool = False) -> Where:
    """A necessary condition on the attributes that the index holds, or none. ``of_events``: no
    sessions are asked for, which have counts of their own under some names."""
    bucket, _, name = condition.field.partition(".")
    if bucket not in INDEXED or not name or is_left_to_content(condition.field):
        return ()
    if condition.field in _BYTES or condition.field == "metadata.cost":
        return ()
    if bucket == "metadata" and name in SERVER_SET and not of_events:
        return ()
    column = f"attributes.{condition.field}"
    number = number_of(condition.value)
    match condition.operator, condition.type:
        case "is", "string" | "id" if number is None:
            return _same_text(column, str(condition.value))
        case "is", "string" | "id" if number is not None:  # it may be written in other ways
            return tuple(Condition(column, op, number) for op in NUMBER_OPS["is"])
        case ("is" | "greater than" | "less than") as operator, "number" if number is not None:
            return tuple(Condition(column, op, number) for op in NUMBER_OPS[operator])
        case _:
            return ()


def is_same(condition: Filter, *, of_events: bool) -> bool:
    """Whether the condition on an attribute says the same as the filter."""
    found = attribute(condition, of_events=of_events)
    is_text = [getattr(part, "op", None) for part in found] == [Op.EQ]
    return is_text or (condition.type == "number" and bool(found))


def _same_text(column: str, text: str) -> Where:
    if text.lower() in ("true", "false"):
        return ()  # booleans are written in more than one way
    return (Condition(column, Op.EQ, text),)


def _is_text(condition: Filter) -> bool:
    return condition.type in _TEXT


def unless(where: Where, exempt: Sequence[Condition]) -> Where:
    """``where``, of which a row in ``exempt`` need fulfil nothing."""
    return tuple(
        AnyOf((*(part.alternatives if isinstance(part, AnyOf) else (part,)), *exempt))
        for part in where
    )


def after(start_ns: int, event: UUID) -> Where:
    """What follows a row in the order of lists: newest first, then by event id."""
    older = Condition("start_ns", Op.LT, start_ns)
    return (
        Condition("start_ns", Op.LE, start_ns),
        AnyOf((older, Condition("event_id", Op.GT, cast(Value, event)))),
    )
