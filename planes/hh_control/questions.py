"""Questions about telemetry, from a client's JSON to the analytics port and back.

Public times are milliseconds; the index counts nanoseconds. Whatever is not understood is a
``RejectedError`` that names the field.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hh_core.domain.telemetry import MAX_COST, MAX_TIME_NS
from hh_core.errors import RejectedError
from hh_core.ports.analytics import (
    Condition,
    Function,
    Measure,
    Op,
    Order,
    Query,
    Relation,
    Row,
    Value,
)

GROUPS = (
    "event_type",
    "event_name",
    "model",
    "provider",
    "service",
    "status",
    "error_class",
    "dp_id",
)
NUMBERS = ("duration_ms", "cost", "usage")
IDS = ("event_id", "trace_id", "session_key")
BUCKETS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
MAX_LIMIT = 10_000
MAX_PARTS = 32
"""Measures, filters or alternatives in one question."""
_DEFAULT_RANGE_MS = 24 * 3600 * 1000
_NS = 1_000_000
_EVENTS_ONLY = (Condition("trace_id", Op.EXISTS),)
_MOST = {"duration_ms": MAX_TIME_NS // _NS, "cost": MAX_COST}
"""What a filter may compare with: beyond, nothing is stored."""
_SMALLEST_COST = Decimal("1e-12")
_STORED = {"duration_ms": "duration_ns"}
_UNKNOWN = "not a field of this request"
_FIELDS = {
    "measures",
    "group_by",
    "bucket",
    "filters",
    "from",
    "to",
    "order_by",
    "limit",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A query of the port, its range as asked, and which answers are durations."""

    query: Query
    first_ms: int
    last_ms: int
    durations: frozenset[str]

    def answer(self, rows: Collection[Row]) -> dict[str, Any]:
        return {
            "from": self.first_ms,
            "to": self.last_ms,
            "rows": [
                {name: self._public(name, value) for name, value in row.items()} for row in rows
            ],
        }

    def _public(self, name: str, value: Value) -> Any:
        if name == "bucket" and isinstance(value, int):
            return value // _NS
        if name in self.durations and isinstance(value, int | float | Decimal):
            return float(value) / _NS
        return plain(value)


def plain(value: Any) -> Any:
    """A value of the index as JSON: ids as text, money as a number."""
    match value:
        case UUID():
            return str(value)
        case bytes():
            return value.hex()
        case Decimal():
            return float(value)
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case _:
            return value


def parse_question(body: Any, project: UUID, *, now_ms: int) -> Question:
    """The question in a request's JSON, about ``project`` only."""
    _require(isinstance(body, dict), "body", "must be a JSON object")
    for name in body:
        _require(name in _FIELDS, str(name)[:64], _UNKNOWN)
    measures = tuple(_measure(item) for item in _list(body, "measures"))
    _require(bool(measures), "measures", "needs at least one")
    names = [measure.name for measure in measures]
    groups = tuple(_one_of(item, GROUPS, "group_by") for item in _list(body, "group_by"))
    bucket = body.get("bucket")
    if bucket is not None:
        bucket = _one_of(bucket, BUCKETS, "bucket")
    answered = [*groups, *(["bucket"] if bucket else []), *names]
    _require(len(set(answered)) == len(answered), "measures", "names must differ, also from groups")
    first, last = _range(body, now_ms)
    filters = tuple(_condition(item) for item in _list(body, "filters"))
    used = {*groups, *(one.column for one in measures), *(one.column for one in filters)}
    # only the listing is ordered by time; it tells no data planes apart, and has sessions too
    is_listed = "dp_id" not in used
    query = Query(
        relation=Relation.LISTING if is_listed else Relation.EVENTS,
        project=project,
        where=(*_within(first, last), *filters, *(_EVENTS_ONLY if is_listed else ())),
        group_by=groups,
        bucket=BUCKETS.get(bucket or ""),
        measures=measures,
        order_by=tuple(_order(item, answered) for item in _list(body, "order_by")),
        limit=_integer(body, "limit", 1000, 1, MAX_LIMIT),
    )
    durations = frozenset(
        measure.name
        for measure in measures
        if measure.column == "duration_ns" and measure.function is not Function.UNIQ
    )
    return Question(query, first, last, durations)


def _measure(item: Any) -> Measure:
    _require(isinstance(item, dict), "measures", "each must be an object")
    _require(not item.keys() - {"name", "function", "column"}, "measures", _UNKNOWN)
    function = Function(_one_of(item.get("function"), list(Function), "measures.function"))
    column = item.get("column", "")
    allowed: Collection[str] = NUMBERS
    if function is Function.UNIQ:
        allowed = (*IDS, *GROUPS)
    elif function is not Function.SUM:
        allowed = [name for name in NUMBERS if name != "usage"]
    if function is not Function.COUNT:
        column = _one_of(column, allowed, "measures.column")
    default = f"{function}_{column}" if column else str(function)
    name = item.get("name", default)
    is_name = isinstance(name, str) and name.isidentifier() and len(name) <= 64
    _require(is_name, "measures.name", "must be an identifier of at most 64 characters")
    return Measure(
        name, function, "" if function is Function.COUNT else _STORED.get(column, column)
    )


_OPS = [op for op in Op if op is not Op.UPDATED]


def _condition(item: Any) -> Condition:
    _require(isinstance(item, dict), "filters", "each must be an object")
    _require(not item.keys() - {"column", "op", "value"}, "filters", _UNKNOWN)
    allowed = (*GROUPS, *IDS, "duration_ms", "cost")
    column = _one_of(item.get("column"), allowed, "filters.column")
    op = Op(_one_of(item.get("op", "eq"), _OPS, "filters.op"))
    value = item.get("value")
    if op in (Op.EXISTS, Op.NOT_EXISTS):
        return Condition(_STORED.get(column, column), op)
    if op is Op.IN:
        _require(
            isinstance(value, list) and 0 < len(value) <= 1000, "filters.value", "needs a list"
        )
        values = [_stored(column, one) for one in value]
        return Condition(_STORED.get(column, column), op, values)
    return Condition(_STORED.get(column, column), op, _stored(column, value))


def _stored(column: str, value: Any) -> Value:
    """A client's value as the index holds it."""
    if column in GROUPS:
        _require(isinstance(value, str) and len(value) <= 256, "filters.value", "must be a text")
        return str(value)
    if column in _MOST:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        _require(is_number and abs(value) <= _MOST[column], "filters.value", "must be a number")
        if column == "duration_ms":
            return int(value * _NS)
        return Decimal(str(value)).quantize(_SMALLEST_COST)
    try:
        if column == "trace_id":
            _require(len(value) == 32, "filters.value", "must be 32 hexadecimal digits")
            return bytes.fromhex(value)
        return UUID(value)
    except (TypeError, ValueError, AttributeError):
        raise RejectedError("filters.value: not an id of that column", code=422) from None


def _within(first_ms: int, last_ms: int) -> tuple[Condition, Condition]:
    return (
        Condition("start_ns", Op.GE, first_ms * _NS),
        Condition("start_ns", Op.LT, last_ms * _NS),
    )


def _order(item: Any, answered: Collection[str]) -> Order:
    _require(isinstance(item, dict), "order_by", "each must be an object")
    _require(not item.keys() - {"column", "descending"}, "order_by", _UNKNOWN)
    descending = item.get("descending", False)
    _require(isinstance(descending, bool), "order_by.descending", "must be true or false")
    return Order(_one_of(item.get("column"), answered, "order_by.column"), descending)


def _range(body: Mapping[str, Any], now_ms: int) -> tuple[int, int]:
    last = _integer(body, "to", now_ms, 0, 1 << 43)
    first = _integer(body, "from", max(0, last - _DEFAULT_RANGE_MS), 0, 1 << 43)
    _require(first < last, "from", "must be before `to`")
    return first, last


def _integer(body: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    value = body.get(name, default)
    holds = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    _require(holds, name, f"must be a whole number from {least} to {most}")
    return int(value)


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name, [])
    _require(isinstance(value, list) and len(value) <= MAX_PARTS, name, "must be a short list")
    return list(value)


def _one_of(value: Any, allowed: Collection[str], name: str) -> str:
    holds = isinstance(value, str) and value in allowed
    _require(holds, name, f"must be one of {', '.join(allowed)}")
    return str(value)


def _require(holds: bool, name: str, message: str) -> None:
    if not holds:
        raise RejectedError(f"{name}: {message}", code=422)
