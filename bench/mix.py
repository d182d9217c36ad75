"""The other load: what some seventy instrumentors really send, as ``tests/corpus`` holds it.

Each folder of the corpus is an application with one instrumentor. All of them run at once: flows
come in a random order, each as often as any other, with other ids, sessions, answers' ids and times
in each repetition. An application sends its spans as an SDK's batch processor does: by resource and
scope, about 100 of them in a request, gzip; and what is left when the load ends.
"""

import json
import random
import re
import tarfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isal import isal_zlib
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

ARCHIVE = Path(__file__).parents[1] / "tests" / "corpus" / "corpus.tar.xz"
_SPANS, _EXPECTED = ".pb", ".expect.json"
_LOGS = ".logs.pb"
_SHORTEST = 10
"""Characters of an id that is renewed in texts: a shorter one may stand in others by chance."""
_TOLD_IDS = ("session_id", "conversation_id")
_LETTERS = "0123456789abcdef"
_UUID = re.compile(rb"(?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f])")

_Source = tuple[bytes, bytes]
"""A resource and a scope, each a message that holds nothing else."""


class Mix:
    """Endless flows in a random order that ``seed`` decides."""

    def __init__(self, base_ns: int, seed: int = 1) -> None:
        self._base_ns = base_ns
        self._random = random.Random(seed)
        with tarfile.open(ARCHIVE) as archive:
            files = {name: archive.extractfile(name) for name in archive.getnames()}
            bodies = {name: file.read() for name, file in files.items() if file is not None}
        known = _told(json.loads(bodies[name]) for name in bodies if name.endswith(_EXPECTED))
        self._flows = [
            _Flow(name.rpartition("/")[0], body, known)
            for name, body in sorted(bodies.items())
            if name.endswith(_SPANS) and not name.endswith(_LOGS)
        ]
        self._waiting: list[_Flow] = []

    def bodies(
        self, spans: int, per_request: int = 100, level: int = 1
    ) -> Iterator[tuple[bytes, int]]:
        """Compressed export requests and how many spans each holds; at least ``spans`` together."""
        waiting: dict[str, _Export] = {}
        while spans > 0:
            flow = self._next()
            export = waiting.setdefault(flow.application, _Export())
            export.add(flow.renewed(self._random, self._base_ns))
            self._base_ns += 1_000_000
            spans -= flow.spans
            if export.spans >= per_request:
                yield waiting.pop(flow.application).body(level)
        for export in waiting.values():
            yield export.body(level)

    def _next(self) -> "_Flow":
        if not self._waiting:
            self._waiting = [*self._flows]
            self._random.shuffle(self._waiting)
        return self._waiting.pop()


@dataclass(slots=True)
class _Export:
    """A request of one application, while it is filled."""

    spans: int = 0
    _parts: dict[bytes, dict[bytes, list[bytes]]] = field(default_factory=dict)

    def add(self, groups: Iterable[tuple[_Source, bytes, int]]) -> None:
        for (resource, scope), spans, count in groups:
            self._parts.setdefault(resource, {}).setdefault(scope, []).append(spans)
            self.spans += count

    def body(self, level: int) -> tuple[bytes, int]:
        request = ExportTraceServiceRequest()
        for resource, scopes in self._parts.items():
            # parts of a protobuf message that stand one behind the other are one message
            own = request.resource_spans.add()
            own.MergeFromString(resource)
            for scope, spans in scopes.items():
                own.scope_spans.add().MergeFromString(scope + b"".join(spans))
        return isal_zlib.compress(request.SerializeToString(), level, 31), self.spans


class _Flow:
    def __init__(self, application: str, body: bytes, known: Collection[bytes]) -> None:
        """``known``: texts that are ids, of this flow or of others."""
        self.application = application
        self._groups = list(_grouped(ExportTraceServiceRequest.FromString(body)))
        found = list(self._all_spans())
        self.spans = len(found)
        self._first = min(span.start_time_unix_nano for span in found)
        ids = {span.trace_id for span in found} | {span.span_id for span in found}
        self._ids = ids | {span.parent_span_id for span in found if span.parent_span_id}
        whole = b"".join(group.SerializeToString() for _, group in self._groups)
        uuids = set(_UUID.findall(whole))
        texts = {*known, *(id_.hex().encode() for id_ in self._ids)} - uuids
        self._texts = sorted(text for text in texts if text in whole)
        self._uuids = sorted(uuids)

    def renewed(self, rng: random.Random, start_ns: int) -> Iterator[tuple[_Source, bytes, int]]:
        later = start_ns - self._first
        self._first = start_ns
        for span in self._all_spans():
            span.start_time_unix_nano += later
            span.end_time_unix_nano += later
        others = [(old, rng.randbytes(len(old))) for old in sorted(self._ids)]
        others += [(old, _letters(rng, len(old))) for old in self._texts]
        others += [(old, _uuid(rng)) for old in self._uuids]
        for source, group in self._groups:
            spans = group.SerializeToString()
            for old, new in others:
                spans = spans.replace(old, new)
            yield source, spans, len(group.spans)

    def _all_spans(self) -> Iterator[Span]:
        for _, group in self._groups:
            yield from group.spans


def _grouped(request: ExportTraceServiceRequest) -> Iterator[tuple[_Source, ScopeSpans]]:
    """The spans of each scope, apart from what stands around them."""
    for resource in request.resource_spans:
        around = ResourceSpans(resource=resource.resource, schema_url=resource.schema_url)
        for scope in resource.scope_spans:
            within = ScopeSpans(scope=scope.scope, schema_url=scope.schema_url)
            source = around.SerializeToString(), within.SerializeToString()
            yield source, ScopeSpans(spans=scope.spans)


def _told(flows: Iterable[Mapping[str, Any]]) -> Collection[bytes]:
    """The ids of sessions and answers that the corpus tells of its flows."""
    told: set[str] = set()
    for flow in flows:
        told.update(str(flow.get(name) or "") for name in _TOLD_IDS)
        told.update(str(call.get("id") or "") for call in flow.get("llm_calls") or ())
    return {text.encode() for text in told if len(text) >= _SHORTEST}


def _letters(rng: random.Random, count: int) -> bytes:
    return "".join(rng.choices(_LETTERS, k=count)).encode()


def _uuid(rng: random.Random) -> bytes:
    return b"-".join(_letters(rng, count) for count in (8, 4, 4, 4, 12))


if __name__ == "__main__":
    begun = time.process_time()
    sizes = [(len(body), count) for body, count in Mix(time.time_ns()).bodies(10_000)]
    spent = time.process_time() - begun
    spans = sum(count for _, count in sizes)
    packed = sum(size for size, _ in sizes) / spans
    print(f"{spans:,} spans in {len(sizes)} requests, {packed:,.0f} bytes each, {spent:.1f} s")
