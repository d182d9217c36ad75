"""The journal port in memory keeps the contract."""

from hh_conformance import JournalContract
from hh_memory.journal import ADAPTER, JournalConfig


class TestMemoryJournal(JournalContract):
    adapter = ADAPTER

    def config(self) -> JournalConfig:
        return JournalConfig(name=self.fresh_name())
