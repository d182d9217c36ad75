"""Placing large values in ``inputs`` and ``outputs``: the first one wins, no other one is lost."""

from collections.abc import Mapping

from hh_core.domain.event import Json
from hh_core.domain.paths import json_value
from hh_core.domain.span import Attributes


def give(bucket: dict[str, Json], key: str, value: Json, *, origin: str) -> None:
    """Set ``key`` if it is free, else keep a different value under the attribute's own name."""
    if value is None:
        return
    if key not in bucket:
        bucket[key] = value
    elif bucket[key] != value:
        bucket[origin] = value


def give_all(bucket: dict[str, Json], value: Json, key: str, *, origin: str) -> None:
    """An object gives its own keys, anything else stands under ``key``."""
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            if item is None:
                bucket.setdefault(name, None)
            give(bucket, name, item, origin=f"{origin}.{name}")
    else:
        give(bucket, key, value, origin=origin)


def numbered(attributes: Attributes, prefix: str) -> list[tuple[str, Json]]:
    """The attributes below ``prefix``, without it, their values as JSON has them."""
    start = len(prefix)
    return [
        (key[start:], value if type(value) is str else json_value(value))
        for key, value in attributes.items()
        if key.startswith(prefix)
    ]
