"""Pieces of work beside their caller."""

import asyncio
from functools import partial

import pytest

from hh_core.usecases.overlap import Overlap


async def _note(told: list[str], name: str, may_end: asyncio.Event) -> None:
    told.append(f"{name} begins")
    await may_end.wait()
    told.append(f"{name} ends")


def test_a_piece_runs_beside_the_block_and_the_next_one_after_it() -> None:
    async def both() -> list[str]:
        told: list[str] = []
        may_end = asyncio.Event()
        async with Overlap() as overlap:
            await overlap.begin(partial(_note, told, "one", may_end))
            await asyncio.sleep(0)
            told.append("prepared")
            may_end.set()
            await overlap.begin(partial(_note, told, "two", may_end))
        return told

    assert asyncio.run(both()) == [
        *("one begins", "prepared", "one ends"),
        *("two begins", "two ends"),
    ]


def test_a_failing_block_cancels_the_piece_and_a_failing_piece_fails_the_block() -> None:
    async def block(told: list[str]) -> None:
        async with Overlap() as overlap:
            await overlap.begin(partial(_note, told, "one", asyncio.Event()))
            await asyncio.sleep(0)
            raise ValueError("block")

    async def piece() -> None:
        raise ValueError("piece")

    async def fails() -> None:
        async with Overlap() as overlap:
            await overlap.begin(piece)

    told: list[str] = []
    with pytest.raises(ValueError, match="block"):
        asyncio.run(block(told))
    assert told == ["one begins"]
    with pytest.raises(ValueError, match="piece"):
        asyncio.run(fails())
