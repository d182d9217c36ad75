"""The load: agent sessions of 8 spans as one instrumentor sends them, 100 spans a request, gzip.

A session is one trace: a root chain, two tools, three model calls (about 2 KB of prompt, 1 KB of
completion), two chains; about 2,150 bytes a span raw and 625 compressed. The same seed makes the
same bytes.
"""

import gzip
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from isal import isal_zlib
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

MODELS = [
    ("gpt-4o", "openai"),
    ("gpt-4o-mini", "openai"),
    ("claude-sonnet-4", "anthropic"),
    ("claude-haiku-4", "anthropic"),
    ("gemini-2.5-pro", "google"),
    ("llama-3.3-70b", "meta"),
]
TOOLS = ["search_docs", "run_sql", "get_weather", "send_email", "lookup_order", "vector_search"]
RESOURCE = {
    "service.name": "bench-agent",
    "telemetry.sdk.language": "python",
    "telemetry.sdk.name": "opentelemetry",
    "deployment.environment.name": "prod",
}

Scalar = str | int | float
Kind = Span.SpanKind


@dataclass(slots=True)
class Step:
    """A span before it is encoded; times are nanoseconds."""

    name: str
    parent: bytes
    start: int
    end: int
    attributes: dict[str, Scalar]
    span_id: bytes
    failed: bool = False


class Prose:
    """Pools of pseudo-English, words by a Zipf distribution, so that gzip has its usual work."""

    def __init__(self, rng: random.Random, pool: int = 2000) -> None:
        self._rng = rng
        syllables = [
            c + v + e for c in "bcdfghklmnprstvw" for v in "aeiou" for e in ("", "n", "r", "s", "t")
        ]
        self._words = [
            "".join(rng.choice(syllables) for _ in range(rng.choice((1, 1, 2, 2, 2, 3))))
            for _ in range(8000)
        ]
        self._weights = [1.0 / (rank + 3) for rank in range(len(self._words))]
        self.prompts = [self._text(1700, 300) for _ in range(pool)]
        self.completions = [self._text(1000, 200) for _ in range(pool)]
        self.shorts = [self._text(220, 60) for _ in range(pool)]
        self.systems = [self._text(320, 0) for _ in range(6)]

    def _text(self, mean: int, deviation: int) -> str:
        size = int(self._rng.gauss(mean, deviation))
        words = self._rng.choices(self._words, self._weights, k=max(1, size // 4))
        return " ".join(words)[: max(1, size)]


@dataclass(slots=True)
class Load:
    """Endless sessions from ``seed``, their start times spread from ``base_ns`` on.

    Texts are ``prose``'s, or pools of the load's own, which take a second or two to make.
    """

    base_ns: int
    seed: int = 1
    spacing_ns: int = 1_000_000
    sessions: int = 0
    prose: Prose | None = None
    _rng: random.Random = field(init=False)
    _prose: Prose = field(init=False)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._prose = self.prose or Prose(self._rng)

    def bodies(
        self, spans: int, per_request: int = 100, level: int = 6
    ) -> Iterator[tuple[bytes, int]]:
        """Compressed export requests and how many spans each holds. ``level`` is gzip's."""
        waiting: list[tuple[bytes, Step]] = []
        while spans > 0:
            size = min(per_request, spans)
            while len(waiting) < size:
                waiting += self.session()
            yield encode(waiting[:size], level), size
            del waiting[:size]
            spans -= size

    def large(self, spans: int, name: str, per_request: int = 100) -> Iterator[tuple[bytes, int]]:
        """One session of that many spans in one trace: a root, chains below it, and below each of
        those steps of common sessions."""
        first = self.session()
        trace, root = first[0]
        steps = [(trace, root)]
        while len(steps) < spans:
            _, parent = self.session()[0]
            parent.parent = root.span_id
            inner = [step for _ in range(12) for _, step in self.session()[1:]]
            for step in inner:
                step.parent = parent.span_id
            steps += [(trace, step) for step in (parent, *inner)]
        for _, step in steps:
            step.attributes["session.id"] = name
        for begin in range(0, spans, per_request):
            some = steps[begin : min(spans, begin + per_request)]
            yield encode(some), len(some)

    def session(self) -> list[tuple[bytes, Step]]:
        rng, prose = self._rng, self._prose
        start = self.base_ns + self.sessions * self.spacing_ns
        self.sessions += 1
        trace = rng.randbytes(16)
        common: dict[str, Scalar] = {
            "session.id": f"sess-{rng.getrandbits(64):016x}",
            "user.id": f"user-{rng.randrange(5000):04d}",
        }
        question, answer = rng.choice(prose.shorts), rng.choice(prose.completions)
        metadata = json.dumps(
            {
                "env": rng.choice(("prod", "staging")),
                "release": f"v1.{rng.randrange(20)}",
                "tenant": f"t{rng.randrange(200):03d}",
                "request_id": f"{rng.getrandbits(128):032x}",
            }
        )

        def chain(name: str, parent: bytes, offset: int, length: int, output: str) -> Step:
            values: dict[str, Scalar] = {
                "openinference.span.kind": "CHAIN",
                "input.value": question,
                "output.value": output,
                "metadata": metadata,
            }
            return self._step(name, parent, start + offset, length, common | values)

        root = chain("agent.run", b"", 0, int(4e9 + rng.random() * 4e9), answer)
        retrieve = chain("retrieve", root.span_id, 1_000_000, int(5e8), rng.choice(prose.shorts))
        respond = chain("respond", root.span_id, 800_000_000, int(3e9), answer)
        steps = [root, retrieve, respond]
        failing = rng.random() < 0.03
        for number in range(2):
            step = self._tool(common, question, retrieve.span_id, start, number)
            step.failed = failing and number == 1
            steps.append(step)
        steps += [self._call(common, respond.span_id, start, number) for number in range(3)]
        return [(trace, step) for step in steps]

    def _tool(
        self, common: dict[str, Scalar], question: str, parent: bytes, start: int, number: int
    ) -> Step:
        tool = self._rng.choice(TOOLS)
        values: dict[str, Scalar] = {
            "openinference.span.kind": "TOOL",
            "tool.name": tool,
            "tool.parameters": json.dumps({"query": question[:60], "limit": 10}),
            "input.value": json.dumps({"query": question[:60]}),
            "output.value": self._rng.choice(self._prose.shorts),
        }
        length = int(2e7 + self._rng.random() * 2e8)
        begun = start + 2_000_000 + number * 100_000_000
        return self._step(f"tool.{tool}", parent, begun, length, common | values)

    def _call(self, common: dict[str, Scalar], parent: bytes, start: int, number: int) -> Step:
        rng, prose = self._rng, self._prose
        model, provider = MODELS[min(int(rng.expovariate(0.7)), len(MODELS) - 1)]
        prompt, completion = 400 + rng.randrange(400), 150 + rng.randrange(200)
        values: dict[str, Scalar] = {
            "openinference.span.kind": "LLM",
            "llm.model_name": model,
            "llm.provider": provider,
            "llm.invocation_parameters": '{"temperature": 0.2, "max_tokens": 1024, "top_p": 1}',
            "llm.input_messages.0.message.role": "system",
            "llm.input_messages.0.message.content": prose.systems[number],
            "llm.input_messages.1.message.role": "user",
            "llm.input_messages.1.message.content": rng.choice(prose.prompts),
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": rng.choice(prose.completions),
            "llm.token_count.prompt": prompt,
            "llm.token_count.completion": completion,
            "llm.token_count.total": prompt + completion,
            "gen_ai.operation.name": "chat",
            "gen_ai.system": provider,
            "gen_ai.request.model": model,
            "gen_ai.usage.input_tokens": prompt,
            "gen_ai.usage.output_tokens": completion,
            "llm.cost.total": round(prompt * 2.5e-6 + completion * 1e-5, 8),
        }
        begun = start + 810_000_000 + number * 900_000_000
        length = int(2e8 + rng.expovariate(1 / 8e8))
        return self._step("ChatCompletion", parent, begun, length, common | values)

    def _step(
        self, name: str, parent: bytes, start: int, length: int, attributes: dict[str, Scalar]
    ) -> Step:
        return Step(name, parent, start, start + length, attributes, self._rng.randbytes(8))


class Renewed:
    """Spans of a load as often as wanted, each time in new sessions of that moment: many spans for
    little of the generator's own time."""

    def __init__(self, spans: int) -> None:
        bodies = Load(base_ns=time.time_ns(), seed=19).bodies(spans, level=1)
        self._requests = [gzip.decompress(body) for body, _ in bodies]
        self._random = random.Random()
        self._next = 0

    def bodies(self, spans: int) -> Iterator[tuple[bytes, int]]:
        """At least so many."""
        while spans > 0:
            # Parsed each time: a message that is changed for an hour never gives back what it had.
            plain = self._requests[self._next % len(self._requests)]
            request = ExportTraceServiceRequest.FromString(plain)
            self._next += 1
            self._renew(request)
            size = sum(
                len(scope.spans) for group in request.resource_spans for scope in group.scope_spans
            )
            spans -= size
            yield isal_zlib.compress(request.SerializeToString(), 1, 31), size

    def _renew(self, request: ExportTraceServiceRequest) -> None:
        (group,) = request.resource_spans
        (scope,) = group.scope_spans
        later = time.time_ns() - max(span.start_time_unix_nano for span in scope.spans)
        known: dict[bytes, tuple[bytes, str]] = {}
        for span in scope.spans:
            if span.trace_id not in known:
                session = f"sess-{self._random.getrandbits(64):016x}"
                known[span.trace_id] = self._random.randbytes(16), session
            span.trace_id, session = known[span.trace_id]
            span.start_time_unix_nano += later
            span.end_time_unix_nano += later
            for attribute in span.attributes:
                if attribute.key == "session.id":
                    attribute.value.string_value = session


def encode(steps: list[tuple[bytes, Step]], level: int = 6) -> bytes:
    """One export request in protobuf, compressed with gzip."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    for key, value in RESOURCE.items():
        group.resource.attributes.add(key=key).value.string_value = value
    scope = group.scope_spans.add()
    scope.scope.name = "openinference.instrumentation.openai"
    scope.scope.version = "0.1.66"
    for trace, step in steps:
        _add(scope, trace, step)
    return gzip.compress(request.SerializeToString(), level, mtime=0)


def _add(scope: ScopeSpans, trace: bytes, step: Step) -> None:
    span = scope.spans.add(
        trace_id=trace,
        span_id=step.span_id,
        parent_span_id=step.parent,
        name=step.name,
        kind=Kind.SPAN_KIND_CLIENT if step.name == "ChatCompletion" else Kind.SPAN_KIND_INTERNAL,
        start_time_unix_nano=step.start,
        end_time_unix_nano=step.end,
    )
    for key, value in step.attributes.items():
        target = span.attributes.add(key=key).value
        match value:
            case str():
                target.string_value = value
            case int():
                target.int_value = value
            case float():
                target.double_value = value
    span.status.code = Status.STATUS_CODE_ERROR if step.failed else Status.STATUS_CODE_OK
    if step.failed:
        span.status.message = "tool failed: timeout"
        event = span.events.add(name="exception", time_unix_nano=step.end)
        event.attributes.add(key="exception.type").value.string_value = "TimeoutError"
        event.attributes.add(key="exception.message").value.string_value = "tool failed: timeout"
