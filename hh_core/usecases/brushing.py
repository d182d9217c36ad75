"""The filters of a question as far as columns and attributes of the index can tell, and where.

What ``narrowing`` decides holds for every row. What is added here may miss events that were
updated, or have more or longer attributes than the index keeps: good enough for a chart above a
list or for completion, never for the list itself.
"""

from dataclasses import dataclass

from hh_core.domain.filters import Filter, number_of
from hh_core.domain.mapping import INDEXED, is_left_to_content
from hh_core.ports.analytics import Condition, Relation
from hh_core.usecases.columns_decide import Where, by_roll_up, unless_updated
from hh_core.usecases.narrowing import (
    IS_SESSION,
    OF_SESSIONS,
    TEXT_OPS,
    asks_for_sessions,
    attribute,
    columns_of,
    decided,
    hexadecimal,
    range_conditions,
    rules_out_sessions,
)
from hh_core.usecases.search import EventQuery


@dataclass(frozen=True, slots=True)
class Brushed:
    relation: Relation
    """SESSIONS where nothing else is asked for, LISTING where sessions may be meant too."""
    where: Where
    ignored: tuple[str, ...]
    """Fields of the filters that only content can answer; these were left out."""

    @property
    def is_of_sessions(self) -> bool:
        return self.relation is Relation.SESSIONS or IS_SESSION in self.where


def brushed(query: EventQuery) -> Brushed:
    of_sessions = asks_for_sessions(query)
    where = list(range_conditions(query.range))
    ignored: list[str] = []
    for condition in query.filters:
        found = decided(condition)
        if found is None:
            found = _of_session(condition) if of_sessions else _close(condition)
        if found is None:
            ignored.append(condition.field)
        else:
            where += found
    rest = tuple(part for part in where if part != IS_SESSION)
    columns = columns_of(rest)
    if of_sessions and columns <= OF_SESSIONS:
        return Brushed(Relation.SESSIONS, rest, tuple(ignored))
    is_of_events = rules_out_sessions(rest) or any(_needs_events(column) for column in columns)
    relation = Relation.EVENTS if is_of_events else Relation.LISTING
    return Brushed(relation, tuple(where), tuple(ignored))


def _needs_events(column: str) -> bool:
    """Sessions have no attributes in the index, and no ids of spans."""
    return column.startswith("attributes.") or column in ("trace_id", "span_id", "parent_span_id")


def _of_session(condition: Filter) -> Where | None:
    found = by_roll_up(condition)
    return unless_updated(condition) if found is None else found


def _close(condition: Filter) -> Where | None:
    found = unless_updated(condition)
    if found is not None:
        return found
    found = hexadecimal(condition) or attribute(condition)
    return found or _attribute_text(condition)


def _attribute_text(condition: Filter) -> Where | None:
    """Texts alone: numbers and truth values are written in more than one way."""
    bucket, _, name = condition.field.partition(".")
    is_known = bucket in INDEXED and name and not is_left_to_content(condition.field)
    is_text = condition.type in ("string", "id") and number_of(condition.value) is None
    if not is_known or condition.operator not in TEXT_OPS:
        return None
    if not is_text and not condition.operator.endswith("exists"):
        return None
    column = f"attributes.{condition.field}"
    return (Condition(column, TEXT_OPS[condition.operator], condition.value),)
