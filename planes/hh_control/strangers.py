"""Bounds for callers who have not proved who they are: how many at once, and how often each."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hh_core.errors import QuotaError

_MOST_ADDRESSES = 10_000


class Strangers:
    """Each address has ``burst`` calls, and gets ``per_second`` back."""

    def __init__(
        self,
        *,
        at_once: int = 64,
        burst: float = 60.0,
        per_second: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._at_once = at_once
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._now = 0
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @contextmanager
    def call(self, address: str) -> Iterator[None]:
        """Around one call. Raises ``QuotaError``."""
        if self._now >= self._at_once or not self._take(address):
            raise QuotaError("too many calls; slow down")
        self._now += 1
        try:
            yield
        finally:
            self._now -= 1

    def _take(self, address: str) -> bool:
        now = self._clock()
        left, at = self._left.get(address, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_second)
        self._left[address] = (left - 1 if left >= 1 else left, now)
        self._left.move_to_end(address)
        while len(self._left) > _MOST_ADDRESSES:
            self._left.popitem(last=False)
        return left >= 1


def address_of(peer: str) -> str:
    """The address in what gRPC says of a caller (``ipv4:192.0.2.1:5000``), without its port."""
    return peer.rpartition(":")[0]
