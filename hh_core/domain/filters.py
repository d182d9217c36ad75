"""What a reader asks of events: filters on any dotted path (contract C10).

A list of filters is an AND. ``matches`` is the law; every index that narrows a search must agree.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from hh_core.domain.event import Event, Json
from hh_core.domain.field_path import FieldPath, parse_path
from hh_core.errors import RejectedError

_COMMON = ("exists", "not exists", "is")
OPERATORS: Mapping[str, tuple[str, ...]] = {
    "string": (*_COMMON, "is not", "contains", "not contains"),
    "number": (*_COMMON, "is not", "greater than", "less than"),
    "boolean": _COMMON,
    "datetime": (*_COMMON, "is not", "after", "before"),
    "id": (*_COMMON, "is not", "contains", "not contains"),
}
"""Type to the operators it knows. ``id`` is the 0.2.x clients' name for a string."""

MAX_FILTERS = 64

NUMBER_TEXT = "[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?"
"""What counts as a number when it is text: the same in every index. No two of its parts can take
the same characters, so that any matcher is done after one look at each."""
MAX_NUMBER_TEXT = 320
"""Characters of a number that is text: more than ``text_of`` makes of the largest float."""

_NUMBER = re.compile(NUMBER_TEXT)
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition. ``value`` is text, a float, a bool, or milliseconds for ``datetime``."""

    field: str
    operator: str
    type: str
    value: str | float | bool | None = None

    @property
    def negative(self) -> bool:
        """Also true where the field is missing."""
        return self.operator.startswith("not ") or self.operator == "is not"


def parse_filters(raw: Json, name: str = "filters") -> tuple[Filter, ...]:
    """Filters as a client wrote them. ``RejectedError`` names what is wrong and what would do."""
    if raw is None:
        return ()
    if isinstance(raw, Mapping):
        raw = [raw]
    if not isinstance(raw, list):
        raise RejectedError(f"{name} must be a list of objects with field, operator, value, type")
    if len(raw) > MAX_FILTERS:
        raise RejectedError(f"{name} has more than {MAX_FILTERS} entries; ask for fewer")
    return tuple(_parse(item, f"{name}[{index}]") for index, item in enumerate(raw))


def matches(event: Event, condition: Filter) -> bool:
    """Whether ``event`` fulfils ``condition``; missing, null and empty values do not exist."""
    return _fulfils(lookup(event, condition.field), condition)


def matcher(conditions: Sequence[Filter]) -> Callable[[Event], bool]:
    """Whether an event fulfils them all: ``matches``, prepared once for many events."""
    prepared = [(FieldPath(condition.field), condition) for condition in conditions]
    return lambda event: all(_fulfils(path.find(event), each) for path, each in prepared)


def lookup(event: Json, path: str) -> Json:
    """The value at a dotted path, or None if it is missing, null or empty."""
    return FieldPath(path).find(event)


def milliseconds(value: Json) -> float | None:
    """A time as Unix milliseconds: a number, digits, or ISO 8601 (UTC where it names no zone)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | str):
        number = number_of(value)
        if number is not None:
            return number
    if not isinstance(value, str):
        return None
    if len(value) > MAX_NUMBER_TEXT:
        return None
    try:
        parsed = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp() * 1000


def number_of(value: Json) -> float | None:
    """A finite number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and (len(value) > MAX_NUMBER_TEXT or not _NUMBER.fullmatch(value)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def text_of(value: Json) -> str | None:
    """A scalar as the text that a string filter is compared with; None for lists and objects."""
    kind = type(value)  # for each number of each span, and three times as fast as matching
    if kind is str or kind is int:
        return str(value)
    if kind is float:
        return str(int(value)) if value.is_integer() else repr(value)
    if kind is bool:
        return "true" if value else "false"
    return None


def _parse(raw: Json, name: str) -> Filter:
    if not isinstance(raw, Mapping):
        raise RejectedError(f"{name} must be an object with field, operator, value, type")
    field = parse_path(raw.get("field"), f"{name}.field")
    value = raw.get("value")
    type_ = raw.get("type") or _kind_of(value)
    if not isinstance(type_, str) or type_ not in OPERATORS:
        raise RejectedError(f"{name}.type must be one of {', '.join(OPERATORS)}")
    operator = raw.get("operator", "is")
    if operator not in OPERATORS[type_]:
        allowed = ", ".join(OPERATORS[type_])
        shown = f"{operator[:40]!r}" if isinstance(operator, str) else "that"
        raise RejectedError(f"{name}.operator {shown} is not known for {type_}; use {allowed}")
    if operator in ("exists", "not exists"):
        return Filter(field, operator, type_)
    return Filter(field, operator, type_, _operand(value, type_, name))


def _kind_of(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "string"


def _operand(value: Json, type_: str, name: str) -> str | float | bool:
    if value is None:
        raise RejectedError(f"{name}.value is missing; to find empty fields use 'not exists'")
    operand = {"number": number_of, "datetime": milliseconds, "boolean": _truth}.get(type_, text_of)
    parsed = operand(value)
    if parsed is None:
        raise RejectedError(f"{name}.value cannot be read as a {type_}")
    return cast("str | float | bool", parsed)


def _truth(value: Json) -> bool | None:
    if isinstance(value, str):
        return _TRUTH.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _fulfils(value: Json, condition: Filter) -> bool:
    operator = condition.operator
    if operator in ("exists", "not exists"):
        return (value is not None) == (operator == "exists")
    if value is None:
        return condition.negative
    return _holds(value, condition)


def _holds(value: Json, condition: Filter) -> bool:
    match condition.type:
        case "number":
            return _ordered(number_of(value), condition)
        case "datetime":
            return _ordered(milliseconds(value), condition)
        case "boolean":
            return _truth(value) == condition.value
        case _:
            return _textual(value, condition)


def _ordered(value: float | None, condition: Filter) -> bool:
    if value is None:
        return condition.negative
    operand = cast(float, condition.value)
    match condition.operator:
        case "is":
            return value == operand
        case "is not":
            return value != operand
        case "greater than" | "after":
            return value > operand
        case _:
            return value < operand


def _textual(value: Json, condition: Filter) -> bool:
    operand = cast(str, condition.value)
    if condition.operator in ("is", "is not"):
        return (text_of(value) == operand) == (condition.operator == "is")
    found = any(operand in text for text in _texts(value))
    return found == (condition.operator == "contains")


def _texts(value: Json) -> Iterator[str]:
    """The text of a scalar, or every text in a list or object: what ``contains`` looks into."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif (text := text_of(item)) is not None:
            yield text
