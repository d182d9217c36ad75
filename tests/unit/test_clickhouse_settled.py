"""Which hours may hold an event twice, and what is read without a look for it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hh_clickhouse.parameters import Parameters
from hh_clickhouse.places import HOUR_NS
from hh_clickhouse.query import compile_count, compile_select
from hh_clickhouse.settled import (
    LEAST_HOURS,
    MOST_HOURS,
    MOST_RUNS,
    SETTINGS,
    Run,
    Settled,
    Small,
    may_gain,
    settled,
)
from hh_core.ports.analytics import Condition, Function, Measure, Op, Query, Relation

COUNT = Measure("n", Function.COUNT)
GROUPS = Query(
    relation=Relation.EVENTS,
    project=UUID(int=1),
    group_by=("model",),
    bucket=timedelta(hours=1),
    measures=(COUNT,),
)
NO_SESSIONS = Condition("event_type", Op.NE, "session")
MERGED = "all_1_9_2"
RUNS = st.lists(
    st.tuples(st.integers(-50, 900), st.integers(0, 30)).map(lambda run: (run[0], sum(run))),
    max_size=30,
)
PARTS = st.dictionaries(st.sampled_from([f"all_{n}_{n}_{n % 3}" for n in range(9)]), RUNS)


def _asking(first: int, last: int) -> Query:
    limits = ((Op.GE, first * HOUR_NS), (Op.LE, last * HOUR_NS))
    return replace(GROUPS, where=tuple(Condition("start_ns", op, at) for op, at in limits))


def _hours(runs: Iterable[Run]) -> int:
    return sum(last - first + 1 for first, last in runs)


def test_an_hour_of_one_merged_part_is_settled() -> None:
    found = settled(GROUPS, [(MERGED, [(3, 4), (4, 9)])])

    assert found == Settled((MERGED,), ())


def test_an_hour_of_two_parts_or_of_an_unmerged_one_is_doubtful() -> None:
    parts = [(MERGED, [(3, 20)]), ("all_10_19_1", [(18, 30)]), ("all_20_20_0", [(28, 29)])]

    found = settled(GROUPS, parts)

    assert found is not None
    assert found.doubtful == ((18, 20), (28, 29))
    assert found.parts == ("all_10_19_1", MERGED, "all_20_20_0")


@pytest.mark.parametrize("name", ["all_1_1_0", "all_1_1_0_7", "all_1_9", "strange", "all_1_9_x"])
def test_a_part_of_which_no_merge_is_known_may_hold_an_event_twice(name: str) -> None:
    assert settled(GROUPS, [(name, [(3, 4)])]) is None


def test_a_part_that_changed_after_a_merge_is_still_merged() -> None:
    assert settled(GROUPS, [(f"{MERGED}_12", [(3, 4)])]) is not None


def test_only_hours_that_are_asked_for_count() -> None:
    parts = [(MERGED, [(3, 40)]), ("all_20_20_0", [(1, 8), (39, 39)])]

    found = settled(_asking(7, 30), parts)

    assert found is not None
    assert found.doubtful == ((7, 8),)
    assert settled(_asking(1, 8), parts) is None
    assert settled(_asking(50, 90), parts) is None


@given(parts=PARTS, first=st.integers(-60, 940), width=st.integers(0, 950))
def test_no_hour_is_called_settled_that_may_hold_an_event_twice(
    parts: dict[str, list[Run]], first: int, width: int
) -> None:
    found = settled(_asking(first, first + width), list(parts.items()))

    if found is None:
        return
    assert len(found.doubtful) <= MOST_RUNS or _hours(found.doubtful) <= MOST_HOURS
    assert all(one[1] + 1 < other[0] for one, other in pairwise(found.doubtful))
    for hour in range(first, first + width + 1):
        holders = [p for p, runs in parts.items() if any(a <= hour <= b for a, b in runs)]
        if not any(a <= hour <= b for a, b in found.doubtful):
            assert len(holders) <= 1
            assert not any(name.endswith("_0") for name in holders)


@given(parts=PARTS)
def test_where_runs_are_few_no_more_than_these_is_doubtful(parts: dict[str, list[Run]]) -> None:
    found = settled(GROUPS, list(parts.items()))

    if found is not None and len(found.doubtful) < MOST_RUNS:  # no gap was filled
        for hour in (hour for a, b in found.doubtful for hour in range(a, b + 1)):
            holders = [p for p, runs in parts.items() if any(a <= hour <= b for a, b in runs)]
            assert len(holders) > 1 or holders[0].endswith("_0")


@pytest.mark.parametrize("plane", ["data", "control"])
def test_groups_of_many_hours_may_gain(plane: str) -> None:
    listed = replace(GROUPS, relation=Relation.LISTING, where=(NO_SESSIONS,))

    for query in (GROUPS, _asking(0, LEAST_HOURS), listed):
        assert may_gain(query, plane, is_indexed=False)
        assert not may_gain(query, plane, is_indexed=True)


@pytest.mark.parametrize(
    "query",
    [
        _asking(0, LEAST_HOURS - 1),
        replace(GROUPS, relation=Relation.LISTING),
        replace(GROUPS, relation=Relation.SCORES, bucket=None),
        replace(GROUPS, where=(Condition("trace_id", Op.EQ, bytes(16)),)),
    ],
    ids=["few hours", "sessions too", "scores", "a trace"],
)
def test_other_questions_are_asked_as_they_are(query: Query) -> None:
    assert not may_gain(query, "control", is_indexed=False)
    assert not may_gain(query, "data", is_indexed=False)


def test_of_many_runs_the_smallest_gaps_are_doubtful_too() -> None:
    """The longest gaps stay settled; nothing outside of what is asked for is looked at."""
    runs = [(60 * n, 60 * n + 49 - n) for n in range(MOST_RUNS + 4)]
    found = settled(_asking(60, 10_000), [("all_1_1_0", runs), (MERGED, [(0, 10_000)])])

    assert found is not None
    gaps = [(a[1] + 1, b[0] - 1) for a, b in pairwise(found.doubtful)]
    assert gaps == [(60 * n + 50 - n, 60 * n + 59) for n in range(4, MOST_RUNS + 3)]
    assert found.doubtful[0][0] == 60


def test_hours_that_are_listed_one_by_one_have_no_gaps_filled() -> None:
    runs = [(3 * n, 3 * n) for n in range(5 * MOST_RUNS)]
    found = settled(GROUPS, [("all_1_1_0", runs), (MERGED, [(0, 10_000)])])

    assert found == Settled(("all_1_1_0", MERGED), tuple(runs))


def test_of_many_runs_only_those_that_are_asked_for_count() -> None:
    runs = [(30 * n, 30 * n + 19) for n in range(MOST_RUNS + 4)]
    found = settled(_asking(0, 79), [("all_1_1_0", runs), (MERGED, [(0, 10_000)])])

    assert found == Settled(("all_1_1_0", MERGED), ((0, 19), (30, 49), (60, 79)))


def test_a_question_that_read_few_rows_is_small_until_it_reads_many() -> None:
    small, day, next_day = Small(least=100), _asking(0, 24), _asking(24, 48)

    assert day not in small
    small.learn(day, 99)
    assert day in small
    assert next_day in small, "it is as long"
    for other in (GROUPS, _asking(0, 48), replace(day, project=UUID(int=2))):
        assert other not in small
    small.learn(next_day, 100)
    assert day not in small


def test_only_the_last_small_questions_are_kept() -> None:
    small = Small()
    for hours in range(2_000):
        small.learn(_asking(0, hours), 1)

    assert sum(_asking(0, hours) in small for hours in range(2_000)) == 1_000
    assert _asking(0, 1_999) in small


def test_every_row_is_read_in_one_of_two_ways() -> None:
    """Whatever the parts are: what one condition leaves, the other takes."""
    as_they_stand, merged = Settled((MERGED,), ((3, 4),)).conditions(Parameters())

    assert as_they_stand.startswith("(")
    assert merged == f"NOT {as_they_stand.removesuffix(' AND is_deleted = 0')}"


def test_few_hours_are_listed_and_of_many_the_ends_are_compared() -> None:
    few, _ = Settled((MERGED,), ((3, 4), (9, 9))).conditions(Parameters())
    many, _ = Settled((MERGED,), ((3, 4), (9, 9 + MOST_HOURS))).conditions(Parameters())

    assert " IN (3, 4, 9)" in few
    assert " IN (" not in many
    assert many.count(" >= ") == many.count(" <= ") == 2


def test_a_statement_reads_all_of_one_moment_and_merges_only_what_is_doubtful() -> None:
    compiled = compile_select(GROUPS, "control", Settled((MERGED,), ((3, 4),)))

    assert compiled.settings == SETTINGS
    assert compiled.sql.count("FROM events FINAL") == 1
    assert [MERGED] in compiled.parameters.values()
    assert compile_select(GROUPS, "control").settings == ()


def test_a_count_reads_all_of_one_moment_too() -> None:
    listed = Query(relation=Relation.EVENTS, project=UUID(int=1), columns=("model",))

    compiled = compile_count(listed, "data", Settled((MERGED,), ((3, 4),)))

    assert compiled.settings == SETTINGS
    assert compiled.sql.count("FROM events FINAL") == 1
    assert compile_count(listed, "data").settings == ()
