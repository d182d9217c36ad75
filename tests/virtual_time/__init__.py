"""An event loop whose time passes only when everybody waits: hours cost nothing, runs repeat."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        waiting = not self._ready and self._scheduled  # type: ignore[attr-defined]  # private
        if waiting:
            self._now = max(self._now, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]  # private


def run(work: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run`` in virtual time. No threads and no real sockets in ``work``."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
