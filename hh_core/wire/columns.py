"""Rows of the index as Arrow IPC streams: the form in which they are built, sent and inserted.

Columns go in as lists, one for each column of ``hh_core.domain.tables``. Nothing touches a row.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import BytesIO
from itertools import accumulate, chain
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from hh_core.domain.tables import COLUMNS, TELEMETRY, Column, Relation, Type
from hh_core.errors import RejectedError
from hh_core.wire.maps import Maps

_ARROW: dict[Type, Any] = {
    Type.ID: pa.binary(16),
    Type.TRACE: pa.binary(16),
    Type.SPAN: pa.binary(8),
    Type.VERSION: pa.binary(16),
    Type.NAME: pa.string(),
    Type.TEXT: pa.string(),
    Type.FLAG: pa.uint8(),
    Type.U32: pa.uint32(),
    Type.U64: pa.uint64(),
    Type.TIME: pa.int64(),
    Type.NUMBER: pa.float64(),
    Type.COST: pa.decimal128(38, 12),
    Type.USAGE: pa.map_(pa.string(), pa.uint64()),
    Type.ATTRIBUTES: pa.map_(pa.string(), pa.string()),
}
_NULLABLE = frozenset((Type.COST, Type.NUMBER))
_CENT = Decimal("0.000000000001")


def schema(relation: Relation, *, telemetry: bool = False) -> Any:
    """The ``pyarrow.Schema`` of ``relation``; ``telemetry``: of ``EVENTS``' first 24 columns."""
    return _TELEMETRY if telemetry else _SCHEMAS[relation]


def encode(
    relation: Relation, columns: Mapping[str, Sequence[Any]], *, telemetry: bool = False
) -> bytes:
    """``columns`` as an Arrow IPC stream of one batch.

    Ids may be ``bytes`` or ``UUID``, versions ``bytes`` (little-endian) or ``int``, maps
    dictionaries, costs ``Decimal`` or None. All lists have one length. Raises ``RejectedError``
    that names the column which is missing, unknown, or holds what its type cannot.
    """
    form = schema(relation, telemetry=telemetry)
    wanted = _columns(relation, telemetry)
    if extra := columns.keys() - set(form.names):
        raise RejectedError(f"{relation} has no column {min(extra)!r}", code=422)
    return _stream(form, [_batch(relation, form, wanted, columns)])


def record_batch(relation: Relation, columns: Mapping[str, Any]) -> Any:
    """``columns`` as a ``pyarrow.RecordBatch``. Some may be arrays already. Raises like
    ``encode``."""
    return _batch(relation, schema(relation), COLUMNS[relation], columns)


def map_column(type_: Type) -> Maps:
    """A column of maps that is still to be filled."""
    return Maps(_ARROW[type_])


def constant(type_: Type, cell: Any, count: int) -> Any:
    """A column of ``count`` cells that are the same."""
    return pa.repeat(pa.scalar(cell, _ARROW[type_]), count)


def nulls(type_: Type, count: int) -> Any:
    """A column of ``count`` cells in which nothing is known."""
    return pa.nulls(count, _ARROW[type_])


def fixed(cells: Sequence[bytes], type_: Type) -> Any:
    """A column of ids, which all have the bytes that their type tells."""
    form, data = _ARROW[type_], b"".join(cells)
    if len(data) != len(cells) * form.byte_width:
        raise RejectedError("an id has not the length that its column wants", code=422)
    return pa.Array.from_buffers(form, len(cells), [None, pa.py_buffer(data)])


def join(relation: Relation, batches: Sequence[Any]) -> bytes:
    """Several record batches of ``relation`` as an Arrow IPC stream of one batch."""
    return table_bytes(pa.Table.from_batches(batches, schema(relation)))


def _batch(relation: Relation, form: Any, wanted: Sequence[Column], columns: Any) -> Any:
    arrays = [_array(relation, column, columns) for column in wanted]
    try:
        return pa.record_batch(arrays, schema=form)
    except ValueError as error:
        raise RejectedError(f"{relation}: the columns have different lengths", code=422) from error


def decode(relation: Relation, arrow: bytes, *, telemetry: bool = False) -> Any:
    """The ``pyarrow.Table`` in an Arrow IPC stream, checked to be storable in ``relation``.

    Raises ``RejectedError`` if it is malformed, has another schema, holds null where there is none,
    or numbers that are not finite. Zero-copy: the table lives on ``arrow``.
    """
    form = schema(relation, telemetry=telemetry)
    try:
        with pa.ipc.open_stream(arrow) as reader:
            if not reader.schema.equals(form):
                raise RejectedError(f"the columns are not those of {relation}", code=422)
            table = reader.read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        raise RejectedError(f"{relation}: not a well-formed Arrow stream", code=400) from error
    for column, values in zip(_columns(relation, telemetry), table.columns, strict=True):
        _check(column, values)
    return table


def concat(streams: Sequence[bytes]) -> bytes:
    """Several streams of one schema as one. Raises ``RejectedError`` if they differ."""
    if len(streams) == 1:
        return streams[0]
    batches: list[Any] = []
    form: Any = None
    try:
        for stream in streams:
            with pa.ipc.open_stream(stream) as reader:
                form = form or reader.schema
                if not reader.schema.equals(form):
                    raise RejectedError("the streams have different columns", code=422)
                batches.extend(reader)
    except (pa.ArrowException, OSError) as error:
        raise RejectedError("not a well-formed Arrow stream", code=400) from error
    if form is None:
        raise RejectedError("there is no stream to join", code=422)
    # One batch for the reader: each batch costs it as much as a thousand rows.
    return table_bytes(pa.Table.from_batches(batches, form))


def table_bytes(table: Any) -> bytes:
    """A ``pyarrow.Table`` as an Arrow IPC stream of one batch."""
    return _stream(table.schema, table.combine_chunks().to_batches())


def _stream(form: Any, batches: Sequence[Any]) -> bytes:
    # Arrow's own sink would be copied, which for some megabytes takes five times as long.
    sink = BytesIO()
    with pa.ipc.new_stream(sink, form) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return sink.getvalue()


def _array(relation: Relation, column: Column, columns: Mapping[str, Any]) -> Any:
    values = columns.get(column.name)
    if values is None:
        raise RejectedError(f"{relation} needs column {column.name!r}", code=422)
    if isinstance(values, pa.Array):
        return values
    try:
        return build(column.type, values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError, ArithmeticError) as error:
        raise RejectedError(f"{relation}.{column.name} cannot hold a value", code=422) from error


def build(type_: Type, values: Sequence[Any]) -> Any:
    """A column of ``values``. Raises what ``pyarrow`` does for what the type cannot hold."""
    form = _ARROW[type_]
    match type_:
        case Type.ID:
            return pa.array([v.bytes if isinstance(v, UUID) else v for v in values], form)
        case Type.VERSION:
            return pa.array(
                [v.to_bytes(16, "little") if isinstance(v, int) else v for v in values], form
            )
        case Type.USAGE | Type.ATTRIBUTES:
            offsets = pa.array(accumulate(map(len, values), initial=0), pa.int32())
            keys = pa.array(list(chain.from_iterable(values)), pa.string())
            items = chain.from_iterable(value.values() for value in values)
            return pa.MapArray.from_arrays(offsets, keys, pa.array(list(items), form.item_type))
        case Type.COST:
            return _costs(values)
        case _:
            return pa.array(values, form)


def _costs(values: Sequence[Decimal | None]) -> Any:
    form = _ARROW[Type.COST]
    if not any(value is not None for value in values):
        return pa.nulls(len(values), form)
    try:
        return pa.array(values, form)
    except pa.ArrowInvalid:  # more than twelve places
        return pa.array([None if v is None else v.quantize(_CENT) for v in values], form)


def _check(column: Column, values: Any) -> None:
    if values.null_count and column.type not in _NULLABLE:
        raise RejectedError(f"{column.name} must not be null", code=422)
    if column.type is Type.NUMBER:
        finite = pc.all(pc.is_finite(values)).as_py()
        if finite is False:
            raise RejectedError(f"{column.name} must be finite", code=422)


def _columns(relation: Relation, telemetry: bool) -> tuple[Column, ...]:
    return TELEMETRY if telemetry else COLUMNS[relation]


def _schema(columns: Sequence[Column]) -> Any:
    return pa.schema(
        [pa.field(c.name, _ARROW[c.type], nullable=c.type in _NULLABLE) for c in columns]
    )


_SCHEMAS = {relation: _schema(columns) for relation, columns in COLUMNS.items()}
_TELEMETRY = _schema(TELEMETRY)
