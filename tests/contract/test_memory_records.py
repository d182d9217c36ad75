"""The records port in memory keeps the contract."""

from hh_conformance import RecordsContract
from hh_memory.records import ADAPTER, RecordsConfig


class TestMemoryRecords(RecordsContract):
    adapter = ADAPTER

    def config(self) -> RecordsConfig:
        return RecordsConfig(name=self.fresh_name())
