"""Give back what only the start needed of the engine's half gigabyte of code.

Each start runs thousands of constructors that are spread over all of it, so that 180 MB of its file
stay mapped, though serving needs about a third. What is unmapped here is not lost: the kernel maps
it again, from its cache, as soon as it is needed.
"""

import ctypes
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

_LIBRARY = "_chdb.abi3.so"
_MADV_DONTNEED = 4
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)")


def unmap_start() -> None:
    """Unmap the pages of the engine's code and constants until they are needed again. Linux only;
    elsewhere it does nothing."""
    if not sys.platform.startswith("linux"):
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    with Path("/proc/self/smaps").open(encoding="utf-8", errors="replace") as lines:
        for start, end in unchanged(lines, _LIBRARY):
            madvise(start, end - start, _MADV_DONTNEED)


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
