"""Filters of contract C10, by example."""

import re
import time

import pytest

from hh_core.domain.filters import (
    NUMBER_TEXT,
    OPERATORS,
    Filter,
    lookup,
    matcher,
    matches,
    milliseconds,
    number_of,
    parse_filters,
)
from hh_core.errors import RejectedError

EVENT = {
    "event_name": "answer",
    "start_time": 1767323045000.5,
    "error": None,
    "outputs": {},
    "inputs": {"chat_history": [{"role": "user", "content": "Where is my refund?"}]},
    "metadata": {"score": "0.7", "flag": False, "http.route": "/x", "a": {"b.c": 1}, "n": 3},
    "metrics": {"score": 0.7},
}


def ask(field: str, operator: str, value: object = None, type_: str = "string") -> bool:
    (condition,) = parse_filters(
        [{"field": field, "operator": operator, "value": value, "type": type_}]
    )
    return matches(EVENT, condition)


@pytest.mark.parametrize(
    ("field", "operator", "value", "type_", "expected"),
    [
        ("event_name", "is", "answer", "string", True),
        ("event_name", "is not", "answer", "string", False),
        ("event_name", "contains", "nsw", "string", True),
        ("event_name", "contains", "NSW", "string", False),
        ("event_name", "is", "answer", "id", True),
        ("error", "exists", None, "string", False),
        ("error", "not exists", None, "string", True),
        ("outputs", "exists", None, "string", False),
        ("metadata.flag", "exists", None, "boolean", True),
        ("metadata.flag", "is", "false", "boolean", True),
        ("metadata.missing", "is not", "x", "string", True),
        ("metadata.missing", "not contains", "x", "string", True),
        ("metadata.missing", "is", "x", "string", False),
        ("metadata.http.route", "is", "/x", "string", True),
        ("metadata.a.b.c", "is", "1", "number", True),
        ("metadata.n", "is", "3", "string", True),
        ("metadata.score", "greater than", "0.5", "number", True),
        ("metrics.score", "less than", "0.7", "number", False),
        ("metrics.score", "is", 0.7, "number", True),
        ("event_name", "greater than", 1, "number", False),
        ("event_name", "is not", 1, "number", True),
        ("inputs.chat_history.0.role", "is", "user", "string", True),
        ("inputs.chat_history", "contains", "refund", "string", True),
        ("inputs.chat_history.7.role", "exists", None, "string", False),
        ("start_time", "after", "2026-01-02T03:04:05Z", "datetime", True),
        ("start_time", "before", "2026-01-02T03:04:05", "datetime", False),
        ("start_time", "is", 1767323045000.5, "datetime", True),
    ],
)
def test_an_operator_says_what_its_name_says(
    field: str, operator: str, value: object, type_: str, expected: bool
) -> None:
    assert ask(field, operator, value, type_) is expected


def test_an_unknown_operator_is_named_with_those_that_would_do() -> None:
    with pytest.raises(RejectedError, match=r"filters\[0\].operator 'like' .* use exists, not"):
        ask("event_name", "like", "x")


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("x", "filters must be a list"),
        ([1], r"filters\[0\] must be an object"),
        ([{"operator": "is", "value": 1}], r"filters\[0\].field must be"),
        ([{"field": "a", "operator": "is", "value": 1, "type": "array"}], r"type must be one of"),
        ([{"field": "a", "operator": "is", "value": "x", "type": "number"}], "as a number"),
        ([{"field": "a", "operator": "is", "value": None, "type": "string"}], "'not exists'"),
        ([{"field": "a", "operator": "is", "value": {}, "type": "string"}], "as a string"),
        ([{"field": "a", "operator": "exists"}] * 65, "more than 64"),
    ],
)
def test_a_malformed_filter_names_its_field_and_the_remedy(raw: object, says: str) -> None:
    with pytest.raises(RejectedError, match=says):
        parse_filters(raw)


def test_the_type_may_be_left_out() -> None:
    assert parse_filters([{"field": "a", "operator": "is", "value": True}])[0].type == "boolean"
    assert parse_filters([{"field": "a", "operator": "is", "value": 2}])[0].type == "number"
    assert parse_filters({"field": "a", "value": "x"}) == (Filter("a", "is", "string", "x"),)


@pytest.mark.parametrize("type_", OPERATORS)
def test_a_negative_operator_is_the_complement_of_its_positive(type_: str) -> None:
    value = {"boolean": True, "number": 1, "datetime": 1}.get(type_, "x")
    pairs = {"is": "is not", "exists": "not exists", "contains": "not contains"}
    for positive, negative in pairs.items():
        if {positive, negative} <= set(OPERATORS[type_]):
            for field in ("event_name", "metadata.n", "nowhere"):
                assert ask(field, positive, value, type_) != ask(field, negative, value, type_)


def test_a_time_is_a_number_digits_or_iso_text() -> None:
    assert milliseconds("1970-01-01T00:00:01Z") == milliseconds("1000") == milliseconds(1000)
    assert milliseconds("1970-01-01") == 0
    assert milliseconds("soon") is None
    assert milliseconds(True) is None


def test_a_literal_dotted_key_and_a_nested_one_are_both_found() -> None:
    assert lookup({"m": {"a.b": 1}}, "m.a.b") == lookup({"m": {"a": {"b": 1}}}, "m.a.b") == 1
    assert lookup({"m": {"a.b": None, "a": {"b": 2}}}, "m.a.b") == 2


def test_a_long_text_is_no_number_and_that_is_seen_at_once() -> None:
    began = time.process_time()

    assert number_of("1" * 32_000 + "x") is None
    assert milliseconds("1" * 32_000 + "x") is None
    assert re.fullmatch(NUMBER_TEXT, "1" * 100_000 + "x") is None
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("text", ["1", "-1.", "+.5", "1.25e-3", str(int(1.7e308)), "0.0"])
def test_every_number_that_the_index_holds_as_text_is_read_as_one(text: str) -> None:
    assert number_of(text) == float(text)


@pytest.mark.parametrize("text", ["", ".", "e5", "1e", "1_000", " 1", "1e999", "NaN", "0x1"])
def test_other_text_is_no_number(text: str) -> None:
    assert number_of(text) is None


def test_a_path_of_too_many_parts_is_refused_with_the_remedy() -> None:
    with pytest.raises(RejectedError, match=r"filters\[0\].field has more than 32 parts"):
        parse_filters([{"field": ".".join("a" * 33), "value": 1}])
    assert parse_filters([{"field": ".".join("a" * 32), "value": 1}])


def test_a_path_is_cut_once_for_all_events() -> None:
    conditions = parse_filters(
        [{"field": ".".join(["metadata", *"a" * 31]), "operator": "not exists"}] * 64
    )
    fulfils = matcher(conditions)
    events = [{"metadata": {f"k{i}": i for i in range(50)}}] * 2000
    began = time.process_time()

    assert all(map(fulfils, events))

    assert time.process_time() - began < 1.5
