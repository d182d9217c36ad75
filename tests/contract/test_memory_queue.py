"""The queue port in memory keeps the contract."""

from hh_conformance import QueueContract
from hh_memory.queue import ADAPTER, QueueConfig


class TestMemoryQueue(QueueContract):
    adapter = ADAPTER

    def config(self) -> QueueConfig:
        return QueueConfig(name=self.fresh_name())
