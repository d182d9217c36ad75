"""A least-recently-used cache that is bounded in bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

ValueT = TypeVar("ValueT")


class ByteCache(Generic[ValueT]):
    """Holds at most ``limit`` bytes, as the callers count them; a larger value is not kept.

    Keys that concern a project must begin with it: a cache is a place where tenants could meet.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: OrderedDict[Hashable, tuple[ValueT, int]] = OrderedDict()
        self.size = 0

    def get(self, key: Hashable) -> ValueT | None:
        found = self._held.get(key)
        if found is None:
            return None
        self._held.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: ValueT, size: int) -> None:
        self.drop(key)
        if size > self._limit:
            return
        self._held[key] = (value, size)
        self.size += size
        while self.size > self._limit:
            _, (_, freed) = self._held.popitem(last=False)
            self.size -= freed

    def drop(self, key: Hashable) -> None:
        found = self._held.pop(key, None)
        if found is not None:
            self.size -= found[1]
