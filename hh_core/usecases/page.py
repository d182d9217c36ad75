"""One page of an answer as it grows, within its bound."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson

from hh_core.domain.event import Event, Json
from hh_core.domain.field_path import FieldPath
from hh_core.errors import RejectedError
from hh_core.ports.analytics import Row
from hh_core.usecases.search import EventQuery
from hh_core.usecases.showing import shown
from hh_core.usecases.sorting import Position


@dataclass(slots=True)
class Page:
    """``count`` is the number of all matches; of an incomplete search, of those found so far."""

    encoded: Sequence[bytes] = ()
    """Each event as JSON: whoever answers need not make it again."""
    count: int = 0
    behind: bool = False
    stopped_at: float | None = None
    """The start time, in milliseconds, at which an incomplete search stopped."""
    scanned: int = 0
    stopped_by: str = "scan_limit"
    """The setting that made it stop."""
    warnings: list[str] = field(default_factory=list)
    is_counted: bool = True
    """Whether ``count`` was asked for."""
    follows: Position | None = None
    """The position that the next page begins after; None: there is none."""
    next_cursor: str | None = None
    """The same for clients."""
    since: str | None = None
    """Of a live list: what the next question for changes says."""
    has_more_changes: bool = False
    """Of an answer to such a question: there are more than it shows."""

    @property
    def incomplete(self) -> bool:
        return self.stopped_at is not None

    @property
    def events(self) -> list[Event]:
        """Fresh objects each time."""
        return [orjson.loads(event) for event in self.encoded]


class Collector:
    """Sifts events and keeps those of the page as JSON. Its methods may run in a thread."""

    def __init__(
        self, query: EventQuery, bound: int, is_wanted: Callable[[Event], bool] | None = None
    ) -> None:
        self._query = query
        self._bound = bound
        self._is_wanted = is_wanted or (lambda event: True)
        self._fields = [FieldPath(path) for path in query.projections]
        self._size = 0
        self.encoded: list[bytes] = []
        self.count = 0
        self.last: Row | None = None
        """Of the last event that was kept."""

    def sift(self, events: Sequence[Event], rows: Sequence[Row]) -> None:
        """Count those that match, and keep those that stand on the page. ``rows`` are theirs."""
        first, end = self._query.offset, self._query.offset + self._query.limit
        for event, row in zip(events, rows, strict=True):
            if self._is_wanted(event):
                if first <= self.count < end:
                    self._keep(event)
                    self.last = row
                self.count += 1

    def keep(self, events: Sequence[Event]) -> None:
        """They are known to stand on the page. Raises ``RejectedError`` beyond the bound."""
        for event in events:
            self._keep(event)

    def _keep(self, event: Event) -> None:
        _, data = shown(self._projected(event))
        self._size += len(data)
        if self._size > self._bound:
            raise self._too_large()
        self.encoded.append(data)

    def _projected(self, event: Event) -> Event:
        """Only what stands at the projections, in the shape that it has in the event."""
        if not self._fields:
            return event
        projected: dict[str, Json] = {}
        for path in self._fields:
            path.copy(event, projected)
        if "preview" in event:
            projected["preview"] = event["preview"]
        return projected

    def _too_large(self) -> RejectedError:
        fit = len(self.encoded)
        smaller = f"set limit to {fit} or less and ask for more pages" if fit else ""
        fewer = "leave large fields out of projections"
        if not self._fields:
            fewer = "name in projections the fields that you need"
        return too_large(self._bound, " or ".join(filter(None, (smaller, fewer))))


def too_large(bound: int, remedy: str) -> RejectedError:
    return RejectedError(f"the answer is larger than {bound >> 20} MiB; {remedy}", code=422)
