"""The session tree: what one run looked like, from whatever has arrived (DESIGN 4.2, 4.6).

Spans join on (trace id, parent span id), REST events on the parent's event id; roots hang under the
session, and a child before its parent stands under a *pending* parent: known by its id only.

A session may have very many events, so they come column by column, ids as bytes, and a node is a
number: that of its row, or for a pending parent one beyond the last row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import add

NO_SPAN = bytes(8)
NO_EVENT = bytes(16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """All events of the traces that a session may hold, by start, then event id; each once."""

    event_ids: Sequence[bytes]
    trace_ids: Sequence[bytes]
    span_ids: Sequence[bytes]
    parent_span_ids: Sequence[bytes]
    """Zeros for none."""
    parent_event_ids: Sequence[bytes]
    """Of a REST event; zeros for none. It goes before the parent span."""

    def __len__(self) -> int:
        return len(self.event_ids)


@dataclass(frozen=True, slots=True)
class Pending:
    """A parent that has not arrived: its span (24 bytes, trace and span id), or its event (16)."""

    id: bytes

    @property
    def is_event(self) -> bool:
        return len(self.id) == len(NO_EVENT)


@dataclass(frozen=True, slots=True)
class SessionTree:
    order: Sequence[int]
    """All nodes: parents before children, siblings by start, then event id."""
    parents: Sequence[int | None]
    """Of each node, by its number; None: the session."""
    pending: Sequence[Pending]
    """The nodes from ``first_pending`` on."""
    first_pending: int
    at_parent_spans: Sequence[int | None]
    """Of each row that names a parent span: the row that stands there, of whatever session; of two
    the older one."""


TOP = -1
"""The parent of what hangs under the session."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A tree column by column, in its order: a node is its place there."""

    parents: Sequence[int]
    """The place of the parent, which comes before; ``TOP`` for none."""
    depths: Sequence[int]
    """Ancestors below the session."""
    descendants: Sequence[int]
    """They are the nodes that follow at once."""


def build_tree(rows: Rows, mine: Sequence[bool] | None = None, session: bytes = b"") -> SessionTree:
    """Arrange those of ``rows`` that are ``mine`` (None: all). Linear.

    Each of them stands in the tree exactly once. A ring of parents is cut above its oldest event,
    which becomes a root. A pending parent stands where its oldest child would. A parent in another
    session (contract B7), and ``session`` itself, leave their child at the top.
    """
    count = len(rows)
    at_parent_spans, found = _at_parent_spans(rows, mine)
    parents, pending = _parents(rows, mine, session, found)
    members: Sequence[int] = (
        range(count) if mine is None else [node for node in range(count) if mine[node]]
    )
    nodes = count + len(pending)
    order = _walked(members, parents, nodes, count)
    if len(order) < len(members) + len(pending):
        _cut_rings(members, parents, count)
        order = _walked(members, parents, nodes, count)
    everywhere = [*parents, *(None for _ in pending)]
    return SessionTree(order, everywhere, pending, count, at_parent_spans)


def shape_of(tree: SessionTree) -> Shape:
    """Linear, however deep the tree is."""
    count = len(tree.order)
    places = [TOP] * len(tree.parents)
    for place, node in enumerate(tree.order):
        places[node] = place
    above = map(tree.parents.__getitem__, tree.order)
    parents = [TOP if parent is None else places[parent] for parent in above]
    # the last item is what ``TOP`` finds: one level above the roots, with all nodes below it
    depths = [-1] * (count + 1)
    for place, parent in enumerate(parents):
        depths[place] = depths[parent] + 1
    descendants = [0] * (count + 1)
    for place in range(count - 1, -1, -1):
        descendants[parents[place]] += descendants[place] + 1
    return Shape(parents, depths[:count], descendants[:count])


def _at_parent_spans(
    rows: Rows, mine: Sequence[bool] | None
) -> tuple[list[int | None], list[int | None]]:
    """The row at each one's parent span: the oldest, and the oldest of this session before those
    of others."""
    if mine is None and (alone := _at_unique_spans(rows)) is not None:
        return alone, alone
    newest_first = range(len(rows) - 1, -1, -1)  # of two with one span id the older one is found
    keys = list(map(add, rows.trace_ids, rows.span_ids))
    wanted = list(map(add, rows.trace_ids, rows.parent_span_ids))
    by_span = dict(zip(reversed(keys), newest_first, strict=True))
    oldest = list(map(by_span.get, wanted))
    if mine is None:
        return oldest, oldest
    by_span.update((keys[node], node) for node in newest_first if mine[node])
    return oldest, list(map(by_span.get, wanted))


def _at_unique_spans(rows: Rows) -> list[int | None] | None:
    """The row at each one's parent span, where no two rows have the same span id: nearly always,
    and then traces need only be compared. None where two have."""
    by_span: dict[bytes, int] = dict(zip(rows.span_ids, range(len(rows)), strict=True))
    if len(by_span) < len(rows):
        return None
    traces = rows.trace_ids
    return [
        found if found is not None and traces[found] == trace else None
        for found, trace in zip(map(by_span.get, rows.parent_span_ids), traces, strict=True)
    ]


def _parents(
    rows: Rows, mine: Sequence[bool] | None, session: bytes, at_spans: Sequence[int | None]
) -> tuple[list[int | None], list[Pending]]:
    """The parent of each row, and the pending ones among them. Most stand where ``at_spans``
    says."""
    count = len(rows)
    parents = list(at_spans)
    by_event = _by_event(rows)
    waiting: dict[bytes, int] = {}
    for node, (found, span, event) in enumerate(
        zip(at_spans, rows.parent_span_ids, rows.parent_event_ids, strict=True)
    ):
        named = event != NO_EVENT
        if named:
            found = by_event.get(event)
        elif span == NO_SPAN:
            parents[node] = None
            continue
        if found is None and (mine is None or mine[node]):
            key = event if named else rows.trace_ids[node] + span
            if key != session:
                found = waiting.setdefault(key, count + len(waiting))
        elif found is not None and mine is not None and not mine[found]:
            found = None
        parents[node] = found
    return parents, [Pending(key) for key in waiting]


def _by_event(rows: Rows) -> dict[bytes, int]:
    """The row of each event id; nothing where no row names its parent by one."""
    if rows.parent_event_ids.count(NO_EVENT) == len(rows):
        return {}
    return dict(zip(rows.event_ids, range(len(rows)), strict=True))


def _walked(
    members: Sequence[int], parents: Sequence[int | None], nodes: int, count: int
) -> list[int]:
    """What can be reached from the roots, in order. Of ``nodes`` those from ``count`` on are
    pending."""
    tops: dict[int, int] = {}
    children: list[list[int] | None] = [None] * nodes
    for node in reversed(members):  # so that the oldest child is the last, and popped first
        parent = parents[node]
        if parent is None:
            tops[node] = node
        elif (siblings := children[parent]) is None:
            children[parent] = [node]
        else:
            siblings.append(node)
    for node in range(count, nodes):
        if found := children[node]:
            tops[found[-1]] = node
    order: list[int] = []
    stack = [tops[place] for place in sorted(tops, reverse=True)]
    while stack:
        node = stack.pop()
        order.append(node)
        if below := children[node]:
            stack += below
    return order


def _cut_rings(members: Sequence[int], parents: list[int | None], count: int) -> None:
    """Make the oldest event of each ring a root. Linear: no path is walked twice."""
    settled: set[int] = set()
    for start in members:
        path: dict[int, None] = {}
        node: int | None = start
        while node is not None and node < count and node not in settled and node not in path:
            path[node] = None
            node = parents[node]
        if node in path:
            walked = list(path)
            parents[min(walked[walked.index(node) :])] = None
        settled.update(path)
