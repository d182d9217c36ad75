"""Whatever a client asks, it is answered or told which field to change."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from raw_segments import PROJECT
from read_house import START_MS, export, read_house, rest_event, span

from hh_core.domain.filters import OPERATORS
from hh_core.errors import RejectedError
from hh_core.usecases.search import parse_query, parse_range

ResultT = TypeVar("ResultT")
FIELDS = ("the body", "filters", "dateRange", "limit", "page", "projections", "evaluation_id")
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

numbers = st.one_of(
    st.integers(-(1 << 63), (1 << 64) - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1e308, -1e308, 1e18, 253402300800000, -62135596800001]),
)
texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(
        ["1" * 5000, "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1e400"]
    ),
    st.sampled_from(["{'$gte': 0x" + "f" * 300 + "}", "[1j]", "{'a': {1}}", "[" * 500, "{1: 2}"]),
    st.sampled_from(["999999y", "{'$gte': b'x'}", "[" + "-" * 4000 + "1]", "metadata.a", "."]),
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)
filters = st.fixed_dictionaries(
    {
        "field": st.one_of(
            st.sampled_from(
                ["start_time", "metadata.a", "event_id", "session_id", "x.0.y", "error"]
            ),
            texts,
        ),
        "operator": st.sampled_from(sorted({each for all_ in OPERATORS.values() for each in all_})),
        "value": st.one_of(numbers, texts, anything),
    },
    optional={"type": st.one_of(st.sampled_from(sorted(OPERATORS)), anything)},
)
ranges = st.dictionaries(
    st.sampled_from(["$gte", "$lte", "start_time", "end_time", "relative"]),
    st.one_of(numbers, texts, anything),
    max_size=2,
)
questions = st.one_of(
    anything,
    st.fixed_dictionaries(
        {},
        optional={
            "filters": st.one_of(st.lists(filters, max_size=2), filters, anything),
            "dateRange": st.one_of(ranges, anything),
            "limit": st.one_of(st.integers(1, 7500), anything),
            "page": st.one_of(st.integers(1, 1_000_000), anything),
            "projections": st.one_of(st.lists(texts, max_size=3), anything),
            "evaluation_id": anything,
        },
    ),
)


@QUICK
@given(questions)
@example({"dateRange": {"$gte": 1e308}})
@example({"dateRange": {"$lte": -1e308}})
@example({"filters": [{"field": "start_time", "operator": "is", "value": 1e308}]})
def test_any_search_is_answered_or_names_the_field(body: Any) -> None:
    async def main() -> None:
        async with read_house() as house:
            await house.accept(export(span(1, **{"honeyhive_metadata.a": 1})), rest_event())
            query = _parsed(lambda: parse_query(body, max_limit=7500, now_ms=lambda: START_MS))
            if isinstance(query, RejectedError):
                assert 400 <= query.code < 500
                assert str(query).startswith(FIELDS)
                return
            page = await house.reader.export(PROJECT, query)
            assert len(page.events) <= page.count

    asyncio.run(main())


@QUICK
@given(st.one_of(texts, st.none(), ranges.map(repr)), st.one_of(st.none(), texts))
@example("{'$gte': 1e308}", None)
@example("{'$lte': -1e308}", "run")
def test_any_schema_request_is_answered_or_names_the_field(text: str | None, run: str) -> None:
    async def main() -> None:
        async with read_house() as house:
            await house.accept(export(span(1, **{"honeyhive_metadata.a": 1})))
            range_ = _parsed(lambda: parse_range(text, now_ms=lambda: START_MS))
            if isinstance(range_, RejectedError):
                assert str(range_).startswith("dateRange")
                return
            schema, _ = await house.reader.schema(PROJECT, range_, run)
            assert schema.keys() == {"fields", "datasets", "mappings"}

    asyncio.run(main())


@pytest.mark.parametrize("bound", [1e308, 1e18, "9999-12-31"])
def test_a_range_to_the_end_of_time_holds_everything(bound: float | str) -> None:
    async def main() -> None:
        async with read_house() as house:
            await house.accept(export(span(1, **{"honeyhive_metadata.a": 1})))
            range_ = parse_range({"$lte": bound}, now_ms=lambda: START_MS)
            schema, _ = await house.reader.schema(PROJECT, range_, None)
            assert {"name": "metadata.a", "event_type": "tool"} in schema["fields"]
            assert (await house.export(dateRange={"$lte": bound})).count == 2

    asyncio.run(main())


def _parsed(parse: Callable[[], ResultT]) -> ResultT | RejectedError:
    try:
        return parse()
    except RejectedError as error:
        return error
