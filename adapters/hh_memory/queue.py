"""The queue port in memory: streams that outlive the port, groups with leases.

One lock guards a backend, so ports in several threads may share it by name.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from uuid import uuid4

from pydantic import Field

from hh_core.errors import ClosedError, UnavailableError
from hh_core.ports.queue import Message, QueueCapability, Stream
from hh_core.registry import Adapter, AdapterConfig
from hh_memory.streams import Backend, Group, Lease


class QueueConfig(AdapterConfig):
    name: str = Field(default_factory=lambda: uuid4().hex)
    """Queues of one name share their streams, also after closing and opening again."""


_BACKENDS: dict[str, Backend] = {}


class MemoryDelivery:
    def __init__(self, subscription: "MemorySubscription", lease: Lease, message: Message) -> None:
        self._subscription = subscription
        self._lease = lease
        self._group = subscription.group
        self._message = message
        self._attempt = self._group.attempts[lease.index]

    @property
    def message(self) -> Message:
        return self._message

    @property
    def attempt(self) -> int:
        return self._attempt

    async def ack(self) -> None:
        with self._subscription.settling() as backend, backend.lock:
            self._group.done(self._lease.index)

    async def retry(self, *, after: float = 0.0) -> None:
        with self._subscription.settling() as backend, backend.lock:
            self._group.give_back(self._lease, time.monotonic() + after)

    async def extend(self) -> None:
        with self._subscription.settling() as backend, backend.lock:
            self._lease.until = time.monotonic() + self._subscription.lease_seconds


class MemorySubscription:
    delivery: type[MemoryDelivery] = MemoryDelivery

    def __init__(
        self, queue: "MemoryQueue", stream: Stream, group: str, window: int, lease_seconds: float
    ) -> None:
        self.lease_seconds = lease_seconds
        self._queue = queue
        self._stream = stream
        self._group = group
        self._window = window
        self._leases: set[Lease] = set()

    @property
    def group(self) -> Group:
        """Looked up each time: the backend may have been wiped."""
        return self._queue.backend.group(self._stream, self._group)

    async def __aiter__(self) -> AsyncIterator[MemoryDelivery]:
        while True:
            for delivery in await self.fetch(1, wait=math.inf):
                yield delivery

    async def fetch(self, count: int, *, wait: float) -> Sequence[MemoryDelivery]:
        deadline = time.monotonic() + wait
        with self._queue.backend.listening() as changed:
            while True:
                changed.clear()
                taken, due = self._take(count)
                now = time.monotonic()
                if taken or now >= deadline:
                    return taken
                pause = min(deadline, due) - now
                await _wait(changed, max(pause, 0.001))

    @contextmanager
    def settling(self) -> Iterator[Backend]:
        self._queue.check()
        yield self._queue.backend
        self._queue.backend.wake()

    def hand_back(self) -> None:
        """Return what is unsettled, as the subscription ends."""
        with self._queue.backend.lock:
            for lease in self._leases:
                self.group.give_back(lease, time.monotonic())
        self._queue.backend.wake()

    def _take(self, count: int) -> tuple[list[MemoryDelivery], float]:
        """What is due, within the window, and when to look again."""
        self._queue.check()
        with self._queue.backend.lock:
            group, log = self.group, self._queue.backend.log(self._stream)
            now = time.monotonic()
            held = {lease for lease in self._leases if group.leases.get(lease.index) is lease}
            self._leases = {lease for lease in held if lease.until > now}
            taken: list[MemoryDelivery] = []
            while len(taken) < count and len(self._leases) < self._window:
                lease = group.take(log, self.lease_seconds)
                if lease is None:
                    break
                self._leases.add(lease)
                taken.append(self.delivery(self, lease, log.messages[lease.index][1]))
            return taken, group.next_due(window_full=len(self._leases) >= self._window)


class MemoryQueue:
    """``outage``, ``wipe`` and ``crash`` are faults for tests."""

    subscription: type[MemorySubscription] = MemorySubscription

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._closed = False
        self._crashed = False

    async def publish(self, stream: Stream, messages: Sequence[Message]) -> None:
        self.check()
        with self.backend.lock:
            for message in messages:
                self.backend.log(stream).append(stream, message)
        self.backend.wake()

    @asynccontextmanager
    async def subscribe(
        self, stream: Stream, *, group: str, max_in_flight: int = 64, lease_seconds: float = 60.0
    ) -> AsyncIterator[MemorySubscription]:
        self.check()
        with self.backend.lock:
            self.backend.group(stream, group)
        subscription = self.subscription(self, stream, group, max_in_flight, lease_seconds)
        try:
            yield subscription
        finally:
            if not self._crashed:
                subscription.hand_back()

    async def ping(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise if this queue is closed or its backend away."""
        if self._closed:
            raise ClosedError("the queue is closed")
        if self.backend.away:
            raise UnavailableError("the queue is away")

    def close(self) -> None:
        self._closed = True
        self.backend.wake()

    def crash(self) -> None:
        """End as a killed process does: nothing is handed back, leases must run out."""
        self._crashed = True
        self.close()

    def wipe(self) -> None:
        with self.backend.lock:
            self.backend.logs.clear()
        self.backend.wake()

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.backend.away = True
        try:
            yield
        finally:
            self.backend.away = False
            self.backend.wake()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(None if seconds == math.inf else seconds):
            await event.wait()
    except TimeoutError:
        return


@asynccontextmanager
async def open_queue(
    config: QueueConfig, kind: type[MemoryQueue] = MemoryQueue
) -> AsyncIterator[MemoryQueue]:
    """``kind`` lets a test open a queue with a fault of its own."""
    queue = kind(_BACKENDS.setdefault(config.name, Backend()))
    try:
        yield queue
    finally:
        queue.close()


ADAPTER = Adapter(
    config=QueueConfig,
    open=open_queue,
    capabilities=frozenset({QueueCapability.KEY_ORDER, QueueCapability.DEDUPLICATION}),
)
