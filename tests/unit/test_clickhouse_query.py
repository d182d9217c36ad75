"""Questions of the port as SQL: no table is read that cannot answer."""

from uuid import UUID

import pytest

from hh_clickhouse.keys import event_key, trace_key
from hh_clickhouse.query import compile_columns, compile_count, compile_select
from hh_core.domain.filters import parse_filters
from hh_core.ports.analytics import Condition, Function, Measure, Op, Order, Query, Relation
from hh_core.usecases.narrowing import plan
from hh_core.usecases.search import EventQuery

SESSION = Condition("event_type", Op.EQ, "session")


def _listing(*where: Condition) -> Query:
    return Query(
        relation=Relation.LISTING,
        project=UUID(int=1),
        columns=("event_id", "start_ns"),
        where=where,
        order_by=(Order("start_ns", descending=True),),
    )


@pytest.mark.parametrize(
    ("condition", "read", "left_out"),
    [
        (SESSION, "session_aggregates", "FROM events "),
        (Condition("event_type", Op.NE, "session"), "FROM events ", "session_aggregates"),
        (Condition("event_type", Op.EQ, "tool"), "FROM events ", "session_aggregates"),
        (Condition("trace_id", Op.EXISTS), "FROM events ", "session_aggregates"),
    ],
)
def test_a_list_of_one_kind_leaves_the_other_table_alone(
    condition: Condition, read: str, left_out: str
) -> None:
    for sql in (
        compile_select(_listing(condition), "data").sql,
        compile_count(_listing(condition), "data").sql,
    ):
        assert read in sql
        assert left_out not in sql


def test_a_list_of_everything_reads_both_tables() -> None:
    sql = compile_select(_listing(Condition("event_name", Op.EQ, "x")), "data").sql

    assert "FROM events FINAL" in sql
    assert "FROM session_aggregates FINAL" in sql


@pytest.mark.parametrize(
    ("filters", "decide"),
    [
        ([{"field": "metadata.tenant", "operator": "is", "value": "t1"}], True),
        ([{"field": "metadata.tenant", "operator": "is", "value": "4"}], False),
        ([{"field": "metadata.tenant", "operator": "is", "value": "true"}], False),
        ([{"field": "metadata.tenant", "operator": "contains", "value": "t1"}], False),
        ([{"field": "outputs.result", "operator": "is", "value": "t1"}], False),
        (
            [
                {"field": "metadata.tenant", "operator": "is", "value": "t1"},
                {"field": "outputs.result", "operator": "exists"},
            ],
            False,
        ),
    ],
)
def test_attributes_decide_only_where_they_say_what_the_filter_says(
    filters: list[dict[str, str]], decide: bool
) -> None:
    assert plan(EventQuery(filters=parse_filters(filters))).index_decides is decide


def _looked_up(traces: int, events: int) -> object:
    """The keys by which a question for so many traces and events looks into ``places``."""
    query = Query(
        relation=Relation.EVENTS,
        project=UUID(int=1),
        columns=("event_id",),
        where=(
            Condition("trace_id", Op.IN, [n.to_bytes(16, "big") for n in range(1, traces + 1)]),
            Condition("event_id", Op.IN, [UUID(int=n) for n in range(1, events + 1)]),
        ),
    )
    compiled = compile_select(query, "data")
    assert compiled.sql.count("FROM places") == 1
    return str(compiled.parameters["p1"])


def test_places_are_looked_up_by_the_fewer_ids() -> None:
    assert _looked_up(traces=1, events=3) == f"[{trace_key((1).to_bytes(16, 'big'))}]"
    assert _looked_up(traces=3, events=1) == f"[{event_key(UUID(int=1).bytes)}]"
    assert _looked_up(traces=1, events=1) == f"[{event_key(UUID(int=1).bytes)}]"


@pytest.mark.parametrize(("ids", "first"), [(1, False), (50, True)])
def test_keys_are_read_first_where_many_events_are_asked_for(ids: int, first: bool) -> None:
    some = Condition("event_id", Op.IN, [UUID(int=n) for n in range(1, ids + 1)])
    query = Query(relation=Relation.EVENTS, project=UUID(int=1), columns=("model",), where=(some,))

    compiled = compile_select(query, "data")

    setting = "optimize_move_to_prewhere_if_final = 1"
    assert (setting in compiled.with_settings()) is first
    assert compiled.with_settings("use_skip_indexes = 0").count("SETTINGS") == 1


def test_several_quantiles_of_one_column_are_one_aggregate() -> None:
    """The engine computes what has one text once, parameters included."""
    query = Query(
        relation=Relation.EVENTS,
        project=UUID(int=1),
        measures=(
            Measure("p50", Function.P50, "attributes.metrics.score"),
            Measure("p95", Function.P95, "attributes.metrics.score"),
        ),
    )
    sql = compile_select(query, "data").sql
    found = [part.split(")[")[0] for part in sql.split("quantilesExact")[1:]]

    assert len(found) == 2
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("relation", "column", "ids", "one"),
    [
        (Relation.EVENTS, "event_id", 1, True),
        (Relation.EVENTS, "event_id", 50, False),
        (Relation.EVENTS, "session_key", 1, False),
        (Relation.SESSIONS, "session_key", 1, True),
        (Relation.PATCHES, "event_id", 15, True),
    ],
)
def test_what_is_asked_for_by_a_few_ids_is_read_by_one_thread(
    relation: Relation, column: str, ids: int, one: bool
) -> None:
    some = Condition(column, Op.IN, [UUID(int=n) for n in range(1, ids + 1)])
    query = Query(relation=relation, project=UUID(int=1), columns=(column,), where=(some,))

    assert ("max_threads = 1" in compile_select(query, "data").with_settings()) is one


@pytest.mark.parametrize(("column", "once"), [("trace_id", True), ("session_key", False)])
def test_ids_that_events_of_a_trace_share_are_answered_once(column: str, once: bool) -> None:
    some = Condition(column, Op.EQ, UUID(int=1).bytes)
    names = ("event_id", "trace_id", "session_key", "parent_event_id")
    query = Query(relation=Relation.EVENTS, project=UUID(int=1), columns=names, where=(some,))

    shared = compile_columns(query, "data").sql.count("toLowCardinality(")

    assert shared == (3 if once else 0)
    assert "toLowCardinality(" not in compile_select(query, "data").sql
