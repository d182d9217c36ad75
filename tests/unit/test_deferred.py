"""A port that opens later behaves, until then, like one whose connection is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from hh_core.errors import UnavailableError
from hh_core.ports.queue import SEGMENTS, Message
from hh_core.registry import open_port
from hh_runtime import deferred as module
from hh_runtime.config import AdapterTable
from hh_runtime.deferred import deferred

TABLE = AdapterTable(adapter="memory")


def test_every_use_is_unavailable_until_the_port_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        allowed = asyncio.Event()
        monkeypatch.setattr(module, "open_port", _opens_when(allowed))
        monkeypatch.setattr(module, "_FIRST_PAUSE", 0.01)
        monkeypatch.setattr(module, "_AT_ONCE_SECONDS", 0.01)
        async with deferred("queue", TABLE) as queue:
            ping, publish = queue.ping, queue.publish  # kept from before it is open
            with pytest.raises(UnavailableError, match="not open yet"):
                await publish(SEGMENTS, [Message("a", b"")])
            with pytest.raises(UnavailableError, match="not open yet"):
                async with queue.subscribe(SEGMENTS, group="dispatch"):
                    pass

            allowed.set()

            await _until_it_answers(ping)
            await publish(SEGMENTS, [Message("a", b"")])
            async with queue.subscribe(SEGMENTS, group="dispatch") as source:
                assert len(await source.fetch(1, wait=1.0)) == 1

    asyncio.run(scenario())


def test_a_port_that_opens_at_once_is_open_when_the_block_begins() -> None:
    async def scenario() -> None:
        async with deferred("queue", TABLE) as queue:
            await queue.ping()

    asyncio.run(scenario())


def test_a_port_that_never_opens_does_not_keep_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        monkeypatch.setattr(module, "open_port", _opens_when(asyncio.Event()))
        monkeypatch.setattr(module, "_AT_ONCE_SECONDS", 0.01)
        async with asyncio.timeout(5), deferred("queue", TABLE):
            pass

    asyncio.run(scenario())


def _opens_when(allowed: asyncio.Event) -> Callable[..., AbstractAsyncContextManager[Any]]:
    @asynccontextmanager
    async def gated(port: str, table: Mapping[str, Any]) -> AsyncIterator[Any]:
        if not allowed.is_set():
            raise UnavailableError("nobody answers")
        async with open_port(port, table) as opened:
            yield opened

    return gated


async def _until_it_answers(ping: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.timeout(5):
        while True:
            try:
                await ping()
                return
            except UnavailableError:
                await asyncio.sleep(0.01)
