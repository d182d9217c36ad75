"""From records to rows of the data plane's index: decode, map, and lay out columns.

Pure computation on one batch of segments; ``dispatch`` reads and writes around it. Every value of
a row is a function of the record and its place, so doing it again changes nothing (DESIGN 4.2).
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from hh_core.domain.enrichment import nanoseconds, rest_facts
from hh_core.domain.event import Event, Facts
from hh_core.domain.filters import text_of
from hh_core.domain.identity import (
    NIL,
    Version,
    name_key,
    rest_span,
    rest_trace,
    span_event_id,
)
from hh_core.domain.mapping import Mapping as SpanMapping
from hh_core.domain.mapping import service_name
from hh_core.domain.segments import RecordHeader, RecordKind, SegmentRecord
from hh_core.domain.span import Span
from hh_core.domain.tables import EVENTS, PATCHES, SCHEMAS
from hh_core.ports.analytics import Relation
from hh_core.wire.columns import encode
from hh_core.wire.otlp import decode
from hh_core.wire.rest import documents
from hh_core.wire.segment import Damage, Located

log = logging.getLogger(__name__)

Row = tuple[Any, ...]
"""Cells in the order of the relation's columns."""

MAX_NAME = 256
"""Characters of a name in the index; the content keeps all."""
MAX_SESSION_ID = 1024

_NAMES = {
    Relation.EVENTS: [column.name for column in EVENTS],
    Relation.PATCHES: [column.name for column in PATCHES],
    Relation.SCHEMAS: [column.name for column in SCHEMAS],
}
_STATUS = {1: "ok", 2: "error"}
_LONGEST = (1 << 63) - 1
_HOUR_NS = 3_600_000_000_000
_PAST_NS = 30 * 24 * _HOUR_NS
_FUTURE_NS = _HOUR_NS
_MS = 1_000_000
_REMEMBERED = 100_000

_KeyT = TypeVar("_KeyT", bound=Hashable)

Path = tuple[bytes, str, str]
"""Project, event type, dotted path."""


@dataclass(slots=True)
class Batch:
    """The rows of some segments, and what they touch."""

    rows: dict[Relation, list[Row]] = field(
        default_factory=lambda: {Relation.EVENTS: [], Relation.PATCHES: []}
    )
    corrupt: dict[str, int] = field(default_factory=dict)
    """By segment: records that do not check or do not decode. Every segment is in it."""
    patched: defaultdict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    paths: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Which paths were seen, from and to the hour of which start."""

    def size(self) -> int:
        return sum(map(len, self.rows.values()))

    def join(self, other: "Batch") -> None:
        for relation, rows in other.rows.items():
            self.rows[relation] += rows
        self.corrupt |= other.corrupt
        for project, events in other.patched.items():
            self.patched[project] |= events
        for path, (first, last) in other.paths.items():
            _see(self.paths, path, first, last)


class Indexer:
    def __init__(self, mapping: SpanMapping, *, name_key: bytes, dp_id: str) -> None:
        """``name_key`` is the data plane's key for ids that clients chose."""
        self._mapping = mapping
        self._key = name_key
        self._dp_id = dp_id
        self._claims: dict[tuple[UUID, str], UUID] = {}

    def segment(self, name: str, found: Iterable[Located | Damage]) -> Batch:
        """All rows of a segment. Damaged records and bodies that do not decode are counted; they
        never stop the others."""
        batch = Batch()
        corrupt = 0
        for item in found:
            if isinstance(item, Damage):
                corrupt += not item.torn
            elif not self._add(batch, name, item):
                corrupt += 1
        batch.corrupt[name] = corrupt
        return batch

    def _add(self, batch: Batch, segment: str, item: Located) -> bool:
        """Add the rows of one record, all or none."""
        try:
            part = self._record(segment, item.offset, item.record)
        except Exception as error:  # one poisonous record must not hold up its whole segment
            kind = type(error).__name__
            log.error("record %d of segment %s does not decode: %s", item.offset, segment, kind)
            return False
        batch.join(part)
        return True

    def _record(self, segment: str, offset: int, record: SegmentRecord) -> Batch:
        part = Batch()
        header = record.header
        if header.kind is RecordKind.PATCH:
            rows = part.rows[Relation.PATCHES]
            for ordinal, patch in documents(record):
                rows.append(self._patch(header, patch, (segment, offset, ordinal)))
                part.patched[header.project].add(rows[-1][1])
            return part
        rows = part.rows[Relation.EVENTS]
        shapes: dict[tuple[str, tuple[str, ...]], tuple[int, int]] = {}
        for row, facts in self._events(segment, offset, record):
            rows.append(row)
            hour = row[_START] - row[_START] % _HOUR_NS
            _see(shapes, (facts.event_type, tuple(facts.attributes)), hour, hour)
        project = header.project.bytes
        for (event_type, paths), (first, last) in shapes.items():
            for path in paths:
                _see(part.paths, (project, event_type, path), first, last)
        return part

    def _events(
        self, segment: str, offset: int, record: SegmentRecord
    ) -> Iterator[tuple[Row, Facts]]:
        header = record.header
        if header.kind is RecordKind.TRACES:
            for ordinal, span in decode(record):
                facts = self._mapping.facts(span)
                yield self._span(header, span, facts, (segment, offset, ordinal)), facts
        elif header.kind is RecordKind.EVENT:
            for ordinal, event in documents(record):
                facts = rest_facts(event)
                yield self._rest(header, event, facts, (segment, offset, ordinal)), facts

    def _span(
        self, header: RecordHeader, span: Span, facts: Facts, address: tuple[str, int, int]
    ) -> Row:
        project = header.project
        event = span_event_id(project, span.trace_id, span.span_id, facts.claimed_event_id)
        start = min(span.start_ns, _LONGEST)
        duration = facts.duration_ns
        if duration is None:
            duration = max(0, span.end_ns - span.start_ns)
        return self._row(
            header,
            facts,
            address,
            ids=(event.bytes, span.trace_id, span.span_id, span.parent_span_id or bytes(8)),
            status="error" if facts.error_class else _STATUS.get(span.status_code, "unset"),
            service=service_name(span),
            times=(start, min(duration, _LONGEST)),
            parent=NIL.bytes,
        )

    def _rest(
        self, header: RecordHeader, event: Event, facts: Facts, address: tuple[str, int, int]
    ) -> Row:
        project = header.project
        event_id = name_key(self._key, project, str(event["event_id"]))
        session = self._claim(project, facts.session_id)
        parent = event.get("parent_id")
        parent_id = self._claim(project, parent, keep=False) if isinstance(parent, str) else NIL
        start = nanoseconds(event.get("start_time")) or 0
        end = nanoseconds(event.get("end_time"))
        duration = facts.duration_ns
        if duration is None:
            duration = max(0, end - start) if end is not None else 0
        ids = (event_id.bytes, rest_trace(project, session), rest_span(event_id), bytes(8))
        return self._row(
            header,
            facts,
            address,
            ids=ids,
            status="error" if facts.error_class else "unset",
            service="",
            times=(start, duration),
            parent=NIL.bytes if parent_id == session else parent_id.bytes,
        )

    def _row(
        self,
        header: RecordHeader,
        facts: Facts,
        address: tuple[str, int, int],
        *,
        ids: tuple[bytes, bytes, bytes, bytes],
        status: str,
        service: str,
        times: tuple[int, int],
        parent: bytes,
    ) -> Row:
        """One row of EVENTS, in the order of ``hh_core.domain.tables``."""
        project, (segment, offset, ordinal) = header.project, address
        received = header.received_ms * _MS
        is_suspect = not received - _PAST_NS <= times[0] <= received + _FUTURE_NS
        return (
            project.bytes,
            *ids,
            self._claim(project, facts.session_id).bytes,
            self._claim(project, facts.response_id, keep=False).bytes,
            int(Version(header.received_ms, header.node, header.sequence, ordinal)),
            0,
            facts.event_type,
            facts.event_name[:MAX_NAME],
            facts.model[:MAX_NAME],
            facts.provider[:MAX_NAME],
            service[:MAX_NAME],
            status,
            facts.error_class[:MAX_NAME],
            *times,
            header.received_ms,
            facts.usage,
            facts.cost,
            {},
            segment,
            self._dp_id,
            offset,
            ordinal,
            int(header.kind),
            facts.session_id[:MAX_SESSION_ID],
            parent,
            {
                path: value if type(value) is str else text_of(value) or ""
                for path, value in facts.attributes.items()
            },
            int(is_suspect),
            facts.truncated,
        )

    def _patch(
        self, header: RecordHeader, patch: Mapping[str, Any], address: tuple[str, int, int]
    ) -> Row:
        """One row of PATCHES; its second cell is the event's id as a ``UUID``."""
        text, fields = str(patch["event_id"]), patch.get("fields") or {}
        version = int(Version(header.received_ms, header.node, header.sequence, address[2]))
        is_start = bool(patch.get("is_start"))
        name = fields.get("session_name") or fields.get("event_name")
        start, end = nanoseconds(fields.get("start_time")), nanoseconds(fields.get("end_time"))
        return (
            header.project.bytes,
            name_key(self._key, header.project, text),
            version.to_bytes(16, "big"),
            version,
            int(is_start),
            text[:MAX_SESSION_ID] if is_start else "",
            name[:MAX_NAME] if is_start and isinstance(name, str) else "",
            (start or 0) if is_start else 0,
            end or 0,
            header.received_ms,
            *address,
        )

    def _claim(self, project: UUID, text: str, *, keep: bool = True) -> UUID:
        """The id that stands for a client's text. Sessions repeat, response ids do not."""
        if not text:
            return NIL
        found = self._claims.get((project, text))
        if found is None:
            found = name_key(self._key, project, text)
            if keep and len(self._claims) < _REMEMBERED:
                self._claims[project, text] = found
        return found


_START = _NAMES[Relation.EVENTS].index("start_ns")


def arrow(relation: Relation, rows: Sequence[Row]) -> bytes:
    """Rows as an Arrow IPC stream. Raises ``RejectedError`` if a cell does not fit its column."""
    names = _NAMES[relation]
    columns: Collection[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(names)
    return encode(relation, dict(zip(names, columns, strict=True)))


def schema_rows(paths: Mapping[Path, tuple[int, int]]) -> list[Row]:
    return [(*path, first, last) for path, (first, last) in paths.items()]


def address_of(row: Row, relation: Relation) -> tuple[str, int, int]:
    """The address of a row: segment, record offset, ordinal."""
    names = _NAMES[relation]
    segment, record, ordinal = (row[names.index(n)] for n in ("segment", "record", "ordinal"))
    return segment, record, ordinal


def _see(times: dict[_KeyT, tuple[int, int]], key: _KeyT, first: int, last: int) -> None:
    """Widen the time in which ``key`` was seen."""
    seen = times.get(key)
    if seen is None:
        times[key] = (first, last)
    elif first < seen[0] or last > seen[1]:
        times[key] = (min(first, seen[0]), max(last, seen[1]))
