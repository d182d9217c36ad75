"""When the index of terms is left aside: a hint, learned from what the last answer took."""

from dataclasses import replace
from uuid import UUID

from hh_clickhouse.query import compile_select
from hh_clickhouse.skipping import GRANULE, UNINDEXED, Hints, looked_up, matches
from hh_core.ports.analytics import AnyOf, Condition, Function, Measure, Op, Query, Relation

TENANT = Condition("attributes.metadata.tenant", Op.EQ, "t1")
DOUBTFUL = AnyOf((TENANT, Condition("truncated", Op.GT, 0)))
GRANULES = 1_000


def _query(*where: Condition | AnyOf, project: int = 1) -> Query:
    columns = ("event_id",)
    return Query(relation=Relation.EVENTS, project=UUID(int=project), columns=columns, where=where)


def _asked(*where: Condition | AnyOf, project: int = 1) -> str:
    return looked_up(_query(*where, project=project))


def test_two_values_of_one_attribute_are_one_question() -> None:
    other = Condition(TENANT.column, Op.EQ, "t2")

    assert _asked(TENANT) == _asked(DOUBTFUL) == _asked(other)


def test_other_attributes_and_other_projects_are_other_questions() -> None:
    key = Condition("attributes.metadata.key", Op.EQ, "t1")

    assert len({_asked(TENANT), _asked(key), _asked(TENANT, key), _asked(TENANT, project=2)}) == 4


def test_a_question_about_columns_alone_learns_nothing() -> None:
    hints = Hints()
    asked = _asked(Condition("event_name", Op.EQ, "x"))
    hints.learn(asked, 10**6, 10**6)

    assert hints.of(asked) == ""


def test_where_most_granules_have_a_match_the_index_is_left_aside() -> None:
    hints, asked = Hints(), _asked(DOUBTFUL)
    hints.learn(asked, 2 * GRANULES, 865 * GRANULE)  # 1 - 1 / e ** 2 of them

    assert hints.of(asked) == UNINDEXED


def test_where_few_granules_have_a_match_the_index_is_asked() -> None:
    hints, asked = Hints(), _asked(DOUBTFUL)
    hints.learn(asked, GRANULES // 2, 393 * GRANULE)

    assert hints.of(asked) == ""


def test_what_has_become_rare_is_looked_for_in_the_index_again() -> None:
    hints, asked = Hints(), _asked(DOUBTFUL)
    hints.learn(asked, 2 * GRANULES, 865 * GRANULE)
    hints.learn(asked, 2 * GRANULES, GRANULES * GRANULE)
    still = hints.of(asked)
    hints.learn(asked, 3, GRANULES * GRANULE)

    assert (still, hints.of(asked)) == (UNINDEXED, "")


def test_a_page_of_many_matches_says_nothing_of_how_many_there_are() -> None:
    hints, asked = Hints(), _asked(DOUBTFUL)
    hints.learn(asked, 2 * GRANULES, 865 * GRANULE)
    hints.learn(asked, 50, 20 * GRANULE, is_cut=True)

    assert hints.of(asked) == UNINDEXED


def test_what_an_answer_tells_of_matches() -> None:
    count = Measure("rows", Function.COUNT)
    page = replace(_query(DOUBTFUL), limit=2)
    groups = replace(page, columns=(), group_by=("truncated",), measures=(count,))

    assert matches(page, [(1,)]) == (1, False)
    assert matches(page, [(1,), (2,)]) == (2, True)
    assert matches(groups, [(0, 700)]) == (700, False)
    assert matches(groups, [(0, 700), (3, 5)]) == (705, True)
    assert matches(replace(groups, group_by=(), limit=1), [(700,)]) == (700, False)


def test_the_hints_that_are_kept_are_bounded() -> None:
    hints = Hints()
    for number in range(1_001):
        hints.learn(str(number), 10**6, 10**6)

    assert (hints.of("0"), hints.of("1"), hints.of("1000")) == ("", UNINDEXED, UNINDEXED)


def test_a_server_that_does_not_say_what_it_read_teaches_nothing() -> None:
    hints = Hints()
    hints.learn("x", 10**6, 0)

    assert hints.of("x") == ""


def test_a_statement_says_which_attributes_it_looks_up() -> None:
    assert compile_select(_query(DOUBTFUL), "data").looked_up == _asked(DOUBTFUL) != ""
