"""The queue port: durable, at-least-once delivery of small messages between processes.

A message is a pointer or a batch, never a span (PROMISES, facts: one fsynced message costs as much
as a segment). The queue is a signal: journal, objects and receipts carry durability end to end.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """``key`` groups what belongs together; ``id`` de-duplicates within the queue's own window.

    An empty ``id`` asks for no de-duplication. Header names and values are ASCII.
    """

    key: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True, slots=True)
class Stream:
    """A named stream with its bounds; when one is reached, ``publish`` is refused (Q6).

    ``name`` is a slug (``[a-z0-9-]{1,32}``); subjects are ``<subject>.<key>`` where the key is a
    slug or a UUID, so no text of a client ever becomes a subject.
    """

    name: str
    subject: str
    max_bytes: int = 1 << 30
    max_age_seconds: float = 7 * 24 * 3600
    max_message_bytes: int = 8 << 20


SEGMENTS = Stream("segments-stream", "segments")
EVALUATION = Stream("evaluation-stream", "evaluation")
EVENTS = Stream("events-stream", "events")
NOTIFICATIONS = Stream("notifications-stream", "notifications")


class QueueCapability(StrEnum):
    """What an adapter may promise on top of Q1-Q7. A promise made is a promise tested."""

    KEY_ORDER = "key-order"
    """One group sees messages with the same key in the order they were published."""

    DEDUPLICATION = "deduplication"
    """Two messages with one ``id``, published within two minutes, are delivered once."""


class Delivery(Protocol):
    """One message, leased to one consumer until it is settled."""

    @property
    def message(self) -> Message: ...

    @property
    def attempt(self) -> int:
        """1 on first delivery, more on each redelivery."""
        ...

    async def ack(self) -> None:
        """Done: never deliver this message to this group again."""

    async def retry(self, *, after: float = 0.0) -> None:
        """Give the lease back; deliver again no sooner than ``after`` seconds from now."""

    async def extend(self) -> None:
        """Renew the lease: the work goes on."""


class Subscription(Protocol):
    """A consumer's end of a stream."""

    def __aiter__(self) -> AsyncIterator[Delivery]:
        """Wait for one message after the other; never ends by itself."""
        ...

    async def fetch(self, count: int, *, wait: float) -> Sequence[Delivery]:
        """Up to ``count`` messages; waits at most ``wait`` seconds for the first one."""
        ...


class Queue(Protocol):
    """Moves messages from publishers to consumer groups.

    Guarantees, each proved by a test of the same number in ``hh_conformance.queue``:

    Q1  Durable. Once ``publish`` returns, every group subscribed to the stream gets every message,
        also a group that subscribes later, as far as the stream still holds them (Q6).
    Q2  At least once. A message handed back by ``retry``, left unsettled when its subscription
        ends, or whose lease runs out, is delivered again with a higher ``attempt``. An acked one
        is not.
    Q3  Independent groups. What one group acks, another still receives.
    Q4  Bounded window. At most ``max_in_flight`` deliveries of a subscription are unsettled.
    Q5  Honest errors. Only ``PortError`` subclasses escape, with the driver's error as the cause.
        Use after close raises ``ClosedError``.
    Q6  Bounded stream. A stream may forget the oldest messages that every one of its groups has
        acked, and no other: at the latest when it is full. Where there are none it then refuses
        with ``OverloadedError``. A message over ``max_message_bytes`` is ``RejectedError``.
    Q7  Shared groups. Two subscriptions of one group share its messages; none is delivered to both
        while its lease holds.
    """

    async def publish(self, stream: Stream, messages: Sequence[Message]) -> None:
        """Store all of ``messages`` durably, or raise.

        After an error some may have been stored: publish again and let idempotent consumers
        de-duplicate. Creates the stream if it is not there (it may have been wiped).
        """

    def subscribe(
        self, stream: Stream, *, group: str, max_in_flight: int = 64, lease_seconds: float = 60.0
    ) -> AbstractAsyncContextManager[Subscription]:
        """Join ``group`` (a slug) on ``stream``. Survives a reconnect and a wiped backend."""
        ...

    async def ping(self) -> None:
        """Return if the backend answers, raise ``UnavailableError`` if not. Must be cheap."""
