"""The order of a list: by a field of the index, ties by event id; and what follows a row in it.

What has no value of the field (no cost, no tokens) comes last in both directions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import cast
from uuid import UUID

from hh_core.domain.event import Json
from hh_core.errors import RejectedError
from hh_core.ports.analytics import AnyOf, Condition, Op, Order, Row, Value

COLUMNS: Mapping[str, str] = {
    "start_time": "start_ns",
    "duration": "duration_ns",
    "cost": "cost",
    "total_tokens": "usage.total_tokens",
    "event_name": "event_name",
    "error": "error_class",
}
"""Field to the column of ``EVENTS`` and ``LISTING`` that has it."""
_OF_SESSIONS = {"error": "num_errors"}
"""Where ``SESSIONS`` has another column."""
_OTHER_NAMES = {"metadata.cost": "cost", "metadata.total_tokens": "total_tokens"}
_MAY_BE_MISSING = ("cost", "usage.total_tokens")
_ORDERS = {"asc": False, "desc": True}
LAST_ID = UUID(int=(1 << 128) - 1)


@dataclass(frozen=True, slots=True)
class Sort:
    field: str = "start_time"
    descending: bool = True

    @property
    def is_newest_first(self) -> bool:
        return self == NEWEST

    @property
    def column(self) -> str:
        return COLUMNS[self.field]

    def of_sessions(self) -> str | None:
        """The column of ``SESSIONS``; None if it has none."""
        return None if self.field == "duration" else _OF_SESSIONS.get(self.field, self.column)

    def orders(self, column: str | None = None, key: str = "event_id") -> tuple[Order, ...]:
        return (Order(column or self.column, descending=self.descending), Order(key))

    def with_column(self, columns: Sequence[str]) -> tuple[str, ...]:
        """``columns`` and the one that rows are sorted by."""
        return tuple(dict.fromkeys((*columns, self.column)))

    def arranged(self, rows: Iterable[Row]) -> list[Row]:
        """``rows``, which have the column, as the index orders them."""
        ordered = sorted(rows, key=lambda row: cast(UUID, row["event_id"]).int)
        there = [row for row in ordered if row[self.column] is not None]
        missing = [row for row in ordered if row[self.column] is None]
        # a reversed sort keeps the order of equal rows
        there.sort(key=lambda row: cast(int, row[self.column]), reverse=self.descending)
        return there + missing


NEWEST = Sort()


@dataclass(frozen=True, slots=True)
class Position:
    """Of a row in the order of a list."""

    value: Value
    event: UUID

    def as_json(self) -> Json:
        value = str(self.value) if isinstance(self.value, Decimal) else self.value
        return [value, self.event.hex]

    def beyond(
        self, sort: Sort, column: str | None = None, key: str = "event_id"
    ) -> tuple[Condition | AnyOf, ...]:
        """What follows: conditions that can be looked up come first and alone."""
        column = column or sort.column
        later = Condition(key, Op.GT, cast(Value, self.event))
        missing = Condition(column, Op.NOT_EXISTS)
        if self.value is None:
            return (missing, later)
        above, at = (Op.LT, Op.LE) if sort.descending else (Op.GT, Op.GE)
        bound, past = Condition(column, at, self.value), Condition(column, above, self.value)
        if column in _MAY_BE_MISSING:
            return (AnyOf((bound, missing)), AnyOf((past, later, missing)))
        return (bound, AnyOf((past, later)))


def position_of(row: Row, column: str, key: str = "event_id") -> Position:
    return Position(row[column], cast(UUID, row[key]))


def parse_position(value: Json, sort: Sort) -> Position:
    """What ``as_json`` made."""
    try:
        found, event = value
        if sort.field == "cost" and found is not None:
            found = Decimal(found)
        return Position(found, UUID(hex=event))
    except (TypeError, ValueError, InvalidOperation):
        raise RejectedError("cursor is not one of this question; begin again without it") from None


def parse_sort(value: Json) -> Sort:
    """``{"field": …, "order": "asc" | "desc"}``; the field's name alone is enough."""
    if value is None:
        return NEWEST
    if isinstance(value, str):
        value = {"field": value}
    named = value.get("field") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(named, str):
        raise RejectedError('sort must be an object such as {"field": "duration", "order": "desc"}')
    field = _OTHER_NAMES.get(named, named)
    if field not in COLUMNS:
        near = get_close_matches(field[:64], COLUMNS, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(COLUMNS)}"
        raise RejectedError(f"sort.field is none that lists are sorted by; {remedy}")
    order = value.get("order", "desc")
    if not isinstance(order, str) or order not in _ORDERS:
        raise RejectedError("sort.order must be asc or desc")
    return Sort(field, _ORDERS[order])
