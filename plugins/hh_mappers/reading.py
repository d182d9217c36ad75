"""Reading attribute values. Every reader answers None for what it cannot read and never raises."""

import math
from typing import Any

import orjson

from hh_core.domain.event import Json
from hh_core.domain.paths import MAX_DEPTH, is_deeper, json_value

_LONGEST_NUMBER = 40
_NUMERIC = frozenset((int, float, str))
_STRUCTURES = frozenset((list, dict))


def text(value: Any) -> str | None:
    return value if type(value) is str and value else None


def identifier(value: Any) -> str | None:
    """A text, or a number that stands for one: applications count their users and sessions."""
    return str(value) if type(value) is int else text(value)


def name(value: Any) -> str | None:
    """A provider's name: exporters disagree about capitals."""
    return value.lower() if type(value) is str and value else None


def integer(value: Any) -> int | None:
    """A whole number: also as a float, or written as text; None beyond what JSON readers hold."""
    found = value if type(value) is int else _whole(value)
    return found if found is not None and abs(found) < 1 << 63 else None


def count(value: Any) -> int | None:
    """As ``integer``; a number below nothing counts nothing."""
    found = value if type(value) is int else _whole(value)
    return found if found is not None and 0 <= found < 1 << 63 else None


def _whole(value: Any) -> int | None:
    if type(value) is float:
        return int(value) if value.is_integer() else None
    if type(value) is str and len(value) <= _LONGEST_NUMBER and value.strip().isdecimal():
        return int(value)
    return None


def number(value: Any) -> float | None:
    if type(value) not in _NUMERIC:
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def plain(value: Any) -> Json:
    """The value as it stands; nothing for an empty text."""
    return value if type(value) is str and value else None if value == "" else json_value(value)


def structured(value: Any) -> Json:
    """A list or an object: as it stands, or parsed from JSON text; None for anything else."""
    read = parsed(value) if type(value) is str else json_value(value)
    return read if type(read) in _STRUCTURES else None


def unpacked(value: Any) -> Json:
    """The list or object that a text holds, or the value as it stands."""
    found = structured(value)
    return json_value(value) if found is None else found


def parsed(value: str) -> Json:
    """JSON text as a value; None if it is not JSON, or nested so deep that no reader can take it.

    A model writes whatever it likes: ten thousand brackets stay the text that they are.
    """
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    is_flat = value.count("[") + value.count("{") <= MAX_DEPTH  # nearly always: cheap to tell
    return found if is_flat or not is_deeper(found, MAX_DEPTH) else None


def unquoted(value: Any) -> Json:
    """The value of conventions that write each of theirs as JSON: ``"\\"a\\""`` is ``a``."""
    if type(value) is not str:
        return json_value(value)
    found = parsed(value)
    return found if found is not None or value == "null" else value


def unquoted_text(value: Any) -> str | None:
    """Text, quoted as JSON or not; None for anything else, ``null`` included."""
    found = unquoted(value)
    return found if type(found) is str and found and found != "null" else None


def dumped(value: Json) -> str:
    """JSON text of a value; text stays as it is."""
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    except (orjson.JSONEncodeError, RecursionError):
        return str(value)
