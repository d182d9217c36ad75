"""Python's ``repr`` of lists and dicts, as some exporters write them, without running anything."""

import ast
from collections.abc import Mapping
from typing import Any

from hh_core.domain.event import Json
from hh_core.domain.paths import MAX_DEPTH, is_deeper, json_value
from hh_mappers.reading import structured

LONGEST = 1 << 18
"""Characters that are read: parsing takes a hundred times the room of the text."""
_OPENING = ("[", "{", "(")


def structure(value: Any) -> Json:
    """A list or an object: as it stands, from JSON text, or from Python's ``repr`` of one.

    None for anything else, also for text that is too long or nested too deep to be read safely.
    """
    found = structured(value)
    if found is not None or type(value) is not str:
        return found
    text = value.strip()
    return _literal(text) if text.startswith(_OPENING) and len(text) <= LONGEST else None


def _literal(text: str) -> Json:
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    try:
        read = _plain(found, MAX_DEPTH)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, list | dict) and not is_deeper(read, MAX_DEPTH) else None


def _plain(value: Any, levels: int) -> Json:
    """What JSON can hold of a Python literal; raises ValueError for what lies too deep."""
    if levels < 0:
        raise ValueError(value)
    if isinstance(value, Mapping):
        return {_text(str(key)): _plain(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item, levels - 1) for item in value]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 1 << 63 else str(value)
    if value is None or isinstance(value, bool | float | bytes):
        return json_value(value)
    return str(value)  # a complex number, or an ellipsis


def _text(value: str) -> str:
    """Text that UTF-8 can hold: a literal may spell half a surrogate pair."""
    return value.encode("utf-8", "replace").decode("utf-8")
