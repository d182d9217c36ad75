"""Whatever JSON somebody asks with: an answer or a refusal that says why, and nothing else."""

import asyncio
from typing import Any
from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from hh_control.questions import BUCKETS, GROUPS, IDS, NUMBERS, parse_question
from hh_core.errors import RejectedError
from hh_core.ports.analytics import Function, Op
from hh_memory.analytics import ADAPTER

PROJECT = UUID(int=1)
NOW_MS = 1_800_000_000_000

numbers = st.integers(-(1 << 63), (1 << 64) - 1) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=8)
json = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
columns = st.sampled_from([*GROUPS, *NUMBERS, *IDS, "bucket", "duration_ns"])
ids = st.sampled_from([str(UUID(int=7)), "0" * 32, "ab", ""])
values = json | ids | st.lists(json | ids, max_size=3)


def either(expected: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what is expected, or anything."""
    return st.one_of(expected, expected, expected, json)


def objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return either(
        st.fixed_dictionaries({}, optional={name: either(kind) for name, kind in fields.items()})
    )


measures = objects(
    name=st.text(max_size=4), function=st.sampled_from(list(map(str, Function))), column=columns
)
filters = objects(column=columns, op=st.sampled_from(list(map(str, Op))), value=values)
questions = st.fixed_dictionaries(
    {"measures": st.just([{"function": "count"}]) | either(st.lists(measures, max_size=3))},
    optional={
        "group_by": either(st.lists(columns, max_size=2)),
        "bucket": either(st.sampled_from(list(BUCKETS))),
        "filters": either(st.lists(filters, max_size=2)),
        "from": either(st.integers(0, 1 << 43)),
        "to": either(st.integers(0, 1 << 43)),
        "order_by": either(st.lists(objects(column=columns, descending=st.booleans()))),
        "limit": either(st.integers(1, 10)),
    },
)
COUNT = [{"function": "count"}]


@given(body=questions | json)
@example(body={"measures": COUNT, "bucket": []})
@example(body={"measures": COUNT, "bucket": {"a": 1}})
@example(body={"measures": COUNT, "filters": [{"column": "cost", "value": 5e-324}]})
@example(body={"measures": COUNT, "filters": [{"column": "duration_ms", "value": 1e14}]})
@example(body={"measures": COUNT, "filters": [{"column": "trace_id", "value": "ab"}]})
def test_a_question_is_answered_or_refused(body: Any) -> None:
    try:
        question = parse_question(body, PROJECT, now_ms=NOW_MS)
    except RejectedError:
        return
    for condition in question.query.where:
        if isinstance(condition.value, int):
            assert abs(condition.value) < 1 << 63
        if condition.column == "trace_id" and isinstance(condition.value, bytes):
            assert len(condition.value) == 16

    answer = asyncio.run(_answered(question))

    assert answer["from"] < answer["to"]


async def _answered(question: Any) -> dict[str, Any]:
    config = ADAPTER.config.model_validate({"plane": "control"})
    async with ADAPTER.open(config) as index:
        answer: dict[str, Any] = question.answer(await index.select(question.query))
        return answer
