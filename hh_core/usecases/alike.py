"""Rows of spans that are alike, built column by column: how nearly all spans reach the index.

Spans are held until their segment ends, but never more of them than memory allows; then those of
one form are mapped together, and all of them are laid out together. Those that no form holds, or
that are odd in theirs, are handed back.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hh_core.domain.mapping import Mapping, error_class
from hh_core.domain.segments import SegmentRecord
from hh_core.domain.sheet import Documents, Form, Shape, map_sheet, shape_of
from hh_core.domain.span import Origin, Span
from hh_core.ports.analytics import Relation
from hh_core.usecases.batch import Batch, see
from hh_core.usecases.receipt import MAX_NAME, Receipt
from hh_core.usecases.sheet_rows import Place, Row, Source, rows_of
from hh_core.wire import otlp

log = logging.getLogger(__name__)

HELD_BYTES = 8 << 20
"""Of request bodies whose spans are held. The more, the fewer sheets of few spans: mapping one
costs as much as some ten spans. Of a hostile body, all brackets, each costs twenty bytes of memory.
"""
HELD_VALUES = 400_000
"""Of attributes that are held: tiny ones cost a hundred bytes each, whatever they bring."""

_Columns = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class _Part:
    """Spans that are mapped together, and the values of the form's keys."""

    form: Form
    rows: list[Row]
    columns: _Columns


@dataclass(slots=True)
class Alike:
    """The spans of one segment. ``one_by_one`` adds the rows of those that are handed back."""

    batch: Batch
    mapping: Mapping
    place: Place
    one_by_one: Callable[[Batch, Receipt, Iterable[tuple[int, Span]]], None]
    corrupt: int = 0
    """Records of which some spans cannot be mapped."""
    _held: defaultdict[Form, list[Row]] = field(default_factory=lambda: defaultdict(list))
    _odd: list[Row] = field(default_factory=list)
    _size: int = 0
    """Bytes of the bodies that ``_held`` comes from."""
    _values: int = 0

    def add(self, receipt: Receipt, record: SegmentRecord) -> None:
        """Add the spans of a record in protobuf. Raises what ``otlp.light_groups`` raises, and then
        adds none."""
        if otlp.is_small(record):
            self._add(receipt, otlp.unpacked(record))
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
            self._size, self._values, self.batch = 0, 0, whole

    def _add(self, receipt: Receipt, record: SegmentRecord) -> None:
        """A body that is parsed piece by piece is let go piece by piece."""
        first = 0
        for group in otlp.light_groups(record):
            if self._size + group.size > HELD_BYTES or self._values > HELD_VALUES:
                self.flush()
            self._sort(receipt, record, group, first)
            self._size += group.size
            first += len(group.spans)

    def _sort(self, receipt: Receipt, record: SegmentRecord, group: otlp.Group, first: int) -> None:
        """Hold the spans of a group by form; those without one are handed back."""
        origin = otlp.origin_of(group.resource, group.scope)
        name = origin.resource.get("service.name")
        source = Source(receipt, record, name[:MAX_NAME] if isinstance(name, str) else "")
        held, odd, formed_of = self._held, self._odd, self.mapping.formed
        head_of, attributes_of, may_have_failed = (
            otlp.head_of,
            otlp.attributes_of,
            otlp.may_have_failed,
        )
        count = 0
        for ordinal, span in enumerate(group.spans, first):
            head = head_of(span)
            if head is None:
                continue
            found = attributes_of(span)
            formed = formed_of(found[0]) if found is not None else None
            failure: str | None = None
            if formed is not None:
                failure = _failure(span, origin) if may_have_failed(span, head) else ""
            if found is None or formed is None or failure is None:
                odd.append((ordinal, source, head, "", ()))
                continue
            values = found[1]
            wanted = [values[place] for place in formed.wanted]
            held[formed.form].append((ordinal, source, head, failure, wanted))
            count += len(wanted)
        self._values += count

    def flush(self) -> None:
        """Add the rows of all spans that are held."""
        documents = Documents()
        parts: list[_Part] = []
        for form, rows in self._held.items():
            try:
                columns = [otlp.values_of(c) for c in zip(*[row[4] for row in rows], strict=True)]
            except otlp.DecodeError:  # its record is found when it is handed back
                self._odd += rows
                continue
            parts += self._alike(form, rows, columns, documents)
        self._add_rows(parts, documents)
        self._hand_back(self._odd)
        self._held.clear()
        self._odd.clear()
        self._size = self._values = 0

    def _alike(
        self, form: Form, rows: list[Row], columns: _Columns, documents: Documents
    ) -> Iterator[_Part]:
        """Rows whose documents have the same members."""
        if not form.documents:
            yield _Part(form, rows, columns)
            return
        texts = list(zip(*(columns[place] for place, _ in form.documents), strict=True))
        try:
            known = {some: shape_of(form, some, documents) for some in set(texts)}
            shapes = [known[some] for some in texts]
        except TypeError:  # values that are no texts, and cannot be looked up
            shapes = [shape_of(form, some, documents) for some in texts]
        groups: defaultdict[Shape | None, list[int]] = defaultdict(list)
        for row, shape in enumerate(shapes):
            groups[shape].append(row)
        self._odd += [rows[row] for row in groups.pop(None, ())]
        for chosen in groups.values():
            if len(chosen) == len(rows):
                yield _Part(form, rows, columns)
            else:
                own = [[column[row] for row in chosen] for column in columns]
                yield _Part(form, [rows[row] for row in chosen], own)

    def _add_rows(self, parts: Sequence[_Part], documents: Documents) -> None:
        """All in one record batch: each costs as much as some hundred rows."""
        try:
            self._lay_out(parts, documents)
        except Exception as error:
            if (half := len(parts) // 2) > 0:  # only those must suffer that are to blame
                self._add_rows(parts[:half], documents)
                self._add_rows(parts[half:], documents)
                return
            # by a third party's reader, perhaps: that span alone suffers
            rows = [row for part in parts for row in part.rows]
            log.warning("%d spans go one by one: %s", len(rows), type(error).__name__)
            self._odd += rows

    def _lay_out(self, parts: Sequence[_Part], documents: Documents) -> None:
        sheets, odd = [], []
        for part in parts:
            sheet, others = map_sheet(part.form, len(part.rows), part.columns, documents)
            odd += [part.rows[place] for place in sorted(others)]
            if sheet is not None:
                own = part.rows
                if others:
                    own = [row for place, row in enumerate(own) if place not in others]
                sheets.append((sheet, own))
        if sheets:
            batch, paths = rows_of(sheets, self.place)
            self.batch.rows[Relation.EVENTS].append(batch)
            for path, hour in paths:
                see(self.batch.paths, path, hour, hour)
        self._odd += odd

    def _hand_back(self, rows: Sequence[Row]) -> None:
        """They are decoded a second time, record by record."""
        wanted: defaultdict[int, set[int]] = defaultdict(set)
        sources: dict[int, Source] = {}
        for ordinal, source, *_ in rows:
            wanted[source.receipt.offset].add(ordinal)
            sources[source.receipt.offset] = source
        for offset, ordinals in wanted.items():
            try:
                spans = otlp.decode_some(sources[offset].record, ordinals)
                self.one_by_one(self.batch, sources[offset].receipt, spans)
            except Exception as error:  # one poisonous record must not hold up its whole segment
                self.corrupt += 1
                kind = type(error).__name__
                log.error(
                    "record %d of segment %s does not map: %s", offset, self.place.segment, kind
                )


def _failure(span: Any, origin: Origin) -> str | None:
    """The error class that follows from a span itself; None if it is to be handed back."""
    try:
        whole = otlp.failing_span(span, origin)
        return error_class(whole) if whole is not None else None
    except Exception:  # whatever it is, it must not cost the other spans: the full decoder tells
        return None
