"""The filters of a question as far as columns and attributes of the index can tell, and where.

What ``narrowing`` decides holds for every row. What is added here may miss events that were
updated, or have more or longer attributes than the index keeps: good enough for a chart above a
list or for completion, never for the list itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from hh_core.domain.filters import Filter, number_of
from hh_core.domain.mapping import INDEXED, is_left_to_content
from hh_core.ports.analytics import Condition, Op, Relation
from hh_core.usecases.narrowing import (
    IS_SESSION,
    TEXT_OPS,
    Where,
    attribute,
    decided,
    hexadecimal,
    range_conditions,
    rules_out_sessions,
)
from hh_core.usecases.search import EventQuery

_NUMBER_OPS = {"is": Op.EQ, "greater than": Op.GT, "less than": Op.LT}
_ROLL_UPS: Mapping[str, str] = {
    "metadata.num_events": "num_events",
    "metadata.num_model_events": "num_model_events",
    "metadata.num_errors": "num_errors",
    "metadata.cost": "cost",
    **{
        f"metadata.{kind}": f"usage.{kind}"
        for kind in ("prompt_tokens", "completion_tokens", "total_tokens")
    },
}
_MOST = 1e18
"""No column holds more."""
_OF_SESSIONS = frozenset({"start_ns", "event_name", *_ROLL_UPS.values()})


@dataclass(frozen=True, slots=True)
class Brushed:
    relation: Relation
    """SESSIONS where nothing else is asked for, LISTING where sessions may be meant too."""
    where: Where
    ignored: tuple[str, ...]
    """Fields of the filters that only content can answer; these were left out."""


def brushed(query: EventQuery) -> Brushed:
    asks_for_sessions = any(
        (each.field, each.operator, each.value) == ("event_type", "is", "session")
        for each in query.filters
    )
    where = list(range_conditions(query.range))
    ignored: list[str] = []
    for condition in query.filters:
        found = decided(condition)
        if found is None:
            found = _of_roll_up(condition) if asks_for_sessions else _close(condition)
        if found is None:
            ignored.append(condition.field)
        else:
            where += found
    rest = tuple(part for part in where if part != IS_SESSION)
    columns = {part.column for part in rest if isinstance(part, Condition)}
    if asks_for_sessions and columns <= _OF_SESSIONS:
        return Brushed(Relation.SESSIONS, rest, tuple(ignored))
    is_of_events = rules_out_sessions(rest) or any(_needs_events(column) for column in columns)
    relation = Relation.EVENTS if is_of_events else Relation.LISTING
    return Brushed(relation, tuple(where), tuple(ignored))


def _needs_events(column: str) -> bool:
    """Sessions have no attributes in the index, and no ids of spans."""
    return column.startswith("attributes.") or column in ("trace_id", "span_id", "parent_span_id")


def _of_roll_up(condition: Filter) -> Where | None:
    column = _ROLL_UPS.get(condition.field)
    if column is None or condition.type != "number":
        return None
    return _number(column, condition, 1)


def _close(condition: Filter) -> Where | None:
    if condition.field == "duration" and condition.type == "number":
        return _number("duration_ns", condition, 1_000_000)
    if condition.field == "error" and condition.operator in ("exists", "not exists"):
        return (Condition("error_class", TEXT_OPS[condition.operator]),)
    found = hexadecimal(condition) or attribute(condition)
    return found or _attribute_text(condition)


def _number(column: str, condition: Filter, unit: int) -> Where | None:
    if condition.operator not in _NUMBER_OPS:
        return None
    value = cast(float, condition.value) * unit
    if abs(value) > _MOST:
        return None
    return (Condition(column, _NUMBER_OPS[condition.operator], value),)


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
