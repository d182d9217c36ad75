"""The sums of real flows in the index: each call once, whatever the order and the batching."""

import asyncio
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any
from uuid import UUID, uuid5

import pytest
from corpus.pack import ARCHIVE
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from raw_segments import PROJECT, name, record, segment

from hh_conformance.mappers import Flow, read_corpus, read_errata
from hh_core.domain.mapping import Mapping
from hh_core.domain.segments import ContentType, SegmentRecord
from hh_core.hooks import load_mappers
from hh_core.ports.analytics import Analytics, Query, Relation
from hh_core.registry import open_port
from hh_core.usecases.batch import Rows
from hh_core.usecases.index import Indexer
from hh_core.usecases.recount import Recount
from hh_core.usecases.rollups import RollUps
from hh_core.wire import columns, telemetry
from hh_core.wire.segment import read_segment

NESTED = (
    "litellm/",
    "logfire/logfire@anthropic/",
    "openinference/openinference-instrumentation-anthropic/",
    "openinference/openinference-instrumentation-langchain/double",
    "openllmetry/opentelemetry-instrumentation-anthropic/",
    "openllmetry/opentelemetry-instrumentation-haystack/",
    "otel-genai/opentelemetry-instrumentation-genai-anthropic/",
    "strands/",
    "pydantic-ai/",
    "agent-framework/",
    "vercel-ai/",
)
"""Where calls are told more than once, by frameworks, agents, instrumentors and clients."""
UNJOINED = {f"logfire/logfire@anthropic/{flow}" for flow in ("stream", "stream_raw", "tool_stream")}
"""An answer in a trace of its own, without an id (docs/how-tokens-are-counted.md): each of the two
sessions is right."""


Arrival = Callable[[Flow], list[list[SegmentRecord]]]
"""The batches in which the spans of a flow come."""


@dataclass
class Index:
    """A data plane's index in memory, filled as dispatch fills it."""

    analytics: Analytics
    indexer: Indexer
    batches: int = 0

    async def add(self, records: Sequence[SegmentRecord]) -> None:
        """All in one batch."""
        self.batches += 1
        called = name(self.batches)
        data, _ = segment(called, records)
        batch = self.indexer.segment(called, read_segment(data, called))
        rows: Rows = batch.rows[Relation.EVENTS]
        await self.analytics.insert(Relation.EVENTS, rows.arrow())
        events = telemetry.one_batch(columns.decode(Relation.EVENTS, rows.arrow()))
        await RollUps(self.analytics, Recount(self.analytics))(events)

    async def sums(self, project: UUID) -> list[Counter[str]]:
        """Of each session."""
        asked = Query(relation=Relation.SESSIONS, project=project, columns=("usage",), limit=10_000)
        found: list[Any] = [row["usage"] for row in await self.analytics.select(asked)]
        return [Counter(usage) for usage in found]


@cache
def flows() -> Sequence[Flow]:
    """Those of which the oracle has the right totals."""
    errata = read_errata(ARCHIVE.with_name("errata.toml"))
    wrong = {one.flow for one in errata if one.fact == "sums"}
    return [flow for flow in read_corpus(ARCHIVE) if flow.name not in wrong]


def nested() -> Sequence[Flow]:
    return [flow for flow in flows() if flow.name.startswith(NESTED)]


def bodies(flow: Flow) -> Iterator[ExportTraceServiceRequest]:
    """Each span of a flow as a request of its own."""
    whole = ExportTraceServiceRequest.FromString(body_of(flow))
    for resource in whole.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                alone = ExportTraceServiceRequest()
                into = alone.resource_spans.add(resource=resource.resource)
                into.scope_spans.add(scope=scope.scope).spans.append(span)
                yield alone


@cache
def archived() -> dict[str, bytes]:
    with tarfile.open(ARCHIVE) as archive:
        found = ((member.name, archive.extractfile(member)) for member in archive)
        return {path: data.read() for path, data in found if data is not None}


def body_of(flow: Flow) -> bytes:
    return archived()[flow.name + ".pb"]


def project_of(flow: Flow) -> UUID:
    return uuid5(PROJECT, flow.name)


def accepted(flow: Flow, body: bytes, number: int) -> SegmentRecord:
    latest = max(span.end_ns for span in flow.spans) // 1_000_000
    return record(
        body,
        project=project_of(flow),
        content_type=ContentType.PROTOBUF,
        sequence=number,
        received_ms=latest,  # an index believes no start that is later
    )


def whole(flow: Flow) -> list[list[SegmentRecord]]:
    return [[accepted(flow, body_of(flow), 1)]]


def span_by_span(flow: Flow) -> list[list[SegmentRecord]]:
    """The parents first."""
    alone = enumerate(bodies(flow))
    return [[accepted(flow, b.SerializeToString(), n)] for n, b in alone][::-1]


def shuffled(flow: Flow) -> list[list[SegmentRecord]]:
    """In two batches, and half of it again."""
    records = [
        accepted(flow, b.SerializeToString(), number) for number, b in enumerate(bodies(flow))
    ]
    Random(flow.name).shuffle(records)
    half = len(records) // 2
    return [part for part in (records[:half], records[half:], records[:half]) if part]


def test_every_call_counts_once_and_no_more_than_was_sent() -> None:
    asyncio.run(_every_call_counts_once(flows(), whole))


@pytest.mark.parametrize("arrival", [span_by_span, shuffled])
def test_neither_order_nor_batching_changes_a_sum(arrival: Arrival) -> None:
    asyncio.run(_every_call_counts_once(nested(), arrival))


async def _every_call_counts_once(chosen: Sequence[Flow], arrival: Arrival) -> None:
    async with open_port("analytics", {"adapter": "memory", "name": f"sums {arrival}"}) as port:
        index = Index(port, Indexer(Mapping(load_mappers()), name_key=b"n" * 32, dp_id="dp"))
        for flow in chosen:
            for batch in arrival(flow):
                await index.add(batch)
        for flow in chosen:
            sessions = await index.sums(project_of(flow))
            traced, true = flow.expected["traced_totals"], flow.expected["true_totals"]
            for kind in ("prompt_tokens", "completion_tokens"):
                counts = [usage[kind] for usage in sessions]
                total = max(counts) if flow.name in UNJOINED else sum(counts)
                assert total == traced[kind], flow.name
                assert max(counts) <= true[kind], flow.name
