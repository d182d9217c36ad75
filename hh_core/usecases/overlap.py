"""Work that goes on beside its caller: one piece at a time, so that the next can be prepared."""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Self


class Overlap:
    """``async with Overlap() as writing``: leaving the block waits for the last piece; if the block
    fails, or a piece does, what still runs is cancelled and the failure goes on."""

    def __init__(self) -> None:
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def begin(self, piece: Callable[[], Coroutine[None, None, None]]) -> None:
        """Start ``piece`` once the one before is done. Raises what that one raised."""
        await self._done()
        self._running = asyncio.create_task(piece())

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                await self._done()
        finally:
            if self._running is not None:
                self._running.cancel()
                await asyncio.gather(self._running, return_exceptions=True)

    async def _done(self) -> None:
        if self._running is not None:
            await self._running
