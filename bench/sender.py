"""Sends the load over HTTP, as clients do, and keeps what they would see."""

import math
import queue
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection

from stack import Stack

Body = tuple[bytes, int]
"""A compressed export request, and how many spans it holds."""


@dataclass(slots=True)
class Sent:
    """What the generator saw."""

    spans: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)

    def ack_ms(self, share: float) -> float:
        """That share of acks took at most so many milliseconds; infinitely many without any ack."""
        return 1e3 * quantile(self.latencies, share) if self.latencies else math.inf


@dataclass(slots=True)
class Target:
    """Who takes OTLP over HTTP."""

    host: str
    port: int
    path: str = "/v1/traces"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, stack: Stack) -> "Target":
        connection = stack.connect()
        headers = stack.headers("application/x-protobuf")
        return cls(connection.host, connection.port, headers=headers)

    def connect(self) -> HTTPConnection:
        return HTTPConnection(self.host, self.port, timeout=120)

    def send(self, connection: HTTPConnection, body: bytes) -> int:
        """The status of the answer."""
        headers = {
            "content-type": "application/x-protobuf",
            "content-encoding": "gzip",
            **self.headers,
        }
        connection.request("POST", self.path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status


def send(
    target: Target,
    bodies: Iterable[Body],
    connections: int,
    rate: float | None = None,
    stopping: threading.Event | None = None,
) -> Sent:
    """Send every body once over ``connections``; ``rate`` paces them in spans per second."""
    work: queue.SimpleQueue[Body] = queue.SimpleQueue()
    for body in bodies:
        work.put(body)
    sending = _Sending(target, work, rate, stopping or threading.Event())
    workers = [threading.Thread(target=sending.work_off) for _ in range(connections)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    sending.result.seconds = time.perf_counter() - sending.begun
    return sending.result


class _Sending:
    def __init__(
        self,
        target: Target,
        work: "queue.SimpleQueue[Body]",
        rate: float | None,
        stopping: threading.Event,
    ) -> None:
        self._target = target
        self._work = work
        self._rate = rate
        self._stopping = stopping
        self._lock = threading.Lock()
        self._offered = 0
        self.begun = time.perf_counter()
        self.result = Sent()

    def work_off(self) -> None:
        """One connection's part."""
        connection = self._target.connect()
        while not self._stopping.is_set():
            with self._lock:
                if self._work.empty():
                    break
                body, spans = self._work.get()
                due = self.begun + self._offered / self._rate if self._rate else 0.0
                self._offered += spans
            if (wait := due - time.perf_counter()) > 0:
                time.sleep(wait)
            started = time.perf_counter()
            status = self._target.send(connection, body)
            self._note(status, spans, time.perf_counter() - started)
        connection.close()

    def _note(self, status: int, spans: int, elapsed: float) -> None:
        with self._lock:
            if status == 200:
                self.result.latencies.append(elapsed)
                self.result.spans += spans
            else:
                code = str(status)
                self.result.refused[code] = self.result.refused.get(code, 0) + 1


def quantile(values: Sequence[float], share: float) -> float:
    """The least of ``values`` that at least that share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
