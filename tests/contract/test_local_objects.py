"""Objects on the local disk keep the promises of the objects port."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from hh_conformance import ObjectsContract, faults
from hh_core.errors import UnavailableError
from hh_core.ports.objects import Objects
from hh_local.objects import ADAPTER, LocalObjectsConfig, open_objects


class TestLocalObjects(ObjectsContract):
    adapter = ADAPTER
    folder: Path

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def config(self) -> LocalObjectsConfig:
        return LocalObjectsConfig(path=self.folder / self.fresh_name())

    def full(self, objects: Objects) -> AbstractContextManager[None]:
        return faults.full_disk()

    @contextmanager
    def outage(self, objects: Objects) -> Iterator[None]:
        """Every folder turns into a file: the disk answers, but not with our objects."""
        roots = [path for path in self.folder.iterdir() if path.is_dir()]
        for root in roots:
            root.rename(root.with_suffix(".away")).parent.joinpath(root.name).touch()
        try:
            yield
        finally:
            for root in roots:
                root.unlink()
                root.with_suffix(".away").rename(root)


def test_a_page_of_a_large_folder_is_in_order_and_quick(tmp_path: Path) -> None:
    """Twenty thousand keys, in pages of a thousand: a page reads names, it opens no file."""
    folder = tmp_path / "raw" / "day"
    folder.mkdir(parents=True)
    for number in range(20_000):
        (folder / f"{number:05}~").touch()
    (tmp_path / "elsewhere").mkdir()

    async def pages() -> list[str]:
        seen: list[str] = []
        async with open_objects(LocalObjectsConfig(path=tmp_path)) as objects:
            while page := await objects.list("raw/", after=seen[-1] if seen else "", limit=1000):
                seen += [info.key for info in page]
        return seen

    began = time.monotonic()
    assert asyncio.run(pages()) == [f"raw/day/{number:05}" for number in range(20_000)]
    assert time.monotonic() - began < 10


def test_while_the_folder_is_gone_nothing_is_said_to_be_missing(tmp_path: Path) -> None:
    """As when its disk is not mounted: then every object would look deleted."""

    async def ask() -> None:
        async with open_objects(LocalObjectsConfig(path=tmp_path / "objects")) as objects:
            await objects.put("a", b"1")
            (tmp_path / "objects").rename(tmp_path / "away")
            for asked in (
                objects.get("a"),
                objects.put("b", b"2"),
                objects.list(""),
                objects.delete(["a"]),
                objects.ping(),
            ):
                with pytest.raises(UnavailableError):
                    await asked
            (tmp_path / "away").rename(tmp_path / "objects")

            assert await objects.get("a") == b"1"

    asyncio.run(ask())
