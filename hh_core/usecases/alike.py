"""Rows of spans that are alike, built column by column: how nearly all spans reach the index.

Spans are held until there are enough of one form to be worth it, but never more of them than
memory allows. Those that no form holds, or that are odd in theirs, are handed back.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hh_core.domain.filters import text_of
from hh_core.domain.identity import NIL, derived_event, parse_uuid
from hh_core.domain.mapping import Mapping
from hh_core.domain.segments import RecordKind, SegmentRecord
from hh_core.domain.sheet import Form, Shape, Sheet, map_sheet, shape_of
from hh_core.domain.span import Span
from hh_core.domain.telemetry import MAX_TIME_NS
from hh_core.ports.analytics import Relation
from hh_core.usecases.batch import Batch, see
from hh_core.usecases.receipt import HOUR_NS, MAX_NAME, STATUS, Receipt
from hh_core.wire import otlp
from hh_core.wire.columns import record_batch, same_keys

log = logging.getLogger(__name__)

FEWEST = 8
"""Fewer spans of one form cost less one by one."""
HELD_BYTES = 4 << 20
"""Of request bodies whose spans are held. Of a hostile one each costs forty bytes of memory."""

_NIL = NIL.bytes
_NO_PARENT = bytes(8)

Claim = Callable[[Receipt, str], bytes]
"""The id that stands for a client's text."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What spans of one request and scope share."""

    receipt: Receipt
    record: SegmentRecord
    service: str


_Row = tuple[int, Source, otlp.Head, Sequence[Any]]
"""Ordinal, source, head, values of the form's keys. The message itself is let go: it would hold
the memory of all its request."""


@dataclass(slots=True)
class Alike:
    """The spans of one segment. ``one_by_one`` adds the rows of those that are handed back."""

    batch: Batch
    mapping: Mapping
    dp_id: str
    segment: str
    session_key: Claim
    call_key: Claim
    one_by_one: Callable[[Batch, Receipt, Iterable[tuple[int, Span]]], None]
    corrupt: int = 0
    """Records of which some spans cannot be mapped."""
    _held: defaultdict[Form, list[_Row]] = field(default_factory=lambda: defaultdict(list))
    _odd: list[_Row] = field(default_factory=list)
    _size: int = 0
    """Bytes of the bodies that ``_held`` comes from."""

    def add(self, receipt: Receipt, record: SegmentRecord) -> None:
        """Add the spans of a record in protobuf. Raises what ``otlp.groups`` raises, and then
        adds none."""
        if otlp.is_small(record):
            self._add(receipt, record)
            return
        self.flush()
        whole, self.batch = self.batch, Batch()
        try:
            self._add(receipt, record)
            self.flush()
            whole.join(self.batch)
        finally:
            self._held.clear()
            self._odd.clear()
            self._size, self.batch = 0, whole

    def _add(self, receipt: Receipt, record: SegmentRecord) -> None:
        """A body that is parsed piece by piece is let go piece by piece."""
        first = 0
        for group in otlp.groups(record):
            if self._size + group.size > HELD_BYTES:
                self.flush()
            self._sort(receipt, record, group, first)
            self._size += group.size
            first += len(group.spans)

    def _sort(self, receipt: Receipt, record: SegmentRecord, group: otlp.Group, first: int) -> None:
        """Hold the spans of a group by form; those without one are mapped now."""
        origin = otlp.origin_of(group.resource, group.scope)
        name = origin.resource.get("service.name")
        source = Source(receipt, record, name[:MAX_NAME] if isinstance(name, str) else "")
        held, formed_of = self._held, self.mapping.formed
        head_of, keys_of, values_of = otlp.head_of, otlp.keys_of, otlp.values_of
        others: list[tuple[int, Span]] = []
        for ordinal, message in enumerate(group.spans, first):
            head = head_of(message)
            if head is not None:
                pairs, keys = keys_of(message)
                formed = formed_of(keys)
                if formed is not None:
                    values = values_of(pairs, formed.wanted)
                    held[formed.form].append((ordinal, source, head, values))
                    continue
            if otlp.is_sound(message):
                others.append((ordinal, otlp.span_of(message, origin)))
        if others:
            self.one_by_one(self.batch, receipt, others)

    def flush(self) -> None:
        """Add the rows of all spans that are held."""
        for form, rows in self._held.items():
            for part in self._parts(form, rows):
                self._sheet(form, part)
        self._hand_back(self._odd)
        self._held.clear()
        self._odd.clear()
        self._size = 0

    def _parts(self, form: Form, rows: list[_Row]) -> Iterator[list[_Row]]:
        """Rows whose documents have the same members, where there are enough of them."""
        shapes: dict[Any, list[_Row]] = {(): rows}
        if form.documents:
            known: dict[Any, Shape | None] = {}
            shapes = defaultdict(list)
            for row in rows:
                shapes[shape_of(form, row[3], known)].append(row)
        for shape, alike in shapes.items():
            if shape is None or len(alike) < FEWEST:
                self._odd += alike
            else:
                yield alike

    def _sheet(self, form: Form, rows: list[_Row]) -> None:
        columns = list(zip(*[row[3] for row in rows], strict=True))
        try:
            sheet, odd = map_sheet(form, len(rows), columns)
            sound = [row for place, row in enumerate(rows) if place not in odd] if odd else rows
            if sheet is not None:
                self._append(sheet, sound)
        except Exception as error:  # by a third party's reader, perhaps: that span alone suffers
            log.warning("%d spans go one by one: %s", len(rows), type(error).__name__)
            odd = set(range(len(rows)))
        self._odd += [rows[place] for place in sorted(odd)]

    def _append(self, sheet: Sheet, rows: Sequence[_Row]) -> None:
        ordinals, sources, heads, _ = zip(*rows, strict=True)
        receipts = [source.receipt for source in sources]
        names, starts = [head[3] for head in heads], [head[4] for head in heads]
        placed = [r.start(start) for r, start in zip(receipts, starts, strict=True)]
        cells = (
            self._shared(len(rows))
            | _of_receipts(receipts, ordinals, starts)
            | _of_heads(heads, sheet)
            | self._of_facts(sheet, receipts, names)
            | {"service": [source.service for source in sources], "start_ns": placed}
        )
        projects: Sequence[bytes] = cells["project_id"]
        cells["event_id"] = _event_ids(sheet, projects, heads)
        self.batch.rows[Relation.EVENTS].append(record_batch(Relation.EVENTS, cells))
        hours = [start // HOUR_NS for start in placed]
        for project, kind, hour in set(zip(projects, sheet.event_type, hours, strict=True)):
            for path in sheet.attributes:
                see(self.batch.paths, (project, kind, path), hour * HOUR_NS, hour * HOUR_NS)

    def _shared(self, count: int) -> dict[str, Any]:
        """The columns in which all spans have the same."""
        return {
            "segment": [self.segment] * count,
            "dp_id": [self.dp_id] * count,
            "is_deleted": [0] * count,
            "promoted": same_keys((), (), count),
            "record_kind": [int(RecordKind.TRACES)] * count,
            "parent_event_id": [_NIL] * count,
            "truncated": [0] * count,
        }

    def _of_facts(
        self, sheet: Sheet, receipts: Sequence[Receipt], names: Sequence[str]
    ) -> dict[str, Any]:
        count, told = len(receipts), sheet.facts.get
        none = [""] * count
        sessions, calls = told("session_id", none), told("response_id")
        return {
            "session_id": sessions,
            "session_key": list(map(self.session_key, receipts, sessions)),
            "call_key": [_NIL] * count
            if calls is None
            else list(map(self.call_key, receipts, calls)),
            "event_type": sheet.event_type,
            "event_name": _short(told("event_name", names)),
            "model": _short(told("model", none)),
            "provider": _short(told("provider", none)),
            "error_class": _short(told("error_class", none)),
            "usage": _usage(sheet, count),
            "cost": sheet.cost or [None] * count,
            "attributes": same_keys(
                tuple(sheet.attributes),
                [_texts(column) for column in sheet.attributes.values()],
                count,
            ),
        }

    def _hand_back(self, rows: Sequence[_Row]) -> None:
        """They are decoded a second time, record by record."""
        wanted: defaultdict[int, set[int]] = defaultdict(set)
        sources: dict[int, Source] = {}
        for ordinal, source, _, _ in rows:
            wanted[source.receipt.offset].add(ordinal)
            sources[source.receipt.offset] = source
        for offset, ordinals in wanted.items():
            try:
                spans = otlp.decode_some(sources[offset].record, ordinals)
                self.one_by_one(self.batch, sources[offset].receipt, spans)
            except Exception as error:  # one poisonous record must not hold up its whole segment
                self.corrupt += 1
                kind = type(error).__name__
                log.error("record %d of segment %s does not map: %s", offset, self.segment, kind)


def _of_receipts(
    receipts: Sequence[Receipt], ordinals: Sequence[int], starts: Sequence[int]
) -> dict[str, Any]:
    return {
        "project_id": [receipt.project for receipt in receipts],
        "received_ms": [receipt.header.received_ms for receipt in receipts],
        "record": [receipt.offset for receipt in receipts],
        "ordinal": ordinals,
        "version": [r.version(ordinal) for r, ordinal in zip(receipts, ordinals, strict=True)],
        "time_suspect": [
            int(not receipt.earliest <= start <= receipt.latest)
            for receipt, start in zip(receipts, starts, strict=True)
        ],
    }


def _of_heads(heads: Sequence[otlp.Head], sheet: Sheet) -> dict[str, Any]:
    errors = sheet.facts.get("error_class")
    states = [STATUS.get(head[6], "unset") for head in heads]
    spent = [min(max(0, head[5] - head[4]), MAX_TIME_NS) for head in heads]
    measured = sheet.facts.get("duration_ns")
    return {
        "trace_id": [head[0] for head in heads],
        "span_id": [head[1] for head in heads],
        "parent_span_id": [head[2] or _NO_PARENT for head in heads],
        "status": states if errors is None else ["error"] * len(heads),
        "duration_ns": spent if measured is None else [min(ns, MAX_TIME_NS) for ns in measured],
    }


def _event_ids(
    sheet: Sheet, projects: Sequence[bytes], heads: Sequence[otlp.Head]
) -> Sequence[bytes]:
    derived = [
        derived_event(project, head[0], head[1])
        for project, head in zip(projects, heads, strict=True)
    ]
    claims = sheet.facts.get("claimed_event_id")
    if claims is None:
        return derived
    found = map(parse_uuid, claims)
    return [claim.bytes if claim else own for claim, own in zip(found, derived, strict=True)]


def _usage(sheet: Sheet, count: int) -> Any:
    if not sheet.usage or set(sheet.event_type) == {"model"}:
        return same_keys(tuple(sheet.usage), list(sheet.usage.values()), count, number=True)
    counts = zip(*sheet.usage.values(), strict=True)
    return [
        dict(zip(sheet.usage, some, strict=True)) if kind == "model" else {}
        for kind, some in zip(sheet.event_type, counts, strict=True)
    ]


def _texts(column: Sequence[Any]) -> Sequence[str]:
    return [value if type(value) is str else text_of(value) or "" for value in column]


def _short(names: Sequence[str]) -> Sequence[str]:
    return [name[:MAX_NAME] for name in names]
