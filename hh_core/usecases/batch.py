"""Rows on their way into the index, column by column, and what hangs on them."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from hh_core.domain.tables import COLUMNS, Relation
from hh_core.wire.columns import encode

_KeyT = TypeVar("_KeyT", bound=Hashable)

Path = tuple[bytes, str, str]
"""Project, event type, dotted path."""


class Rows:
    """Rows of one relation. Nothing here costs by the cell but what ``add`` is given."""

    def __init__(self, relation: Relation, columns: Mapping[str, list[Any]] | None = None) -> None:
        self.relation = relation
        self._columns = columns or {column.name: [] for column in COLUMNS[relation]}
        self._any = next(iter(self._columns.values()))

    def __len__(self) -> int:
        return len(self._any)

    def add(
        self,
        names: Sequence[str],
        rows: Collection[Sequence[Any]],
        constants: Mapping[str, Any] | None = None,
    ) -> None:
        """Append ``rows`` whose cells are those of the columns ``names``; ``constants`` are the
        cells that all of them share. Together they are all columns."""
        for name, column in zip(names, zip(*rows, strict=True), strict=bool(rows)):
            self._columns[name] += column
        for name, cell in (constants or {}).items():
            self._columns[name] += [cell] * len(rows)

    def __iadd__(self, other: "Rows") -> "Rows":
        for name, column in other._columns.items():
            self._columns[name] += column
        return self

    def __getitem__(self, part: slice) -> "Rows":
        return Rows(self.relation, {name: col[part] for name, col in self._columns.items()})

    def column(self, name: str) -> list[Any]:
        """Its cells, to be read and replaced."""
        return self._columns[name]

    def row(self, place: int) -> Mapping[str, Any]:
        return {name: column[place] for name, column in self._columns.items()}

    def arrow(self) -> bytes:
        """As an Arrow IPC stream. Raises ``RejectedError`` if a cell does not fit its column."""
        return encode(self.relation, self._columns)


@dataclass(slots=True)
class Batch:
    """The rows of some segments, and what they touch."""

    rows: dict[Relation, Rows] = field(
        default_factory=lambda: {r: Rows(r) for r in (Relation.EVENTS, Relation.PATCHES)}
    )
    corrupt: dict[str, int] = field(default_factory=dict)
    """By segment: records that do not check or do not decode. Every segment is in it."""
    overlong: int = 0
    """Spans whose session id is longer than ``MAX_ID``: it counts as not claimed."""
    surplus: int = 0
    """Names that found no room in the index today (``cardinality``)."""
    patched: defaultdict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    paths: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Which paths were seen, from and to the hour of which start."""

    def size(self) -> int:
        return sum(map(len, self.rows.values()))

    def join(self, other: "Batch") -> None:
        for relation, rows in other.rows.items():
            self.rows[relation] += rows
        self.corrupt |= other.corrupt
        self.overlong += other.overlong
        self.surplus += other.surplus
        for project, events in other.patched.items():
            self.patched[project] |= events
        for path, (first, last) in other.paths.items():
            see(self.paths, path, first, last)


def see(times: dict[_KeyT, tuple[int, int]], key: _KeyT, first: int, last: int) -> None:
    """Widen the time in which ``key`` was seen."""
    seen = times.get(key)
    if seen is None:
        times[key] = (first, last)
    elif first < seen[0] or last > seen[1]:
        times[key] = (min(first, seen[0]), max(last, seen[1]))


def schema_rows(paths: Mapping[Path, tuple[int, int]]) -> Rows:
    rows = Rows(Relation.SCHEMAS)
    names = [column.name for column in COLUMNS[Relation.SCHEMAS]]
    rows.add(names, [(*path, first, last) for path, (first, last) in paths.items()])
    return rows
