"""Which spans of a request hold some texts, found on the wire: nothing is parsed."""

from collections.abc import Collection, Iterator, Mapping

from hh_core.errors import RejectedError
from hh_core.wire.otlp_scan import Field, fields

_RESOURCE_SPANS, _SCOPE_SPANS, _SPAN, _TRACE_ID = 0x0A, 0x12, 0x12, 0x0A
_FIELDS = 1 << 22
"""That are looked at in one body; a larger one is taken as a whole."""


def spans_holding(plain: bytes, wanted: Collection[bytes]) -> Mapping[int, bytes] | None:
    """Ordinal and trace id of each span of a protobuf request whose bytes hold all of ``wanted``.

    None where all of its spans may: a text stands in what spans share, or the body does not check.
    """
    found: dict[int, bytes] = {}
    budget = [_FIELDS]
    try:
        for ordinal, span in enumerate(_spans(plain, wanted, budget)):
            if span is None:
                return None
            if all(plain.find(text, span.start, span.end) >= 0 for text in wanted):
                found[ordinal] = _trace_of(plain, span, budget)
    except RejectedError:
        return None
    return found


def _spans(plain: bytes, wanted: Collection[bytes], budget: list[int]) -> Iterator[Field | None]:
    """In the order of ordinals; None: a wanted text stands beside them."""
    for group in fields(plain, 0, len(plain), budget):
        if group.tag != _RESOURCE_SPANS:
            continue
        for scope in fields(plain, group.start, group.end, budget):
            if scope.tag != _SCOPE_SPANS:
                yield from _shared(plain, scope, wanted)
                continue
            for span in fields(plain, scope.start, scope.end, budget):
                if span.tag == _SPAN:
                    yield span
                else:
                    yield from _shared(plain, span, wanted)


def _shared(plain: bytes, field: Field, wanted: Collection[bytes]) -> Iterator[None]:
    if any(plain.find(text, field.start, field.end) >= 0 for text in wanted):
        yield None


def _trace_of(plain: bytes, span: Field, budget: list[int]) -> bytes:
    """Of a field that comes twice the last counts."""
    trace = b""
    for field in fields(plain, span.start, span.end, budget):
        if field.tag == _TRACE_ID:
            trace = plain[field.start : field.end]
    return trace
