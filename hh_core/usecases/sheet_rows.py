"""Rows of EVENTS from sheets of facts, column by column: nothing here is done span by span that
can be done to a whole column, and nothing sheet by sheet that can be done for all of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, product, repeat
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
from hh_core.wire.columns import build, constant, fixed, map_column, nulls, record_batch
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
    parts: Sequence[tuple[Sheet, Sequence[Row]]], place: Place
) -> tuple[Any, Iterable[tuple[Path, int]]]:
    """A record batch of EVENTS, one row for each of the rows, whose facts the sheet beside them
    tells; and which paths are seen in it, each with the hour."""
    sheets = [sheet for sheet, _ in parts]
    ordinals, sources, heads, failures, _ = zip(
        *(r for _, rows in parts for r in rows), strict=True
    )
    of = _Sources(sources)
    traces, spans, parents, names, starts, ends, states = zip(*heads, strict=True)
    placed, suspect = _starts(of.receipts, sources, starts)
    _settle(sheets, parents, _owners(place.book, of), placed, place.book)
    told = _told(sheets, of, place, parents)
    errors = _fact(sheets, "error_class", failures)
    cells = _shared(len(ordinals), place) | {
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
        "event_name": _short(_fact(sheets, "event_name", names)),
        "duration_ns": _durations(sheets, starts, ends),
    }
    derived = derived_events(cells["project_id"], cells["trace_id"], cells["span_id"])
    cells["event_id"] = _event_ids(sheets, derived)
    return record_batch(Relation.EVENTS, cells | told), _paths(sheets, of, placed)


def _settle(
    sheets: Sequence[Sheet],
    parents: Sequence[bytes],
    owners: Sequence[bytes],
    placed: Sequence[int],
    book: PriceBook,
) -> None:
    """Complete each sheet with what follows from where its spans stand."""
    first = 0
    for sheet in sheets:
        own = slice(first, first + sheet.size)
        first = own.stop
        above = parents[own]
        sheet.settle_types([above[place] in ROOT_PARENTS for place in sheet.untyped])
        price_sheet(book, sheet, owners if len(owners) == 1 else owners[own], placed[own])


def _fact(sheets: Sequence[Sheet], name: str, otherwise: Sequence[Any]) -> Sequence[Any]:
    """A fact of all spans; where a sheet tells none, what stands in its place in ``otherwise``."""
    if not any(name in sheet.facts for sheet in sheets):
        return otherwise
    column: Column = []
    for sheet in sheets:
        first = len(column)
        column += sheet.facts.get(name) or otherwise[first : first + sheet.size]
    return column


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
    nothing = map_column(Type.ATTRIBUTES)
    nothing.same_keys((), (), count)
    return {
        "segment": constant(Type.NAME, place.segment, count),
        "dp_id": constant(Type.NAME, place.dp_id, count),
        "is_deleted": constant(Type.FLAG, 0, count),
        "promoted": nothing.array(),
        "record_kind": constant(Type.FLAG, int(RecordKind.TRACES), count),
        "parent_event_id": constant(Type.ID, _NIL, count),
    }


def _told(
    sheets: Sequence[Sheet], of: _Sources, place: Place, parents: Sequence[bytes]
) -> dict[str, Any]:
    """The columns that come from facts, most of them alone."""
    types = list(chain.from_iterable(sheet.event_type for sheet in sheets))
    none = [""] * len(types)
    sessions = _fact(sheets, "session_id", none)
    claims = _keys(place.session_key, sessions, of)
    calls = _keys(place.call_key, _fact(sheets, "response_id", none), of)
    if calls is not None:
        claims = _with_calls(claims, calls, types, parents, of)
    return {
        "session_id": sessions,
        "model": _short(_fact(sheets, "model", none)),
        "provider": _short(_fact(sheets, "provider", none)),
        "session_key": _ids(claims, len(types)),
        "call_key": _ids(calls, len(types)),
        "event_type": types,
        "usage": _usage(sheets),
        "cost": _costs(sheets, len(types)),
        "attributes": _attributes(sheets),
        "truncated": _truncated(sheets, len(types)),
    }


def _owners(book: PriceBook, of: _Sources) -> Sequence[bytes]:
    """The project of each span, if they may differ in what they pay; else any."""
    projects = [receipt.project for receipt in of.receipts]
    return projects[:1] if book.is_one_for_all or len(set(projects)) == 1 else of.each(projects)


def _keys(claim: Claim, texts: Sequence[str], of: _Sources) -> list[bytes] | None:
    """The ids that stand for ``texts``, of which many are the same; None if all are empty."""
    if not any(texts):
        return None
    receipts = {receipt.project: receipt for receipt in of.receipts}
    if len(receipts) == 1:
        own = {text: claim(of.receipts[0], text) if text else _NIL for text in set(texts)}
        return [own[text] for text in texts]
    pairs = list(zip(of.each([r.project for r in of.receipts]), texts, strict=True))
    known = {pair: claim(receipts[pair[0]], pair[1]) if pair[1] else _NIL for pair in set(pairs)}
    return [known[pair] for pair in pairs]


def _ids(cells: Sequence[bytes] | None, count: int) -> Any:
    return constant(Type.ID, _NIL, count) if cells is None else fixed(cells, Type.ID)


def _with_calls(
    claims: list[bytes] | None,
    calls: Sequence[bytes],
    types: Sequence[str],
    parents: Sequence[bytes],
    of: _Sources,
) -> list[bytes] | None:
    """The sessions that are claimed, with those of calls that traces begin with."""
    heads = [
        place
        for place, (call, kind) in enumerate(zip(calls, types, strict=True))
        if kind == "model" and call != _NIL and parents[place] in ROOT_PARENTS
    ]
    projects = of.each([receipt.project for receipt in of.receipts]) if heads else []
    found = claims if claims is not None else [_NIL] * len(types)
    for place in heads:
        if found[place] == _NIL:
            found[place] = call_session(projects[place], calls[place])
    return found if heads else claims


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


def _states(states: Sequence[int], errors: Sequence[str]) -> Any:
    different = set(states)
    if len(different) == 1 and not any(errors):
        return constant(Type.NAME, STATUS.get(states[0], "unset"), len(states))
    return [
        "error" if error else STATUS.get(state, "unset")
        for state, error in zip(states, errors, strict=True)
    ]


def _durations(
    sheets: Sequence[Sheet], starts: Sequence[int], ends: Sequence[int]
) -> Sequence[int]:
    spent = [end - start for start, end in zip(starts, ends, strict=True)]
    if min(spent) < 0:
        spent = [max(0, time) for time in spent]
    told = _fact(sheets, "duration_ns", spent)
    return told if max(told) <= MAX_TIME_NS else [min(time, MAX_TIME_NS) for time in told]


def _event_ids(sheets: Sequence[Sheet], derived: Any) -> Any:
    claims = _fact(sheets, "claimed_event_id", ())
    if not claims:
        return derived
    found = [parse_uuid(claim) if claim else None for claim in claims]
    own = derived.to_pylist()
    return [claim.bytes if claim else id_ for claim, id_ in zip(found, own, strict=True)]


def _costs(sheets: Sequence[Sheet], count: int) -> Any:
    if all(sheet.cost is None for sheet in sheets):
        return nulls(Type.COST, count)
    costs = (sheet.cost or repeat(None, sheet.size) for sheet in sheets)
    return list(chain.from_iterable(costs))


def _truncated(sheets: Sequence[Sheet], count: int) -> Any:
    if all(sheet.truncated is None for sheet in sheets):
        return constant(Type.U32, 0, count)
    return list(chain.from_iterable(s.truncated or repeat(0, s.size) for s in sheets))


def _usage(sheets: Sequence[Sheet]) -> Any:
    """Of model events."""
    maps = map_column(Type.USAGE)
    for sheet in sheets:
        if not sheet.usage or set(sheet.event_type) == {"model"}:
            maps.same_keys(tuple(sheet.usage), sheet.usage.values(), sheet.size)
            continue
        counts = zip(*sheet.usage.values(), strict=True)
        maps.add(
            dict(zip(sheet.usage, some, strict=True)) if kind == "model" else {}
            for kind, some in zip(sheet.event_type, counts, strict=True)
        )
    return maps.array()


def _attributes(sheets: Sequence[Sheet]) -> Any:
    maps = map_column(Type.ATTRIBUTES)
    for sheet in sheets:
        names = tuple(sheet.attributes)
        columns = [_texts(column) for column in sheet.attributes.values()]
        if sheet.more is None:
            maps.same_keys(names, columns, sheet.size)
            continue
        rows = zip(*columns, strict=True) if columns else repeat((), sheet.size)
        maps.add(
            dict(zip(names, row, strict=True))
            | {path: text_of(value) or "" for path, value in more.items()}
            for row, more in zip(rows, sheet.more, strict=True)
        )
    return maps.array()


def _paths(
    sheets: Sequence[Sheet], of: _Sources, placed: Sequence[int]
) -> Iterator[tuple[Path, int]]:
    projects = of.each([receipt.project for receipt in of.receipts])
    hours = [start // HOUR_NS for start in placed]
    found: set[tuple[tuple[bytes, str, int], str]] = set()
    first = 0
    for sheet in sheets:
        own = slice(first, first + sheet.size)
        first = own.stop
        groups = list(zip(projects[own], sheet.event_type, hours[own], strict=True))
        found.update(product(set(groups), sheet.attributes))
        for group, more in zip(groups, sheet.more or (), strict=False):
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
