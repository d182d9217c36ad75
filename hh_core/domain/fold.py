"""An event is one base and any number of patches, folded in version order (DESIGN 4.6)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hh_core.domain.event import Event, Json

MERGED = ("config", "inputs", "metadata", "metrics", "feedback", "user_properties")
"""Objects that a patch adds to, key by key; an object below a key likewise."""

_REPLACED = ("outputs", "error", "source")
_NUMBERS = ("start_time", "end_time", "duration")
_MERGE_DEPTH = 64
"""Objects nested deeper than this are replaced, not merged."""


def in_order(patches: Iterable[tuple[int, Event]]) -> list[Event]:
    """The patches' fields by version, each version once."""
    once = dict(patches)
    return [once[version] for version in sorted(once)]


def fold(base: Event, patches: Sequence[Event]) -> dict[str, Json]:
    """``base`` with ``patches`` (fields, in version order) applied; neither is changed.

    Objects merge, ``outputs`` replaces, times and ``duration`` are set (contract A4). Everything
    else is ignored: what is null, has another type, or is not a patch's to say.
    """
    folded = dict(base)
    for fields in patches:
        for name in MERGED:
            if isinstance(fields.get(name), Mapping):
                folded[name] = _merged(folded.get(name), fields[name], _MERGE_DEPTH)
        folded |= {name: fields[name] for name in _REPLACED if _replaces(fields.get(name), name)}
        folded |= {name: fields[name] for name in _NUMBERS if _is_number(fields.get(name))}
    return folded


def _merged(old: Any, new: Mapping[str, Json], depth: int) -> dict[str, Json]:
    merged = dict(old) if isinstance(old, Mapping) else {}
    for key, value in new.items():
        below = merged.get(key)
        is_deep = depth and isinstance(value, Mapping) and isinstance(below, Mapping)
        merged[key] = _merged(below, value, depth - 1) if is_deep else value
    return merged


def _replaces(value: Json, name: str) -> bool:
    return value is not None if name == "outputs" else isinstance(value, str)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
