"""Where the newest rows are asked for, the hour down to which enough match is looked for first."""

from dataclasses import replace
from uuid import UUID

from hh_clickhouse.newest import MOST, Fruitless, Probe, narrowed, probe
from hh_clickhouse.places import HOUR_NS
from hh_core.ports.analytics import Condition, Op, Order, Query, Relation

NEWEST = (Order("start_ns", descending=True), Order("event_id"))
PAGE = Query(
    relation=Relation.EVENTS,
    project=UUID(int=1),
    columns=("event_id",),
    order_by=NEWEST,
    limit=50,
    offset=10,
)


def test_as_many_versions_are_looked_for_as_the_page_may_need() -> None:
    assert "LIMIT 1 OFFSET 119" in _probe(PAGE).sql


def test_only_the_begin_of_a_list_that_is_newest_first_is_looked_for() -> None:
    assert probe(replace(PAGE, order_by=(Order("start_ns"),)), "data") is None
    assert probe(replace(PAGE, order_by=()), "data") is None
    assert probe(replace(PAGE, limit=MOST), "data") is None
    assert probe(replace(PAGE, relation=Relation.LISTING), "data") is None


def test_what_is_asked_for_by_its_id_is_looked_up_instead() -> None:
    named = Condition("event_id", Op.EQ, UUID(int=2))

    assert probe(replace(PAGE, where=(named,)), "data") is None


def test_a_question_is_narrowed_to_the_hours_that_were_found() -> None:
    found = narrowed(PAGE, [(7,)])

    assert found == replace(PAGE, where=(Condition("start_ns", Op.GE, 7 * HOUR_NS),))


def test_where_no_hour_was_found_or_hours_are_cut_both_ways_all_are_read() -> None:
    assert narrowed(PAGE, []) is None
    assert narrowed(PAGE, [(0,)]) is None
    assert narrowed(PAGE, [(-3,)]) is None


def test_a_shape_that_found_nothing_is_left_alone_for_a_while() -> None:
    one, other = (_probe(_named(name)).shape for name in ("a", "b"))
    fruitless = Fruitless()
    fruitless.learn(one)

    assert one == other != _probe(PAGE).shape
    assert not fruitless.skips(_probe(PAGE).shape)
    assert [fruitless.skips(other) for _ in range(17)] == [True] * 15 + [False] * 2


def test_the_shapes_that_are_kept_are_bounded() -> None:
    fruitless = Fruitless()
    for number in range(1_001):
        fruitless.learn(str(number))

    assert not fruitless.skips("0")
    assert fruitless.skips("1")


def _named(name: str) -> Query:
    return replace(PAGE, where=(Condition("event_name", Op.EQ, name),))


def _probe(query: Query) -> Probe:
    found = probe(query, "data")
    assert found is not None
    return found
