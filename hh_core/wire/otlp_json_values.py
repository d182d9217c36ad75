"""The scalar and AnyValue rules of OTLP/JSON. ``null`` everywhere means the field's default."""

import math
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any

from hh_core.domain.span import AnyValue

_INTEGER = re.compile(r"-?[0-9]{1,20}")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")
_NOT_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class BadValueError(ValueError):
    """A value that its field cannot hold. The message names the field, never the value."""


class BadIdError(ValueError):
    """A text that is no id; this spoils one span, not the request."""


def object_of(value: object, field: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadValueError(f"{field} must be an object")
    return value


def list_of(value: object, field: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadValueError(f"{field} must be an array")
    return value


def text(value: object, field: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadValueError(f"{field} must be a string")
    return value


def hex_id(value: object, field: str) -> bytes:
    given = text(value, field)
    if not _HEX.fullmatch(given):
        raise BadIdError(field)
    return bytes.fromhex(given)


def uint64(value: object, field: str) -> int:
    return _within(value, field, 0, (1 << 64) - 1)


def uint32(value: object, field: str) -> int:
    return 0 if value is None else _within(value, field, 0, (1 << 32) - 1)


def enum(value: object, names: Mapping[str, int], field: str) -> int:
    """By number (any of 32 bits: enums grow) or by name."""
    if isinstance(value, str):
        if value in names:
            return names[value]
        raise BadValueError(f"{field} must be one of {', '.join(names)}, or a number")
    return _within(value, field, -(1 << 31), (1 << 31) - 1)


def _within(value: object, field: str, least: int, most: int) -> int:
    if value is None:
        return 0
    number: int | None = None
    if isinstance(value, str):
        number = int(value) if _INTEGER.fullmatch(value) else None
    elif isinstance(value, float):
        number = int(value) if value.is_integer() else None
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    if number is None or not least <= number <= most:
        raise BadValueError(f"{field} must be an integer from {least} to {most}")
    return number


def attributes(value: object, nesting: int) -> dict[str, AnyValue]:
    """``[{"key": …, "value": {…}}]`` as a dict; values nest at most ``nesting`` levels."""
    out: dict[str, AnyValue] = {}
    for item in list_of(value, "attributes"):
        pair = object_of(item, "attributes")
        key = text(pair.get("key"), "attributes.key")
        held = object_of(pair.get("value"), "attributes.value")
        if nesting < 1:
            raise BadValueError("an attribute value is nested too deeply; flatten it")
        string = held.get("stringValue")
        if type(string) is str and len(held) == 1:  # nearly all attributes
            out[key] = string
        else:
            out[key] = any_value(held, nesting)
    return out


def any_value(held: Mapping[str, Any], nesting: int) -> AnyValue:
    """What ``{"stringValue": …}`` and the like holds; None for nothing."""
    if nesting < 1:
        raise BadValueError("an attribute value is nested too deeply; flatten it")
    found: AnyValue = None
    for name, value in held.items():
        convert = _KINDS.get(name)
        if convert is not None and value is not None:
            found = convert(value, nesting - 1)
    return found


def _string(value: object, _: int) -> AnyValue:
    return text(value, "stringValue")


def _bool(value: object, _: int) -> AnyValue:
    if not isinstance(value, bool):
        raise BadValueError("boolValue must be true or false")
    return value


def _int(value: object, _: int) -> AnyValue:
    return _within(value, "intValue", -(1 << 63), (1 << 63) - 1)


def _double(value: object, _: int) -> AnyValue:
    if isinstance(value, str):
        if value in _NOT_NUMBERS:
            return _NOT_NUMBERS[value]
        number = float(value) if _NUMBER.fullmatch(value) else math.inf
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    else:
        number = math.inf
    if math.isinf(number):
        raise BadValueError('doubleValue must be a number, "NaN", "Infinity" or "-Infinity"')
    return number


def _array(value: object, nesting: int) -> AnyValue:
    values = list_of(object_of(value, "arrayValue").get("values"), "arrayValue.values")
    return [any_value(object_of(item, "arrayValue.values"), nesting) for item in values]


def _kvlist(value: object, nesting: int) -> AnyValue:
    return attributes(object_of(value, "kvlistValue").get("values"), nesting)


def _bytes(value: object, _: int) -> AnyValue:
    given = text(value, "bytesValue").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return b64decode(given + "=" * (-len(given) % 4), validate=True)
    except ValueError as error:
        raise BadValueError("bytesValue must be base64") from error


_KINDS: Mapping[str, Callable[[Any, int], AnyValue]] = {
    "stringValue": _string,
    "boolValue": _bool,
    "intValue": _int,
    "doubleValue": _double,
    "arrayValue": _array,
    "kvlistValue": _kvlist,
    "bytesValue": _bytes,
}
