"""Which fields a list shows."""

from hh_core.usecases.wanted import ALL, Wanted


def test_of_no_paths_all_are_wanted() -> None:
    assert "metadata.anything" in ALL


def test_a_field_is_wanted_with_what_it_stands_in_and_what_stands_in_it() -> None:
    wanted = Wanted(["metadata.http.route", "config"])

    assert "metadata.http.route" in wanted
    assert "metadata.http" in wanted
    assert "metadata.http.route.name" in wanted
    assert "config.model" in wanted


def test_a_name_that_begins_alike_is_another_one() -> None:
    wanted = Wanted(["metadata.http"])

    assert "metadata.https" not in wanted
    assert "metadata.ht" not in wanted
    assert "parent_id" not in wanted


def test_the_cost_that_was_told_is_always_known() -> None:
    assert "metadata.cost" in Wanted(["metadata.told_cost"])
