"""Bounds for callers who have not proved who they are: how many at once, and how often each."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from hh_core.errors import QuotaError
from hh_core.usecases.sign_in_throttle import one_host

_MOST_ADDRESSES = 10_000


class Strangers:
    """Each address has ``burst`` calls, and gets ``per_second`` back; ``each_at_once`` of them at a
    time, so that it takes many addresses to hold all of ``at_once``."""

    def __init__(
        self,
        *,
        at_once: int = 256,
        each_at_once: int = 8,
        burst: float = 60.0,
        per_second: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._at_once = at_once
        self._each_at_once = each_at_once
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._now: Counter[str] = Counter()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @contextmanager
    def call(self, address: str) -> Iterator[None]:
        """Around one call. Raises ``QuotaError``."""
        is_full = self._now.total() >= self._at_once or self._now[address] >= self._each_at_once
        if is_full or not self._take(address):
            raise QuotaError("too many calls; slow down")
        self._now[address] += 1
        try:
            yield
        finally:
            self._now[address] -= 1
            if not self._now[address]:
                del self._now[address]

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
    """Whom gRPC names as a caller (``ipv4:192.0.2.1:5000``), without the port. A host with IPv6
    has at least a /64 of addresses: they are one."""
    kind, _, rest = peer.partition(":")
    host = unquote(rest).rpartition(":")[0].strip("[]")
    return one_host(host) if kind in ("ipv4", "ipv6") else peer
