"""Making spans, sending them, and remembering what became of them."""

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

MICRO = 1_000_000
"""A model call costs as many millionths of a dollar as its prompt has tokens."""


class Outcome(Enum):
    ACK = "ack"
    REJECT = "reject"
    UNKNOWN = "unknown"
    """No answer: the spans may be there or not, but never half of one."""


@dataclass(slots=True)
class Sent:
    """One span: where it belongs and the text that only it carries."""

    trace_id: str
    span_id: str
    session: str
    canary: str
    tokens: int
    """Of the prompt; the roots tell of no call."""
    total_tokens: int = 0
    cost: Decimal = Decimal(0)
    outcome: Outcome = Outcome.UNKNOWN


@dataclass(slots=True)
class Request:
    body: bytes
    spans: list[Sent]
    code: int = 0
    """HTTP status of the last answer; 0 for none."""
    retry_after: str | None = None


@dataclass
class Ledger:
    """Sends to ``endpoints`` (the parsed ``endpoints.json``) and remembers."""

    endpoints: dict[str, Any]
    spans: dict[tuple[str, str], Sent] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def request(self, traces: int = 4, per_trace: int = 5, start_ns: int | None = None) -> Request:
        """A request of ``traces`` sessions with a root, model calls and a tool in each."""
        message = ExportTraceServiceRequest()
        scope = message.resource_spans.add().scope_spans.add()
        scope.scope.name = "ledger"
        begun = start_ns or time.time_ns() - 60 * 10**9
        made: list[Sent] = []
        for _ in range(traces):
            trace, session = secrets.token_bytes(16), f"ledger-{secrets.token_hex(8)}"
            parent = b""
            for number in range(per_trace):
                sent = Sent(
                    trace.hex(),
                    secrets.token_hex(8),
                    session,
                    f"canary-{secrets.token_hex(16)}",
                    10 + number,
                )
                if parent:
                    sent.total_tokens = sent.tokens + number
                    sent.cost = Decimal(sent.tokens) / MICRO
                self._span(scope, sent, parent, begun + number * 10**6, number)
                parent = parent or bytes.fromhex(sent.span_id)
                made.append(sent)
        request = Request(message.SerializeToString(), made)
        with self._lock:
            self.requests.append(request)
            self.spans |= {(one.trace_id, one.span_id): one for one in made}
        return request

    def send(self, request: Request, *, timeout: float = 10.0) -> Outcome:
        """Send once; write down what was answered. Never raises for what the server did."""
        url = urlsplit(self.endpoints["data_url"])
        connection = HTTPConnection(url.hostname or "", url.port, timeout=timeout)
        headers = {
            "authorization": f"Bearer {self.endpoints['api_key']}",
            "content-type": "application/x-protobuf",
        }
        try:
            connection.request("POST", "/v1/traces", request.body, headers)
            answer = connection.getresponse()
            answer.read()
            request.code = answer.status
            request.retry_after = answer.getheader("Retry-After")
            outcome = Outcome.ACK if answer.status == 200 else Outcome.REJECT
        except (OSError, HTTPException):
            outcome = Outcome.UNKNOWN
        finally:
            connection.close()
        for span in request.spans:
            if span.outcome is not Outcome.ACK:
                span.outcome = outcome
        return outcome

    def acked(self) -> Sequence[Sent]:
        with self._lock:
            spans = list(self.spans.values())
        return [span for span in spans if span.outcome is Outcome.ACK]

    def _span(self, scope: Any, sent: Sent, parent: bytes, start: int, number: int) -> None:
        span = scope.spans.add(
            trace_id=bytes.fromhex(sent.trace_id),
            span_id=bytes.fromhex(sent.span_id),
            parent_span_id=parent,
            name="agent" if not parent else "chat",
            start_time_unix_nano=start,
            end_time_unix_nano=start + 5 * 10**6,
        )
        attributes: dict[str, str | int | float] = {
            "session.id": sent.session,
            "openinference.span.kind": "CHAIN" if not parent else "LLM",
            "input.value": f"question {sent.canary}",
            "output.value": f"answer {sent.canary}",
        }
        if parent:
            attributes |= {
                "llm.model_name": "gpt-4o-mini",
                "llm.token_count.prompt": sent.tokens,
                "llm.token_count.completion": number,
                "llm.token_count.total": sent.total_tokens,
                "llm.cost.total": float(sent.cost),
            }
        for key, value in attributes.items():
            target = span.attributes.add(key=key).value
            if isinstance(value, str):
                target.string_value = value
            elif isinstance(value, float):
                target.double_value = value
            else:
                target.int_value = value


def pump(ledger: Ledger, stop: threading.Event, *, pause: float = 0.02) -> None:
    """Send requests one after the other until ``stop``; a refusal or a reset is only noted."""
    while not stop.is_set():
        ledger.send(ledger.request())
        stop.wait(pause)


@contextlib.contextmanager
def load(ledger: Ledger, *, senders: int = 2, pause: float = 0.05) -> Iterator[None]:
    """``senders`` pump in the background for the length of the block."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=pump, args=(ledger, stop), kwargs={"pause": pause})
        for _ in range(senders)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
