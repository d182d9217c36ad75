"""Python's own writing of objects, read without evaluating anything."""

from typing import Any

import orjson
import pytest

from hh_mappers.literals import LONGEST, literal
from hh_mappers.response_ids import response_id


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a': 1, 'b': (True, None)}", {"a": 1, "b": [True, None]}),
        ("[-1.5, 'it\\'s']", [-1.5, "it's"]),
        ("M(role=<R.USER: 'user'>, n=3)", {"__class__": "M", "role": "user", "n": 3}),
        ("{'f': <function f.<locals>.g at 0x7f>}", {"f": "<function f.<locals>.g at 0x7f>"}),
        ("{'t': 'a <b> c'}", {"t": "a <b> c"}),
        ("{'t': '\\ud800'}", {"t": "?"}),
        ("{'n': 99999999999999999999}", {"n": "99999999999999999999"}),
        ("{'n': 1e999}", {"n": "Infinity"}),
        ("__import__('os').system('true')", None),
        ("{x for x in y}", None),
        ("{'a': 1 + 1}", None),
        ("plain text", None),
        ("{'a': ", None),
        (7, None),
    ],
)
def test_a_literal_is_read_and_anything_else_is_not(text: Any, value: Any) -> None:
    found = literal(text)

    assert found == value
    assert orjson.dumps(found)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 90_000 + "]",
        "<a" * 90_000 + ")",
        "'" * 90_001 + "]",
        "['" + "\\'" * 130_000 + "]",
        '["' + '\\"' * 130_000 + "]",
    ],
)
def test_hostile_writing_stays_text(text: str) -> None:
    assert literal(text) is None


def test_writing_beyond_the_bound_is_not_parsed() -> None:
    assert literal("['" + "x" * LONGEST + "']") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"id":"chatcmpl-7","choices":[]}', "chatcmpl-7"),
        ('{ "id": "msg_01" }', "msg_01"),
        ('{"candidates":[],"response_id":"gem16"}', "gem16"),
        (
            '{"generations":[{"response_metadata": {"id": "chatcmpl-8"}, "id": "run-1"}]}',
            "chatcmpl-8",
        ),
        ('{"id": 7}', None),
        ("plain", None),
        (None, None),
    ],
)
def test_the_id_of_a_response_is_found_without_parsing_it(text: Any, found: str | None) -> None:
    assert response_id(text) == found
