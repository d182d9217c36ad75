"""One line of an event's inputs or outputs, for lists."""

from collections.abc import Iterator, Mapping

import orjson

from hh_core.domain.event import Json
from hh_core.domain.filters import text_of

MAX_PREVIEW = 256
"""Characters."""
_CHATS = ("chat_history", "messages")
_TEXTS = ("content", "text", "output", "input", "result", "value")
_LOOKED_AT = 4 * MAX_PREVIEW
_LEVELS = 6


def preview(value: Json) -> str:
    """What a reader would look for first: the last message of a chat, else the content, else the
    only text there is, else the beginning of it all as JSON."""
    text = _said(value, _LEVELS) or _as_json(value)
    line = " ".join(text[:_LOOKED_AT].split())
    return line if len(line) <= MAX_PREVIEW else line[: MAX_PREVIEW - 1] + "…"


def _said(value: Json, levels: int) -> str:
    if levels == 0:
        return ""
    if isinstance(value, list):
        # of a few messages at the end the last that says something
        return next(filter(None, (_said(item, levels - 1) for item in value[:-9:-1])), "")
    if isinstance(value, Mapping):
        return next(filter(None, (_said(item, levels - 1) for item in _telling(value))), "")
    return text_of(value) or ""


def _telling(value: Mapping[str, Json]) -> Iterator[Json]:
    """The parts that say most, in this order; none of an object that is plain data."""
    for name in (*_CHATS, *_TEXTS):
        if name in value:
            yield value[name]
    if len(value) == 1:
        yield from value.values()


def _as_json(value: Json) -> str:
    if value is None or value in ({}, [], ""):
        return ""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return ""
