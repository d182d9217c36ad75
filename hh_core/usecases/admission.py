"""How much the receiver holds at once, in all and for one project: it refuses before the body is
read, and never queues."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from hh_core.errors import OverloadedError, QuotaError, UnavailableError


class Ticket:
    """What one request holds."""

    def __init__(self, admission: "Admission", project: UUID) -> None:
        self._admission = admission
        self._project = project
        self.size = 0
        self.is_counted = False

    def reserve(self, size: int) -> None:
        """Hold ``size`` bytes in all, as they arrive. Raises ``OverloadedError``, or
        ``QuotaError`` if it is this project that holds too much."""
        if size > self.size:
            self._admission.take(size - self.size, self.size, self._project)
            self.size = size

    def arrived(self) -> None:
        """The body is here, work begins. Raises ``OverloadedError``, ``QuotaError``.

        Only now the request takes one of the places, so that slow clients cannot hold them all.
        """
        self._admission.count(self._project)
        self.is_counted = True


class Admission:
    """Counts the requests at work and the body bytes in flight. Used within one event loop.

    A project may hold ``share`` of either, so that no key takes the door from all the others.
    """

    def __init__(
        self, *, max_requests: int, max_bytes: int, share: float = 1.0, retry_after: float = 1.0
    ) -> None:
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._share = share
        self._requests_of: Counter[UUID] = Counter()
        self._bytes_of: Counter[UUID] = Counter()
        self._retry_after = retry_after
        self._closed = False
        self.requests = 0
        self.bytes = 0
        self.refused = 0

    @contextmanager
    def admit(self, announced: int, project: UUID) -> Iterator[Ticket]:
        """One request that announces a body of that many bytes; they are held as they arrive.

        Raises ``OverloadedError`` when there is no room, ``QuotaError`` when there is none for this
        project, ``UnavailableError`` when closed.
        """
        if self._closed:
            raise UnavailableError("this process is stopping; try again")
        self._require_place(project)
        self._require_room(announced, 0, project)
        ticket = Ticket(self, project)
        try:
            yield ticket
        finally:
            self._leave(ticket, project)

    def take(self, size: int, own: int, project: UUID) -> None:
        """``size`` more bytes for a request that holds ``own``."""
        self._require_room(size, own, project)
        self.bytes += size
        self._bytes_of[project] += size

    def count(self, project: UUID) -> None:
        self._require_place(project)
        self.requests += 1
        self._requests_of[project] += 1

    def _leave(self, ticket: Ticket, project: UUID) -> None:
        self.requests -= ticket.is_counted
        self.bytes -= ticket.size
        for held, given_back in (
            (self._requests_of, ticket.is_counted),
            (self._bytes_of, ticket.size),
        ):
            held[project] -= given_back
            if not held[project]:
                del held[project]

    def _require_room(self, size: int, own: int, project: UUID) -> None:
        """A project's only request may be larger than its share: else it could never be sent."""
        if self.bytes + size > self._max_bytes:
            raise self._refusal()
        held = self._bytes_of[project]
        if held > own and held + size > self._share * self._max_bytes:
            raise self._share_is_used()

    def _require_place(self, project: UUID) -> None:
        if self.requests >= self._max_requests:
            raise self._refusal()
        if self._requests_of[project] >= self._share * self._max_requests:
            raise self._share_is_used()

    def close(self) -> None:
        """Admit nobody any more; who is in may finish."""
        self._closed = True

    def _refusal(self) -> OverloadedError:
        self.refused += 1
        return OverloadedError(
            "too many requests are in flight; try again later", retry_after=self._retry_after
        )

    def _share_is_used(self) -> QuotaError:
        self.refused += 1
        return QuotaError(
            "this project has too many requests in flight; try again later, or send fewer at once",
            retry_after=self._retry_after,
        )
