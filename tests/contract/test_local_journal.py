"""The local journal keeps the promises of the journal port."""

import asyncio
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hh_conformance import JournalContract
from hh_core.errors import ConfigError, OverloadedError
from hh_local.journal import ADAPTER, LocalJournalConfig, open_journal

NAME = "01ARZ3NDEKTSV4RRFFQ69G5FAV-0001"
NEXT = "01ARZ3NDEKTSV4RRFFQ69G5FAW-0001"


class TestLocalJournal(JournalContract):
    adapter = ADAPTER
    folder: Path

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def config(self) -> LocalJournalConfig:
        return LocalJournalConfig(path=self.folder / self.fresh_name())


def test_frames_that_fit_only_in_part_are_cut_off_and_the_segment_goes_on(tmp_path: Path) -> None:
    async def fill() -> bytes:
        async with open_journal(LocalJournalConfig(path=tmp_path)) as journal:
            await journal.append(NAME, [b"a" * 1000])
            with _largest_file(5000), pytest.raises(OverloadedError):
                await journal.append(NAME, [b"b" * 6000])
            await journal.append(NAME, [b"c" * 6000])
            await journal.seal(NAME)
            return await journal.read(NAME)

    assert asyncio.run(fill()) == b"a" * 1000 + b"c" * 6000


def test_a_full_disk_leaves_no_empty_segments(tmp_path: Path) -> None:
    async def fill() -> list[str]:
        async with open_journal(LocalJournalConfig(path=tmp_path)) as journal:
            for name in (NAME, NEXT):
                with _largest_file(5000), pytest.raises(OverloadedError):
                    await journal.append(name, [b"b" * 6000])
            await journal.append(NAME, [b"c"])
            await journal.seal(NAME)
            return list(await journal.sealed())

    assert asyncio.run(fill()) == [NAME]
    assert list(tmp_path.glob("*.open")) == []


def test_a_second_opener_is_told_who_holds_the_journal(tmp_path: Path) -> None:
    async def open_twice() -> None:
        config = LocalJournalConfig(path=tmp_path)
        async with open_journal(config), open_journal(config):
            pass

    with pytest.raises(ConfigError, match=f"process {os.getpid()};"):
        asyncio.run(open_twice())


@contextmanager
def _largest_file(size: int) -> Iterator[None]:
    """Writes of this process that reach past ``size`` fail, the first of them in part."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
