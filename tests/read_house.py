"""A data plane's reading side on memory ports: what is accepted here is indexed at once."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import pytest
from google.protobuf.json_format import ParseDict
from isal import isal_zlib
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from raw_segments import PROJECT, document, name, record, ship

from hh_core.domain.event import Event
from hh_core.domain.mapping import Mapping as SpanMapping
from hh_core.domain.price_book import NO_BOOK, PriceBook
from hh_core.domain.segments import KIND, ContentType, Encoding, RecordKind, SegmentRecord
from hh_core.hooks import load_mappers
from hh_core.ports.analytics import Analytics
from hh_core.ports.objects import Objects
from hh_core.ports.records import Records
from hh_core.registry import find
from hh_core.usecases import sketches
from hh_core.usecases.belonging import Belonging
from hh_core.usecases.content import Content
from hh_core.usecases.costs import Costs
from hh_core.usecases.cursors import Cursors
from hh_core.usecases.dispatch import IndexSegments
from hh_core.usecases.freshness import Freshness
from hh_core.usecases.index import Indexer
from hh_core.usecases.pack import Pack, PackSettings
from hh_core.usecases.page import Page
from hh_core.usecases.raw_records import RawRecords
from hh_core.usecases.read import Reader
from hh_core.usecases.read_limits import ReadLimits, Turns
from hh_core.usecases.recount import Recount
from hh_core.usecases.rollups import RollUps
from hh_core.usecases.search import parse_query
from hh_core.usecases.segments_source import PACKS, SegmentsSource
from hh_core.usecases.session_outline import SessionOutlines
from hh_core.usecases.sessions import Sessions
from hh_core.usecases.sketches import MakeSketches, Sketches
from hh_core.usecases.wide_events import WideEvents
from hh_core.wire.sketch_writer import sketch_of

NAME_KEY = b"n" * 32
START_MS = 1_767_323_045_000
MEMORY: Mapping[str, Any] = {"adapter": "memory"}


@dataclass
class Pending:
    """What ingest would answer; a test fills it."""

    names: set[str] = field(default_factory=set)

    async def pending(self, project: UUID, *, is_awaited: bool) -> Collection[str]:
        return self.names

    async def without(
        self, project: UUID, segments: Collection[str], needles: Collection[bytes]
    ) -> Collection[str]:
        return ()


@dataclass
class ReadHouse:
    objects: Objects
    records: Records
    analytics: Analytics
    reader: Reader
    sessions: Sessions
    outlines: SessionOutlines
    index: IndexSegments
    pending: Pending
    costs: Costs
    raw: RawRecords
    segments: int = 0

    async def accept(self, *accepted: SegmentRecord) -> str:
        """Ship the records in a segment of their own, and index it."""
        called = await self.ship(*accepted)
        await self.dispatch(called)
        return called

    async def ship(self, *accepted: SegmentRecord) -> str:
        self.segments += 1
        called = name(START_MS + self.segments)
        await ship(self.objects, called, accepted)
        return called

    async def dispatch(self, called: str) -> None:
        refused, _ = await self.index.write(await self.index.read([called]))
        assert not refused
        async with self.records.begin() as unit:
            await unit.merge(KIND, {called: {"indexed": START_MS, "relayed": START_MS}})

    async def settle(self) -> None:
        """Pack all that was accepted, and make the sketches of the packs."""
        settings = PackSettings(pack_after_ms=0)
        later = START_MS + 10_000
        while (
            await Pack(self.objects, self.records, now_ms=lambda: later, settings=settings)()
        ).packs:
            pass

        async def make(pack: bytes) -> bytes:
            return sketch_of(pack)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sketches, "MIN_PACK_BYTES", 0)
            async with self.records.begin() as unit:
                packs = {record.key: {"sketch": None} for record in await unit.find(PACKS)}
                await unit.merge(PACKS, packs)
            job = MakeSketches(self.objects, self.records, make, rest_seconds=0)
            while await job():
                pass

    async def export(self, *filters: Mapping[str, Any], **body: Any) -> Page:
        project = body.pop("of", PROJECT)
        query = parse_query(
            {"filters": list(filters), **body}, max_limit=7500, now_ms=lambda: START_MS
        )
        return await self.reader.export(project, query)

    async def events(self, *filters: Mapping[str, Any], **body: Any) -> Sequence[Event]:
        page = await self.export(*filters, **body)
        assert not page.incomplete
        return page.events


@asynccontextmanager
async def read_house(
    analytics: Mapping[str, Any] = MEMORY,
    *,
    limits: ReadLimits | None = None,
    book: PriceBook = NO_BOOK,
) -> AsyncIterator[ReadHouse]:
    async with (
        _opened("objects", MEMORY) as objects,
        _opened("records", MEMORY) as records,
        _opened("analytics", analytics) as index,
    ):
        yield _built(objects, records, index, limits, book)


def _opened(port: str, table: Mapping[str, Any]) -> AbstractAsyncContextManager[Any]:
    adapter = _adapter(port, table["adapter"])
    options = {name: value for name, value in table.items() if name != "adapter"}
    return adapter.open(adapter.config.model_validate(options))


_adapter = cache(find)
_mappers = cache(load_mappers)


def _built(
    objects: Objects,
    records: Records,
    analytics: Analytics,
    limits: ReadLimits | None,
    book: PriceBook,
) -> ReadHouse:
    mapping = SpanMapping(_mappers())
    source = SegmentsSource(objects, records)
    belonging = Belonging(analytics)
    limits = limits or ReadLimits()
    content = Content(source, mapping, log_bytes=limits.log_bytes_per_span)
    wide = WideEvents(analytics, content, belonging, max_logs=limits.logs_per_span)
    pending = Pending()
    turns = Turns(limits)
    freshness = Freshness(
        pending, records, wait_seconds=0.3, ids_are_verbatim=mapping.ids_are_verbatim
    )
    return ReadHouse(
        objects,
        records,
        analytics,
        Reader(
            analytics,
            wide,
            belonging,
            freshness,
            name_key=NAME_KEY,
            source=source,
            sketches=Sketches(objects, records),
            turns=turns,
        ),
        Sessions(
            analytics, wide, belonging, freshness, Cursors(NAME_KEY), name_key=NAME_KEY, turns=turns
        ),
        SessionOutlines(analytics, belonging, freshness, name_key=NAME_KEY, turns=turns),
        IndexSegments(
            objects,
            source,
            analytics,
            RollUps(analytics, Recount(analytics)),
            Indexer(mapping, name_key=NAME_KEY, dp_id="dp", book=book),
        ),
        pending,
        Costs(analytics, source, mapping, lambda: book, freshness, name_key=NAME_KEY),
        RawRecords(analytics, wide, source, freshness, turns, name_key=NAME_KEY),
    )


def span(number: int, *, parent: int = 0, trace: int = 1, **attributes: Any) -> dict[str, Any]:
    """An OTLP/JSON span, of a tool unless its attributes tell another type. ``start``,
    ``duration`` (ms) and ``name`` are not attributes."""
    attributes.setdefault("honeyhive_event_type", "tool")
    start = attributes.pop("start", number)
    begin = START_MS * 1_000_000 + int(start * 1_000_000)
    end = begin + int(attributes.pop("duration", 1) * 1_000_000)
    error = attributes.pop("error", None)
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent else None,
        "name": attributes.pop("name", f"step {number}"),
        "kind": 1,
        "startTimeUnixNano": str(begin),
        "endTimeUnixNano": str(end),
        "status": {"code": 2, "message": error} if error else {},
        "attributes": [
            {"key": key.replace("__", "."), "value": _any_value(value)}
            for key, value in attributes.items()
        ],
    }


def export(*spans: Mapping[str, Any], project: UUID = PROJECT, **changes: Any) -> SegmentRecord:
    """An accepted OTLP/JSON request."""
    body = {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "test"}, "spans": list(spans)}]}]}
    return record(json.dumps(body).encode(), project=project, **changes)


def log(number: int, text: Any = None, *, trace: int = 1, **fields: Any) -> dict[str, Any]:
    """An OTLP/JSON log record of span ``number``; ``at`` is in milliseconds, ``event`` its name."""
    at = fields.pop("at", number)
    name = fields.pop("event", "")
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{number:016x}",
        "timeUnixNano": str(START_MS * 1_000_000 + int(at * 1_000_000)) if at else "0",
        "eventName": name,
        "body": {} if text is None else _any_value(text),
        "attributes": [
            {"key": key.replace("__", "."), "value": _any_value(value)}
            for key, value in fields.items()
        ],
    }


def log_export(*logs: Mapping[str, Any], project: UUID = PROJECT, **changes: Any) -> SegmentRecord:
    """An accepted OTLP/JSON request of log records."""
    body = {"resourceLogs": [{"scopeLogs": [{"scope": {"name": "t"}, "logRecords": list(logs)}]}]}
    changes.setdefault("kind", RecordKind.LOGS)
    return record(json.dumps(body).encode(), project=project, **changes)


def as_protobuf(exported: SegmentRecord) -> SegmentRecord:
    """The same request as most clients send it: in protobuf, with gzip."""
    body = json.loads(exported.body)
    for resource in body["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for item in scope["spans"]:
                for key in ("traceId", "spanId", "parentSpanId"):
                    item[key] = b64encode(bytes.fromhex(item[key] or "")).decode()
    plain = ParseDict(body, ExportTraceServiceRequest()).SerializeToString()
    changed = {"content_type": ContentType.PROTOBUF, "encoding": Encoding.GZIP}
    header = replace(exported.header, **changed)
    return SegmentRecord(header, isal_zlib.compress(plain, 1, 31))


def start(session: str, *, sequence: int = 1000, **fields: Any) -> SegmentRecord:
    """An accepted session start."""
    fields = {"session_id": session, "start_time": START_MS, **fields}
    patch = {"event_id": session, "is_start": True, "fields": fields}
    return document(RecordKind.PATCH, [patch], sequence=sequence)


def update(event: str, *, sequence: int = 2000, **fields: Any) -> SegmentRecord:
    patch = {"event_id": event, "is_start": False, "fields": fields}
    return document(RecordKind.PATCH, [patch], sequence=sequence)


def rest_event(**fields: Any) -> SegmentRecord:
    event = {"event_id": str(uuid4()), "event_type": "tool", "event_name": "rest", **fields}
    event.setdefault("start_time", START_MS)
    event.setdefault("end_time", event["start_time"] + 1)
    return document(RecordKind.EVENT, [event])


def where(field: str, operator: str, value: Any = None, type_: str = "string") -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value, "type": type_}


def _any_value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case dict():
            pairs = [{"key": key, "value": _any_value(item)} for key, item in value.items()]
            return {"kvlistValue": {"values": pairs}}
        case list():
            return {"arrayValue": {"values": [_any_value(item) for item in value]}}
        case _:
            return {"stringValue": value}
