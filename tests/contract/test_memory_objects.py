"""The objects port in memory keeps the contract."""

from hh_conformance import ObjectsContract
from hh_memory.objects import ADAPTER, ObjectsConfig


class TestMemoryObjects(ObjectsContract):
    adapter = ADAPTER

    def config(self) -> ObjectsConfig:
        return ObjectsConfig(name=self.fresh_name())
