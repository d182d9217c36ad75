"""Questions of the analytics port, answered row by row."""

import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from hh_core.domain.filters import number_of
from hh_core.domain.tables import Type
from hh_core.errors import RejectedError
from hh_core.ports.analytics import AnyOf, Condition, Function, Measure, Op, Order, Query, Row

Cells = Mapping[str, Any]
Types = Mapping[str, Type]

_WIDTHS = {Type.ID: 16, Type.TRACE: 16, Type.SPAN: 8}
_TEXTS = (Type.NAME, Type.TEXT)
_MAPS = (Type.USAGE, Type.ATTRIBUTES)
_SMALLEST = Decimal("0.000000000001")
_QUANTILES = {Function.P50: 0.5, Function.P90: 0.9, Function.P95: 0.95, Function.P99: 0.99}
_COMPARE: Mapping[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: operator.eq,
    Op.NE: operator.eq,
    Op.LT: operator.lt,
    Op.LE: operator.le,
    Op.GT: operator.gt,
    Op.GE: operator.ge,
}
_NEGATED = (Op.NE, Op.NOT_CONTAINS, Op.NOT_EXISTS)


def answer(query: Query, types: Types, rows: Iterable[Cells]) -> Sequence[Row]:
    """What ``select`` answers."""
    grouped = bool(query.group_by or query.measures or query.bucket)
    if not grouped and not query.columns:
        raise RejectedError("a query names columns, groups or measures", code=422)
    for name in (*query.columns, *(order.column for order in query.order_by if not grouped)):
        _reference(types, name)
    found = selected(query, types, rows)
    ordered = _ordered(found, query.order_by, types, grouped=grouped)
    page = ordered[query.offset : query.offset + query.limit]
    if grouped:
        return page
    return [{name: _value(row, types, name) for name in query.columns} for row in page]


def selected(query: Query, types: Types, rows: Iterable[Cells]) -> list[Row]:
    """All rows, or all groups, that ``query`` matches."""
    for part in query.where:
        for condition in part.alternatives if isinstance(part, AnyOf) else (part,):
            _check(types, condition)
    found = [row for row in rows if all(_matches(row, types, part) for part in query.where)]
    if not (query.group_by or query.measures or query.bucket):
        return found
    return _groups(query, types, found)


def updated_as_ids(query: Query, updated: Collection[UUID]) -> Query:
    """``query`` with every ``UPDATED`` written out."""

    def written(condition: Condition) -> Condition:
        if condition.op is not Op.UPDATED:
            return condition
        if condition.column != "event_id":
            raise RejectedError("only events are updated: ask it of event_id", code=422)
        return replace(condition, op=Op.IN, value=updated)

    where = tuple(
        AnyOf(tuple(map(written, part.alternatives))) if isinstance(part, AnyOf) else written(part)
        for part in query.where
    )
    return replace(query, where=where)


def _groups(query: Query, types: Types, rows: Sequence[Cells]) -> list[Row]:
    names = (*query.group_by, *(("bucket",) if query.bucket else ()))
    width = round(query.bucket.total_seconds() * 1e9) if query.bucket else 1
    if width <= 0 or (query.bucket and "start_ns" not in types):
        raise RejectedError("there is nothing to cut into buckets", code=422)
    for name in query.group_by:
        _reference(types, name)
    for measure in query.measures:
        _check_measure(types, measure)
    groups: dict[tuple[Any, ...], list[Cells]] = {} if names else {(): []}
    for row in rows:
        key = [_value(row, types, name) for name in query.group_by]
        if query.bucket:
            key.append(row["start_ns"] - row["start_ns"] % width)
        groups.setdefault(tuple(key), []).append(row)
    return [
        {
            **dict(zip(names, key, strict=True)),
            **{measure.name: _measured(measure, types, group) for measure in query.measures},
        }
        for key, group in groups.items()
    ]


def _measured(measure: Measure, types: Types, rows: Sequence[Cells]) -> Any:
    if measure.function is Function.COUNT:
        return len(rows)
    values = [_value(row, types, measure.column) for row in rows]
    type_, key = _reference(types, measure.column)
    if type_ is Type.USAGE and key is None:
        return _summed_maps(values)
    known = [value for value in values if value is not None]
    if measure.function is Function.UNIQ:
        return len(set(known))
    if measure.function in (Function.MIN, Function.MAX):
        pick = min if measure.function is Function.MIN else max
        return pick(known, default=None)
    if type_ is Type.ATTRIBUTES:
        known = [number for number in map(number_of, known) if number is not None]
    return _aggregated(measure.function, known)


def _aggregated(function: Function, known: Sequence[Any]) -> Any:
    if not known:
        return None
    if function is Function.SUM:
        return sum(known)
    if function is Function.AVG:
        return float(sum(map(float, known)) / len(known))
    ordered = sorted(map(float, known))
    return ordered[int(_QUANTILES[function] * len(ordered))]


def _summed_maps(values: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    total: dict[str, int] = {}
    for value in values:
        for key, count in value.items():
            total[key] = total.get(key, 0) + count
    return total


def _check_measure(types: Types, measure: Measure) -> None:
    if measure.function is Function.COUNT:
        return
    type_, key = _reference(types, measure.column)
    whole_map = type_ in _MAPS and key is None
    if measure.function is Function.SUM and type_ is Type.USAGE:
        return
    if whole_map:
        raise RejectedError(f"{measure.function} needs a column of numbers", code=422)
    if measure.function not in (Function.UNIQ, Function.MIN, Function.MAX) and (
        type_ in _WIDTHS or type_ in _TEXTS
    ):
        raise RejectedError(f"{measure.function} needs a column of numbers", code=422)


def _ordered(
    rows: Sequence[Row], order_by: Sequence[Order], types: Types, *, grouped: bool
) -> Sequence[Row]:
    for order in reversed(order_by):
        if grouped and rows and order.column not in rows[0]:
            raise RejectedError("groups are ordered by what they answer", code=422)

        def read(row: Row, name: str = order.column) -> Any:
            return row[name] if grouped else _value(row, types, name)

        known = [row for row in rows if read(row) is not None]
        missing = [row for row in rows if read(row) is None]
        rows = [*sorted(known, key=read, reverse=order.descending), *missing]
    return rows


def _matches(row: Cells, types: Types, part: Condition | AnyOf) -> bool:
    if isinstance(part, AnyOf):
        return any(_matches(row, types, condition) for condition in part.alternatives)
    op, wanted = part.op, part.value
    if wanted is None and op in (Op.EQ, Op.NE):
        op = Op.NOT_EXISTS if op is Op.EQ else Op.EXISTS
    value = _value(row, types, part.column)
    type_, key = _reference(types, part.column)
    return _holds(op, value, wanted, type_, key) != (op in _NEGATED)


def _holds(op: Op, value: Any, wanted: Any, type_: Type, key: str | None) -> bool:
    match op:
        case Op.EXISTS | Op.NOT_EXISTS:
            return _exists(value, type_, key)
        case Op.CONTAINS | Op.NOT_CONTAINS:
            return value is not None and wanted in value
        case Op.IN:
            return any(_compare(operator.eq, value, one, type_) for one in wanted)
        case _:
            return _compare(_COMPARE[op], value, wanted, type_)


def _exists(value: Any, type_: Type, key: str | None) -> bool:
    if value is None:
        return False
    if type_ in _WIDTHS:
        return any(_bytes(value))
    if type_ in _TEXTS or type_ is Type.ATTRIBUTES or (type_ is Type.USAGE and key is None):
        return bool(value)
    return True


def _compare(compare: Callable[[Any, Any], bool], value: Any, wanted: Any, type_: Type) -> bool:
    if value is None:
        return False
    if type_ in _WIDTHS:
        return compare(_bytes(value), _bytes(wanted))
    if isinstance(wanted, bool) and isinstance(value, str):
        wanted = "true" if wanted else "false"
    if isinstance(value, str) and not isinstance(wanted, str):
        number = number_of(value)
        return number is not None and compare(number, float(wanted))
    if type_ is Type.COST:
        return compare(value, _cost(wanted))
    return compare(value, wanted)


def _check(types: Types, condition: Condition) -> None:
    """Raise ``RejectedError`` if the column is none, or cannot be compared so."""
    type_, key = _reference(types, condition.column)
    text = type_ in _TEXTS or (type_ is Type.ATTRIBUTES and key is not None)
    match condition.op:
        case Op.EXISTS | Op.NOT_EXISTS:
            return
        case Op.CONTAINS | Op.NOT_CONTAINS:
            if not text or not isinstance(condition.value, str):
                raise RejectedError(f"{condition.column} is not compared as text here", code=422)
        case Op.IN:
            if isinstance(condition.value, str | bytes) or not isinstance(
                condition.value, Collection
            ):
                raise RejectedError("`in` needs a collection of values", code=422)
            for value in condition.value:
                _check_value(type_, key, value)
        case _ if condition.value is not None or condition.op not in (Op.EQ, Op.NE):
            _check_value(type_, key, condition.value)


def _check_value(type_: Type, key: str | None, value: Any) -> None:
    if type_ in _WIDTHS:
        if len(_bytes(value)) != _WIDTHS[type_]:
            raise RejectedError(f"an id here has {_WIDTHS[type_]} bytes", code=422)
        return
    if type_ in _MAPS and key is None:
        raise RejectedError("a map is not compared: compare one of its keys", code=422)
    text = type_ in _TEXTS or type_ is Type.ATTRIBUTES
    if isinstance(value, str) and text:
        return
    if not isinstance(value, int | float | Decimal):
        raise RejectedError("a value of another type is needed here", code=422)
    if type_ is Type.COST:
        _cost(value)


def _reference(types: Types, name: str) -> tuple[Type, str | None]:
    if name in types:
        return types[name], None
    column, dot, key = name.partition(".")
    if dot and key and types.get(column) in _MAPS:
        return types[column], key
    raise RejectedError(f"there is no column {column[:64]!r} here", code=422)


def _value(row: Cells, types: Types, name: str) -> Any:
    """The cell, or what stands under the key of a map; None where there is no such key."""
    _, key = _reference(types, name)
    if key is None:
        return row[name]
    return row[name.partition(".")[0]].get(key)


def _bytes(value: Any) -> bytes:
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, bytes):
        return value
    raise RejectedError("an id is compared with a UUID or bytes", code=422)


def _cost(value: Any) -> Decimal:
    try:
        return Decimal(str(value)).quantize(_SMALLEST)
    except InvalidOperation as error:
        raise RejectedError("a cost is compared with a finite number", code=422) from error
