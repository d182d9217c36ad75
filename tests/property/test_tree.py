"""Laws of the session tree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hh_core.domain.tree import (
    NO_EVENT,
    NO_SPAN,
    TOP,
    Pending,
    Rows,
    SessionTree,
    build_tree,
    shape_of,
)
from hh_core.usecases.outline import MAX_DEPTH, Nesting

TRACES = [b"a" * 16, b"b" * 16]


@dataclass(frozen=True)
class Event:
    event_id: bytes
    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    parent_event_id: bytes
    start_ns: int

    @property
    def age(self) -> tuple[int, bytes]:
        return self.start_ns, self.event_id


numbers = st.integers(1, 6)
spans = numbers.map(lambda number: number.to_bytes(8, "big"))
ids = numbers.map(lambda number: number.to_bytes(16, "big"))
events = st.builds(
    Event,
    event_id=ids,
    trace_id=st.sampled_from(TRACES),
    span_id=spans,
    parent_span_id=st.just(NO_SPAN) | spans,
    parent_event_id=st.just(NO_EVENT) | ids,
    start_ns=st.integers(0, 3),
)
sessions = st.lists(events, unique_by=lambda event: event.event_id).map(
    lambda some: sorted(some, key=lambda event: event.age)
)
with_owners = sessions.flatmap(
    lambda some: st.tuples(
        st.just(some), st.lists(st.booleans(), min_size=len(some), max_size=len(some))
    )
)


def rows(some: Sequence[Event]) -> Rows:
    return Rows(
        event_ids=[event.event_id for event in some],
        trace_ids=[event.trace_id for event in some],
        span_ids=[event.span_id for event in some],
        parent_span_ids=[event.parent_span_id for event in some],
        parent_event_ids=[event.parent_event_id for event in some],
    )


def depths(tree: SessionTree) -> Iterator[tuple[int, int]]:
    """Node and depth, in order."""
    known: dict[int | None, int] = {None: -1}
    for node in tree.order:
        known[node] = known[tree.parents[node]] + 1
        yield node, known[node]


@given(with_owners)
def test_every_event_of_the_session_stands_in_the_tree_exactly_once(
    given_: tuple[list[Event], list[bool]],
) -> None:
    some, mine = given_
    tree = build_tree(rows(some), mine)

    assert sorted(node for node in tree.order if node < len(some)) == [
        node for node, own in enumerate(mine) if own
    ]
    assert sorted(tree.order)[sum(mine) :] == list(range(len(some), len(some) + len(tree.pending)))


@given(sessions)
def test_parents_come_before_children_and_siblings_go_by_age(some: list[Event]) -> None:
    tree = build_tree(rows(some))
    places = {node: place for place, node in enumerate(tree.order)}
    path: list[int] = []

    for node, depth in depths(tree):  # a parent is the last node that was one less deep
        del path[depth:]
        assert tree.parents[node] == (path[-1] if path else None)
        path.append(node)
    for parent in set(tree.parents):
        children = [n for n in tree.order if tree.parents[n] == parent and n < len(some)]
        if parent is not None:
            assert [some[child].age for child in children] == sorted(
                some[child].age for child in children
            )
            assert all(places[child] > places[parent] for child in children)


@given(sessions)
def test_a_pending_parent_is_there_only_while_its_child_waits(some: list[Event]) -> None:
    tree = build_tree(rows(some))
    known = {event.trace_id + event.span_id for event in some}
    known |= {event.event_id for event in some}

    for number, pending in enumerate(tree.pending, tree.first_pending):
        assert pending.id not in known
        assert number in tree.parents
        assert tree.parents[number] is None


@given(with_owners)
def test_a_parent_in_another_session_leaves_its_child_at_the_top(
    given_: tuple[list[Event], list[bool]],
) -> None:
    some, mine = given_
    tree = build_tree(rows(some), mine)

    for node in tree.order:
        parent = tree.parents[node]
        assert parent is None or parent >= len(some) or mine[parent]


def test_a_child_before_its_parent_moves_under_it_when_it_comes() -> None:
    parent = Event(b"p" * 16, TRACES[0], b"p" * 8, NO_SPAN, NO_EVENT, 1)
    child = Event(b"c" * 16, TRACES[0], b"c" * 8, b"p" * 8, NO_EVENT, 2)

    alone, together = build_tree(rows([child])), build_tree(rows([parent, child]))

    assert (alone.order, alone.pending) == ([1, 0], [Pending(TRACES[0] + b"p" * 8)])
    assert (together.order, together.pending) == ([0, 1], [])
    assert list(depths(together)) == [(0, 0), (1, 1)]


@pytest.mark.parametrize("twice", [False, True], ids=["every span id once", "one twice"])
def test_a_parent_stands_in_the_trace_of_its_child(twice: bool) -> None:
    """Whoever has its span id in another trace is not the parent."""
    stranger = Event(b"s" * 16, TRACES[1], b"p" * 8, NO_SPAN, NO_EVENT, 1)
    child = Event(b"c" * 16, TRACES[0], b"c" * 8, b"p" * 8, NO_EVENT, 2)
    other = Event(b"o" * 16, TRACES[1], b"c" * 8 if twice else b"o" * 8, b"p" * 8, NO_EVENT, 3)

    tree = build_tree(rows([stranger, child, other]))

    assert tree.pending == [Pending(TRACES[0] + b"p" * 8)]
    assert list(depths(tree)) == [(0, 0), (2, 1), (3, 0), (1, 1)]


def test_a_ring_is_cut_above_its_oldest_event() -> None:
    ring = [
        Event(bytes([n]) * 16, TRACES[0], bytes([n]) * 8, bytes([n % 3 + 1]) * 8, NO_EVENT, n)
        for n in (1, 2, 3)
    ]

    assert list(depths(build_tree(rows(ring)))) == [(0, 0), (2, 1), (1, 2)]


def test_a_child_of_the_session_itself_is_a_root() -> None:
    child = Event(b"c" * 16, TRACES[0], b"c" * 8, NO_SPAN, b"s" * 16, 2)

    assert build_tree(rows([child]), session=b"s" * 16).order == [0]


def test_depth_is_bounded_by_memory_not_by_the_stack() -> None:
    depth = 100_000
    chain = [
        Event(
            (n + 1).to_bytes(16, "big"),
            TRACES[0],
            (n + 1).to_bytes(8, "big"),
            n.to_bytes(8, "big"),
            NO_EVENT,
            n,
        )
        for n in range(depth)
    ]

    assert max(level for _, level in depths(build_tree(rows(chain)))) == depth - 1


@given(with_owners)
def test_the_shape_of_a_tree_says_what_its_parents_say(
    drawn: tuple[Sequence[Event], Sequence[bool]],
) -> None:
    some, mine = drawn
    tree = build_tree(rows(some), mine)
    shape = shape_of(tree)

    for place, node in enumerate(tree.order):
        above = tree.parents[node]
        parent = TOP if above is None else tree.order.index(above)
        below = [at for at, up in enumerate(shape.parents) if up == place]
        assert shape.parents[place] == parent < place
        assert shape.depths[place] == (0 if parent == TOP else shape.depths[parent] + 1)
        assert shape.descendants[place] == sum(1 + shape.descendants[at] for at in below)
        if below:  # they follow at once
            assert below[0] == place + 1
            assert max(below) + shape.descendants[max(below)] == place + shape.descendants[place]


@given(with_owners, st.just(b"") | ids)
def test_every_parent_is_the_one_that_the_rows_name(
    drawn: tuple[list[Event], list[bool]], session: bytes
) -> None:
    some, mine = drawn
    tree = build_tree(rows(some), mine, session)
    ids_of = [*range(len(some)), *(pending.id for pending in tree.pending)]

    found = {node: tree.parents[node] for node, own in enumerate(mine) if own}

    assert {
        node: None if above is None else ids_of[above] for node, above in found.items()
    } == defined_parents(some, mine, session)


@given(sessions, st.just(b"") | ids)
def test_a_session_that_holds_all_rows_needs_not_be_told_which(
    some: list[Event], session: bytes
) -> None:
    assert build_tree(rows(some), None, session) == build_tree(
        rows(some), [True] * len(some), session
    )


@given(with_owners)
def test_at_a_parent_span_stands_the_oldest_event_of_whatever_session(
    drawn: tuple[list[Event], list[bool]],
) -> None:
    some, mine = drawn
    tree = build_tree(rows(some), mine)

    for event, found in zip(some, tree.at_parent_spans, strict=True):
        if event.parent_span_id != NO_SPAN:
            assert found == next(iter(at_span(some, event.trace_id, event.parent_span_id)), None)


def at_span(some: Sequence[Event], trace: bytes, span: bytes) -> list[int]:
    """The rows there, oldest first."""
    return [n for n, one in enumerate(some) if (one.trace_id, one.span_id) == (trace, span)]


def defined_parents(
    some: Sequence[Event], mine: Sequence[bool], session: bytes
) -> dict[int, int | bytes | None]:
    """Of each row of the session: the row of its parent, the id of a pending one, or None."""
    above = {
        node: defined_parent(some, mine, session, node) for node, own in enumerate(mine) if own
    }
    for node in above:
        ring = [node]
        while isinstance(up := above[ring[-1]], int) and up not in ring:
            ring.append(up)
        if up == node and node == min(ring):
            above[node] = None
    return above


def defined_parent(
    some: Sequence[Event], mine: Sequence[bool], session: bytes, node: int
) -> int | bytes | None:
    """As ``defined_parents``, before rings are cut."""
    event = some[node]
    if event.parent_event_id != NO_EVENT:
        key = event.parent_event_id
        found = [n for n, one in enumerate(some) if one.event_id == key]
    elif event.parent_span_id != NO_SPAN:
        key = event.trace_id + event.parent_span_id
        there = at_span(some, event.trace_id, event.parent_span_id)
        found = [*(n for n in there if mine[n]), *there]
    else:
        return None
    if not found:
        return None if key == session else key
    return found[0] if mine[found[0]] else None


forests = st.lists(st.sampled_from((1,) * 30 + (2, 30)), min_size=100, max_size=200).map(
    lambda steps: [node - step if node >= step else None for node, step in enumerate(steps)]
)
"""The parent of each node, which comes before it: mostly in long chains."""


@given(forests, st.randoms(use_true_random=False))
def test_no_node_is_nested_deeper_than_the_bound_and_shallow_ones_stay(
    parents: Sequence[int | None], random: Random
) -> None:
    depths: list[int] = []
    for parent in parents:
        depths.append(0 if parent is None else depths[parent] + 1)
    nesting = Nesting(parents)
    asked = random.sample(range(len(parents)), len(parents))

    hangs = {node: nesting[node] for node in asked}

    for node, parent in enumerate(parents):
        above = hangs[node]
        if depths[node] <= MAX_DEPTH:
            assert above == parent
        else:
            assert above is not None
            assert depths[above] == MAX_DEPTH - 1
            assert above in ancestors(parents, node)


def ancestors(parents: Sequence[int | None], node: int) -> Iterator[int]:
    above = parents[node]
    while above is not None:
        yield above
        above = parents[above]
