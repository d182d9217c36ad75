"""Which rows of a batch count towards the sums of tokens and costs, column by column.

``hh_core.domain.calls`` says the same a rule at a time; a property test holds the two together.
"""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_NEVER = 1 << 63
_OWN = ("trace_id", "span_id", "parent_span_id", "start_ns", "duration_ns")


def says(usage: Any) -> Any:
    """Which rows of a column of token counts tell any: not only that there were none."""
    some = pc.greater(usage.items, 0)
    if pc.all(some).as_py():
        return pc.greater(lengths(usage), 0)
    owners = pc.unique(parents(usage).filter(some))
    return pc.is_in(pa.array(range(len(usage)), owners.type), value_set=owners)


def without_repeats(rows: pa.Table, is_model: Any, told: Any, saying: Any) -> Any:
    """Which of the rows that have ``told`` something do not repeat what a model event right below
    them is ``saying``. Mostly all, and that costs one look at their parents."""
    above, below = pc.and_(is_model, told), pc.and_(is_model, saying)
    spans = pc.unique(rows.column("span_id").filter(above))
    nested = pc.and_(below, pc.is_in(rows.column("parent_span_id"), value_set=spans))
    if not pc.any(nested).as_py():
        return told
    begun: dict[tuple[bytes, bytes], int] = {}
    for _, trace, span, parent, start, _ in _places(rows, nested):
        if parent != span:
            begun[trace, parent] = min(start, begun.get((trace, parent), start))
    over = pc.unique(rows.column("parent_span_id").filter(nested))
    kept = told.to_pylist()
    for place, trace, span, _, start, spent in _places(
        rows, pc.and_(above, pc.is_in(rows.column("span_id"), value_set=over))
    ):
        kept[place] = begun.get((trace, span), _NEVER) > start + spent
    return pa.array(kept, pa.bool_())


def one_of_each(told: pa.Table, saying: Any) -> pa.Table:
    """Of each call the last row that is ``saying`` something, else the last; ``told`` are oldest
    first. A row without a key (``keyless``) is a call of its own."""
    if pc.all(told.column("keyless")).as_py() is not False:
        return told
    size = told.num_rows
    ranks = pc.add(pc.multiply(pc.cast(saying, pa.int64()), size), pa.array(range(size)))
    numbered = told.append_column("rank", ranks)
    calls = numbered.group_by(["session", "keyless", "call"], use_threads=False)
    best = calls.aggregate([("rank", "max")]).column("rank_max").to_pylist()
    return told.take(pa.array([rank % size for rank in best], pa.int64()))


def lengths(maps: Any) -> Any:
    """How many entries each row of a column of maps has."""
    offsets = maps.offsets
    return pc.subtract(offsets[1:], offsets[:-1])


def parents(maps: Any) -> Any:
    """The row of each entry of a column of maps."""
    return pc.list_parent_indices(pa.ListArray.from_arrays(maps.offsets, maps.keys))


def _places(rows: pa.Table, chosen: Any) -> Any:
    """Where the ``chosen`` rows stand, each with ``_OWN``."""
    some = rows.filter(chosen)
    cells = (some.column(name).to_pylist() for name in _OWN)
    return zip(pc.indices_nonzero(chosen).to_pylist(), *cells, strict=True)
