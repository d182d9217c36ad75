"""Queries of the port as SQL: columns from a list of names, values as parameters."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from hh_clickhouse.conditions import MAPS, NULLABLE, WHOLE, Conditions, Reference, reference
from hh_clickhouse.parameters import Parameters
from hh_clickhouse.settled import SETTINGS, Settled
from hh_clickhouse.skipping import looked_up
from hh_clickhouse.sources import (
    UNMERGED,
    UNMOVED,
    Branch,
    branches,
    columns_of,
    names_few,
    names_many,
    names_traces,
    rows_from,
    select_from,
)
from hh_core.domain.tables import Type
from hh_core.errors import RejectedError
from hh_core.ports.analytics import Function, Measure, Order, Query, Row, Value

Convert = Callable[[object], Value]

_KEYS_FIRST = "optimize_move_to_prewhere_if_final = 1"
"""Columns of the key are read first, which all versions of a row share, and the others only where
these fit."""
_ONE_THREAD = "max_threads = 1"
_BUCKET = "bucket"
_REPEATED = frozenset(("trace_id", "session_key", "parent_event_id"))
"""Ids that many events of a trace share."""
_QUANTILES = {
    Function.P50: "0.5",
    Function.P90: "0.9",
    Function.P95: "0.95",
    Function.P99: "0.99",
}


@dataclass(frozen=True, slots=True)
class Compiled:
    sql: str
    parameters: dict[str, object]
    names: tuple[str, ...]
    converts: tuple[Convert, ...]
    versions: frozenset[int] = frozenset()
    """The places of columns that hold a version."""
    looked_up: str = ""
    """The attributes that the rows are found by, if any, and in which project."""
    settings: tuple[str, ...] = ()
    """How the statement is to be worked on; never what it answers."""

    def with_settings(self, *more: str) -> str:
        """The statement with its settings and ``more``."""
        settings = ", ".join((*self.settings, *filter(None, more)))
        return f"{self.sql} SETTINGS {settings}" if settings else self.sql

    def rows(self, found: Sequence[Sequence[object]]) -> list[Row]:
        """The answer's rows as those of the port. Most values are so already."""
        answers: list[dict[str, Any]] = [dict(zip(self.names, row, strict=True)) for row in found]
        for name, convert in zip(self.names, self.converts, strict=True):
            if convert is not _same:
                for answer in answers:
                    answer[name] = convert(answer[name])
        return list(answers)


def compile_select(query: Query, plane: str, settled: Settled | None = None) -> Compiled:
    """The statement that answers ``query``; ``settled``, of one that ``may_gain`` by it, changes
    how. Raises ``RejectedError`` for names it may not use."""
    return _Compiler(query, plane, settled).select()


def compile_columns(query: Query, plane: str, *, is_unmoved: bool = False) -> Compiled:
    """As ``compile_select``, for an answer in columns: of the events of some traces, ids that many
    share come once each, with their places, as few texts do. With ``is_unmoved``, of EVENTS, there
    are no rows where an event of the project has moved."""
    once = _REPEATED if names_traces(query) else frozenset[str]()
    return _Compiler(query, plane, once=once, branch=UNMOVED if is_unmoved else None).select()


def compile_unmerged(query: Query, plane: str) -> Compiled:
    """As ``compile_select`` for events that are asked for by their ids alone, but for all of their
    rows, wherever they stand or stood, in no order."""
    return _Compiler(query, plane, branch=UNMERGED).select()


def compile_count(query: Query, plane: str, settled: Settled | None = None) -> Compiled:
    """The statement that counts the rows of ``compile_select``'s answer, as if it had no limit.
    Of hours that are ``settled`` rows are not merged."""
    return _Compiler(query, plane, settled).count()


class _Compiler:
    """One query on its way to SQL. The inner SELECT renames nothing, the outer one everything."""

    def __init__(
        self,
        query: Query,
        plane: str,
        settled: Settled | None = None,
        *,
        once: Collection[str] = (),
        branch: Branch | None = None,
    ) -> None:
        """``once``: columns of which each value is answered once. ``branch``: what is read of
        EVENTS, if not what the relation says."""
        self._branch = branch
        self._query = query
        self._once = once
        self._plane = plane
        self._settled = settled
        self._columns = columns_of(query.relation, plane)
        self._parameters = Parameters()
        self._used: dict[str, None] = {}
        self._numbers: dict[str, str] = {}
        self._outer = Conditions(self._columns, _outer, self._parameters)

    def select(self) -> Compiled:
        query = self._query
        outputs = self._groups() if self._grouped else self._plain()
        order = self._order({name: f"o{n}" for n, (name, _, _) in enumerate(outputs)})
        columns = ", ".join(f"{text} AS o{n}" for n, (_, text, _) in enumerate(outputs))
        sql = self._from(columns, order)
        if self._keys:
            sql += f" GROUP BY {', '.join(f'o{n}' for n in range(self._keys))}"
        sql += f"{order} LIMIT {int(query.limit)} OFFSET {int(query.offset)}"
        return Compiled(
            sql,
            self._parameters.values,
            tuple(name for name, _, _ in outputs),
            tuple(convert for _, _, convert in outputs),
            frozenset(n for n, (name, _, _) in enumerate(outputs) if self._is_version(name)),
            looked_up(query),
            self._settings(),
        )

    def _settings(self) -> tuple[str, ...]:
        settings = {
            _ONE_THREAD: names_few(self._query),
            _KEYS_FIRST: names_many(self._query),
            **dict.fromkeys(SETTINGS, self._settled is not None),
        }
        return tuple(setting for setting, is_wanted in settings.items() if is_wanted)

    def count(self) -> Compiled:
        keys = self._group_keys()
        if self._grouped and not keys:
            sql = "SELECT 1 AS o0"
        elif keys:
            columns = ", ".join(f"{text} AS o{n}" for n, (_, text, _) in enumerate(keys))
            grouped = ", ".join(f"o{n}" for n in range(len(keys)))
            sql = f"SELECT count() AS o0 FROM ({self._from(columns, '')} GROUP BY {grouped})"
        else:
            sql = self._from("count() AS o0", "")
        return Compiled(
            sql,
            self._parameters.values,
            ("count",),
            (_same,),
            looked_up=looked_up(self._query),
            settings=SETTINGS if self._settled is not None else (),
        )

    @property
    def _grouped(self) -> bool:
        query = self._query
        return bool(query.group_by or query.measures or query.bucket)

    @property
    def _keys(self) -> int:
        return len(self._query.group_by) + (self._query.bucket is not None)

    def _plain(self) -> list[tuple[str, str, Convert]]:
        if not self._query.columns:
            raise RejectedError("a query names columns, groups or measures", code=422)
        return [self._told(*self._column(name)) for name in self._query.columns]

    def _told(self, name: str, text: str, convert: Convert) -> tuple[str, str, Convert]:
        return name, f"toLowCardinality({text})" if name in self._once else text, convert

    def _groups(self) -> list[tuple[str, str, Convert]]:
        return [*self._group_keys(), *map(self._measure, self._query.measures)]

    def _group_keys(self) -> list[tuple[str, str, Convert]]:
        keys = [self._column(name) for name in self._query.group_by]
        if self._query.bucket is not None:
            width = round(self._query.bucket.total_seconds() * 1e9)
            if width <= 0 or "start_ns" not in self._columns:
                raise RejectedError("there is nothing to cut into buckets", code=422)
            start, by = self._read("start_ns"), self._parameters.add(width, "Int64")
            keys.append(
                (_BUCKET, f"{_outer(start.column)} - positiveModulo(start_ns, {by})", _same)
            )
        return keys

    def _column(self, name: str) -> tuple[str, str, Convert]:
        found = self._read(name)
        return name, self._outer.value(found), _convert(found)

    def _read(self, name: str) -> Reference:
        found = reference(self._columns, name)
        self._used[found.column] = None
        return found

    def _measure(self, measure: Measure) -> tuple[str, str, Convert]:
        if measure.function is Function.COUNT:
            return measure.name, "count()", _same
        found = self._read(measure.column)
        value = self._outer.value(found)
        match measure.function:
            case Function.SUM if found.type is Type.USAGE and found.key is None:
                return measure.name, f"sumMap({value})", _same
            case Function.UNIQ if found.key is not None or found.type not in MAPS:
                return measure.name, f"uniqExact({value})", _same
            case Function.MIN | Function.MAX if found.key is not None or found.type not in MAPS:
                return measure.name, f"{measure.function}OrNull({value})", _convert(found)
        if (found.type in MAPS and found.key is None) or not (
            found.is_number or found.is_text_value
        ):
            raise RejectedError(f"{measure.function} needs a column of numbers", code=422)
        number = self._number(measure.column, found)
        levels = self._levels(measure.column)
        if measure.function in _QUANTILES and len(levels) > 1:
            several = _several(levels, number, is_whole=found.type in WHOLE)
            at = levels.index(_QUANTILES[measure.function]) + 1
            return measure.name, f"if(count({number}) = 0, NULL, {several}[{at}])", _same
        return measure.name, _numeric(measure.function, number), _same

    def _number(self, column: str, found: Reference) -> str:
        """One text for one column, parameters included, so that the engine sees that it is one."""
        if column not in self._numbers:
            self._numbers[column] = self._outer.number(found)
        return self._numbers[column]

    def _levels(self, column: str) -> list[str]:
        """The quantiles that are asked of a column."""
        asked = [measure.function for measure in self._query.measures if measure.column == column]
        return sorted({_QUANTILES[function] for function in asked if function in _QUANTILES})

    def _is_version(self, name: str) -> bool:
        return self._columns.get(name) is Type.VERSION

    def _order(self, outputs: dict[str, str]) -> str:
        parts = [self._order_by(order, outputs) for order in self._query.order_by]
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def _order_by(self, order: Order, outputs: dict[str, str]) -> str:
        text = outputs.get(order.column)
        if text is None or not self._grouped:
            if self._grouped:
                raise RejectedError("groups are ordered by what they answer", code=422)
            text = self._outer.value(self._read(order.column))
        last = " NULLS LAST" if self._may_be_null(order.column) else ""
        return f"{text} {'DESC' if order.descending else 'ASC'}{last}"

    def _may_be_null(self, name: str) -> bool:
        """Answers of groups may be; of columns, few. Where none is, a page is read faster."""
        return self._grouped or self._read(name).type in NULLABLE or "." in name

    def _from(self, columns: str, order: str) -> str:
        """A SELECT of ``columns``, as a list is called outside, from the relation's rows.

        A page is cut in each branch already, so that little is carried. A single table that needs
        no new names is read directly: the engine then fetches most columns for the page alone.
        """
        wanted = list(self._used)
        if self._branch is not None:
            return rows_from(self._branch, self._query, self._plane, self._parameters, columns)
        read = branches(self._query, self._plane)
        if self._settled is not None:
            return f"SELECT {columns} FROM ({self._apart(read[0], wanted, self._settled)})"
        if len(read) == 1 and all(read[0].expressions(name) == name for name in wanted):
            return rows_from(read[0], self._query, self._plane, self._parameters, columns)
        parts = [
            select_from(branch, self._query, self._plane, self._parameters, wanted)
            for branch in read
        ]
        source = " UNION ALL ".join(self._renamed(part, wanted, order) for part in parts)
        return f"SELECT {columns} FROM ({source})"

    def _apart(self, branch: Branch, wanted: Sequence[str], settled: Settled) -> str:
        """The rows of hours that are settled, and those of all others."""
        as_they_stand, merged = settled.conditions(self._parameters)
        parts = (
            select_from(
                replace(branch, is_final=is_final),
                self._query,
                self._plane,
                self._parameters,
                wanted,
                beside=beside,
            )
            for beside, is_final in ((as_they_stand, False), (merged, True))
        )
        return " UNION ALL ".join(self._renamed(part, wanted, "") for part in parts)

    def _renamed(self, part: str, wanted: Sequence[str], order: str) -> str:
        columns = ", ".join(
            f"out_{name} AS {name}" if f" AS out_{name}" in part else name for name in wanted
        )
        cut = ""
        if not self._grouped and order:
            cut = f"{order} LIMIT {int(self._query.limit) + int(self._query.offset)}"
        return f"SELECT * FROM (SELECT {columns or '1'} FROM ({part})){cut}"


def _outer(name: str) -> str:
    return name


def _numeric(function: Function, value: str) -> str:
    if function in _QUANTILES:
        return f"quantileExactOrNull({_QUANTILES[function]})(toFloat64({value}))"
    if function is Function.AVG:
        return f"avgOrNull(toFloat64({value}))"
    return f"sumOrNull({value})"


def _several(levels: Sequence[str], value: str, *, is_whole: bool) -> str:
    """Several quantiles of ``value`` as an array of numbers: its values are gathered and sorted
    once for all of them. Whole numbers are sorted as such, which is faster, and read afterwards:
    both ways lead to the same ones."""
    name = f"quantilesExact({', '.join(levels)})"
    if is_whole:
        return f"CAST({name}({value}), 'Array(Float64)')"
    return f"{name}(toFloat64({value}))"


def _convert(found: Reference) -> Convert:
    return _uuid if found.type is Type.ID else _same


def _uuid(value: object) -> Value:
    return UUID(bytes=value) if isinstance(value, bytes) else None


def _same(value: object) -> Value:
    return value  # type: ignore[return-value]  # the driver's values are those of the port
