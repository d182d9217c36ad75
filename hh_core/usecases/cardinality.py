"""How many different names one project brings into the index in a day (SECURITY A7).

An index is quick because names repeat. A client that puts an id into each name would take memory
and time from everybody: beyond the bound its surplus is indexed as ``__other__``. The content keeps
what was sent.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from hh_core.ports.analytics import Relation
from hh_core.usecases.batch import Batch, Rows, see

OTHER = "__other__"
NAMES = ("event_name", "model", "provider", "service", "error_class")
PATHS = "attributes"
_DAY_MS = 24 * 3_600_000
_MOST_PROJECTS = 1_000
"""That are remembered; the one that sent least lately is forgotten first."""


@dataclass(slots=True)
class _Seen:
    day: int
    """Of the newest receipt."""
    names: dict[str, set[str]] = field(default_factory=dict)


class Cardinality:
    """Counts what this process has indexed since the day began: several processes each count."""

    def __init__(self, most: int) -> None:
        """``most`` names in each of the columns ``NAMES``, and as many paths of attributes."""
        self._most = most
        self._projects: OrderedDict[bytes, _Seen] = OrderedDict()

    def bound(self, batch: Batch) -> int:
        """Replace the surplus in the batch's rows; how many cells and paths that concerned."""
        events = batch.rows[Relation.EVENTS]
        if not len(events):
            return 0
        self._turn(events)
        replaced = sum(self._bound_names(events, column) for column in NAMES)
        return replaced + self._bound_paths(batch, events)

    def _turn(self, events: Rows) -> None:
        """Know the projects of the batch, and begin anew for those whose day has changed."""
        newest: dict[bytes, int] = {}
        for project, received in events.distinct("project_id", "received_ms"):
            newest[project] = max(newest.get(project, 0), received // _DAY_MS)
        for project, day in newest.items():
            seen = self._projects.get(project)
            if seen is None or seen.day < day:
                self._projects[project] = _Seen(day)
            self._projects.move_to_end(project)
        while len(self._projects) > max(_MOST_PROJECTS, len(newest)):
            self._projects.popitem(last=False)

    def _bound_names(self, events: Rows, column: str) -> int:
        surplus = self._surplus(column, events.distinct("project_id", column))
        if not surplus:
            return 0
        return events.replace(
            column,
            ("project_id", column),
            lambda project, cell: OTHER if (project, cell) in surplus else cell,
        )

    def _bound_paths(self, batch: Batch, events: Rows) -> int:
        surplus = self._surplus(PATHS, {(path[0], path[2]) for path in batch.paths})
        if not surplus:
            return 0
        events.replace(
            PATHS, ("project_id", PATHS), lambda project, cell: _kept(cell, project, surplus)
        )
        for path in [path for path in batch.paths if (path[0], path[2]) in surplus]:
            first, last = batch.paths.pop(path)
            see(batch.paths, (path[0], path[1], OTHER), first, last)
        return len(surplus)

    def _surplus(
        self, column: str, found: Iterable[tuple[Any, ...]]
    ) -> Collection[tuple[bytes, str]]:
        """Those for which there is no more room today. In sorted order, so that one batch always
        has the same."""
        fresh = [
            pair for pair in found if pair[1] not in self._projects[pair[0]].names.get(column, ())
        ]
        surplus = set()
        for project, name in sorted(fresh):
            known = self._projects[project].names.setdefault(column, set())
            if len(known) < self._most or name == OTHER:
                known.add(name)
            else:
                surplus.add((project, name))
        return surplus


def _kept(
    cell: dict[str, str], project: bytes, surplus: Collection[tuple[bytes, str]]
) -> dict[str, str]:
    return {path: value for path, value in cell.items() if (project, path) not in surplus}
