"""The local journal keeps the promises of the journal port."""

from pathlib import Path

import pytest

from hh_conformance import JournalContract
from hh_local.journal import ADAPTER, LocalJournalConfig


class TestLocalJournal(JournalContract):
    adapter = ADAPTER
    folder: Path

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def config(self) -> LocalJournalConfig:
        return LocalJournalConfig(path=self.folder / self.fresh_name())
