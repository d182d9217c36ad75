"""Columns of an engine's answer, read without making every value."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from hh_clickhouse.arrow_columns import columns_of

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
