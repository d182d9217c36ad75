"""Memory that was freed goes back to the kernel, though a block above it is still in use."""

import asyncio
import ctypes

import psutil
import pytest

from hh_core import heap

BLOCK = 100_000
"""Bytes: of the heap, not a mapping of its own (from 128 kB on)."""
BLOCKS = 400

needs_glibc = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library cannot trim its heap"
)


def resident() -> int:
    return int(psutil.Process().memory_info().rss)


@needs_glibc
def test_what_lies_below_a_block_in_use_is_given_back() -> None:
    blocks = [b"x" * BLOCK for _ in range(BLOCKS)]
    last = blocks.pop()
    blocks.clear()
    kept = resident()

    assert heap.trim()

    assert kept - resident() > BLOCKS * BLOCK / 2
    assert len(last) == BLOCK


def test_the_heap_is_trimmed_until_told_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    stopping, times = asyncio.Event(), 0

    def trim() -> bool:
        nonlocal times
        times += 1
        if times == 3:
            stopping.set()
        return True

    monkeypatch.setattr(heap, "trim", trim)
    asyncio.run(asyncio.wait_for(heap.keep_trimmed(stopping, every=0.001), timeout=30))

    assert times == 3
