"""A column of maps, put together from blocks of rows that mostly have the same keys."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import pyarrow as pa


class _Numbers(dict[str, int]):
    """Of names, in the order in which they come."""

    def __missing__(self, name: str) -> int:
        number = self[name] = len(self)
        return number


class Maps:
    """Keys are kept as numbers until the end: a block of rows repeats them at memory's speed."""

    def __init__(self, type_: Any) -> None:
        """``type_``: of the column, a ``pyarrow`` map from strings."""
        self._type = type_
        self._numbers = _Numbers()
        self._keys = array("i")
        self._items: list[Any] = []
        self._offsets = array("i", [0])

    def same_keys(self, names: Sequence[str], columns: Iterable[Sequence[Any]], count: int) -> None:
        """Add ``count`` rows that all have the keys ``names``, from their values by key."""
        width, first = len(names), self._offsets[-1]
        if not width:
            self._offsets.extend([first] * count)
            return
        self._offsets.extend(range(first + width, first + width * count + 1, width))
        self._keys.extend(array("i", map(self._numbers.__getitem__, names)) * count)
        self._items += chain.from_iterable(zip(*columns, strict=True))

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows each of which has keys of its own."""
        number_of = self._numbers.__getitem__
        for row in rows:
            self._keys.extend(map(number_of, row))
            self._items += row.values()
            self._offsets.append(len(self._items))

    def array(self) -> Any:
        """Raises what ``pyarrow`` does for a value that the type cannot hold."""
        numbers = pa.Array.from_buffers(
            pa.int32(), len(self._keys), [None, pa.py_buffer(self._keys)]
        )
        offsets = pa.Array.from_buffers(
            pa.int32(), len(self._offsets), [None, pa.py_buffer(self._offsets)]
        )
        keys = pa.array(list(self._numbers), pa.string()).take(numbers)
        items = pa.array(self._items, self._type.item_type)
        return pa.MapArray.from_arrays(offsets, keys, items)
