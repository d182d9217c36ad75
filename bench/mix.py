"""The other load: what some seventy instrumentors really send, as ``tests/corpus`` holds it.

Flows are sent again and again, each time with other ids, sessions, answers' ids and times, some of
them together in a request of about 100 spans, gzip.
"""

import json
import random
import tarfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from isal import isal_zlib
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

ARCHIVE = Path(__file__).parents[1] / "tests" / "corpus" / "corpus.tar.xz"
_SPANS, _EXPECTED = ".pb", ".expect.json"
_LOGS = ".logs.pb"
_SHORTEST = 16
"""Characters of an id that is renewed in texts: a shorter one may stand in others by chance."""
_LETTERS = "0123456789abcdef"


class Mix:
    """Endless flows in a random order that ``seed`` decides."""

    def __init__(self, base_ns: int, seed: int = 1) -> None:
        self._base_ns = base_ns
        self._random = random.Random(seed)
        with tarfile.open(ARCHIVE) as archive:
            files = {name: archive.extractfile(name) for name in archive.getnames()}
            bodies = {name: file.read() for name, file in files.items() if file is not None}
        self._flows = [
            _Flow(body, json.loads(bodies[name.removesuffix(_SPANS) + _EXPECTED]))
            for name, body in sorted(bodies.items())
            if name.endswith(_SPANS) and not name.endswith(_LOGS)
        ]
        self._waiting: list[_Flow] = []

    def bodies(
        self, spans: int, per_request: int = 100, level: int = 1
    ) -> Iterator[tuple[bytes, int]]:
        """Compressed export requests and how many spans each holds; at least ``spans`` together."""
        while spans > 0:
            parts, size = [], 0
            while size < min(per_request, spans):
                flow = self._next()
                parts.append(flow.renewed(self._random, self._base_ns))
                size += flow.spans
                self._base_ns += 1_000_000
            spans -= size
            # protobuf messages that stand one behind the other are one message
            yield isal_zlib.compress(b"".join(parts), level, 31), size

    def _next(self) -> "_Flow":
        if not self._waiting:
            self._waiting = [*self._flows]
            self._random.shuffle(self._waiting)
        return self._waiting.pop()


class _Flow:
    def __init__(self, body: bytes, expected: Mapping[str, object]) -> None:
        self._request = ExportTraceServiceRequest.FromString(body)
        found = list(_all_spans(self._request))
        self.spans = len(found)
        self._first = min(span.start_time_unix_nano for span in found)
        ids = {span.trace_id for span in found} | {span.span_id for span in found}
        self._ids = ids | {span.parent_span_id for span in found if span.parent_span_id}
        calls = expected.get("llm_calls")
        told = [call.get("id") for call in calls] if isinstance(calls, list) else []
        texts = {str(text) for text in (expected.get("session_id"), *told) if text}
        self._texts = {text for text in texts if len(text) >= _SHORTEST}

    def renewed(self, rng: random.Random, start_ns: int) -> bytes:
        later = start_ns - self._first
        self._first = start_ns
        for span in _all_spans(self._request):
            span.start_time_unix_nano += later
            span.end_time_unix_nano += later
        body = self._request.SerializeToString()
        for old in self._ids:
            body = body.replace(old, rng.randbytes(len(old)))
        for text in self._texts:
            new = "".join(rng.choices(_LETTERS, k=len(text)))
            body = body.replace(text.encode(), new.encode())
        return body


def _all_spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for group in request.resource_spans:
        for scope in group.scope_spans:
            yield from scope.spans


if __name__ == "__main__":
    begun = time.process_time()
    sizes = [(len(body), count) for body, count in Mix(time.time_ns()).bodies(10_000)]
    spent = time.process_time() - begun
    spans = sum(count for _, count in sizes)
    print(
        f"{spans:,} spans, {sum(size for size, _ in sizes) / spans:,.0f} bytes each, {spent:.1f} s"
    )
