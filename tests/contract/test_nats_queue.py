"""The NATS queue keeps the promises of the queue port, against a real server."""

import asyncio
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from servers.nats import RunningNats, nats_server, start_nats

from hh_conformance import QueueContract
from hh_core.errors import DeniedError, RejectedError, UnavailableError
from hh_core.ports.queue import SEGMENTS, Delivery, Message, Queue, Stream, Subscription
from hh_nats.connection import NatsConfig
from hh_nats.queue import ADAPTER, open_queue
from hh_nats.server import MAX_PAYLOAD_BYTES, NatsServer, binary


class TestNatsQueue(QueueContract):
    adapter = ADAPTER
    own: RunningNats | None
    """A server of this test alone, if the test needs one to hurt."""

    @pytest.fixture(autouse=True)
    def _server(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
        hurts = "outage" in request.node.name or "wiped" in request.node.name
        self.own = start_nats(tmp_path) if hurts else None
        yield
        if self.own:
            self.own.server.stop()

    def config(self) -> NatsConfig:
        return (self.own or nats_server()).config()

    @contextmanager
    def outage(self, queue: Queue) -> Iterator[None]:
        assert self.own is not None
        self.own.server.kill()
        try:
            yield
        finally:
            self.own.server.start()

    def wipe(self, queue: Queue) -> None:
        assert self.own is not None
        self.own.lose_everything()


def test_a_late_ack_does_not_settle_a_message_of_the_store_after_a_wipe(tmp_path: Path) -> None:
    running = start_nats(tmp_path)

    async def ack_after_wipe() -> None:
        async with (
            open_queue(running.config()) as queue,
            queue.subscribe(SEGMENTS, group="g") as subscription,
        ):
            await queue.publish(SEGMENTS, [Message("key", b"lost")])
            (old,) = await subscription.fetch(1, wait=5)
            running.lose_everything()
            await _publish_when_back(queue, Message("key", b"new"))
            await old.ack()

            async for delivery in subscription:
                assert delivery.message.body == b"new"
                break

    try:
        asyncio.run(ack_after_wipe())
    finally:
        running.server.stop()


@pytest.mark.parametrize("key", ["", "a.b", "*", ">", "A", "a b", "x" * 33, "a\r\nPUB x 0"])
def test_no_text_of_a_client_becomes_a_subject(key: str) -> None:
    async def publish() -> None:
        async with open_queue(nats_server().config()) as queue:
            await queue.publish(SEGMENTS, [Message(key, b"")])

    with pytest.raises(RejectedError):
        asyncio.run(publish())


def test_a_message_over_what_the_server_takes_is_rejected_and_the_connection_lives() -> None:
    huge = Stream("huge", "huge", max_message_bytes=64 << 20)

    async def publish() -> None:
        async with open_queue(nats_server().config()) as queue:
            with pytest.raises(RejectedError):
                await queue.publish(huge, [Message("key", bytes(MAX_PAYLOAD_BYTES + 1))])
            await queue.publish(huge, [Message("key", bytes(8 << 20), {"name": "value"}, "id")])

    asyncio.run(publish())


def test_a_wrong_password_is_denied() -> None:
    config = nats_server().config(password=SecretStr("wrong"), timeout_seconds=1.0)

    async def connect() -> None:
        async with open_queue(config):
            pass

    with pytest.raises(DeniedError):
        asyncio.run(connect())


def test_a_waiting_subscription_does_not_use_the_processor() -> None:
    async def wait() -> float:
        async with (
            open_queue(nats_server().config()) as queue,
            queue.subscribe(SEGMENTS, group="g") as subscription,
        ):
            waiting = asyncio.ensure_future(anext(aiter(subscription)))
            await asyncio.sleep(0.1)
            before = time.process_time()
            await asyncio.sleep(2)
            spent = time.process_time() - before
            waiting.cancel()
            return spent

    assert asyncio.run(wait()) < 0.05


def test_the_configuration_file_is_for_its_owner_only(tmp_path: Path) -> None:
    settings = NatsServer(port=4222, store_dir=tmp_path / "store", user="u", password='p"\\')
    for _ in range(2):
        settings.prepare(tmp_path / "nats.conf")

    assert (tmp_path / "nats.conf").stat().st_mode & 0o777 == 0o600
    checked = subprocess.run([binary(), "-t", "-c", tmp_path / "nats.conf"], capture_output=True)
    assert checked.returncode == 0, checked.stderr


def test_the_disk_keeps_what_waits_and_nothing_that_every_group_has_acked(tmp_path: Path) -> None:
    running = start_nats(tmp_path)

    def kept() -> int:
        files = running.settings.store_dir.rglob("*")
        return sum(file.stat().st_blocks * 512 for file in files if file.is_file())

    async def leave_one() -> int:
        async with (
            open_queue(running.config()) as queue,
            queue.subscribe(SEGMENTS, group="slow", max_in_flight=32) as slow,
            queue.subscribe(SEGMENTS, group="fast", max_in_flight=32) as fast,
        ):
            await queue.publish(SEGMENTS, [Message("key", bytes(1 << 20))] * 30)
            for delivery in await _take(fast, 30):
                await delivery.ack()
            await asyncio.sleep(2)
            assert kept() > 30 << 20, "one group has not seen them"
            *settled, last = await _take(slow, 30)
            for delivery in settled:
                await delivery.ack()
            await _until(lambda: kept() < 12 << 20)
            await last.retry()
            (again,) = await slow.fetch(1, wait=5)
            await again.ack()
            await _until(lambda: kept() < 1 << 20)
            return kept()

    try:
        asyncio.run(asyncio.wait_for(leave_one(), 60))
    finally:
        running.server.stop()


def test_a_message_that_was_forgotten_is_still_known_by_its_id() -> None:
    async def take() -> list[bytes]:
        async with (
            open_queue(nats_server().config()) as queue,
            queue.subscribe(SEGMENTS, group="g") as subscription,
        ):
            bodies = []
            for body, id_ in ((b"1", "same"), (b"2", "same"), (b"3", "other")):
                await queue.publish(SEGMENTS, [Message("key", body, id=id_)])
                for delivery in await subscription.fetch(1, wait=1):
                    bodies.append(delivery.message.body)
                    await delivery.ack()
                await asyncio.sleep(2)
            return bodies

    assert asyncio.run(take()) == [b"1", b"3"]


async def _take(subscription: Subscription, count: int) -> list[Delivery]:
    taken: list[Delivery] = []
    while len(taken) < count:
        taken += await subscription.fetch(count - len(taken), wait=5)
    return taken


async def _until(holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it never held")


async def _publish_when_back(queue: Queue, message: Message) -> None:
    while True:
        try:
            return await queue.publish(SEGMENTS, [message])
        except UnavailableError:
            await asyncio.sleep(0.05)
