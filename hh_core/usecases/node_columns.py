"""The nodes of a session column by column, as an outline shows them: compact while they are kept,
JSON values when a page is cut."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import nan
from operator import itemgetter
from typing import Any
from uuid import UUID

from hh_core.domain.event import Json
from hh_core.domain.tree import NO_EVENT, Rows, SessionTree, shape_of
from hh_core.ports.analytics import Column
from hh_core.usecases.outline import pending_event

READ = (
    *("version", "start_ns", "duration_ns", "event_name", "event_type", "status", "error_class"),
    *("model", "provider", "service", "cost", "usage.prompt_tokens", "usage.completion_tokens"),
    "call_key",
)
"""Columns of EVENTS that an outline reads beside the ids."""

PENDING = "pending"
"""The status of a parent that has not arrived; events have those of spans."""
_NODE_BYTES = 40
"""What a node takes in memory beside the columns of its row."""
_NS_PER_MS = 1_000_000
"""Whole: a quotient of whole numbers is rounded once, to the nearest."""
_ID_BYTES = len(NO_EVENT)
_TEXTS = ("event_name", "event_type", "error_class", "model", "provider", "service")
_COUNTS = {
    "prompt_tokens": "usage.prompt_tokens",
    "completion_tokens": "usage.completion_tokens",
}
_SHOWN = frozenset(READ) - {"version"}
_NO_ROW = -1


@dataclass(frozen=True, slots=True)
class NodeColumns:
    """In display order: parents before children, siblings by start time."""

    event_ids: bytes
    """16 bytes each."""
    parents: "array[int]"
    depths: "array[int]"
    descendants: "array[int]"
    rows: "array[int]"
    """The row of each node; ``_NO_ROW`` for a pending parent."""
    read: Mapping[str, Column]
    """Columns of rows: values are made of those of a page."""

    def __len__(self) -> int:
        return len(self.parents)

    @property
    def size(self) -> int:
        """Roughly how many bytes of memory they take."""
        return _NODE_BYTES * len(self) + sum(column.size for column in self.read.values())

    def page(self, first: int, limit: int) -> dict[str, Json]:
        """Columns of the nodes from the place ``first`` on. What is not a number becomes null in
        JSON."""
        cut = slice(first, first + limit)
        ids = self.event_ids[first * _ID_BYTES : (first + limit) * _ID_BYTES].hex()
        told = _Told(self.rows[cut], self.read)
        return {
            "event_id": [_written(ids[at : at + 32]) for at in range(0, len(ids), 32)],
            "parent": self.parents[cut].tolist(),
            "depth": self.depths[cut].tolist(),
            "descendants": self.descendants[cut].tolist(),
            "start_time": told.milliseconds("start_ns"),
            "duration": told.milliseconds("duration_ns"),
            "status": told.of("status", PENDING),
            **{name: [text or None for text in told.of(name, None)] for name in _TEXTS},
            **{name: told.of(column, None) for name, column in _COUNTS.items()},
            "cost": [nan if cost is None else float(cost) for cost in told.of("cost", None)],
            "call_key": [
                None if key == NO_EVENT else _written(key.hex())
                for key in told.of("call_key", NO_EVENT)
            ],
        }


class _Told:
    """What the index tells of some nodes."""

    def __init__(self, rows: Sequence[int], read: Mapping[str, Column]) -> None:
        self._rows = rows
        self._read = read
        self._there = [row for row in rows if row != _NO_ROW]

    def of(self, column: str, pending: Any) -> list[Any]:
        """The values of a column; ``pending`` for parents that have not arrived."""
        values = self._read[column].at(self._there)
        if len(self._there) == len(self._rows):
            return list(values)
        following = iter(values)
        return [pending if row == _NO_ROW else next(following) for row in self._rows]

    def milliseconds(self, column: str) -> list[float]:
        return [value / _NS_PER_MS for value in self.of(column, nan)]


def node_columns(
    project: UUID, rows: Rows, tree: SessionTree, read: Mapping[str, Column]
) -> NodeColumns:
    """The nodes of ``tree``; ``read`` are the columns ``READ`` of its rows."""
    pick = _picker(tree.order)
    pending = [pending_event(project, one).bytes for one in tree.pending]
    numbers = [*range(tree.first_pending), *repeat(_NO_ROW, len(pending))]
    shape = shape_of(tree)
    return NodeColumns(
        event_ids=b"".join(pick([*rows.event_ids, *pending])),
        parents=array("i", shape.parents),
        depths=array("i", shape.depths),
        descendants=array("i", shape.descendants),
        rows=array("i", pick(numbers)),
        read={name: column for name, column in read.items() if name in _SHOWN},
    )


def _picker(order: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """What puts the values of nodes into ``order``."""
    if len(order) > 1:
        return itemgetter(*order)
    return lambda values: [values[node] for node in order]


def _written(digits: str) -> str:
    """32 hexadecimal digits as a UUID is written."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
