"""Give back the engine's code that nobody needs now: half a gigabyte, of which each start runs
thousands of constructors that are spread over all of it, and each plan of a query much.

So 180 MB of its file stay mapped, though to wait for statements needs next to nothing. What is
unmapped here is not lost: the kernel maps it again, from its cache, as soon as it is needed.
"""

import asyncio
import ctypes
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

QUIET_SECONDS = 3.0
_LIBRARY = "_chdb.abi3.so"
_MADV_DONTNEED = 4
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)")


class Code:
    """Code and constants of the engine as this process has mapped them, once it is loaded. Linux
    only; elsewhere there are none."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []
        if sys.platform.startswith("linux"):
            with Path("/proc/self/smaps").open(encoding="utf-8", errors="replace") as lines:
                self._ranges = list(unchanged(lines, _LIBRARY))

    def unmap(self) -> None:
        """Until it is needed again: a few milliseconds of the next statement."""
        madvise = ctypes.CDLL(None).madvise
        madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        for start, end in self._ranges:
            madvise(start, end - start, _MADV_DONTNEED)


async def unmap_when_quiet(code: Code, statements: Callable[[], int]) -> None:
    """Unmap ``code`` each time that some ran and none came for ``QUIET_SECONDS``; ``statements``
    tells how many came since the start."""
    unmapped, before = 0, 0
    while True:
        await asyncio.sleep(QUIET_SECONDS)
        now = statements()
        if now == before and now != unmapped:
            code.unmap()
            unmapped = now
        before = now


def unchanged(smaps: Iterable[str], library: str) -> Iterator[tuple[int, int]]:
    """Address ranges of ``library`` that are as in its file: nothing could and nothing did write
    there, not even the loader. Others would lose what was written."""
    candidate = None
    for line in smaps:
        if found := _MAPPING.match(line):
            start, end, rights, name = found.groups()
            is_ours = name.endswith(f"/{library}") and rights in ("r-xp", "r--p")
            candidate = (int(start, 16), int(end, 16)) if is_ours else None
        elif candidate is not None and line.startswith("Anonymous:"):
            if line.split()[1] == "0":
                yield candidate
            candidate = None
