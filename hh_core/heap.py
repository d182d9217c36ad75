"""Give back to the kernel what the C library keeps of memory that was freed.

glibc gives back only what lies above the newest block in use, and only when that is more than a
threshold, which rises to 64 MB once large blocks were freed (mallopt(3), ``M_TRIM_THRESHOLD``). So
a process that handles megabytes at a time grows to the most that it ever held at once, by hours.
"""

import asyncio
import ctypes
from collections.abc import Callable
from contextlib import suppress

EVERY_SECONDS = 10.0
"""A walk over the free blocks: a few milliseconds of a large heap, during which others wait."""


def _found() -> Callable[[int], int] | None:
    trim: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim


_MALLOC_TRIM = _found()


def trim() -> bool:
    """Give back every page that holds nothing; whether any did. Needs glibc: malloc_trim(3)."""
    return _MALLOC_TRIM is not None and bool(_MALLOC_TRIM(0))


async def keep_trimmed(stopping: asyncio.Event, every: float = EVERY_SECONDS) -> None:
    """``trim`` every so many seconds until ``stopping`` is set."""
    while not stopping.is_set():
        await asyncio.to_thread(trim)
        with suppress(TimeoutError):
            async with asyncio.timeout(every):
                await stopping.wait()
