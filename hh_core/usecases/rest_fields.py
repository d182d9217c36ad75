"""The types of the fields of REST events. Every refusal names the field and the remedy."""

from collections.abc import Iterable, Mapping

from hh_core.domain.event import Json
from hh_core.domain.paths import is_deeper
from hh_core.errors import RejectedError

MAX_NESTING = 64
_MAX_MS = 1e13
"""The year 2286: what is beyond was sent in micro- or nanoseconds."""


def object_of(value: Json, name: str) -> Mapping[str, Json]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RejectedError(f"{name} must be a JSON object")
    return value


def array_of(value: Json, name: str) -> list[Json]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise RejectedError(f"{name} must be an array")
    return value


def ids_of(value: Json, name: str) -> list[str]:
    ids = array_of(value, name)
    if not all(isinstance(one, str) for one in ids):
        raise RejectedError(f"{name} must be an array of strings, each the id of an event")
    return ids


def text_of(value: Json, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RejectedError(f"{name} must be a string")
    return value


def is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def milliseconds(value: Json, name: str) -> float:
    if not is_number(value):
        raise RejectedError(f"{name} must be a number of milliseconds")
    if not 0 <= value < _MAX_MS:
        raise RejectedError(f"{name} must be milliseconds, from 0 to 10^13; scale it")
    return float(value)


def fields_of(given: Mapping[str, Json], names: Iterable[str]) -> dict[str, Json]:
    """Those of ``names`` that were sent, each an object; nesting is bounded."""
    out: dict[str, Json] = {}
    for name in names:
        value = given.get(name)
        if value is None:
            continue
        if not isinstance(value, dict):
            raise RejectedError(f'{name} must be a JSON object; wrap it as {{"value": …}}')
        if is_deeper(value, MAX_NESTING):
            raise RejectedError(f"{name} is nested deeper than {MAX_NESTING} levels; flatten it")
        out[name] = value
    return out
