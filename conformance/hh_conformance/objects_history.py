"""Random histories of an object store: it is a dictionary."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from hh_conformance.histories import Machine
from hh_core.errors import ConflictError, NotFoundError
from hh_core.ports.objects import ObjectInfo, Objects

keys = st.sampled_from(["a", "a/a", "a/b", "a-b", "b", "b/c/d"])
bodies = st.sampled_from([b"", b"one", b"two"])


class ObjectsMachine(Machine):
    def __init__(self) -> None:
        super().__init__()
        self.objects: Objects = self.open()
        self.model: dict[str, bytes] = {}

    @rule(key=keys, data=bodies)
    def put(self, key: str, data: bytes) -> None:
        if self.model.get(key, data) == data:
            self.run(self.objects.put(key, data))
            self.model[key] = data
        else:
            with pytest.raises(ConflictError):
                self.run(self.objects.put(key, data))

    @rule(key=keys, data=bodies)
    def replace(self, key: str, data: bytes) -> None:
        self.run(self.objects.put(key, data, replace=True))
        self.model[key] = data

    @rule(some=st.lists(keys, max_size=3))
    def delete(self, some: list[str]) -> None:
        self.run(self.objects.delete(some))
        for key in some:
            self.model.pop(key, None)

    @rule(key=keys, start=st.integers(0, 4), end=st.none() | st.integers(0, 4))
    def get(self, key: str, start: int, end: int | None) -> None:
        if key in self.model:
            found = self.run(self.objects.get(key, start=start, end=end))
            assert found == self.model[key][start:end]
        else:
            with pytest.raises(NotFoundError):
                self.run(self.objects.get(key, start=start, end=end))

    @rule(prefix=st.sampled_from(["", "a", "a/"]), after=keys, limit=st.integers(1, 3))
    def page(self, prefix: str, after: str, limit: int) -> None:
        expected = [info for info in self.infos() if info.key > after]
        expected = [info for info in expected if info.key.startswith(prefix)]
        found = self.run(self.objects.list(prefix, after=after, limit=limit))
        assert list(found) == expected[:limit]

    @rule()
    def open_again(self) -> None:
        self.objects = self.reopen()

    @invariant()
    def the_whole_listing_is_the_model(self) -> None:
        assert list(self.run(self.objects.list(""))) == self.infos()

    def infos(self) -> list[ObjectInfo]:
        return [ObjectInfo(key, len(self.model[key])) for key in sorted(self.model)]
