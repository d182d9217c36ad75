"""Open the ports that a configuration names, and close them newest first."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from hh_core.errors import UnavailableError
from hh_core.registry import open_port
from hh_runtime.config import AdapterTable
from hh_runtime.deferred import deferred

log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0


@asynccontextmanager
async def opened(
    tables: Mapping[str, AdapterTable],
    *,
    open_seconds: float = 60.0,
    later: Collection[str] = (),
) -> AsyncIterator[dict[str, Any]]:
    """The named ports, all open, by name. Every one is closed on the way out, whatever happens.

    A backend that is not there yet is tried again for ``open_seconds``, then ``UnavailableError``
    is raised (exit status 75). ``ConfigError`` is raised at once. Those named in ``later`` may open
    when they can: until then every use of them raises ``UnavailableError``.
    """
    async with AsyncExitStack() as stack:
        ports: dict[str, Any] = {}
        for port, table in tables.items():
            if port in later:
                ports[port] = await stack.enter_async_context(deferred(port, table))
            else:
                ports[port] = await _entered(stack, port, table, open_seconds)
        yield ports


async def _entered(
    stack: AsyncExitStack, port: str, table: AdapterTable, open_seconds: float
) -> Any:
    deadline = asyncio.get_running_loop().time() + open_seconds
    pause = _FIRST_PAUSE
    while True:
        entering: AbstractAsyncContextManager[Any] = open_port(port, table.model_dump())
        try:
            return await stack.enter_async_context(entering)
        except UnavailableError as error:
            if asyncio.get_running_loop().time() >= deadline:
                raise UnavailableError(f"[{port}] {error}") from error
            log.info("waiting for the backend of a port", extra={"port": port})
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE, 2 * pause)
