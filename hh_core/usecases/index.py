"""From records to rows of the data plane's index: decode, map, and lay out columns.

Pure computation on one segment; ``dispatch`` reads and writes around it. Every value of a row is a
function of the record and its place, so doing it again changes nothing (DESIGN 4.2).
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from hh_core.domain.costing import price
from hh_core.domain.enrichment import nanoseconds, rest_facts
from hh_core.domain.event import Event, Facts
from hh_core.domain.filters import text_of
from hh_core.domain.identity import (
    MAX_ID,
    NIL,
    call_key,
    call_session,
    derived_event,
    name_key,
    parse_uuid,
    rest_span,
    rest_trace,
)
from hh_core.domain.mapping import Mapping as SpanMapping
from hh_core.domain.mapping import service_name
from hh_core.domain.price_book import NO_BOOK, PriceBook
from hh_core.domain.segments import ContentType, RecordKind, SegmentRecord
from hh_core.domain.span import ROOT_PARENTS, Span
from hh_core.domain.telemetry import MAX_TIME_NS
from hh_core.ports.analytics import Relation
from hh_core.usecases import log_rows
from hh_core.usecases.alike import Alike
from hh_core.usecases.batch import Batch, see
from hh_core.usecases.receipt import HOUR_NS, MAX_NAME, STATUS, Receipt, receipt_of
from hh_core.usecases.sheet_rows import Place
from hh_core.wire import otlp_logs
from hh_core.wire.otlp import decode
from hh_core.wire.rest import documents
from hh_core.wire.segment import Damage, Located

log = logging.getLogger(__name__)

_REMEMBERED = 100_000
_NIL = NIL.bytes
_NO_PARENT = bytes(8)

_Cells = tuple[Any, ...]

_OWN = (
    "event_id",
    "trace_id",
    "span_id",
    "parent_span_id",
    "ordinal",
    "version",
    "service",
    "status",
    "start_ns",
    "duration_ns",
    "time_suspect",
    "parent_event_id",
)
"""What a row of EVENTS has from the span or REST event itself."""

_TOLD = (
    "session_key",
    "session_id",
    "call_key",
    "event_type",
    "event_name",
    "model",
    "provider",
    "error_class",
    "usage",
    "cost",
    "attributes",
    "truncated",
)
"""What it has from facts."""

_PATCH = (
    "event_id",
    "ordinal",
    "version",
    "patch_id",
    "is_start",
    "session_id",
    "event_name",
    "start_ns",
    "end_ns",
)


class Indexer:
    def __init__(
        self, mapping: SpanMapping, *, name_key: bytes, dp_id: str, book: PriceBook = NO_BOOK
    ) -> None:
        """``name_key`` is the data plane's key for ids that clients chose."""
        self._mapping = mapping
        self._key = name_key
        self._dp_id = dp_id
        self._book = book
        self.generation = 0
        """Of the derivation that the rows are of (``derivations``)."""
        self._claims: dict[tuple[bytes, str], bytes] = {}

    def segment(self, name: str, found: Iterable[Located | Damage]) -> Batch:
        """All rows of a segment. Damaged records and bodies that do not decode are counted; they
        never stop the others."""
        batch = Batch()
        alike = Alike(
            batch,
            self._mapping,
            Place(self._dp_id, name, self._claim, self._call, self._book),
            self._one_by_one,
        )
        corrupt = 0
        for item in found:
            if isinstance(item, Damage):
                corrupt += not item.torn
                continue
            try:
                receipt = receipt_of(item.record.header, name, item.offset, self.generation)
                self._add(batch, alike, receipt, item)
            except Exception as error:  # one poisonous record must not hold up its whole segment
                kind = type(error).__name__
                log.error("record %d of segment %s does not decode: %s", item.offset, name, kind)
                corrupt += 1
        alike.flush()
        batch.corrupt[name] = corrupt + alike.corrupt
        return batch

    def _add(self, batch: Batch, alike: Alike, receipt: Receipt, item: Located) -> None:
        """Add the rows of one record. It raises before it adds any."""
        header = receipt.header
        if header.kind is RecordKind.PATCH:
            patches = [self._patch(receipt, *found) for found in documents(item.record)]
            batch.rows[Relation.PATCHES].add(_PATCH, patches, _shared(receipt))
            batch.patched[header.project] |= {patch[0] for patch in patches}
        elif header.kind is RecordKind.LOGS:
            logs, apart = log_rows.rows_of(receipt, otlp_logs.decode(item.record))
            batch.rows[Relation.SPAN_LOGS].add(log_rows.COLUMNS, logs, _shared(receipt))
            batch.logs_apart += apart
        elif header.kind is RecordKind.TRACES and header.content_type is ContentType.PROTOBUF:
            alike.add(receipt, item.record)
        elif header.kind is RecordKind.TRACES:
            self._one_by_one(batch, receipt, decode(item.record))
        elif header.kind is RecordKind.EVENT:
            self._rows(batch, receipt, self._rest_events(receipt, item.record))

    def _one_by_one(
        self, batch: Batch, receipt: Receipt, spans: Iterable[tuple[int, Span]]
    ) -> None:
        found = []
        for ordinal, span in spans:
            facts = self._mapping.facts(span)
            if len(facts.session_id) > MAX_ID:
                facts.session_id = ""
                batch.overlong += 1
            price(self._book, receipt.project, facts, receipt.start(span.start_ns))
            found.append((_span(receipt, ordinal, span, facts), facts))
        self._rows(batch, receipt, found)

    def _rest_events(
        self, receipt: Receipt, record: SegmentRecord
    ) -> Iterator[tuple[_Cells, Facts]]:
        for ordinal, event in documents(record):
            facts = rest_facts(event)
            own = self._rest(receipt, ordinal, event, facts)
            price(self._book, receipt.project, facts, own[_START])
            yield own, facts

    def _rows(self, batch: Batch, receipt: Receipt, found: Iterable[tuple[_Cells, Facts]]) -> None:
        rows: list[_Cells] = []
        seen: defaultdict[tuple[str, int], dict[str, Any]] = defaultdict(dict)
        for own, facts in found:
            rows.append(own + self._told(receipt, facts, own[_PARENT]))
            seen[facts.event_type, own[_START] // HOUR_NS].update(facts.attributes)
        shared = {"record_kind": int(receipt.header.kind), "dp_id": self._dp_id}
        shared |= {"is_deleted": 0, "promoted": {}, **_shared(receipt)}
        batch.rows[Relation.EVENTS].add(_OWN + _TOLD, rows, shared)
        for (event_type, number), paths in seen.items():
            hour = number * HOUR_NS
            for path in paths:
                see(batch.paths, (receipt.project, event_type, path), hour, hour)

    def _rest(self, receipt: Receipt, ordinal: int, event: Event, facts: Facts) -> _Cells:
        """The cells of ``_OWN``."""
        project = receipt.header.project
        event_id = name_key(self._key, project, str(event["event_id"]))
        session = self._claim(receipt, facts.session_id)
        parent = event.get("parent_id")
        parent_id = self._claim(receipt, parent, keep=False) if isinstance(parent, str) else _NIL
        start = nanoseconds(event.get("start_time")) or 0
        end = nanoseconds(event.get("end_time"))
        duration = facts.duration_ns
        if duration is None:
            duration = max(0, end - start) if end is not None else 0
        return (
            event_id.bytes,
            rest_trace(project, UUID(bytes=session)),
            rest_span(event_id),
            _NO_PARENT,
            ordinal,
            receipt.version(ordinal),
            "",
            "error" if facts.error_class else "unset",
            receipt.start(start),
            min(duration, MAX_TIME_NS),
            int(not receipt.earliest <= start <= receipt.latest),
            _NIL if parent_id == session else parent_id,
        )

    def _told(self, receipt: Receipt, facts: Facts, parent: bytes) -> _Cells:
        """The cells of ``_TOLD``; ``parent`` is the parent span's id."""
        session, response = facts.session_id, facts.response_id
        call = self._call(receipt, response) if response else _NIL
        claim = self._claim(receipt, session) if session else _NIL
        if not session and parent in ROOT_PARENTS and call != _NIL and facts.event_type == "model":
            claim = call_session(receipt.project, call)
        return (
            claim,
            session,
            call,
            facts.event_type,
            facts.event_name[:MAX_NAME],
            facts.model[:MAX_NAME],
            facts.provider[:MAX_NAME],
            facts.error_class[:MAX_NAME],
            facts.usage,
            facts.cost,
            {
                path: value if type(value) is str else text_of(value) or ""
                for path, value in facts.attributes.items()
            },
            facts.truncated,
        )

    def _patch(self, receipt: Receipt, ordinal: int, patch: Mapping[str, Any]) -> _Cells:
        """The cells of ``_PATCH``; the event's id is a ``UUID``."""
        text, fields = str(patch["event_id"]), patch.get("fields") or {}
        version = receipt.written(ordinal)
        is_start = bool(patch.get("is_start"))
        name = fields.get("session_name") or fields.get("event_name")
        start, end = nanoseconds(fields.get("start_time")), nanoseconds(fields.get("end_time"))
        return (
            name_key(self._key, receipt.header.project, text),
            ordinal,
            version,
            version[::-1],
            int(is_start),
            text[:MAX_ID] if is_start else "",
            name[:MAX_NAME] if is_start and isinstance(name, str) else "",
            receipt.start(start or 0) if is_start else 0,
            end or 0,
        )

    def _call(self, receipt: Receipt, response: str) -> bytes:
        """What stands for a response id. Unlike sessions these do not repeat."""
        return call_key(self._key, receipt.header.project, response).bytes

    def _claim(self, receipt: Receipt, text: str, *, keep: bool = True) -> bytes:
        """The id that stands for a client's text. Sessions repeat, parents of REST events less."""
        if not text:
            return _NIL
        found = self._claims.get((receipt.project, text))
        if found is None:
            found = name_key(self._key, receipt.header.project, text).bytes
            if keep:
                if len(self._claims) >= _REMEMBERED:
                    self._claims.clear()
                self._claims[receipt.project, text] = found
        return found


_START = _OWN.index("start_ns")
_PARENT = _OWN.index("parent_span_id")


def _shared(receipt: Receipt) -> dict[str, Any]:
    """What all rows of a record share."""
    return {
        "project_id": receipt.project,
        "received_ms": receipt.header.received_ms,
        "segment": receipt.segment,
        "record": receipt.offset,
    }


def _span(receipt: Receipt, ordinal: int, span: Span, facts: Facts) -> _Cells:
    """The cells of ``_OWN``."""
    claimed = parse_uuid(facts.claimed_event_id) if facts.claimed_event_id else None
    trace_id, span_id = span.trace_id, span.span_id
    duration = facts.duration_ns
    if duration is None:
        duration = max(0, span.end_ns - span.start_ns)
    return (
        claimed.bytes if claimed else derived_event(receipt.project, trace_id, span_id),
        trace_id,
        span_id,
        span.parent_span_id or _NO_PARENT,
        ordinal,
        receipt.version(ordinal),
        service_name(span)[:MAX_NAME],
        "error" if facts.error_class else STATUS.get(span.status_code, "unset"),
        receipt.start(span.start_ns),
        min(duration, MAX_TIME_NS),
        int(not receipt.earliest <= span.start_ns <= receipt.latest),
        _NIL,
    )
