"""Examples of dotted paths: nesting, arrays, and the bounds of the index."""

import math

import pytest

from hh_core.domain.event import Json
from hh_core.domain.field_path import FieldPath
from hh_core.domain.paths import MAX_KEY, MAX_LEFT_OUT, MAX_PATHS, index, json_value, nested


def test_dotted_keys_become_objects_and_numbered_ones_lists() -> None:
    flat = [("a.b", 1), ("l.0.x", 1), ("l.1.x", 2), ("plain", True)]

    assert nested(flat) == {"a": {"b": 1}, "l": [{"x": 1}, {"x": 2}], "plain": True}


def test_numbers_with_a_gap_stay_keys() -> None:
    assert nested([("l.0", "a"), ("l.2", "c")]) == {"l": {"0": "a", "2": "c"}}


def test_a_path_that_another_begins_with_stays_beside_it_whatever_the_order() -> None:
    both = {"a": 1, "a.b": 2}

    assert nested([("a", 1), ("a.b", 2)]) == nested([("a.b", 2), ("a", 1)]) == both


def test_an_object_that_was_a_value_stays_an_object() -> None:
    assert nested([("a.b", {"0": "x"})]) == {"a": {"b": {"0": "x"}}}


def test_a_key_of_very_many_dots_does_not_exhaust_the_stack() -> None:
    assert nested([(".".join("k" * 5000), 1)])


def test_the_index_names_every_leaf() -> None:
    tree: Json = {"a": [1, {"b": "x"}], "empty": "", "none": None}

    assert index({"m": tree}) == ({"m.a.0": 1, "m.a.1.b": "x"}, 0)


def test_the_index_keeps_small_values_and_counts_the_others() -> None:
    kept, left_out = index({"m.short": "x", "m.long": "x" * 257, "m.n": {"a": 1}, "m.empty": ""})

    assert kept == {"m.short": "x", "m.n.a": 1}
    assert left_out == 1


def test_the_index_keeps_so_many_values_and_no_more() -> None:
    kept, left_out = index({f"m.{number}": number for number in range(MAX_PATHS + 5)})

    assert (len(kept), left_out) == (MAX_PATHS, 5)


def test_two_values_of_one_dotted_path_are_not_guessed() -> None:
    kept, left_out = index({"m.a.b": 1, "m.a": {"b": 2}})

    assert (kept, left_out) == ({"m.a.b": 1}, 1)


@pytest.mark.parametrize(
    "values",
    [
        {"m.a": [False], "m.a.0": 1},
        {"m.a": {"b": 2}, "m.a.b": [1]},
        {"m.a": {"b": {"c": 1}, "b.c": 2}},
        {"m.a": {"b": {"c": 1}}, "m.a.b": {"c": 2}},
    ],
)
def test_of_two_values_at_one_path_the_index_keeps_what_readers_find(
    values: dict[str, Json],
) -> None:
    kept, left_out = index(values)
    event = {"m": {path.removeprefix("m."): value for path, value in values.items()}}

    assert left_out == 1
    assert all(FieldPath(path).find(event) == value for path, value in kept.items())


def test_what_json_cannot_hold_becomes_text() -> None:
    assert json_value([math.nan, -math.inf, b"\x00\xff"]) == ["NaN", "-Infinity", "AP8="]


def test_nothing_below_a_path_that_is_too_long_is_looked_at() -> None:
    long = "k" * (MAX_KEY + 1)

    assert index({"m": {long: [[1]] * 2_000, "b": 1}}) == ({"m.b": 1}, 1)


def test_after_so_many_values_in_vain_the_rest_is_left_out_unseen() -> None:
    kept, left_out = index({"m": [[number] for number in range(10 * MAX_LEFT_OUT)]})

    assert len(kept) == MAX_PATHS
    assert left_out == MAX_LEFT_OUT
