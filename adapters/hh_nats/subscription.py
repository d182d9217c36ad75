"""A consumer's end of a JetStream stream: pulls what is asked for, keeps leases, survives outages.

Messages are pulled on demand, one pull request at a time, so that no lease runs while nobody waits
and a group's subscriptions do not take each other's messages. An idle wait is one request that the
server holds back; nothing polls.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as Inbox

from hh_core.errors import ClosedError, PortError, UnavailableError
from hh_core.ports.queue import Message, Stream
from hh_nats.connection import Connection, driver_errors
from hh_nats.messages import decoded
from hh_nats.streams import ensure_consumer, make_room, stream_name

log = logging.getLogger(__name__)

_LINGER_SECONDS = 30.0
"""How long the server holds back one pull request while there is nothing to deliver."""
_ANSWER_SECONDS = 0.5
"""How much later than it should a pull request may end before we give it up."""
_PAUSE_SECONDS = 0.25
"""Between attempts while the backend is away."""
_TIDY_SECONDS = 1.0
"""From an ack to when the stream forgets what all groups have acked, so one request serves many."""
_ENDED = ("404", "408")
"""Statuses that end a pull request in good order: no messages, expired."""


class NatsDelivery:
    def __init__(self, raw: Msg, owner: "NatsSubscription", incarnation: datetime | None) -> None:
        self.raw = raw
        self.incarnation = incarnation
        self._owner = owner
        self._settled = False
        self._message = decoded(raw.subject, raw.headers, raw.data)

    @property
    def message(self) -> Message:
        return self._message

    @property
    def attempt(self) -> int:
        return self.raw.metadata.num_delivered

    async def ack(self) -> None:
        if await self._gone():
            return
        with driver_errors():
            async with self._owner.connection.while_connected():
                await self.raw.ack_sync(timeout=self._owner.timeout)
        self._release()
        self._owner.acked.set()

    async def retry(self, *, after: float = 0.0) -> None:
        if await self._gone():
            return
        with driver_errors():
            await self.raw.nak(delay=after or None)
        self._release()

    async def extend(self) -> None:
        if await self._gone():
            return
        with driver_errors():
            await self.raw.in_progress()
        self._owner.renew(self)

    async def _gone(self) -> bool:
        """True if there is nothing left to settle: settled before, or the store was wiped (then
        its place in the new store may belong to another message)."""
        if self._settled:
            return True
        await self._owner.verified()
        if self.incarnation == self._owner.incarnation:
            return False
        self._release()
        return True

    def _release(self) -> None:
        self._settled = True
        self._owner.release(self)


@dataclass(slots=True)
class _Pull:
    """A request at the server for up to ``missing`` more messages."""

    subject: str
    missing: int
    ends: float


class NatsSubscription:
    def __init__(
        self,
        connection: Connection,
        stream: Stream,
        group: str,
        max_in_flight: int,
        lease_seconds: float,
    ) -> None:
        self.timeout = connection.config.timeout_seconds
        self.incarnation: datetime | None = None
        """When the consumer was created; another one after the store was wiped."""
        self.connection = connection
        self._stream = stream
        self._group = group
        self._max_in_flight = max_in_flight
        self._lease_seconds = lease_seconds
        self._held: dict[NatsDelivery, float] = {}
        """All unsettled deliveries, and when their lease runs out."""
        self._ready: deque[NatsDelivery] = deque()
        """Those that nobody has taken yet."""
        self._pull: _Pull | None = None
        self._pulls = 0
        self._refused = False
        self._verifying = asyncio.Lock()
        self._epoch = 0
        self._client: Client | None = None
        self._inbox: Inbox | None = None
        self._wake = asyncio.Event()
        self.acked = asyncio.Event()
        """Set when there may be messages to forget."""
        self._tidying: asyncio.Task[None] | None = None
        self._closed = False

    async def open(self) -> None:
        self.connection.listeners.add(self._disturbed)
        await self.verified()
        self._tidying = asyncio.create_task(self._tidy())

    async def close(self) -> None:
        """Hand back all that is unsettled; what cannot be handed back returns by its lease."""
        self._closed = True
        self.connection.listeners.discard(self._disturbed)
        self._wake.set()
        if self._tidying is not None:
            self._tidying.cancel()
        try:
            with driver_errors():
                if self._inbox is not None and self._epoch == self.connection.epoch:
                    await self._inbox.drain()  # type: ignore[no-untyped-call]  # nats-py
                    for delivery in tuple(self._held):
                        await delivery.raw.nak()
        except UnavailableError as error:
            log.info("leases were not handed back: %s", error)
        self._held.clear()
        self._ready.clear()

    def __aiter__(self) -> AsyncIterator[NatsDelivery]:
        return self

    async def __anext__(self) -> NatsDelivery:
        # not a generator: a cancelled wait would end that
        while True:
            try:
                taken = await self.fetch(1, wait=_LINGER_SECONDS)
            except UnavailableError:
                continue  # it has waited for the backend already
            if taken:
                return taken[0]

    async def fetch(self, count: int, *, wait: float) -> list[NatsDelivery]:
        if count < 1:
            return []
        if wait <= 0:
            self._forget_expired()
            return self._take(count) or await self._rest(count)
        taken = await self._first(count, _now() + wait)
        if taken and len(taken) < count:
            taken += await self._rest(count - len(taken))
        return taken

    async def verified(self) -> Client:
        """The connected client, once stream, consumer and inbox are there on this connection."""
        if self._closed:
            raise ClosedError("the subscription has ended")
        client = await self.connection.client()
        async with self._verifying:
            if self._epoch != (epoch := self.connection.epoch):
                with driver_errors():
                    await self._verify(client)
                self._epoch = epoch
        return client

    def renew(self, delivery: NatsDelivery) -> None:
        if delivery in self._held:
            self._held[delivery] = _now() + self._lease_seconds

    def release(self, delivery: NatsDelivery) -> None:
        self._held.pop(delivery, None)
        self._wake.set()

    async def _first(self, count: int, deadline: float) -> list[NatsDelivery]:
        """What is there, or the first that comes before ``deadline``, or nothing."""
        while True:
            self._wake.clear()
            self._forget_expired()
            if self._ready:
                return self._take(count)
            left = deadline - _now()
            if self._pull is None and left <= 0:
                return []
            try:
                await self._wait(left, deadline)
            except UnavailableError:
                await asyncio.sleep(min(_PAUSE_SECONDS, max(0.0, left)))
                if _now() >= deadline:
                    raise

    async def _wait(self, left: float, deadline: float) -> None:
        """Ask for one message if there is room, and wait for something to happen."""
        if self._refused:
            self._refused = False
            await asyncio.sleep(_PAUSE_SECONDS)
        await self.verified()
        if self._pull is None and left > 0 and self._room() > 0:
            expires = min(left, _LINGER_SECONDS)
            await self._ask(1, _now() + expires, expires=int(expires * 1e9))
        ends = self._pull.ends if self._pull else min([deadline, *self._held.values()])
        await self._woken(ends)
        if self._pull and _now() >= self._pull.ends:
            self._pull = None

    async def _rest(self, count: int) -> list[NatsDelivery]:
        """Up to ``count`` messages that the server has now."""
        asked = min(count, self._room())
        if asked < 1:
            return []
        try:
            await self.verified()
            pull = await self._ask(asked, _now(), no_wait=True)
        except UnavailableError:
            return []  # what was taken before is worth more than the error
        while pull is not None and self._pull is pull and _now() < pull.ends:
            self._wake.clear()
            await self._woken(pull.ends)
        if self._pull is pull:
            self._pull = None
        return self._take(count)

    async def _woken(self, until: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, until - _now())):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _ask(self, batch: int, ends: float, **options: int | bool) -> _Pull | None:
        """Send a pull request, unless one is on its way already."""
        if self._pull is not None:
            return None
        assert self._client is not None
        assert self._inbox is not None
        self._pulls += 1
        reply = f"{self._inbox.subject.removesuffix('*')}{self._pulls}"
        self._pull = pull = _Pull(reply, batch, ends + _ANSWER_SECONDS)
        name = stream_name(self.connection.config, self._stream)
        with driver_errors():
            await self._client.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{name}.{self._group}",
                json.dumps({"batch": batch, **options}).encode(),
                reply,
            )
        return pull

    async def _tidy(self) -> None:
        """Keep on the disk what still waits, and little more."""
        self.acked.set()  # those who acked before us may have ended before they came to it
        while True:
            await self.acked.wait()
            await asyncio.sleep(_TIDY_SECONDS)
            self.acked.clear()
            try:
                client = await self.verified()
                with driver_errors():
                    await make_room(client, self.connection.config, self._stream)
            except PortError as error:
                log.info("acked messages were not forgotten: %s", error)

    async def _verify(self, client: Client) -> None:
        created = await ensure_consumer(
            client, self.connection.config, self._stream, self._group, self._lease_seconds
        )
        if self._client is not client or self._inbox is None:
            self._inbox = await client.subscribe(client.new_inbox() + ".*", cb=self._received)
            self._client = client
        if created != self.incarnation:
            self.incarnation = created
            self._held = {}
            self._ready.clear()
        self._pull = None  # requests do not outlive a connection

    async def _received(self, raw: Msg) -> None:
        status = (raw.headers or {}).get("Status")
        if status is not None and not raw.reply:
            self._ended(raw.subject, status)
            return
        delivery = NatsDelivery(raw, self, self.incarnation)
        self._held[delivery] = _now() + self._lease_seconds
        self._ready.append(delivery)
        if self._pull is not None:
            self._pull.missing -= 1
            if self._pull.missing <= 0:
                self._pull = None
        self._wake.set()

    def _ended(self, subject: str, status: str) -> None:
        if self._pull is None or self._pull.subject != subject:
            return
        self._pull = None
        if status not in _ENDED:
            self._epoch, self._refused = 0, True  # consumer or stream are gone: look again
        self._wake.set()

    def _disturbed(self) -> None:
        self._pull = None
        self._wake.set()

    def _room(self) -> int:
        return self._max_in_flight - len(self._held)

    def _forget_expired(self) -> None:
        """The server delivers these again: they no longer count, nor are they handed out."""
        now = _now()
        if any(ends <= now for ends in self._held.values()):
            self._held = {held: ends for held, ends in self._held.items() if ends > now}
            self._ready = deque(held for held in self._ready if held in self._held)

    def _take(self, count: int) -> list[NatsDelivery]:
        return [self._ready.popleft() for _ in range(min(count, len(self._ready)))]


def _now() -> float:
    return asyncio.get_running_loop().time()
