"""The session tree: what one run looked like, from whatever has arrived (DESIGN 4.2, 4.6).

Spans join on (trace id, parent span id), REST events on the parent's event id; roots hang under the
session, and a child before its parent stands under a *pending* parent: known by its id only.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from hh_core.domain.identity import NIL


@dataclass(frozen=True, slots=True)
class TreeRow:
    """What the tree needs to know of an event."""

    event_id: UUID
    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    """Empty, or zeros, for none."""
    parent_event_id: UUID
    """Of a REST event; ``NIL`` for none. It goes before the parent span."""
    start_ns: int

    def __hash__(self) -> int:
        """Of the id alone: a tree of many events is made of look-ups."""
        return hash(self.event_id.int)


@dataclass(frozen=True, slots=True, order=True)
class Pending:
    """A parent that has not arrived: its span (16 and 8 bytes), or its event."""

    trace_id: bytes = b""
    span_id: bytes = b""
    event_id: UUID = NIL


Node: TypeAlias = TreeRow | Pending


@dataclass(frozen=True, slots=True)
class SessionTree:
    roots: tuple[Node, ...]
    """What hangs under the session, oldest first."""
    children: Mapping[Node, tuple[TreeRow, ...]]
    """By start, then event id. A node without children is not there."""

    def walk(self) -> Iterator[tuple[int, Node]]:
        """Yield ``(depth, node)``: parents before children, siblings oldest first."""
        stack = [(0, root) for root in reversed(self.roots)]
        while stack:
            depth, node = stack.pop()
            yield depth, node
            stack.extend((depth + 1, child) for child in reversed(self.children.get(node, ())))


def build_tree(rows: Iterable[TreeRow]) -> SessionTree:
    """Arrange the events of one session, whatever their order. Linear but for the sorting.

    Each event stands in the tree exactly once; copies collapse. A ring of parents is cut above
    its oldest event, which becomes a root. A pending parent stands where its oldest child would.
    """
    ordered = list({row.event_id: row for row in sorted(rows, key=_age, reverse=True)}.values())
    ordered.sort(key=_age)
    parents = _cut_rings(ordered, _parents(ordered))
    roots: dict[Node, None] = {}
    children: defaultdict[Node, list[TreeRow]] = defaultdict(list)
    for row in ordered:
        parent = parents[row]
        if parent is None:
            roots[row] = None
            continue
        if isinstance(parent, Pending):
            roots[parent] = None
        children[parent].append(row)
    return SessionTree(tuple(roots), {node: tuple(group) for node, group in children.items()})


def _age(row: TreeRow) -> tuple[int, UUID, bytes, bytes, bytes, UUID]:
    """Oldest first; the ids settle ties, so the order is total."""
    return (
        row.start_ns,
        row.event_id,
        row.trace_id,
        row.span_id,
        row.parent_span_id,
        row.parent_event_id,
    )


def _parents(ordered: list[TreeRow]) -> dict[TreeRow, Node | None]:
    by_event = {row.event_id: row for row in ordered}
    by_span = {(row.trace_id, row.span_id): row for row in reversed(ordered)}
    parents: dict[TreeRow, Node | None] = {}
    for row in ordered:
        if row.parent_event_id != NIL:
            named = by_event.get(row.parent_event_id)
            parents[row] = named or Pending(event_id=row.parent_event_id)
        elif any(row.parent_span_id):
            key = (row.trace_id, row.parent_span_id)
            parents[row] = by_span.get(key) or Pending(*key)
        else:
            parents[row] = None
    return parents


def _cut_rings(
    ordered: list[TreeRow], parents: dict[TreeRow, Node | None]
) -> Mapping[TreeRow, Node | None]:
    """Make the oldest event of each ring a root. Linear: no path is walked twice."""
    settled: set[TreeRow] = set()
    for start in ordered:
        path: dict[TreeRow, None] = {}
        cursor: Node | None = start
        while isinstance(cursor, TreeRow) and cursor not in settled and cursor not in path:
            path[cursor] = None
            cursor = parents[cursor]
        if isinstance(cursor, TreeRow) and cursor in path:
            walked = list(path)
            ring = walked[walked.index(cursor) :]
            parents[min(ring, key=_age)] = None
        settled.update(path)
    return parents
