"""Answers of very many rows: an Arrow stream, column by column, as values of the port. The driver's
own way makes each value from bytes by itself, which takes several times as long."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import cache
from struct import Struct
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hh_core.domain.tables import COLUMNS, Type
from hh_core.ports.analytics import Column, Query, Value

FORMAT = "ArrowStream"
SETTINGS = (
    "output_format_arrow_low_cardinality_as_dictionary = 1",
    "output_format_arrow_compression_method = 'none'",
)
"""Of the statement. Few texts come once each, with their places in the column."""
DRIVER_OPTIONS = {"wait_end_of_query": "1"}
"""An error must not come after half of an answer."""

_SORTABLE = frozenset((Type.ID, Type.TRACE, Type.SPAN, Type.TIME, Type.U32, Type.FLAG))
"""Columns that never miss a value, and that Arrow and the engine order alike."""
_TOGETHER = 256
"""Ids that are cut at a time: far faster than one by one."""
_WHOLE = {
    pa.int64(): "q",
    pa.uint64(): "Q",
    pa.int32(): "i",
    pa.uint32(): "I",
    pa.uint16(): "H",
    pa.int16(): "h",
    pa.uint8(): "B",
    pa.int8(): "b",
    pa.float64(): "d",
}
"""Numbers that stand in a buffer as Python's ``memoryview`` reads them."""


def unordered(query: Query) -> Query | None:
    """The question without its order, if ``columns_of`` can make that: the engine takes twice as
    long to sort many columns. None where there is none, or what it goes by is not among them."""
    kept = all(order.column in query.columns for order in query.order_by)
    if not query.order_by or not kept or query.offset:
        return None
    types = {column.name: column.type for column in COLUMNS[query.relation]}
    sortable = all(types.get(order.column) in _SORTABLE for order in query.order_by)
    return replace(query, order_by=()) if sortable else None


def answered(
    stream: bytes, versions: Collection[int], order: Query | None = None
) -> Sequence[Column]:
    """The columns of an Arrow stream. ``order``: the question whose order they are brought into,
    of which the stream answers ``unordered``. Raises ``pa.ArrowInvalid`` for what is no stream."""
    table = pa.ipc.open_stream(stream).read_all().unify_dictionaries()
    return columns_of(table, versions, None if order is None else _order(table, order))


def columns_of(table: Any, versions: Collection[int], order: Any = None) -> Sequence[Column]:
    """The columns of a table; those at the places ``versions`` are whole numbers of 128 bits,
    little-endian. ``order``: which of its rows stands where."""
    return [
        ArrowColumn(column, _number if place in versions else None, order)
        for place, column in enumerate(table.columns)
    ]


class ArrowColumn(Column):
    """Keeps what the engine answered, and makes values of the port of what is read."""

    def __init__(
        self, cells: Any, convert: Callable[[bytes], Value] | None, order: Any = None
    ) -> None:
        """``order``: the place of each value among the cells."""
        self._cells = cells
        self._convert = convert
        self._order = order

    def __len__(self) -> int:
        return len(self._cells)

    def __iter__(self) -> Iterator[Value]:
        cells = self._cells if self._order is None else self._cells.take(self._order)
        return iter(_column(cells, self._convert))

    def at(self, places: Sequence[int]) -> Sequence[Value]:
        wanted = pa.array(places, pa.int64())
        if self._order is not None:
            wanted = self._order.take(wanted)
        return _column(self._cells.take(wanted), self._convert)

    def total(self) -> int:
        if self._convert is _number:
            return sum(map(_sum, self._cells.chunks))
        return super().total()

    @property
    def size(self) -> int:
        return int(self._cells.nbytes)


def _order(table: Any, query: Query) -> Any:
    """Where the rows stand in the order that ``query`` asks."""
    keys = [table.column(query.columns.index(order.column)) for order in query.order_by]
    names = [str(number) for number in range(len(keys))]
    ways = ["descending" if order.descending else "ascending" for order in query.order_by]
    sortable = pa.table(list(map(_sortable, keys)), names=names)
    return pc.sort_indices(sortable, sort_keys=list(zip(names, ways, strict=True)))


def _sortable(key: Any) -> Any:
    if pa.types.is_dictionary(key.type):
        key = key.cast(key.type.value_type)
    return key.cast(pa.binary()) if pa.types.is_fixed_size_binary(key.type) else key


def _column(column: Any, convert: Callable[[bytes], Value] | None) -> Sequence[Value]:
    values: list[Value] = []
    for chunk in column.chunks:
        values += _chunk(chunk)
    return values if convert is None else [convert(value) for value in values]  # type: ignore[arg-type]  # the column of a version holds bytes only


def _chunk(chunk: Any) -> Sequence[Any]:
    form = chunk.type
    if pa.types.is_dictionary(form):
        words = [*_chunk(chunk.dictionary), None]
        places = _chunk(chunk.indices.fill_null(len(words) - 1))
        return list(map(words.__getitem__, places))
    if pa.types.is_fixed_size_binary(form) and not chunk.null_count:
        return _cut(chunk, form.byte_width)
    if pa.types.is_map(form):
        return [None if pairs is None else dict(pairs) for pairs in chunk.to_pylist()]
    letter = _WHOLE.get(form)
    return chunk.to_pylist() if letter is None else _numbers(chunk, letter)


def _cut(chunk: Any, width: int) -> Sequence[bytes]:
    if not len(chunk):
        return []
    cells = memoryview(chunk.buffers()[1])[chunk.offset * width :][: len(chunk) * width]
    whole, rest = divmod(len(chunk), _TOGETHER)
    block = _block(width, _TOGETHER)
    cut: list[bytes] = []
    for at in range(0, whole * block.size, block.size):
        cut += block.unpack_from(cells, at)
    return cut + list(_block(width, rest).unpack_from(cells, whole * block.size))


@cache
def _block(width: int, count: int) -> Struct:
    return Struct(f"{width}s" * count)


def _numbers(chunk: Any, letter: str) -> Sequence[Any]:
    if not len(chunk):
        return []
    cells = memoryview(chunk.buffers()[1]).cast("B").cast(letter)  # type: ignore[call-overload]  # letters that it knows
    values: list[Any] = cells[chunk.offset : chunk.offset + len(chunk)].tolist()
    if chunk.null_count:
        for place in pc.indices_nonzero(chunk.is_null()).to_pylist():
            values[place] = None
    return values


def _sum(chunk: Any) -> int:
    """Of whole numbers of 128 bits: their halves are summed, which makes no number of each."""
    if not len(chunk):
        return 0
    halves = memoryview(chunk.buffers()[1]).cast("B").cast("Q")
    first, end = 2 * chunk.offset, 2 * (chunk.offset + len(chunk))
    low, high = halves[first:end:2], halves[first + 1 : end : 2]
    return sum(low.tolist()) + (sum(high.tolist()) << 64)


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
