"""REST writes as the receiver journals them: one normal JSON with ids and times filled in.

``EVENT``: ``{"events": [event fields]}``; ``PATCH``: ``{"patches": [{"event_id", "is_start",
"fields"}]}``. The ordinal of an item is its position.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from hh_core.domain.segments import RecordKind, SegmentRecord
from hh_core.errors import RejectedError

_LISTS = {RecordKind.EVENT: "events", RecordKind.PATCH: "patches"}


def documents(record: SegmentRecord) -> Iterator[tuple[int, dict[str, Any]]]:
    """The items of an ``EVENT`` or ``PATCH`` record. Raises ``RejectedError`` for another body."""
    try:
        body = orjson.loads(record.body)
        items = body[_LISTS[record.header.kind]]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise RejectedError("the record's body is not that of a REST write", code=422) from error
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise RejectedError("the record's body is not a list of objects", code=422)
    yield from enumerate(items)
