"""A process that opens an adapter, uses it and is killed in the middle: ``die_after``."""

import asyncio
import os
import pickle
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from hh_core.registry import Adapter, AdapterConfig

_DONE = b"\nhh: acted\n"


async def die_after(
    adapter: Adapter[Any, Any], config: AdapterConfig, act: Callable[[Any], Awaitable[Any]]
) -> None:
    """Return when a child process has run ``act`` against the open port and was killed.

    Raises ``AssertionError`` with the child's standard error if it did not get so far.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hh_conformance.crash",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    output, errors = await child.communicate(pickle.dumps((adapter, config, act)))
    if not output.endswith(_DONE):
        raise AssertionError(f"the process that was to crash failed: {errors.decode()}")


async def _act_and_die() -> None:
    adapter, config, act = pickle.load(sys.stdin.buffer)
    async with adapter.open(config) as port:
        await act(port)
        sys.stdout.buffer.write(_DONE)
        sys.stdout.buffer.flush()
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(_act_and_die())
