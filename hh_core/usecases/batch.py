"""Rows on their way into the index, column by column, and what hangs on them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, TypeVar
from uuid import UUID

import pyarrow as pa

from hh_core.domain.tables import COLUMNS, Relation
from hh_core.wire.columns import join, record_batch

_KeyT = TypeVar("_KeyT", bound=Hashable)

Path = tuple[bytes, str, str]
"""Project, event type, dotted path."""


_Lists = dict[str, list[Any]]


class Rows:
    """Rows of one relation, in parts: lists of cells by column, or record batches made of such."""

    def __init__(self, relation: Relation, parts: Iterable[Any] = ()) -> None:
        self.relation = relation
        self._parts: list[Any] = list(parts)

    def __len__(self) -> int:
        return sum(map(_length, self._parts))

    def add(
        self,
        names: Sequence[str],
        rows: Collection[Sequence[Any]],
        constants: Mapping[str, Any] | None = None,
    ) -> None:
        """Append ``rows`` whose cells are those of the columns ``names``; ``constants`` are the
        cells that all of them share. Together they are all columns."""
        if not rows:
            return
        if not self._parts or not isinstance(self._parts[-1], dict):
            self._parts.append({column.name: [] for column in COLUMNS[self.relation]})
        lists: _Lists = self._parts[-1]
        for name, column in zip(names, zip(*rows, strict=True), strict=True):
            lists[name] += column
        for name, cell in (constants or {}).items():
            lists[name] += [cell] * len(rows)

    def append(self, part: Any) -> None:
        """Append the rows of a ``pyarrow.RecordBatch`` with all columns."""
        self._parts.append(part)

    def __iadd__(self, other: "Rows") -> "Rows":
        for part in other._parts:
            last = self._parts[-1] if self._parts else None
            if isinstance(last, dict) and isinstance(part, dict):
                for name, column in part.items():
                    last[name] += column
            else:
                self._parts.append(part)
        return self

    def __getitem__(self, part: slice) -> "Rows":
        start, stop, _ = part.indices(len(self))
        found, begin = [], 0
        for whole in self._parts:
            first, last = max(start - begin, 0), min(stop - begin, _length(whole))
            if first < last:
                found.append(_cut(whole, first, last))
            begin += _length(whole)
        return Rows(self.relation, found)

    def column(self, name: str) -> list[Any]:
        """Its cells."""
        return [cell for part in self._parts for cell in _cells(part, name)]

    def distinct(self, *names: str) -> Collection[tuple[Any, ...]]:
        """The different combinations of what stands in some columns: not of maps."""
        return set[tuple[Any, ...]]().union(*(_distinct(part, names) for part in self._parts))

    def replace(self, name: str, others: Sequence[str], cell: Callable[..., Any]) -> int:
        """Put ``cell`` of what stands in ``others`` into column ``name``; how many cells that
        changed."""
        changed = 0
        for place, part in enumerate(self._parts):
            before = _cells(part, name)
            after = [cell(*found) for found in zip(*(_cells(part, o) for o in others), strict=True)]
            different = sum(a != b for a, b in zip(before, after, strict=True))
            if different:
                self._parts[place] = _with(self.relation, part, name, after)
            changed += different
        return changed

    def row(self, place: int) -> Mapping[str, Any]:
        one = self[place : place + 1]
        return {column.name: one.column(column.name)[0] for column in COLUMNS[self.relation]}

    def arrow(self) -> bytes:
        """As an Arrow IPC stream. Raises ``RejectedError`` if a cell does not fit its column."""
        batches = [
            record_batch(self.relation, part) if isinstance(part, dict) else part
            for part in self._parts
        ]
        return join(self.relation, batches)


def _length(part: Any) -> int:
    return len(next(iter(part.values()))) if isinstance(part, dict) else int(part.num_rows)


def _cut(part: Any, first: int, last: int) -> Any:
    if isinstance(part, dict):
        return {name: column[first:last] for name, column in part.items()}
    return part.slice(first, last - first)


def _cells(part: Any, name: str) -> list[Any]:
    if isinstance(part, dict):
        return list(part[name])
    column = part.column(name)
    cells: list[Any] = column.to_pylist()
    return [dict(cell) for cell in cells] if pa.types.is_map(column.type) else cells


def _distinct(part: Any, names: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    if isinstance(part, dict):
        different = [set(part[name]) for name in names]
    else:
        different = [set(part.column(name).unique().to_pylist()) for name in names]
    if sum(len(cells) > 1 for cells in different) <= 1:  # mostly so, and far quicker
        return product(*different)
    return set(zip(*(_cells(part, name) for name in names), strict=True))


def _with(relation: Relation, part: Any, name: str, cells: list[Any]) -> Any:
    if isinstance(part, dict):
        return part | {name: cells}
    arrays = dict(zip(part.schema.names, part.columns, strict=True))
    return record_batch(relation, arrays | {name: cells})


_WRITTEN = (Relation.EVENTS, Relation.PATCHES, Relation.SPAN_LOGS)


@dataclass(slots=True)
class Batch:
    """The rows of some segments, and what they touch."""

    rows: dict[Relation, Rows] = field(default_factory=lambda: {r: Rows(r) for r in _WRITTEN})
    corrupt: dict[str, int] = field(default_factory=dict)
    """By segment: records that do not check or do not decode. Every segment is in it."""
    overlong: int = 0
    """Spans whose session id is longer than ``MAX_ID``: it counts as not claimed."""
    surplus: int = 0
    """Names that found no room in the index today (``cardinality``)."""
    logs_apart: int = 0
    """Log records that name no span: they stand in their segment and in no index."""
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
        self.logs_apart += other.logs_apart
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
