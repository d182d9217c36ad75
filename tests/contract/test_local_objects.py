"""Objects on the local disk keep the promises of the objects port."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from hh_conformance import ObjectsContract, faults
from hh_core.ports.objects import Objects
from hh_local.objects import ADAPTER, LocalObjectsConfig


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
