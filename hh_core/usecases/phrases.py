"""What a question for a phrase looks for in the bytes of records, and where it stands there."""

import re
from collections.abc import Collection, Mapping, Sequence

from hh_core.domain.filters import Filter
from hh_core.domain.segments import ContentType, RecordKind, SegmentRecord
from hh_core.errors import RejectedError
from hh_core.wire.escapes import may_hide_text
from hh_core.wire.otlp_body import UNLIMITED, decompress
from hh_core.wire.otlp_holding import spans_holding

_FIELDS = ("inputs", "outputs")
_STRETCH = re.compile(r"[\w ,.;:!?()-]+", re.ASCII)
"""What no JSON encoder in use escapes."""
_PHRASE = re.compile(r"\w ")
_END_OF_PHRASE = re.compile(r" \w")


def needles(filters: Collection[Filter]) -> list[bytes]:
    """Texts that the record of whatever matches must hold.

    Only texts of several words: a mapper names roles and kinds by words of its own.
    """
    found = []
    for condition in filters:
        is_there = condition.operator == "contains" and condition.type in ("string", "id")
        if not is_there or condition.field.partition(".")[0] not in _FIELDS:
            continue
        stretches = _STRETCH.findall(str(condition.value))
        longest = max(stretches, key=len, default="")
        if _PHRASE.search(longest) and _END_OF_PHRASE.search(longest):
            found.append(longest.encode())
    return found


def spans_of(record: SegmentRecord, wanted: Sequence[bytes]) -> Mapping[int, bytes] | None:
    """The spans that hold all that is wanted; None: all of the record's events may."""
    try:
        plain = decompress(record.body, record.header.encoding, UNLIMITED)
    except RejectedError:  # it is damaged; whoever composes its events says so
        return None
    if may_hide_text(plain):
        return None
    if not all(needle in plain for needle in wanted):
        return {}
    header = record.header
    is_wire = header.kind is RecordKind.TRACES and header.content_type is ContentType.PROTOBUF
    return spans_holding(plain, wanted) if is_wire else None
