"""Random histories of a queue: what waits, what is held, and nothing else."""

from contextlib import AsyncExitStack

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from hh_conformance.histories import Machine
from hh_core.ports.queue import Delivery, Message, Queue, Stream, Subscription

STREAM = Stream("history", "history")
LIMIT = 8


class QueueMachine(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.queue: Queue = self.open()
        self.subscribed = AsyncExitStack()
        self.subscription = self.subscribe()
        self.waiting: set[bytes] = set()
        self.held: dict[bytes, Delivery] = {}
        self.published = 0

    def subscribe(self) -> Subscription:
        context = self.queue.subscribe(STREAM, group="g", max_in_flight=LIMIT)
        return self.run(self.subscribed.enter_async_context(context))

    @rule(count=st.integers(1, 3))
    def publish(self, count: int) -> None:
        bodies = [b"%d" % number for number in range(self.published, self.published + count)]
        self.run(self.queue.publish(STREAM, [Message("key", body) for body in bodies]))
        self.waiting.update(bodies)
        self.published += count

    @precondition(lambda self: self.waiting and len(self.held) < LIMIT)
    @rule()
    def take(self) -> None:
        taken = self.run(self.subscription.fetch(1, wait=self.suite.timeout / 2))
        assert len(taken) == 1, "a message that waits was not delivered"
        body = taken[0].message.body
        assert body in self.waiting, "a held or acked message was delivered"
        self.waiting.remove(body)
        self.held[body] = taken[0]

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def ack(self, data: st.DataObject) -> None:
        self.run(self.held.pop(self.some(data)).ack())

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        body = self.some(data)
        self.run(self.held.pop(body).retry())
        self.waiting.add(body)

    @rule()
    def subscribe_again(self) -> None:
        self.loop.run(self.subscribed.aclose())
        self.waiting.update(self.held)
        self.held.clear()
        self.subscribed = AsyncExitStack()
        self.subscription = self.subscribe()

    def some(self, data: st.DataObject) -> bytes:
        return data.draw(st.sampled_from(sorted(self.held)))

    def teardown(self) -> None:
        try:
            for delivery in self.held.values():
                self.run(delivery.ack())
            self.held.clear()
            while self.waiting:  # nothing is lost: what waits also comes
                self.take()
                self.run(self.held.popitem()[1].ack())
            self.loop.run(self.subscribed.aclose())
        finally:
            super().teardown()
