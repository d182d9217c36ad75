"""A rebuild reads one batch while the index takes the one before."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any, cast

import pytest

from hh_core.errors import UnavailableError
from hh_core.ports.analytics import Relation
from hh_core.usecases.batch import Batch
from hh_core.usecases.dispatch import DispatchLimits, IndexSegments
from hh_core.usecases.rebuild import Rebuild, Rebuilt


class Index:
    """One row for each segment; what happens in which order stands in ``log``."""

    def __init__(self, away: str = "") -> None:
        self.away = away
        self.log: list[str] = []

    async def read(self, names: Iterable[str]) -> Batch:
        batch = Batch()
        for name in names:
            self.log.append(f"read {name}")
            batch.rows[Relation.PATCHES].add(["project_id"], [(b"p" * 16,)])
            batch.corrupt[name] = 0
        await asyncio.sleep(0)
        return batch

    async def write(self, batch: Batch) -> tuple[list[Any], None]:
        await asyncio.sleep(0.01)
        if self.away in batch.corrupt:
            raise UnavailableError("the index is away")
        self.log += [f"wrote {name}" for name in batch.corrupt]
        return [], None


async def names(*some: str) -> AsyncIterator[str]:
    for name in some:
        yield name


def rebuild(index: Index, *some: str) -> Rebuilt:
    wanted = Rebuild(cast(IndexSegments, index), limits=DispatchLimits(batch_rows=1))
    return asyncio.run(wanted(names(*some)))


def test_every_batch_is_written_once_and_counted() -> None:
    index = Index()

    rebuilt = rebuild(index, "a", "b", "c")

    assert [line for line in index.log if line.startswith("wrote")] == [
        "wrote a",
        "wrote b",
        "wrote c",
    ]
    assert (rebuilt.segments, rebuilt.rows) == (3, 3)


def test_a_segment_that_is_named_again_is_read_once() -> None:
    index = Index()

    rebuilt = rebuild(index, "a", "b", "a")

    assert [line for line in index.log if line.startswith("read")] == ["read a", "read b"]
    assert rebuilt.segments == 2


def test_progress_tells_how_many_segments_there_are() -> None:
    told: list[tuple[int, int]] = []
    wanted = Rebuild(cast(IndexSegments, Index()), limits=DispatchLimits(batch_rows=1))

    asyncio.run(
        wanted(names("a", "b"), of=2, progress=lambda now: told.append((now.segments, now.of)))
    )

    assert told == [(1, 2), (2, 2)]


def test_the_next_batch_is_read_while_one_is_written() -> None:
    index = Index()

    rebuild(index, "a", "b", "c")

    assert index.log.index("read b") < index.log.index("wrote a") < index.log.index("read c")


@pytest.mark.parametrize("away", ["a", "b", "c"])
def test_a_batch_that_is_not_taken_ends_the_rebuild(away: str) -> None:
    with pytest.raises(UnavailableError):
        rebuild(Index(away), "a", "b", "c")
