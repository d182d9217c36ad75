"""Queues that break one guarantee each."""

from collections.abc import AsyncIterator, Sequence
from contextlib import _AsyncGeneratorContextManager, asynccontextmanager
from dataclasses import replace
from uuid import uuid4

from hh_core.errors import OverloadedError
from hh_core.ports.queue import Message, Stream
from hh_memory.queue import MemoryDelivery, MemoryQueue, MemorySubscription


def _delivering(kind: type[MemoryDelivery]) -> type[MemorySubscription]:
    return type("Subscription", (MemorySubscription,), {"delivery": kind})


class Amnesic(MemoryQueue):
    """A group that subscribes later misses what was published before."""

    @asynccontextmanager
    async def subscribe(
        self, stream: Stream, *, group: str, max_in_flight: int = 64, lease_seconds: float = 60.0
    ) -> AsyncIterator[MemorySubscription]:
        log = self.backend.log(stream)
        if group not in log.groups:
            self.backend.group(stream, group).cursor = log.end
        async with super().subscribe(
            stream, group=group, max_in_flight=max_in_flight, lease_seconds=lease_seconds
        ) as subscription:
            yield subscription


class Lossy(MemoryQueue):
    """The end of a longer batch is lost."""

    async def publish(self, stream: Stream, messages: Sequence[Message]) -> None:
        await super().publish(stream, messages[:3])


class _UndeadDelivery(MemoryDelivery):
    async def ack(self) -> None:
        await self.retry()


class Undead(MemoryQueue):
    """An acked message comes back."""

    subscription = _delivering(_UndeadDelivery)


class _DeafDelivery(MemoryDelivery):
    async def retry(self, *, after: float = 0.0) -> None:
        await self.extend()


class Deaf(MemoryQueue):
    """A retried message stays leased."""

    subscription = _delivering(_DeafDelivery)


class _HastyDelivery(MemoryDelivery):
    async def retry(self, *, after: float = 0.0) -> None:
        await super().retry()


class Hasty(MemoryQueue):
    """A retried message comes back at once."""

    subscription = _delivering(_HastyDelivery)


class _UncountedDelivery(MemoryDelivery):
    @property
    def attempt(self) -> int:
        return 1


class Uncounted(MemoryQueue):
    """Every attempt is called the first."""

    subscription = _delivering(_UncountedDelivery)


class _ClingingSubscription(MemorySubscription):
    def hand_back(self) -> None:
        return


class Clinging(MemoryQueue):
    """A subscription that ends keeps what it did not settle."""

    subscription = _ClingingSubscription


class Eternal(MemoryQueue):
    """No lease ever runs out."""

    def subscribe(
        self, stream: Stream, *, group: str, max_in_flight: int = 64, lease_seconds: float = 60.0
    ) -> _AsyncGeneratorContextManager[MemorySubscription]:
        return super().subscribe(
            stream, group=group, max_in_flight=max_in_flight, lease_seconds=1e9
        )


class Shared(MemoryQueue):
    """All groups are one."""

    def subscribe(
        self, stream: Stream, *, group: str, max_in_flight: int = 64, lease_seconds: float = 60.0
    ) -> _AsyncGeneratorContextManager[MemorySubscription]:
        return super().subscribe(
            stream, group="all", max_in_flight=max_in_flight, lease_seconds=lease_seconds
        )


class Flood(MemoryQueue):
    """Delivers without a bound."""

    def subscribe(
        self, stream: Stream, *, group: str, max_in_flight: int = 64, lease_seconds: float = 60.0
    ) -> _AsyncGeneratorContextManager[MemorySubscription]:
        return super().subscribe(
            stream, group=group, max_in_flight=10**9, lease_seconds=lease_seconds
        )


class Raw(MemoryQueue):
    """The driver's own errors escape."""

    def check(self) -> None:
        try:
            super().check()
        except Exception as error:
            raise RuntimeError("connection 7 is not open") from error


class Evicting(MemoryQueue):
    """Drops the oldest messages of a full stream."""

    async def publish(self, stream: Stream, messages: Sequence[Message]) -> None:
        for message in messages:
            try:
                await super().publish(stream, [message])
            except OverloadedError:
                self.backend.log(stream).drop_oldest()
                await super().publish(stream, [message])


class Jumbo(MemoryQueue):
    """Takes messages of any size."""

    async def publish(self, stream: Stream, messages: Sequence[Message]) -> None:
        await super().publish(replace(stream, max_message_bytes=1 << 40), messages)


class Doubling(MemoryQueue):
    """Delivers every message to each of the subscriptions that a group has at a time."""

    @asynccontextmanager
    async def subscribe(
        self, stream: Stream, *, group: str, max_in_flight: int = 64, lease_seconds: float = 60.0
    ) -> AsyncIterator[MemorySubscription]:
        present = self.backend.__dict__.setdefault("present", set())
        name = f"{group}-{uuid4().hex}" if group in present else group
        present.add(name)
        async with super().subscribe(
            stream, group=name, max_in_flight=max_in_flight, lease_seconds=lease_seconds
        ) as subscription:
            yield subscription
        present.discard(name)

    def crash(self) -> None:
        self.backend.__dict__.setdefault("present", set()).clear()
        super().crash()


class _ImpatientDelivery(MemoryDelivery):
    async def extend(self) -> None:
        return


class Impatient(MemoryQueue):
    """A lease cannot be extended."""

    subscription = _delivering(_ImpatientDelivery)


class _ReversedSubscription(MemorySubscription):
    async def fetch(self, count: int, *, wait: float) -> Sequence[MemoryDelivery]:
        return list(reversed(await super().fetch(count, wait=wait)))


class Reversed(MemoryQueue):
    """Delivers the newest message first."""

    subscription = _ReversedSubscription


class Repeating(MemoryQueue):
    """Forgets which ids it has seen."""

    async def publish(self, stream: Stream, messages: Sequence[Message]) -> None:
        self.backend.log(stream).ids.clear()
        await super().publish(stream, messages)


class _DespairingDelivery(MemoryDelivery):
    async def retry(self, *, after: float = 0.0) -> None:
        if self.attempt > 1:
            await self.ack()
        else:
            await super().retry(after=after)


class Despairing(MemoryQueue):
    """Gives a message up after its second attempt."""

    subscription = _delivering(_DespairingDelivery)


BROKEN: dict[type[MemoryQueue], str] = {
    Amnesic: "q1", Lossy: "q1",
    Undead: "q2 q6", Deaf: "q2 q6",  # what is never settled, or never comes back, makes no room
    Hasty: "q2", Uncounted: "q2", Clinging: "q2", Eternal: "q2",
    Shared: "q3",
    Flood: "q4",
    Raw: "q5",
    Evicting: "q6", Jumbo: "q6",
    Doubling: "q7", Impatient: "q7",
    Reversed: "claim", Repeating: "claim",
    Despairing: "model",
}  # fmt: skip
