"""Rows of EVENTS from a sheet of facts, column by column: nothing here is done span by span that
can be done to a whole column, or once for all spans of a request."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, repeat
from typing import Any

import pyarrow as pa

from hh_core.domain.costing import price_sheet
from hh_core.domain.filters import text_of
from hh_core.domain.identity import NIL, call_session, parse_uuid
from hh_core.domain.price_book import NO_BOOK, PriceBook
from hh_core.domain.segments import RecordKind, SegmentRecord
from hh_core.domain.sheet import Column, Sheet
from hh_core.domain.span import ROOT_PARENTS
from hh_core.domain.tables import Relation, Type
from hh_core.domain.telemetry import MAX_TIME_NS
from hh_core.usecases.batch import Path
from hh_core.usecases.receipt import HOUR_NS, MAX_NAME, STATUS, Receipt
from hh_core.wire import otlp
from hh_core.wire.columns import build, constant, fixed, nulls, record_batch, same_keys
from hh_core.wire.ids import derived_events, versions

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


Row = tuple[int, Source, otlp.Head, str, Sequence[bytes]]
"""Ordinal, source, head, error class, the bytes of the form's values. The message itself is let
go: it would hold the memory of all its request."""


@dataclass(frozen=True, slots=True)
class Place:
    """What all rows of a segment share, and how they name what clients chose."""

    dp_id: str
    segment: str
    session_key: Claim
    call_key: Claim
    book: PriceBook = NO_BOOK


def rows_of(
    sheet: Sheet, rows: Sequence[Row], place: Place
) -> tuple[Any, Iterable[tuple[Path, int]]]:
    """A record batch of EVENTS, one row for each of ``rows``, whose facts the sheet tells; and
    which paths are seen in it, each with the hour."""
    ordinals, sources, heads, failures, _ = zip(*rows, strict=True)
    of = _Sources(sources)
    traces, spans, parents, names, starts, ends, states = zip(*heads, strict=True)
    sheet.settle_types(lambda place: parents[place] in ROOT_PARENTS)
    placed, suspect = _starts(of.receipts, sources, starts)
    price_sheet(place.book, sheet, _owners(place.book, of), placed)
    told = _told(sheet, of, place)
    errors = _errors(sheet, failures)
    cells = _shared(len(rows), place) | {
        "project_id": of.spread([r.project for r in of.receipts], Type.ID),
        "received_ms": of.spread([r.header.received_ms for r in of.receipts], Type.U64),
        "record": of.spread([r.offset for r in of.receipts], Type.U32),
        "service": of.spread([source.service for source in of.distinct], Type.NAME),
        "ordinal": ordinals,
        "version": versions(
            ordinals, of.spread([r.versions for r in of.receipts]), of.receipts[0].generation
        ),
        "time_suspect": suspect,
        "start_ns": placed,
        "trace_id": fixed(traces, Type.TRACE),
        "span_id": fixed(spans, Type.SPAN),
        "parent_span_id": fixed([parent or _NO_PARENT for parent in parents], Type.SPAN),
        "status": _states(states, errors),
        "error_class": _short(errors),
        "event_name": _short(sheet.facts.get("event_name", names)),
        "duration_ns": _durations(sheet, starts, ends),
    }
    derived = derived_events(cells["project_id"], cells["trace_id"], cells["span_id"])
    cells["event_id"] = _event_ids(sheet, derived)
    if "response_id" in sheet.facts:
        told["session_key"] = _with_calls(told, parents, cells["project_id"])
    return record_batch(Relation.EVENTS, cells | told), _paths(sheet, of, placed)


class _Sources:
    """Where rows come from. Neighbours mostly come from one request."""

    def __init__(self, sources: Sequence[Source]) -> None:
        runs = [(source, len(list(run))) for source, run in groupby(sources)]
        self.distinct = [source for source, _ in runs]
        self.receipts = [source.receipt for source in self.distinct]
        self._lengths = [length for _, length in runs]
        self._rows = pa.array(self.each(range(len(runs))), pa.int32())

    def each(self, cells: Any) -> list[Any]:
        """Of each row what ``cells`` say of its source."""
        return list(chain.from_iterable(map(repeat, cells, self._lengths)))

    def spread(self, cells: Sequence[Any], type_: Type | None = None) -> Any:
        """``each`` as an Arrow column; without a type as bytes of any length."""
        column = pa.array(cells, pa.binary()) if type_ is None else build(type_, cells)
        return column.take(self._rows)


def _shared(count: int, place: Place) -> dict[str, Any]:
    """The columns in which all spans have the same."""
    return {
        "segment": constant(Type.NAME, place.segment, count),
        "dp_id": constant(Type.NAME, place.dp_id, count),
        "is_deleted": constant(Type.FLAG, 0, count),
        "promoted": same_keys((), (), count),
        "record_kind": constant(Type.FLAG, int(RecordKind.TRACES), count),
        "parent_event_id": constant(Type.ID, _NIL, count),
    }


def _told(sheet: Sheet, of: _Sources, place: Place) -> dict[str, Any]:
    """The columns that come from facts alone."""
    count, told = len(sheet.event_type), sheet.facts.get
    none = [""] * count
    return {
        "session_id": told("session_id", none),
        "model": _short(told("model", none)),
        "provider": _short(told("provider", none)),
        "session_key": _keys(place.session_key, told("session_id"), of, count),
        "call_key": _keys(place.call_key, told("response_id"), of, count),
        "event_type": sheet.event_type,
        "usage": _usage(sheet, count),
        "cost": _costs(sheet, count),
        "attributes": _attributes(sheet, count),
        "truncated": constant(Type.U32, 0, count) if sheet.truncated is None else sheet.truncated,
    }


def _owners(book: PriceBook, of: _Sources) -> Sequence[bytes]:
    """The project of each span, if they may differ in what they pay; else any."""
    projects = [receipt.project for receipt in of.receipts]
    return projects[:1] if book.is_one_for_all or len(set(projects)) == 1 else of.each(projects)


def _keys(claim: Claim, texts: Column | None, of: _Sources, count: int) -> Any:
    """The ids that stand for ``texts``: spans of one session say the same."""
    if texts is None:
        return constant(Type.ID, _NIL, count)
    receipts = {receipt.project: receipt for receipt in of.receipts}
    if len(receipts) == 1:
        own = {text: claim(of.receipts[0], text) for text in set(texts)}
        return fixed([own[text] for text in texts], Type.ID)
    pairs = list(zip(of.each([r.project for r in of.receipts]), texts, strict=True))
    known = {pair: claim(receipts[pair[0]], pair[1]) for pair in set(pairs)}
    return fixed([known[pair] for pair in pairs], Type.ID)


def _with_calls(told: dict[str, Any], parents: Sequence[bytes], projects: Any) -> Any:
    """The sessions that are claimed, with those of calls that traces begin with."""
    types, calls = told["event_type"], told["call_key"].to_pylist()
    claims = told["session_key"].to_pylist()
    heads = [
        place
        for place, claim in enumerate(claims)
        if claim == _NIL and parents[place] in ROOT_PARENTS and calls[place] != _NIL
    ]
    for place in heads:
        if types[place] == "model":
            claims[place] = call_session(projects[place].as_py(), calls[place])
    return fixed(claims, Type.ID) if heads else told["session_key"]


def _starts(
    receipts: Sequence[Receipt], sources: Sequence[Source], starts: Sequence[int]
) -> tuple[Sequence[int], Any]:
    """Where rows are placed, and whether their times are suspect: mostly none is."""
    earliest, latest = max(r.earliest for r in receipts), min(r.latest for r in receipts)
    if earliest <= min(starts) and max(starts) <= latest:
        return starts, constant(Type.FLAG, 0, len(starts))
    pairs = [(source.receipt, start) for source, start in zip(sources, starts, strict=True)]
    return (
        [receipt.start(start) for receipt, start in pairs],
        [int(not receipt.earliest <= start <= receipt.latest) for receipt, start in pairs],
    )


def _errors(sheet: Sheet, failures: Sequence[str]) -> Sequence[str]:
    """The error class that a mapper tells, else that which follows from the span."""
    told: Column | None = sheet.facts.get("error_class")
    return failures if told is None else told


def _states(states: Sequence[int], errors: Sequence[str]) -> Any:
    different = set(states)
    if len(different) == 1 and not any(errors):
        return constant(Type.NAME, STATUS.get(states[0], "unset"), len(states))
    return [
        "error" if error else STATUS.get(state, "unset")
        for state, error in zip(states, errors, strict=True)
    ]


def _durations(sheet: Sheet, starts: Sequence[int], ends: Sequence[int]) -> Sequence[int]:
    spent: Sequence[int] | None = sheet.facts.get("duration_ns")
    if spent is None:
        spent = [end - start for start, end in zip(starts, ends, strict=True)]
        if min(spent) < 0:
            spent = [max(0, time) for time in spent]
    return spent if max(spent) <= MAX_TIME_NS else [min(time, MAX_TIME_NS) for time in spent]


def _event_ids(sheet: Sheet, derived: Any) -> Any:
    claims = sheet.facts.get("claimed_event_id")
    if claims is None:
        return derived
    found = map(parse_uuid, claims)
    own = derived.to_pylist()
    return [claim.bytes if claim else id_ for claim, id_ in zip(found, own, strict=True)]


def _costs(sheet: Sheet, count: int) -> Any:
    return sheet.cost if sheet.cost is not None else nulls(Type.COST, count)


def _usage(sheet: Sheet, count: int) -> Any:
    if not sheet.usage or set(sheet.event_type) == {"model"}:
        return same_keys(tuple(sheet.usage), list(sheet.usage.values()), count, number=True)
    counts = zip(*sheet.usage.values(), strict=True)
    return [
        dict(zip(sheet.usage, some, strict=True)) if kind == "model" else {}
        for kind, some in zip(sheet.event_type, counts, strict=True)
    ]


def _attributes(sheet: Sheet, count: int) -> Any:
    names = tuple(sheet.attributes)
    columns = [_texts(column) for column in sheet.attributes.values()]
    if sheet.more is None:
        return same_keys(names, columns, count)
    rows = zip(*columns, strict=True) if columns else repeat((), count)
    return [
        dict(zip(names, row, strict=True))
        | {path: text_of(value) or "" for path, value in more.items()}
        for row, more in zip(rows, sheet.more, strict=True)
    ]


def _paths(sheet: Sheet, of: _Sources, placed: Sequence[int]) -> Iterator[tuple[Path, int]]:
    projects = of.each([receipt.project for receipt in of.receipts])
    hours = [start // HOUR_NS for start in placed]
    groups = list(zip(projects, sheet.event_type, hours, strict=True))
    found = {(group, path) for group in set(groups) for path in sheet.attributes}
    if sheet.more is not None:
        for group, more in zip(groups, sheet.more, strict=True):
            found.update((group, path) for path in more)
    for (project, kind, hour), path in found:
        yield (project, kind, path), hour * HOUR_NS


def _texts(column: Column) -> Column:
    kinds = set(map(type, column))
    if kinds == {str}:
        return column
    if kinds == {int}:
        return list(map(str, column))
    return [text_of(value) or "" for value in column]


def _short(names: Sequence[str]) -> Sequence[str]:
    return names if max(map(len, names)) <= MAX_NAME else [name[:MAX_NAME] for name in names]
