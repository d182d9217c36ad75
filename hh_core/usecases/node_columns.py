"""The nodes of a session column by column, as an outline shows them: compact while they are kept,
JSON values when a page is cut."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import nan
from operator import itemgetter
from typing import Any, cast
from uuid import UUID

from hh_core.domain.event import Json
from hh_core.domain.tree import NO_EVENT, Rows, SessionTree, shape_of
from hh_core.ports.analytics import Value
from hh_core.usecases.outline import pending_event

READ = (
    *("version", "start_ns", "duration_ns", "event_name", "event_type", "status", "error_class"),
    *("model", "provider", "service", "cost", "usage.prompt_tokens", "usage.completion_tokens"),
    "call_key",
)
"""Columns of EVENTS that an outline reads beside the ids."""

PENDING = "pending"
"""The status of a parent that has not arrived; events have those of spans."""
NODE_BYTES = 200
"""About what a node takes in memory while it is kept."""
_NS_PER_MS = 1_000_000
"""Whole: a quotient of whole numbers is rounded once, to the nearest."""
_ID_BYTES = len(NO_EVENT)
_TEXTS = ("event_name", "event_type", "error_class", "model", "provider", "service")
_COUNTS = {
    "prompt_tokens": "usage.prompt_tokens",
    "completion_tokens": "usage.completion_tokens",
}
_NONE = -1
"""A count that nobody told."""


@dataclass(frozen=True, slots=True)
class NodeColumns:
    """In display order: parents before children, siblings by start time."""

    event_ids: bytes
    """16 bytes each."""
    parents: "array[int]"
    depths: "array[int]"
    descendants: "array[int]"
    starts: "array[float]"
    """Milliseconds since 1970; of a pending parent not a number. So are durations and costs."""
    durations: "array[float]"
    costs: "array[float]"
    """US dollars; not a number for unknown."""
    counts: "Mapping[str, array[int]]"
    texts: Mapping[str, Sequence[str | None]]
    statuses: Sequence[str]
    call_keys: Sequence[bytes | None]

    def __len__(self) -> int:
        return len(self.parents)

    def page(self, first: int, limit: int) -> dict[str, Json]:
        """Columns of the nodes from the place ``first`` on. What is not a number becomes null in
        JSON."""
        cut = slice(first, first + limit)
        ids = self.event_ids[first * _ID_BYTES : (first + limit) * _ID_BYTES].hex()
        return {
            "event_id": [_written(ids[at : at + 32]) for at in range(0, len(ids), 32)],
            "parent": self.parents[cut].tolist(),
            "depth": self.depths[cut].tolist(),
            "descendants": self.descendants[cut].tolist(),
            "start_time": self.starts[cut].tolist(),
            "duration": self.durations[cut].tolist(),
            "status": list(self.statuses[cut]),
            **{name: values[cut] for name, values in self.texts.items()},
            **{
                name: [None if count == _NONE else count for count in values[cut]]
                for name, values in self.counts.items()
            },
            "cost": self.costs[cut].tolist(),
            "call_key": [
                None if key is None else _written(key.hex()) for key in self.call_keys[cut]
            ],
        }


def node_columns(
    project: UUID, rows: Rows, tree: SessionTree, read: Mapping[str, Sequence[Value]]
) -> NodeColumns:
    """The nodes of ``tree``; ``read`` are the columns ``READ`` of its rows."""
    pending = len(tree.pending)
    pick = _picker(tree.order)

    def ordered(values: Sequence[Any], of_pending: Any) -> Sequence[Any]:
        return pick([*values, *repeat(of_pending, pending)] if pending else values)

    def milliseconds(name: str) -> "array[float]":
        return array("d", [value / _NS_PER_MS for value in ordered(read[name], nan)])

    ids = [pending_event(project, one).bytes for one in tree.pending]
    shape = shape_of(tree)
    costs = [nan if cost is None else float(cast(float, cost)) for cost in read["cost"]]
    return NodeColumns(
        event_ids=b"".join(pick([*rows.event_ids, *ids])),
        parents=array("i", shape.parents),
        depths=array("i", shape.depths),
        descendants=array("i", shape.descendants),
        starts=milliseconds("start_ns"),
        durations=milliseconds("duration_ns"),
        costs=array("d", ordered(costs, nan)),
        counts={
            name: array("q", [_NONE if n is None else n for n in ordered(read[column], None)])
            for name, column in _COUNTS.items()
        },
        texts={name: [text or None for text in ordered(read[name], None)] for name in _TEXTS},
        statuses=ordered(read["status"], PENDING),
        call_keys=[None if key == NO_EVENT else key for key in ordered(read["call_key"], NO_EVENT)],
    )


def _picker(order: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """What puts the values of nodes into ``order``."""
    if len(order) > 1:
        return itemgetter(*order)
    return lambda values: [values[node] for node in order]


def _written(digits: str) -> str:
    """32 hexadecimal digits as a UUID is written."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
