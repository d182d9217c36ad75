"""Dotted paths: nested objects from flat attributes, and flat scalars from nested objects."""

import base64
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hh_core.domain.event import Json

MAX_PATHS = 64
"""Scalars that the index keeps of one event."""
MAX_KEY = 200
"""Characters of a path in the index."""
MAX_VALUE = 256
"""Characters of a value in the index."""
MAX_LEFT_OUT = 1_000
"""Values that are looked at in vain before the rest of an event is left out unseen."""
MAX_DEPTH = 64
"""Levels of nesting that a dotted path builds; what is deeper stays one key."""

_CONTAINERS = (dict, list)
_SCALARS = frozenset((str, int, float, bool))


def put(values: dict[str, Json], path: str, value: Json) -> bool:
    """Set ``path`` if it is free. False if another value stands there: the first one wins."""
    return bool(values.setdefault(path, value) == value)


def json_value(value: Any) -> Json:
    """An attribute's value as JSON can hold it: bytes as base64, infinities and NaN as text."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if kind is float:
        return value if math.isfinite(value) else _infinite(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    return [json_value(item) for item in value]


def nested(pairs: Iterable[tuple[str, Json]]) -> dict[str, Json]:
    """Objects from dotted paths; keys 0, 1, … without a gap become a list (contract B3).

    Where one path is the beginning of another (``a`` and ``a.b``), the longer one stays a dotted
    key beside it, so that no value is lost.
    """
    flat = dict(pairs)
    root: dict[str, Json] = {}
    for path, value in flat.items():
        _insert(root, path, value, flat)
    return {key: _lists(item) for key, item in root.items()}


def is_deeper(value: Json, levels: int) -> bool:
    """Whether lists and objects stand in each other more than ``levels`` deep."""
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(levels):
        if not level:
            return False
        level = [
            below
            for item in level
            for below in (item.values() if type(item) is dict else item)
            if type(below) in _CONTAINERS
        ]
    return bool(level)


def index(values: dict[str, Json]) -> tuple[dict[str, Json], int]:
    """The scalars of ``values`` within the bounds of the index, and how many were left out.

    Two values of one dotted path count as one left out, so that a reader looks at the content. The
    one that is kept is that which ``FieldPath.find`` meets first: through the longest keys. After
    ``MAX_LEFT_OUT`` nothing more is looked at.
    """
    if len(values) <= MAX_PATHS and _fit(values):
        return values, 0
    found = _Found()
    holding: list[tuple[str, Json]] = []
    for path, value in values.items():  # scalars first: their paths are their keys
        kind = type(value)
        if kind in _CONTAINERS:
            holding.append((path, value))
        elif kind not in _SCALARS:
            found.look_below(path, value)
        elif value != "":
            found.look_at(path, value)
        if found.left_out >= MAX_LEFT_OUT:
            return found.kept, found.left_out
    if len(holding) > 1:
        holding.sort(key=lambda pair: len(pair[0]), reverse=True)
    for path, value in holding:
        found.look_below(path, value)
        if found.left_out >= MAX_LEFT_OUT:
            break
    return found.kept, found.left_out


@dataclass(slots=True)
class _Found:
    """What ``index`` keeps."""

    kept: dict[str, Json] = field(default_factory=dict)
    left_out: int = 0
    _taken: set[str] = field(default_factory=set)
    """Paths of lists and objects."""

    def look_at(self, path: str, value: Json) -> None:
        """``value`` is a scalar."""
        self.left_out += path in self._taken or not _keep(self.kept, path, value)

    def look_below(self, path: str, value: Json) -> None:
        """Look at ``value`` and all below it, but for null and empty ones, until there is too much
        that is left out. Nothing below a path that is too long: hostile keys would cost memory for
        each value below them."""
        is_plain = type(value) in _CONTAINERS
        if not is_plain and not isinstance(value, Mapping | list):
            if value is not None and value != "":
                self.look_at(path, value)
            return
        if not value:
            return
        if len(path) > MAX_KEY:
            self.left_out += 1
            return
        if is_plain:
            self._taken.add(path)
        else:
            self.look_at(path, value)
        for key, below in enumerate(value) if isinstance(value, list) else _pairs(value):
            if type(below) not in _SCALARS:
                self.look_below(f"{path}.{key}", below)
            elif below != "":
                self.look_at(f"{path}.{key}", below)
            if self.left_out >= MAX_LEFT_OUT:
                return


def _pairs(value: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    return ((key, value[key]) for key in _keys(value))


def _keys(item: Mapping[str, Json]) -> Sequence[str]:
    """Its keys, but the longest first where they hold dots and so may mean the same path."""
    names = list(item)
    return sorted(names, key=len, reverse=True) if any("." in name for name in names) else names


def _fit(values: Mapping[str, Json]) -> bool:
    """Whether the index can hold the values as they stand: nearly always."""
    for path, value in values.items():
        kind = type(value)
        if kind is str:
            if not 0 < len(value) <= MAX_VALUE:
                return False
        elif kind is not int and kind is not float and kind is not bool:
            return False
        if len(path) > MAX_KEY:
            return False
    return True


def _keep(kept: dict[str, Json], path: str, value: Json) -> bool:
    """Whether the value is in the index now, or is empty and does not belong there."""
    if type(value) is str and not 0 < len(value) <= MAX_VALUE:
        return not value
    if len(kept) >= MAX_PATHS or len(path) > MAX_KEY:
        return False
    return bool(kept.setdefault(path, value) == value)


class _Node(dict[str, Json]):
    """An object that dotted paths made, as against one that was a value."""


def _insert(root: dict[str, Json], path: str, value: Json, flat: Mapping[str, Json]) -> None:
    parts = path.split(".", MAX_DEPTH)
    node = root
    for depth, part in enumerate(parts[:-1], 1):
        if ".".join(parts[:depth]) in flat:
            node[".".join(parts[depth - 1 :])] = value
            return
        node = node.setdefault(part, _Node())
    node[parts[-1]] = value


def _lists(value: Json) -> Json:
    """Built objects whose keys are 0 to n-1 as lists. As deep as ``MAX_DEPTH`` at most."""
    if not isinstance(value, _Node):
        return value
    built = {key: _lists(item) for key, item in value.items()}
    names = [str(i) for i in range(len(built))]
    return [built[name] for name in names] if built.keys() == set(names) else built


def _infinite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
