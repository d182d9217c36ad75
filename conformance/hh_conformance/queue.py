"""The contract of ``hh_core.ports.queue``. Test qN proves guarantee QN of the port.

Only the tests of Q1 publish before a group subscribes, and only those of Q7 subscribe twice at a
time, so that a failure names the guarantee that is broken.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import ClassVar

import pytest

from hh_conformance.contract import Contract, lifetimes, requires, scenario
from hh_conformance.faults import SupportsWipe
from hh_conformance.histories import compare_histories
from hh_conformance.queue_history import QueueMachine
from hh_core.errors import ClosedError, OverloadedError, RejectedError, UnavailableError
from hh_core.ports.queue import Delivery, Message, Queue, QueueCapability, Stream, Subscription
from hh_core.registry import AdapterConfig

STREAM = Stream("conformance", "conformance")
KEYS = ("a-key", "3f2a7c1e-8a51-4c53-9d0e-2f6b8c1d4e5f")


class QueueContract(Contract):
    lease: ClassVar[float] = 1.0
    """Seconds of a short lease that your backend can keep."""

    def wipe(self, queue: Queue) -> None:
        """The backend loses every stream and stays up."""
        if not isinstance(queue, SupportsWipe):
            pytest.skip("override `wipe` to say how this backend loses its streams")
        queue.wipe()

    @scenario
    async def test_q1_a_group_that_subscribes_later_gets_every_message(self, queue: Queue) -> None:
        await queue.publish(STREAM, _messages(5))

        for group in ("early", "late"):
            async with queue.subscribe(STREAM, group=group) as subscription:
                assert _bodies(await _take(subscription, 5)) == {b"0", b"1", b"2", b"3", b"4"}

    @scenario
    async def test_q1_a_message_arrives_as_it_was_published(self, queue: Queue) -> None:
        body, headers = bytes(range(256)) * 200, {"Hh-Kind": "a: b", "x-attempt": "0"}
        sent = [Message(key, body, headers, id=f"id-{key}") for key in KEYS]
        await queue.publish(STREAM, [*sent, Message("empty", b"")])

        async with queue.subscribe(STREAM, group="g") as subscription:
            taken = [delivery.message for delivery in await _take(subscription, 3)]

        assert sorted(taken, key=lambda message: message.key) == sorted(
            [*sent, Message("empty", b"")], key=lambda message: message.key
        )

    @lifetimes
    async def test_q1_what_was_published_survives_a_crash_of_the_publisher(
        self, config: AdapterConfig
    ) -> None:
        await self.crash_after(config, _publish_three)

        async with (
            self.adapter.open(config) as queue,
            queue.subscribe(STREAM, group="g") as subscription,
        ):
            assert _bodies(await _take(subscription, 3)) == {b"0", b"1", b"2"}

    @scenario
    async def test_q2_a_retried_message_comes_back(self, queue: Queue) -> None:
        async with queue.subscribe(STREAM, group="g") as subscription:
            await queue.publish(STREAM, _messages(1))
            (first,) = await _take(subscription, 1)
            await first.retry()
            (second,) = await _take(subscription, 1)

            assert first.attempt == 1
            assert second.message == first.message
            assert second.attempt > first.attempt

    @scenario
    async def test_q2_a_retried_message_comes_back_no_sooner_than_asked(self, queue: Queue) -> None:
        now = asyncio.get_running_loop().time
        async with queue.subscribe(STREAM, group="g") as subscription:
            await queue.publish(STREAM, _messages(1))
            (first,) = await _take(subscription, 1)
            asked = now()
            await first.retry(after=2 * self.quiet)
            await _take(subscription, 1)

            assert now() - asked >= 2 * self.quiet - 0.02

    @scenario
    async def test_q2_a_subscription_hands_back_all_it_did_not_settle(self, queue: Queue) -> None:
        async with queue.subscribe(STREAM, group="g") as subscription:
            await queue.publish(STREAM, _messages(3))
            (taken,) = await _take(subscription, 1)

        async with queue.subscribe(STREAM, group="g") as subscription:
            attempts = {d.message.body: d.attempt for d in await _take(subscription, 3)}

            assert attempts.keys() == {b"0", b"1", b"2"}
            assert attempts[taken.message.body] > taken.attempt

    @scenario
    async def test_q2_a_message_whose_lease_ran_out_comes_back(self, queue: Queue) -> None:
        async with queue.subscribe(STREAM, group="g", lease_seconds=self.lease) as subscription:
            await queue.publish(STREAM, _messages(1))
            (first,) = await _take(subscription, 1)
            (second,) = await _take(subscription, 1)

            assert second.message == first.message
            assert second.attempt > first.attempt

    @lifetimes
    async def test_q2_what_a_crashed_consumer_held_comes_back(self, config: AdapterConfig) -> None:
        await self.crash_after(config, _TakeAll(self.lease))

        async with (
            self.adapter.open(config) as queue,
            queue.subscribe(STREAM, group="g", lease_seconds=self.lease) as subscription,
        ):
            taken = await _take(subscription, 3)

            assert _bodies(taken) == {b"0", b"1", b"2"}
            assert all(delivery.attempt > 1 for delivery in taken)

    @scenario
    async def test_q2_an_acked_message_never_comes_back(self, queue: Queue) -> None:
        async with queue.subscribe(STREAM, group="g", lease_seconds=self.lease) as subscription:
            await queue.publish(STREAM, _messages(2))
            for delivery in await _take(subscription, 2):
                await delivery.ack()

            assert await subscription.fetch(1, wait=1.5 * self.lease) == []
        async with queue.subscribe(STREAM, group="g", lease_seconds=self.lease) as subscription:
            assert await subscription.fetch(1, wait=self.quiet) == []

    @scenario
    async def test_q3_groups_do_not_steal_from_each_other(self, queue: Queue) -> None:
        async with (
            queue.subscribe(STREAM, group="billing") as billing,
            queue.subscribe(STREAM, group="search") as search,
        ):
            await queue.publish(STREAM, _messages(2))
            for subscription in (billing, search):
                taken = await _take(subscription, 2)

                assert _bodies(taken) == {b"0", b"1"}
                await asyncio.gather(*(delivery.ack() for delivery in taken))

    @scenario
    async def test_q4_delivery_stops_at_max_in_flight(self, queue: Queue) -> None:
        async with queue.subscribe(STREAM, group="g", max_in_flight=2) as subscription:
            await queue.publish(STREAM, _messages(3))
            first, _ = await _take(subscription, 2)
            assert await subscription.fetch(1, wait=self.quiet) == []

            await first.ack()

            assert len(await subscription.fetch(1, wait=self.timeout)) == 1

    @scenario
    async def test_q4_a_fetch_is_cut_to_the_window(self, queue: Queue) -> None:
        async with queue.subscribe(STREAM, group="g", max_in_flight=2) as subscription:
            await queue.publish(STREAM, _messages(3))

            assert 1 <= len(await subscription.fetch(3, wait=self.timeout)) <= 2

    @scenario
    async def test_q4_an_iterator_waits_until_there_is_room(self, queue: Queue) -> None:
        async with queue.subscribe(STREAM, group="g", max_in_flight=1) as subscription:
            deliveries = aiter(subscription)
            await queue.publish(STREAM, _messages(2))
            first = await anext(deliveries)
            second = asyncio.ensure_future(anext(deliveries))
            await asyncio.sleep(self.quiet)
            assert not second.done()

            await first.ack()
            await second

    @lifetimes
    async def test_q5_use_after_close_raises_closed(self, config: AdapterConfig) -> None:
        async with self.adapter.open(config) as queue:
            await queue.ping()

        with pytest.raises(ClosedError):
            await queue.publish(STREAM, _messages(1))
        with pytest.raises(ClosedError):
            async with queue.subscribe(STREAM, group="g"):
                pass

    @scenario
    async def test_q5_an_outage_is_unavailable_and_passes(self, queue: Queue) -> None:
        async with queue.subscribe(STREAM, group="g") as subscription:
            with self.outage(queue):
                for use in (partial(queue.publish, STREAM, _messages(1)), queue.ping):
                    with pytest.raises(UnavailableError):
                        await use()

            await _until_published(queue, [Message("key", b"after")])
            assert b"after" in _bodies(await _take_until(subscription, b"after"))

    @scenario
    async def test_q5_a_subscription_survives_a_wiped_backend(self, queue: Queue) -> None:
        async with queue.subscribe(STREAM, group="g") as subscription:
            self.wipe(queue)
            await _until_published(queue, [Message("key", b"after")])

            assert b"after" in _bodies(await _take_until(subscription, b"after"))

    @scenario
    async def test_q5_a_fetch_without_messages_ends_when_it_said(self, queue: Queue) -> None:
        async with queue.subscribe(STREAM, group="g") as subscription:
            assert await subscription.fetch(1, wait=self.quiet) == []

    @scenario
    async def test_q6_a_full_stream_refuses_and_keeps_what_it_has(self, queue: Queue) -> None:
        small = Stream("small", "small", max_bytes=64 << 10)
        async with queue.subscribe(small, group="g", max_in_flight=256) as subscription:
            accepted = await _publish_until_refused(queue, small)

            assert 1 <= len(accepted) <= 64
            assert _bodies(await _take(subscription, len(accepted))) == accepted

    @scenario
    async def test_q6_what_every_group_has_acked_makes_room(self, queue: Queue) -> None:
        small = Stream("roomy", "roomy", max_bytes=64 << 10)
        async with queue.subscribe(small, group="g", max_in_flight=256) as subscription:
            accepted = await _publish_until_refused(queue, small)
            taken = await _take(subscription, len(accepted))
            *settled, last = sorted(taken, key=lambda one: one.message.body)
            for delivery in settled:
                await delivery.ack()

            await queue.publish(small, [Message("key", b"y" * 1024)])

            (fresh,) = await _take(subscription, 1)
            assert fresh.message.body == b"y" * 1024
            await last.retry()
            kept = last.message.body
            assert kept in _bodies(await _take_until(subscription, kept))

    @scenario
    async def test_q6_a_message_over_the_limit_is_rejected(self, queue: Queue) -> None:
        slight = Stream("slight", "slight", max_message_bytes=4096)
        async with queue.subscribe(slight, group="g") as subscription:
            with pytest.raises(RejectedError):
                await queue.publish(slight, [Message("key", b"x" * 8192)])
            await queue.publish(slight, [Message("key", b"x" * 1024)])

            (taken,) = await _take(subscription, 1)
            assert taken.message.body == b"x" * 1024

    @lifetimes
    async def test_q7_two_subscriptions_of_one_group_share_its_messages(
        self, config: AdapterConfig
    ) -> None:
        async with AsyncExitStack() as stack:
            queues = [await stack.enter_async_context(self.adapter.open(config)) for _ in range(2)]
            shares = [
                await stack.enter_async_context(queue.subscribe(STREAM, group="g"))
                for queue in queues
            ]
            for message in _messages(10):
                await queues[0].publish(STREAM, [message])
            taken: list[Delivery] = []
            while len(taken) < 10:
                for share in shares:
                    taken += await share.fetch(2, wait=self.quiet)
            for share in shares:
                taken += await share.fetch(2, wait=self.quiet)

            bodies = sorted(delivery.message.body for delivery in taken)
            assert bodies == [b"%d" % number for number in range(10)]

    @scenario
    async def test_q7_a_lease_that_is_extended_holds(self, queue: Queue) -> None:
        async with (
            queue.subscribe(STREAM, group="g", lease_seconds=self.lease) as worker,
            queue.subscribe(STREAM, group="g", lease_seconds=self.lease) as other,
        ):
            await queue.publish(STREAM, _messages(1))
            (held,) = await _take(worker, 1)
            for _ in range(6):
                await asyncio.sleep(self.lease / 3)
                await held.extend()

            assert await other.fetch(1, wait=self.lease / 4) == []
            await held.ack()

    @requires(QueueCapability.KEY_ORDER)
    @scenario
    async def test_claim_key_order(self, queue: Queue) -> None:
        messages = _messages(20)
        async with queue.subscribe(STREAM, group="g") as subscription:
            for start in range(0, 20, 2):
                await queue.publish(STREAM, messages[start : start + 2])

            taken = await _take(subscription, 20)
            assert [delivery.message for delivery in taken] == messages

    @requires(QueueCapability.DEDUPLICATION)
    @scenario
    async def test_claim_deduplication(self, queue: Queue) -> None:
        async with queue.subscribe(STREAM, group="g") as subscription:
            await queue.publish(STREAM, [Message("key", b"1", id="same")])
            await queue.publish(STREAM, [Message("key", b"1", id="same")])
            await queue.publish(STREAM, [Message("key", b"2", id="other")])

            assert _bodies(await _take(subscription, 2)) == {b"1", b"2"}
            assert await subscription.fetch(1, wait=self.quiet) == []

    def test_any_history_matches_the_model(self) -> None:
        """Publish, take, ack, retry and subscribe again: nothing is lost, nothing acked returns."""
        compare_histories(self, QueueMachine)


class _TakeAll:
    """Publishes three messages and takes them all, on a lease of so many seconds."""

    def __init__(self, lease: float) -> None:
        self._lease = lease

    async def __call__(self, queue: Queue) -> None:
        # left open on purpose: a killed process does not end its subscriptions
        context = queue.subscribe(STREAM, group="g", lease_seconds=self._lease)
        subscription = await context.__aenter__()
        await queue.publish(STREAM, _messages(3))
        await _take(subscription, 3)
        self._context = context  # or the garbage collector ends it


async def _publish_three(queue: Queue) -> None:
    await queue.publish(STREAM, _messages(3))


async def _publish_until_refused(queue: Queue, stream: Stream) -> set[bytes]:
    """Publish messages of 1 KiB; the bodies of those that were accepted."""
    accepted: set[bytes] = set()
    for number in range(128):
        body = b"%04d" % number * 256
        try:
            await queue.publish(stream, [Message("key", body)])
        except OverloadedError:
            return accepted
        accepted.add(body)
    raise AssertionError("the stream took more than its bound")


async def _until_published(queue: Queue, messages: Sequence[Message]) -> None:
    """Publish as a use case would: retry while the backend is coming back."""
    while True:
        try:
            return await queue.publish(STREAM, messages)
        except UnavailableError:
            await asyncio.sleep(0.05)


async def _take(subscription: Subscription, count: int) -> list[Delivery]:
    taken: list[Delivery] = []
    while len(taken) < count:
        taken += await subscription.fetch(count - len(taken), wait=1.0)
    return taken


async def _take_until(subscription: Subscription, body: bytes) -> list[Delivery]:
    """An outage may fail a fetch, and a publish that failed may have been stored."""
    taken: list[Delivery] = []
    while body not in _bodies(taken):
        try:
            taken += await subscription.fetch(1, wait=1.0)
        except UnavailableError:
            await asyncio.sleep(0.05)
    return taken


def _bodies(deliveries: Sequence[Delivery]) -> set[bytes]:
    return {delivery.message.body for delivery in deliveries}


def _messages(count: int) -> list[Message]:
    return [Message("key", b"%d" % number) for number in range(count)]
