"""Laws of the session tree."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hh_core.domain.identity import NIL
from hh_core.domain.tree import Pending, TreeRow, build_tree

TRACES = [b"a" * 16, b"b" * 16]

numbers = st.integers(1, 6)
spans = numbers.map(lambda number: number.to_bytes(8, "big"))
rows = st.builds(
    TreeRow,
    event_id=numbers.map(lambda number: UUID(int=number)),
    trace_id=st.sampled_from(TRACES),
    span_id=spans,
    parent_span_id=st.just(b"") | st.just(bytes(8)) | spans,
    parent_event_id=st.just(NIL) | numbers.map(lambda number: UUID(int=number)),
    start_ns=st.integers(0, 3),
)
sessions = st.lists(rows)
once = st.lists(rows, unique_by=lambda row: row.event_id)


@given(sessions)
def test_every_event_stands_in_the_tree_exactly_once(batch: list[TreeRow]) -> None:
    walked = [node.event_id for _, node in build_tree(batch).walk() if isinstance(node, TreeRow)]

    assert sorted(walked) == sorted({row.event_id for row in batch})


@given(sessions)
def test_a_child_is_one_deeper_than_its_parent_and_siblings_go_by_age(
    batch: list[TreeRow],
) -> None:
    tree = build_tree(batch)
    depths = {node: depth for depth, node in tree.walk()}

    for parent, children in tree.children.items():
        assert {depths[child] for child in children} == {depths[parent] + 1}
        ages = [(child.start_ns, child.event_id) for child in children]
        assert ages == sorted(ages)


@given(sessions.flatmap(lambda batch: st.tuples(st.just(batch), st.permutations(batch))))
def test_arrival_order_and_copies_change_nothing(
    pair: tuple[list[TreeRow], list[TreeRow]],
) -> None:
    first, second = pair

    assert build_tree(first) == build_tree(second + first)


@given(once)
def test_a_pending_parent_is_there_only_while_its_child_waits(batch: list[TreeRow]) -> None:
    spans = {(row.trace_id, row.span_id) for row in batch}
    events = {row.event_id for row in batch}

    for _, node in build_tree(batch).walk():
        if isinstance(node, Pending):
            assert (node.trace_id, node.span_id) not in spans
            assert node.event_id not in events


def test_a_child_before_its_parent_moves_under_it_when_it_comes() -> None:
    parent = TreeRow(UUID(int=1), TRACES[0], b"p" * 8, b"", NIL, 1)
    child = TreeRow(UUID(int=2), TRACES[0], b"c" * 8, b"p" * 8, NIL, 2)

    waiting = Pending(TRACES[0], b"p" * 8)
    assert [*build_tree([child]).walk()] == [(0, waiting), (1, child)]
    assert [*build_tree([child, parent]).walk()] == [(0, parent), (1, child)]


def test_depth_is_bounded_by_memory_not_by_the_stack() -> None:
    depth = 100_000
    chain = [
        TreeRow(
            UUID(int=n + 1), TRACES[0], (n + 1).to_bytes(8, "big"), n.to_bytes(8, "big"), NIL, n
        )
        for n in range(depth)
    ]

    assert max(level for level, _ in build_tree(chain).walk()) == depth - 1
