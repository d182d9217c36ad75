"""A port that may open later: its holder works without it, as it would after a lost connection.

For backends that a process can do without for a while, such as ingest without its queue.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

from hh_core.errors import HHError, UnavailableError
from hh_core.registry import open_port
from hh_runtime.config import AdapterTable

log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_AT_ONCE_SECONDS = 0.5
"""What opens within this is open when the block begins."""


class DeferredPort:
    """Looks like the port; every use raises ``UnavailableError`` until it is open."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._port: Any = None

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):
            raise AttributeError(method)

        def call(*arguments: Any, **named: Any) -> Any:
            # looked up when called: whoever keeps the method gets the open port's, once it is open
            if self._port is None:
                return _Away(self._name)
            return getattr(self._port, method)(*arguments, **named)

        return call


class _Away:
    """What a method of a port that is not open returns: it raises when awaited or entered."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __await__(self) -> Generator[Any, None, Any]:
        raise self._error()

    async def __aenter__(self) -> Any:
        raise self._error()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def _error(self) -> UnavailableError:
        return UnavailableError(f"[{self._name}] is not open yet")


@asynccontextmanager
async def deferred(name: str, table: AdapterTable) -> AsyncIterator[DeferredPort]:
    """Open the port in the background, trying for ever; close it when the block ends."""
    port = DeferredPort(name)
    closing, is_open = asyncio.Event(), asyncio.Event()
    holding = asyncio.create_task(_hold(port, name, table, closing, is_open))
    try:
        async with asyncio.timeout(_AT_ONCE_SECONDS):
            await is_open.wait()
    except TimeoutError:
        log.warning("a backend is away; going on without it", extra={"port": name})
    try:
        yield port
    finally:
        closing.set()
        if not is_open.is_set():
            holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)


async def _hold(
    port: DeferredPort,
    name: str,
    table: AdapterTable,
    closing: asyncio.Event,
    is_open: asyncio.Event,
) -> None:
    pause = _FIRST_PAUSE
    while True:
        try:
            async with open_port(name, table.model_dump()) as opened:
                port._port = opened
                is_open.set()
                await closing.wait()
                return
        except Exception as error:  # nobody awaits this task: what is not told here is never told
            if is_open.is_set():
                log.warning("closing a port failed: %s", error, extra={"port": name})
                return
            known = isinstance(error, HHError)
            log.info(
                "a port does not open yet: %s", error, extra={"port": name}, exc_info=not known
            )
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE, 2 * pause)
