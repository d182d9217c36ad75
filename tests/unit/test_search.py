"""What clients write as a question, read as they mean it."""

from uuid import UUID

import pytest

from hh_core.domain.filters import Filter
from hh_core.errors import RejectedError
from hh_core.usecases.byte_cache import ByteCache
from hh_core.usecases.cursors import Cursors
from hh_core.usecases.search import EventQuery, Range, parse_query, parse_range

NOW = 1_767_323_045_000
DAY = 86_400_000
PROJECT, OTHER = UUID(int=1), UUID(int=2)


def range_of(value: object) -> Range:
    return parse_range(value, now_ms=lambda: NOW)


def query_of(**body: object) -> EventQuery:
    return parse_query(body, max_limit=7500, now_ms=lambda: NOW)


@pytest.mark.parametrize(
    "value",
    [
        {"$gte": "2026-01-01T00:00:00Z", "$lte": "2026-01-02T00:00:00Z"},
        {"gte": "2026-01-01T00:00:00Z", "lte": "2026-01-02T00:00:00Z"},
        {"start_time": "2026-01-01T00:00:00+00:00", "end_time": "2026-01-02"},
        {"$gte": 1767225600000, "$lte": "1767312000000"},
        "{'$gte': '2026-01-01T00:00:00Z', '$lte': '2026-01-02T00:00:00Z'}",
        '{"gte": "2026-01-01T00:00:00Z", "lte": "2026-01-02T00:00:00Z"}',
    ],
)
def test_every_spelling_of_a_range_means_the_same(value: object) -> None:
    assert range_of(value) == Range(1767225600000, 1767312000000)


@pytest.mark.parametrize(
    ("text", "length"), [("7d", 7 * DAY), ("24h", DAY), ("30m", DAY // 48), ("2w", 14 * DAY)]
)
def test_a_relative_range_ends_now(text: str, length: int) -> None:
    assert range_of({"relative": text}) == range_of(text) == Range(NOW - length, None)


@pytest.mark.parametrize("value", [None, {}, {"$gte": None}])
def test_no_range_is_open(value: object) -> None:
    assert range_of(value) == Range()


@pytest.mark.parametrize(
    "value",
    [
        {"since": 1},
        {"relative": "soon"},
        {"relative": 7},
        {"$gte": []},
        5,
        "{",
        "{f()}",
        "yesterday",
    ],
)
def test_a_range_that_makes_no_sense_is_named(value: object) -> None:
    with pytest.raises(RejectedError, match="dateRange"):
        range_of(value)


def test_defaults_floats_and_text_in_numbers() -> None:
    assert query_of() == EventQuery(limit=1000, page=1)
    assert query_of(limit=5.0, page="2") == EventQuery(limit=5, page=2)
    assert query_of(limit=5, page=3).offset == 10


@pytest.mark.parametrize("limit", [0, -1, 7501, 1.5, "x", True, [], float("1e300")])
def test_a_limit_out_of_bounds_says_what_would_do(limit: object) -> None:
    with pytest.raises(RejectedError, match="from 1 to 7500; ask for more pages"):
        query_of(limit=limit)


def test_a_misspelt_field_is_passed_over_with_a_word() -> None:
    query = query_of(filter=[], project="ours", colour=1)

    assert [warning.partition(";")[0] for warning in query.warnings] == [
        "the field 'filter' was passed over",
        "the field 'colour' was passed over",
    ]
    assert "did you mean 'filters'?" in query.warnings[0]
    assert len(query_of(**{f"x{number}": 1 for number in range(99)}).warnings) == 5


def test_an_evaluation_is_a_run() -> None:
    run = Filter("metadata.run_id", "is", "string", "r")
    assert query_of(evaluation_id="r").filters == (run,)
    assert query_of(evaluation_id="").filters == ()
    with pytest.raises(RejectedError, match="evaluation_id"):
        query_of(evaluation_id=5)


def test_a_cursor_opens_only_for_its_project_and_question() -> None:
    cursors = Cursors(b"k")
    cursor = cursors.seal(PROJECT, "session 1", [7, "x"])

    assert cursors.open(PROJECT, "session 1", cursor) == [7, "x"]
    altered = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    for project, question, text in (
        (OTHER, "session 1", cursor),
        (PROJECT, "session 2", cursor),
        (PROJECT, "session 1", altered),
        (PROJECT, "session 1", ""),
        (PROJECT, "session 1", "ü"),
        (PROJECT, "session 1", cursor * 99),
    ):
        with pytest.raises(RejectedError, match="cursor"):
            cursors.open(project, question, text)
    with pytest.raises(RejectedError):
        Cursors(b"other").open(PROJECT, "session 1", cursor)


def test_a_cache_forgets_what_was_used_least_and_never_grows_over_its_bound() -> None:
    cache: ByteCache[str] = ByteCache(10)
    cache.put((PROJECT, "a"), "a", 4)
    cache.put((PROJECT, "b"), "b", 4)
    assert cache.get((PROJECT, "a")) == "a"
    cache.put((PROJECT, "c"), "c", 4)

    assert cache.get((PROJECT, "b")) is None
    assert cache.get((PROJECT, "a")) == "a"
    cache.put((PROJECT, "big"), "big", 11)
    assert cache.get((PROJECT, "big")) is None
    assert cache.size == 8
    cache.put((PROJECT, "a"), "longer", 6)
    assert cache.size == 10
