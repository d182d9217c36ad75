"""The queue port on NATS JetStream: one stream, one durable pull consumer per group."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from nats.aio.client import Client
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, NoStreamResponseError

from hh_core.errors import RejectedError
from hh_core.ports.queue import Message, Queue, QueueCapability, Stream
from hh_core.registry import Adapter
from hh_nats.connection import Connection, NatsConfig, connected, driver_errors, is_full
from hh_nats.messages import encoded_headers, token, wire_size
from hh_nats.streams import ensure_stream, jetstream, make_room, subject
from hh_nats.subscription import NatsSubscription

_MAX_UNACKNOWLEDGED = 256
"""Messages of one ``publish`` call that are on their way at a time."""
_PING_SECONDS = 1


@dataclass(frozen=True, slots=True)
class _Outgoing:
    subject: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class NatsQueue:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._config = connection.config
        self._known: set[tuple[int, Stream]] = set()
        """Streams that were there, by the connection on which we looked."""

    async def publish(self, stream: Stream, messages: Sequence[Message]) -> None:
        outgoing = [self._outgoing(stream, message) for message in messages]
        client = await self._connection.client()
        _require_fits(outgoing, client.max_payload)
        with driver_errors():
            async with self._connection.while_connected():
                try:
                    await self._store(client, stream, outgoing)
                except APIError as error:
                    if not (is_full(error) and await make_room(client, self._config, stream)):
                        raise
                    await self._store(client, stream, outgoing)

    @asynccontextmanager
    async def subscribe(
        self, stream: Stream, *, group: str, max_in_flight: int = 64, lease_seconds: float = 60.0
    ) -> AsyncIterator[NatsSubscription]:
        self._connection.require_open()
        subscription = NatsSubscription(
            self._connection, stream, token(group, "a group"), max_in_flight, lease_seconds
        )
        try:
            await subscription.open()
            yield subscription
        finally:
            await subscription.close()

    async def ping(self) -> None:
        client = await self._connection.client()
        with driver_errors():
            await client.flush(timeout=_PING_SECONDS)

    def _outgoing(self, stream: Stream, message: Message) -> _Outgoing:
        if len(message.body) > stream.max_message_bytes:
            raise RejectedError("the message is larger than its stream allows", code=413)
        to = subject(self._config, stream, token(message.key, "a message's key"))
        return _Outgoing(to, message.body, encoded_headers(message))

    async def _store(self, client: Client, stream: Stream, outgoing: Sequence[_Outgoing]) -> None:
        await self._ensure(client, stream)
        context = jetstream(client, self._config)
        missed = await self._send(context, outgoing)
        if missed:  # the stream was deleted under us
            await ensure_stream(client, self._config, stream)
            if await self._send(context, missed):
                raise NoStreamResponseError

    async def _ensure(self, client: Client, stream: Stream) -> None:
        known = (self._connection.epoch, stream)
        if known not in self._known:
            await ensure_stream(client, self._config, stream)
            self._known = {entry for entry in self._known if entry[0] == known[0]} | {known}

    async def _send(
        self, context: JetStreamContext, outgoing: Sequence[_Outgoing]
    ) -> list[_Outgoing]:
        """Publish in order. Answers those that no stream took; raises what else went wrong."""
        missed = []
        for first in range(0, len(outgoing), _MAX_UNACKNOWLEDGED):
            window = outgoing[first : first + _MAX_UNACKNOWLEDGED]
            answers = await asyncio.gather(
                *(context.publish(out.subject, out.body, headers=out.headers) for out in window),
                return_exceptions=True,
            )
            for out, answer in zip(window, answers, strict=True):
                if isinstance(answer, NoStreamResponseError):
                    missed.append(out)
                elif isinstance(answer, BaseException):
                    raise answer
        return missed


def _require_fits(outgoing: Sequence[_Outgoing], max_payload: int) -> None:
    # beyond it the server would end the connection, not just refuse the message
    if any(wire_size(out.headers, out.body) > max_payload for out in outgoing):
        raise RejectedError("the message is larger than NATS allows", code=413)


@asynccontextmanager
async def open_queue(config: NatsConfig) -> AsyncIterator[Queue]:
    async with connected(config) as connection:
        yield NatsQueue(connection)


ADAPTER = Adapter(
    config=NatsConfig,
    open=open_queue,
    capabilities=frozenset({QueueCapability.KEY_ORDER, QueueCapability.DEDUPLICATION}),
)
