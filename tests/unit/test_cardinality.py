"""A day's names of a project are bounded; those that are known stay known."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hh_core.domain.tables import COLUMNS
from hh_core.ports.analytics import Relation
from hh_core.usecases.batch import Batch
from hh_core.usecases.cardinality import NAMES, OTHER, Cardinality

DAY_MS = 86_400_000
ONE, TWO = b"1" * 16, b"2" * 16


def batch_of(*rows: tuple[bytes, str], day: int = 7, keys: tuple[str, ...] = ()) -> Batch:
    """Rows of a project and an event name."""
    batch = Batch()
    shared = {column.name: "same" for column in COLUMNS[Relation.EVENTS]}
    cells = {"received_ms": day * DAY_MS, "attributes": dict.fromkeys(keys, "v")}
    for project, name in rows:
        row: dict[str, Any] = {**shared, **cells, "project_id": project, "event_name": name}
        batch.rows[Relation.EVENTS].add(list(row), [tuple(row.values())])
        batch.paths.update({(project, "model", key): (0, 0) for key in keys})
    return batch


def names_of(batch: Batch) -> list[str]:
    return batch.rows[Relation.EVENTS].column("event_name")


def test_the_surplus_is_other_and_what_was_known_stays() -> None:
    cardinality = Cardinality(2)
    first, again = batch_of((ONE, "a"), (ONE, "b")), batch_of((ONE, "b"), (ONE, "c"), (ONE, "a"))

    assert cardinality.bound(first) == 0
    assert cardinality.bound(again) == 1
    assert names_of(again) == ["b", OTHER, "a"]


def test_each_project_has_its_own_bound_and_each_day_begins_anew() -> None:
    cardinality = Cardinality(1)
    mixed = batch_of((ONE, "a"), (TWO, "b"), (ONE, "c"))
    cardinality.bound(mixed)
    late, next_day = batch_of((ONE, "d"), day=6), batch_of((ONE, "d"), day=8)

    cardinality.bound(late)
    cardinality.bound(next_day)

    assert names_of(mixed) == ["a", "b", OTHER]
    assert names_of(late) == [OTHER]
    assert names_of(next_day) == ["d"]


def test_surplus_keys_leave_rows_and_paths() -> None:
    cardinality = Cardinality(1)
    batch = batch_of((ONE, "a"), keys=("a.x", "b.y"))

    cardinality.bound(batch)

    assert batch.rows[Relation.EVENTS].column("attributes") == [{"a.x": "v"}]
    assert set(batch.paths) == {(ONE, "model", "a.x"), (ONE, "model", OTHER)}


@given(st.lists(st.tuples(st.sampled_from([ONE, TWO]), st.text(max_size=2)), max_size=60))
def test_no_project_ever_has_more_names_than_it_may(rows: list[tuple[bytes, str]]) -> None:
    cardinality = Cardinality(3)
    indexed: dict[bytes, set[str]] = {ONE: set(), TWO: set()}
    for row in rows:
        batch = batch_of(row, row)
        cardinality.bound(batch)
        indexed[row[0]] |= set(names_of(batch))

    assert all(len(names - {OTHER}) <= 3 for names in indexed.values())


def test_an_empty_batch_is_nothing() -> None:
    assert Cardinality(1).bound(Batch()) == 0
    assert "event_name" in NAMES
