"""Hours of EVENTS in which no event has two rows, so that questions about many read them narrowly.

FINAL reads the whole key and the version of every row, 50 bytes, to find the rows of one event.
Where one part alone holds an hour, and a merge has made that part, there are none to find. Which
hours a part holds stands in the primary index, which the engine has in memory.

A part never changes and its name never comes back. So what was found holds for a statement that
reads just the same parts. Whether it does it finds out itself, in the snapshot that it reads, and
merges all hours if it does not: rows that come or go meanwhile make it slower, never wrong.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from hh_clickhouse.parameters import Parameters
from hh_clickhouse.places import HOUR
from hh_clickhouse.sources import hours_of, is_looked_up, reads_events_alone, shape_of
from hh_core.ports.analytics import Query

Run = tuple[int, int]
"""Hours: the first and the last."""

SETTINGS = (
    "enable_shared_storage_snapshot_in_query = 1",
    "use_query_condition_cache = 0",
)
"""All that a statement reads of a table is of one moment. And it reads all: what the engine has
noted of granules in which nothing was found is of rows before they are merged, and was wrong where
an index had left granules out (https://github.com/ClickHouse/ClickHouse/issues/104781)."""
LEAST_HOURS = 6
"""Of fewer most are being written to, and a question about them is quick."""
LEAST_ROWS = 2_000_000
"""To merge fewer takes no longer than to ask which are to be merged (40 ms)."""
MOST_HOURS = 256
"""That are listed one by one; a row's is looked up among them."""
MOST_RUNS = 16
"""Of more hours: each is compared with every row."""
_PARTS = (
    "(SELECT arraySort(groupArray(name)) FROM"
    " (SELECT toString(_part) AS name FROM events GROUP BY _part))"
)
"""Those that a statement reads."""
_LEVEL = 3
"""Of a part's name: how many merges came before it, one upon the other."""
_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Settled:
    """What is known of the hours that a question asks about."""

    parts: tuple[str, ...]
    """Of which it is known."""
    doubtful: tuple[Run, ...]
    """Hours in which an event may have two rows."""

    def conditions(self, parameters: Parameters) -> tuple[str, str]:
        """Of rows that are read as they stand, and of all others, which are to be merged."""
        same_parts = f"{_PARTS} = {parameters.add(list(self.parts), 'Array(String)')}"
        is_settled = f"({same_parts} AND NOT ({_is_in(self.doubtful)}))"
        return f"{is_settled} AND is_deleted = 0", f"NOT {is_settled}"


def may_gain(query: Query, plane: str, *, is_indexed: bool) -> bool:
    """Whether to ask about ``query``, which groups or counts, at all: it is about the events of
    many hours. ``is_indexed``: an index finds the few that it is about."""
    if is_indexed or not reads_events_alone(query, plane):
        return False
    first, last = hours_of(query)
    is_wide = first is None or last is None or last - first >= LEAST_HOURS
    return is_wide and not is_looked_up(query)


class Small:
    """Shapes of questions of which the last one read few rows: a hint, that may be old or wrong,
    of what ``may_gain`` and does not. Used within one event loop."""

    def __init__(self, least: int = LEAST_ROWS) -> None:
        """``least``: as many rows are no longer few."""
        self._least = least
        self._known: OrderedDict[tuple[str, int | None], None] = OrderedDict()

    def __contains__(self, query: Query) -> bool:
        return _extent(query) in self._known

    def learn(self, query: Query, read: int) -> None:
        """``read``: rows, to answer ``query``."""
        extent = _extent(query)
        self._known.pop(extent, None)
        if read < self._least:
            self._known[extent] = None
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)


def _extent(query: Query) -> tuple[str, int | None]:
    first, last = hours_of(query)
    return shape_of(query), None if first is None or last is None else last - first


def held(project: UUID) -> tuple[str, dict[str, object]]:
    """The statement, and its parameters, that answers every part with the runs of hours in which
    it may have rows of ``project``.

    The index has the first row of each granule and the last one of the part. Granules in which one
    project ends and another begins are read. Hour 0 may say that the engine has not kept the hours.

    The index and the rows are looked at one after the other. A part that came after the first look
    at the index is left out: it tells of it in part only, and a statement then reads other parts.
    """
    parameters = Parameters()
    own = parameters.fixed(project.bytes)
    return _HELD.format(project=own, hour=HOUR), parameters.values


def settled(query: Query, found: Iterable[tuple[str, Iterable[Run]]]) -> Settled | None:
    """What ``found``, the answer to ``held``, says; None if all hours are doubtful."""
    parts = {part: _joined(runs) for part, runs in found}
    asked = _limits(query, parts)
    if asked is None:
        return None
    first, last = asked
    doubtful = [
        (max(first, low), min(last, high))
        for low, high in _doubtful(parts)
        if low <= last and high >= first
    ]
    if doubtful == [asked]:
        return None
    return Settled(tuple(sorted(parts)), tuple(_few(doubtful)))


def _limits(query: Query, parts: Mapping[str, Sequence[Run]]) -> Run | None:
    """The hours that are asked for and held."""
    runs = [run for held_by in parts.values() for run in held_by]
    if not runs:
        return None
    first, last = hours_of(query)
    least, most = min(low for low, _ in runs), max(high for _, high in runs)
    found = (
        least if first is None else max(first, least),
        most if last is None else min(last, most),
    )
    return found if found[0] <= found[1] else None


def _doubtful(parts: Mapping[str, Sequence[Run]]) -> list[Run]:
    """Hours that two parts hold, or one that no merge has made: it may have an event twice."""
    changes: dict[int, int] = {}
    for part, runs in parts.items():
        weight = 1 if _is_merged(part) else 2
        for first, last in runs:
            changes[first] = changes.get(first, 0) + weight
            changes[last + 1] = changes.get(last + 1, 0) - weight
    found: list[Run] = []
    begin, held_by = None, 0
    for hour in sorted(changes):
        held_by += changes[hour]
        if held_by > 1 and begin is None:
            begin = hour
        elif held_by <= 1 and begin is not None:
            found.append((begin, hour - 1))
            begin = None
    return found


def _is_merged(part: str) -> bool:
    words = part.split("_")
    return len(words) > _LEVEL and words[_LEVEL].isdecimal() and int(words[_LEVEL]) > 0


def _joined(runs: Iterable[Run]) -> list[Run]:
    """The same hours in runs that neither meet nor touch."""
    found: list[Run] = []
    for first, last in sorted(runs):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def _is_in(runs: Sequence[Run]) -> str:
    """Of a row: whether its hour is in one of ``runs``."""
    if not runs:
        return "0"
    if _are_listed(runs):
        hours = (hour for first, last in runs for hour in range(first, last + 1))
        return f"{HOUR} IN ({', '.join(map(str, hours))})"
    return " OR ".join(f"{HOUR} >= {first:d} AND {HOUR} <= {last:d}" for first, last in runs)


def _are_listed(runs: Iterable[Run]) -> bool:
    return sum(last - first + 1 for first, last in runs) <= MOST_HOURS


def _few(runs: Sequence[Run]) -> Sequence[Run]:
    """``runs``, with the smallest gaps between them if these are too many to compare."""
    if len(runs) <= MOST_RUNS or _are_listed(runs):
        return runs
    gaps = sorted(range(1, len(runs)), key=lambda at: runs[at][0] - runs[at - 1][1])
    cuts = [0, *sorted(gaps[len(runs) - MOST_RUNS :]), len(runs)]
    return [(runs[begin][0], runs[end - 1][1]) for begin, end in pairwise(cuts)]


_HELD = """WITH marks AS
(
  SELECT part_name AS part, rows_in_granule AS size, project_id AS project,
    `toInt32(intDiv(start_ns, 3600000000000))` AS begins,
    leadInFrame(toNullable(project)) OVER following AS next_project,
    leadInFrame(begins) OVER following AS next_begins,
    sum(size) OVER (PARTITION BY part ORDER BY mark_number) - size AS first_row,
    project = {project} AND (size = 0 OR ifNull(next_project = {project}, 0)) AS is_own,
    size > 0 AND NOT is_own AND project <= {project}
      AND ifNull(next_project >= {project}, 1) AS is_mixed
  FROM mergeTreeIndex(currentDatabase(), events)
  WINDOW following AS
    (PARTITION BY part ORDER BY mark_number ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING)
)
SELECT part, groupUniqArrayIf((low, high), is_held) FROM
(
  SELECT part, if(begins = 0, -2147483648, begins) AS low,
    multiIf(begins = 0, 2147483647, size = 0, begins, next_begins) AS high, is_own AS is_held,
    1 AS is_of_index
  FROM marks
  UNION ALL
  SELECT DISTINCT toString(_part), {hour} AS low, low, 1, 0 FROM events
  WHERE project_id = {project}
    AND indexHint((_part, _part_offset) IN (SELECT part, first_row FROM marks WHERE is_mixed))
)
GROUP BY part HAVING max(is_of_index) = 1"""
