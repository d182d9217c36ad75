"""Columns of an engine's answer, read without making every value."""

from uuid import UUID

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from hh_clickhouse.arrow_columns import answered, columns_of
from hh_core.ports.analytics import Order, Query, Relation

versions = st.lists(st.integers(0, (1 << 128) - 1), max_size=9)


@given(st.lists(versions, min_size=1, max_size=3), st.integers(0, 4))
def test_versions_add_up_to_the_sum_of_their_numbers(chunks: list[list[int]], first: int) -> None:
    cells = [
        pa.array([number.to_bytes(16, "little") for number in chunk], pa.binary(16))
        for chunk in chunks
    ]
    table = pa.table({"version": pa.chunked_array(cells)}).slice(first)
    (column,) = columns_of(table, {0})

    assert column.total() == sum([number for chunk in chunks for number in chunk][first:])


def test_other_whole_numbers_add_up_too() -> None:
    (column,) = columns_of(pa.table({"duration_ns": pa.array([3, -1, 1 << 62], pa.int64())}), ())

    assert column.total() == (1 << 62) + 2


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 2), st.binary(min_size=2, max_size=2)))
)
def test_an_answer_is_brought_into_the_order_that_was_asked(
    cells: list[tuple[int, int, bytes]],
) -> None:
    """Ids that stand once each, with their places, are ordered as others are."""
    names = ("start_ns", "trace_id", "event_id")
    starts, traces, events = zip(*cells, strict=True) if cells else ((), (), ())
    words = pa.array([b"b" * 16, b"a" * 16, b"c" * 16], pa.binary(16))
    table = pa.table(
        [
            pa.array(starts, pa.int64()),
            pa.DictionaryArray.from_arrays(pa.array(traces, pa.int32()), words),
            pa.array([event * 8 for event in events], pa.binary(16)),
        ],
        names=list(names),
    )
    with pa.BufferOutputStream() as sink:
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table, max_chunksize=3)
        by = (Order("trace_id"), Order("start_ns", descending=True), Order("event_id"))
        query = Query(relation=Relation.EVENTS, project=UUID(int=1), columns=names, order_by=by)
        columns = answered(sink.getvalue().to_pybytes(), (), query)

    expected = sorted(
        ((-start, words[trace].as_py(), event * 8) for start, trace, event in cells),
        key=lambda row: (row[1], row[0], row[2]),
    )
    found = [(-start, *ids) for start, *ids in zip(*columns, strict=True)]  # type: ignore[operator]  # a start is a number
    assert found == expected
    places = range(0, len(cells), 2)
    assert list(columns[2].at(places)) == [expected[place][2] for place in places]
