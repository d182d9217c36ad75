"""How much the receiver holds at once: it refuses before the body is read, and never queues."""

from collections.abc import Iterator
from contextlib import contextmanager

from hh_core.errors import OverloadedError, UnavailableError


class Ticket:
    """What one request holds."""

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission
        self.size = 0
        self.is_counted = False

    def reserve(self, size: int) -> None:
        """Hold ``size`` bytes in all, as they arrive. Raises ``OverloadedError``."""
        if size > self.size:
            self._admission.take(size - self.size)
            self.size = size

    def arrived(self) -> None:
        """The body is here, work begins. Raises ``OverloadedError``.

        Only now the request takes one of the places, so that slow clients cannot hold them all.
        """
        self._admission.count()
        self.is_counted = True


class Admission:
    """Counts the requests at work and the body bytes in flight. Used within one event loop."""

    def __init__(self, *, max_requests: int, max_bytes: int, retry_after: float = 1.0) -> None:
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._retry_after = retry_after
        self._closed = False
        self.requests = 0
        self.bytes = 0
        self.refused = 0

    @contextmanager
    def admit(self, announced: int = 0) -> Iterator[Ticket]:
        """One request that announces a body of that many bytes; they are held as they arrive.

        Raises ``OverloadedError`` when there is no room, ``UnavailableError`` when closed.
        """
        if self._closed:
            raise UnavailableError("this process is stopping; try again")
        if self.requests >= self._max_requests or self.bytes + announced > self._max_bytes:
            raise self._refusal()
        ticket = Ticket(self)
        try:
            yield ticket
        finally:
            self.requests -= ticket.is_counted
            self.bytes -= ticket.size

    def take(self, size: int) -> None:
        if self.bytes + size > self._max_bytes:
            raise self._refusal()
        self.bytes += size

    def count(self) -> None:
        if self.requests >= self._max_requests:
            raise self._refusal()
        self.requests += 1

    def close(self) -> None:
        """Admit nobody any more; who is in may finish."""
        self._closed = True

    def _refusal(self) -> OverloadedError:
        self.refused += 1
        return OverloadedError(
            "too many requests are in flight; try again later", retry_after=self._retry_after
        )
