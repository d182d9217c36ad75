"""Events as JSON. What JSON cannot carry becomes text, in that one event alone."""

from collections.abc import Mapping

import orjson

from hh_core.domain.event import Event, Json

TOO_DEEP = "nested too deeply to be shown"
_LEVELS = 100
_INTEGERS = range(-(1 << 63), 1 << 64)


def shown(event: Event) -> tuple[Event, bytes]:
    """The event as readers get it, and its JSON. Never fails, whatever stands in it."""
    try:
        return event, orjson.dumps(event)
    except orjson.JSONEncodeError:
        carried: Event = _carried(event, _LEVELS)
        return carried, orjson.dumps(carried)


def _carried(value: Json, levels: int) -> Json:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case bool() | float() | None:
            return value
        case int():
            return value if value in _INTEGERS else str(value)
        case Mapping() if levels:
            return {
                str(_carried(key, 0)): _carried(item, levels - 1) for key, item in value.items()
            }
        case list() if levels:
            return [_carried(item, levels - 1) for item in value]
        case _:
            return TOO_DEEP
