"""A failure that is told twice is recognised, and shown once."""

from dataclasses import replace
from itertools import permutations

from rich.console import Console

from hh_cli.trace import _tree
from hh_core.domain.twins import Failure, twins

SESSION = "s"
FAILED = Failure(
    event_id="1",
    parent_id="p",
    name="desk.lookup",
    error="RuntimeError: the database is locked",
    start=1,
)
AGAIN = replace(FAILED, event_id="2", name="lookup_error", error="the database is locked", start=2)


def told_again(*failures: Failure) -> dict[str, str]:
    """The same in whatever order they come."""
    (found,) = {tuple(sorted(twins(SESSION, some).items())) for some in permutations(failures)}
    return dict(found)


def test_a_failure_told_again_beside_it_is_its_twin() -> None:
    assert told_again(FAILED, AGAIN) == {"2": "1"}


def test_a_twin_may_stand_at_the_top() -> None:
    """Of another trace, which the same session holds."""
    assert told_again(FAILED, replace(AGAIN, parent_id=SESSION)) == {"2": "1"}


def test_each_failure_of_a_function_has_its_own_twin() -> None:
    second = replace(FAILED, event_id="3", start=3), replace(AGAIN, event_id="4", start=4)

    assert told_again(FAILED, AGAIN, *second) == {"2": "1", "4": "3"}


def test_other_failures_are_no_twins() -> None:
    assert told_again(FAILED, replace(AGAIN, name="lookup")) == {}
    assert told_again(FAILED, replace(AGAIN, name="find_error")) == {}
    assert told_again(FAILED, replace(AGAIN, error="no such boat")) == {}
    assert told_again(FAILED, replace(AGAIN, parent_id="elsewhere")) == {}
    assert told_again(FAILED, replace(AGAIN, start=0)) == {}
    assert told_again(AGAIN) == {}


def test_a_tree_shows_the_failure_once() -> None:
    session = {"event_id": SESSION, "event_type": "session", "children": []}
    for one in (FAILED, replace(AGAIN, parent_id=SESSION)):
        event = {"event_id": one.event_id, "parent_id": one.parent_id, "start_time": one.start}
        session["children"].append({**event, "event_name": one.name, "error": one.error})  # type: ignore[attr-defined]  # a list

    console = Console(width=200, record=True)
    console.print(_tree(session))

    shown = console.export_text()
    assert "desk.lookup" in shown
    assert "lookup_error" not in shown
