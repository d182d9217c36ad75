"""Laws of the index's codec: what goes in comes out, and nothing else does."""

from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hh_core.domain.tables import COLUMNS, TELEMETRY, Relation, Type
from hh_core.errors import RejectedError
from hh_core.wire.columns import concat, decode, encode, schema

texts = st.text(st.characters(codec="utf-8"), max_size=8)
VALUES: dict[Type, st.SearchStrategy[Any]] = {
    Type.ID: st.uuids() | st.binary(min_size=16, max_size=16),
    Type.TRACE: st.binary(min_size=16, max_size=16),
    Type.SPAN: st.binary(min_size=8, max_size=8),
    Type.VERSION: st.integers(0, 2**128 - 1),
    Type.NAME: texts,
    Type.TEXT: texts,
    Type.FLAG: st.integers(0, 1),
    Type.U32: st.integers(0, 2**32 - 1),
    Type.U64: st.integers(0, 2**64 - 1),
    Type.TIME: st.integers(-(2**63), 2**63 - 1),
    Type.NUMBER: st.none() | st.floats(allow_nan=False, allow_infinity=False),
    Type.COST: st.none()
    | st.decimals(-(10**9), 10**9, places=12, allow_nan=False, allow_infinity=False),
    Type.USAGE: st.dictionaries(texts, st.integers(0, 2**64 - 1), max_size=3),
    Type.ATTRIBUTES: st.dictionaries(texts, texts, max_size=3),
}
ROWS = {
    relation: st.lists(
        st.fixed_dictionaries({column.name: VALUES[column.type] for column in columns}),
        max_size=4,
    )
    for relation, columns in COLUMNS.items()
}


def _columns(relation: Relation, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {column.name: [row[column.name] for row in rows] for column in COLUMNS[relation]}


def _plain(type_: Type, value: Any) -> Any:
    if isinstance(value, UUID):
        return value.bytes
    if type_ is Type.VERSION:
        return value.to_bytes(16, "little")
    return list(value.items()) if isinstance(value, dict) else value


@given(st.data(), st.sampled_from(list(COLUMNS)))
def test_every_value_comes_back(data: st.DataObject, relation: Relation) -> None:
    rows = data.draw(ROWS[relation])
    table = decode(relation, encode(relation, _columns(relation, rows)))

    assert table.schema == schema(relation)
    for column in COLUMNS[relation]:
        expected = [_plain(column.type, row[column.name]) for row in rows]
        assert table.column(column.name).to_pylist() == expected


@given(ROWS[Relation.EVENTS], ROWS[Relation.EVENTS])
def test_streams_joined_are_the_rows_of_both(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    streams = [encode(Relation.EVENTS, _columns(Relation.EVENTS, rows)) for rows in (first, second)]

    joined = decode(Relation.EVENTS, concat(streams))
    assert joined.to_pylist() == [
        row for stream in streams for row in decode(Relation.EVENTS, stream).to_pylist()
    ]


@given(st.binary(max_size=200) | st.binary(max_size=40).map(lambda tail: GOOD[:-40] + tail))
def test_no_bytes_raise_anything_but_rejected(stream: bytes) -> None:
    with suppress(RejectedError):
        assert decode(Relation.SCORES, stream).schema == schema(Relation.SCORES)


def test_the_telemetry_record_is_the_first_24_columns_of_an_event() -> None:
    assert len(TELEMETRY) == 24
    assert schema(Relation.EVENTS, telemetry=True).names == schema(Relation.EVENTS).names[:24]


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("event_id", [b"short"]),
        ("event_id", ["text"]),
        ("version", [-1]),
        ("revision", [2**32]),
        ("number", ["x"]),
        ("label", [7]),
        ("label", ["one", "two"]),
        ("label", None),
        ("nonsense", [1]),
    ],
)
def test_a_column_that_cannot_hold_its_values_is_named(name: str, bad: Any) -> None:
    columns: dict[str, Any] = {**_columns(Relation.SCORES, [SCORE]), name: bad}

    with pytest.raises(RejectedError) as caught:
        encode(Relation.SCORES, columns)
    assert caught.value.code == 422
    assert name in str(caught.value) or "different lengths" in str(caught.value)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_are_rejected(number: float) -> None:
    with pytest.raises(RejectedError, match="finite"):
        decode(
            Relation.SCORES,
            encode(Relation.SCORES, _columns(Relation.SCORES, [{**SCORE, "number": number}])),
        )


def test_a_cost_keeps_twelve_places() -> None:
    row = {column.name: EMPTY[column.type] for column in COLUMNS[Relation.SESSIONS]}
    row["cost"] = Decimal("1e-12") * 3
    stream = encode(Relation.SESSIONS, _columns(Relation.SESSIONS, [row]))

    assert decode(Relation.SESSIONS, stream).column("cost").to_pylist() == [row["cost"]]


EMPTY: dict[Type, Any] = {
    **dict.fromkeys((Type.ID, Type.TRACE), bytes(16)),
    Type.SPAN: bytes(8),
    **dict.fromkeys((Type.NAME, Type.TEXT), ""),
    **dict.fromkeys((Type.VERSION, Type.FLAG, Type.U32, Type.U64, Type.TIME), 0),
    **dict.fromkeys((Type.NUMBER, Type.COST)),
    Type.USAGE: {},
    Type.ATTRIBUTES: {},
}
SCORE = {column.name: EMPTY[column.type] for column in COLUMNS[Relation.SCORES]}
GOOD = encode(Relation.SCORES, _columns(Relation.SCORES, [SCORE, SCORE]))
