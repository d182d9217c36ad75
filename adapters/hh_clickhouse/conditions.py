"""Columns and conditions of a query as SQL expressions."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from hh_clickhouse.parameters import Parameters
from hh_clickhouse.terms import has_term
from hh_core.domain.filters import MAX_NUMBER_TEXT, NUMBER_TEXT
from hh_core.domain.tables import Type
from hh_core.errors import RejectedError
from hh_core.ports.analytics import AnyOf, Condition, Op

Expressions = Callable[[str], str]
"""What a column of the relation is in a given branch of the query."""

WIDTHS = {Type.ID: 16, Type.TRACE: 16, Type.SPAN: 8}
TEXTS = frozenset((Type.NAME, Type.TEXT))
MAPS = frozenset((Type.USAGE, Type.ATTRIBUTES))
NULLABLE = frozenset((Type.COST, Type.NUMBER))
WHOLE = frozenset((Type.FLAG, Type.U32, Type.TIME))
"""Whole numbers, each of which fits into an Int64."""
_INT64 = range(-(1 << 63), 1 << 63)
_COMPARE = {Op.EQ: "=", Op.NE: "=", Op.LT: "<", Op.LE: "<=", Op.GT: ">", Op.GE: ">="}
_NEGATED = {Op.NE, Op.NOT_CONTAINS, Op.NOT_EXISTS}
_SMALLEST = Decimal("0.000000000001")


@dataclass(frozen=True, slots=True)
class Reference:
    """A column of a relation, or the value under ``key`` of a map column."""

    column: str
    type: Type
    key: str | None = None

    @property
    def is_number(self) -> bool:
        return self.type not in WIDTHS and self.type not in TEXTS and not self.is_text_value

    @property
    def is_text_value(self) -> bool:
        return self.type is Type.ATTRIBUTES and self.key is not None


def reference(columns: Mapping[str, Type], name: str) -> Reference:
    """Find ``name``. Raises ``RejectedError`` if the relation has no such column (A5)."""
    if name in columns:
        return Reference(name, columns[name])
    column, dot, key = name.partition(".")
    if dot and key and columns.get(column) in MAPS:
        return Reference(column, columns[column], key)
    raise RejectedError(f"there is no column {column[:64]!r} here", code=422)


class Conditions:
    """Compiles conditions over one branch of a query."""

    def __init__(
        self,
        columns: Mapping[str, Type],
        expressions: Expressions,
        parameters: Parameters,
        project: str = "",
    ) -> None:
        """``project``: the placeholder of its id; conditions of a query need it."""
        self._columns = columns
        self._expressions = expressions
        self._parameters = parameters
        self._project = project

    def value(self, found: Reference) -> str:
        """The expression to read; NULL where a map has no such key."""
        expression = self._expressions(found.column)
        if found.key is None:
            return expression
        key = self._parameters.add(found.key, "String")
        return f"if(mapContains({expression}, {key}), {expression}[{key}], NULL)"

    def number(self, found: Reference) -> str:
        """The expression as a number; NULL where text is none."""
        value = self.value(found)
        return _as_number(value) if found.is_text_value else value

    def all_of(self, where: Collection[Condition | AnyOf]) -> list[str]:
        return [self._any(part) for part in where]

    def _any(self, part: Condition | AnyOf) -> str:
        if isinstance(part, Condition):
            return self._one(part)
        return f"({' OR '.join(map(self._one, part.alternatives)) or '0'})"

    def _one(self, condition: Condition) -> str:
        found = reference(self._columns, condition.column)
        op, value = condition.op, condition.value
        if value is None and op in (Op.EQ, Op.NE):
            op = Op.NOT_EXISTS if op is Op.EQ else Op.EXISTS
        match op:
            case Op.EXISTS | Op.NOT_EXISTS:
                text = self._exists(found)
            case Op.CONTAINS | Op.NOT_CONTAINS:
                text = self._contains(found, value)
            case Op.IN:
                text = self._in(found, value)
            case Op.UPDATED:
                text = self._updated(found)
            case _:
                text = self._compare(found, _COMPARE[op], value)
        return f"NOT ({text})" if op in _NEGATED else text

    def _exists(self, found: Reference) -> str:
        value = self.value(found)
        if found.is_text_value:
            return f"notEmpty(ifNull({value}, ''))"
        if found.key is not None:
            return f"isNotNull({value})"
        if found.type in WIDTHS:
            return f"{value} != {self._parameters.fixed(bytes(WIDTHS[found.type]))}"
        if found.type in TEXTS or found.type in MAPS:
            return f"notEmpty({value})"
        return f"isNotNull({value})" if found.type in NULLABLE else "1"

    def _contains(self, found: Reference, value: object) -> str:
        if not isinstance(value, str) or not (found.type in TEXTS or found.is_text_value):
            raise RejectedError(f"{found.column} is not compared as text here", code=422)
        needle = self._parameters.add(value, "String")
        return _sure(f"position({self.value(found)}, {needle}) > 0")

    def _in(self, found: Reference, value: object) -> str:
        if isinstance(value, str | bytes) or not isinstance(value, Collection):
            raise RejectedError("`in` needs a collection of values", code=422)
        if found.type in WIDTHS:
            wide = WIDTHS[found.type]
            return self._parameters.fixed_in(self.value(found), [_id(v) for v in value], wide)
        if all(isinstance(v, str) for v in value) and (found.type in TEXTS or found.is_text_value):
            texts = self._parameters.add(list(value), "Array(String)")
            return _sure(f"has({texts}, {self.value(found)})") if value else "0"
        if found.type in WHOLE and found.key is None and all(type(v) is int for v in value):
            # one look into a set; a chain of comparisons costs each row as many as it has values
            wanted = [v for v in value if v in _INT64]
            array = self._parameters.add(wanted, "Array(Int64)")
            return f"{self.value(found)} IN {array}" if wanted else "0"
        return f"({' OR '.join(self._compare(found, '=', v) for v in value) or '0'})"

    def _updated(self, found: Reference) -> str:
        """All rows of one patch agree on what it is, so none of them needs to be final."""
        if found.column != "event_id":
            raise RejectedError("only events are updated: ask it of event_id", code=422)
        return (
            f"{self.value(found)} IN (SELECT event_id FROM event_patches"
            f" WHERE project_id = {self._project} AND is_start = 0)"
        )

    def _compare(self, found: Reference, sign: str, value: Any) -> str:
        if found.key is None and found.type in MAPS:
            raise RejectedError(f"{found.column} is a map: compare one of its keys", code=422)
        if found.type in WIDTHS:
            wanted = _id(value)
            if len(wanted) != WIDTHS[found.type]:
                raise RejectedError(f"{found.column} has {WIDTHS[found.type]} bytes", code=422)
            return f"{self.value(found)} {sign} {self._parameters.fixed(wanted)}"
        if found.type in TEXTS or found.is_text_value:
            return self._compare_text(found, sign, value)
        return _sure(f"{self.value(found)} {sign} {self._number(found, value)}")

    def _compare_text(self, found: Reference, sign: str, value: Any) -> str:
        if isinstance(value, bool):
            value = "true" if value else "false"
        if isinstance(value, str) and value and sign == "=" and found.key is not None:
            return self._has_pair(self._expressions(found.column), found.key, value)
        if isinstance(value, str):
            return _sure(f"{self.value(found)} {sign} {self._parameters.add(value, 'String')}")
        if isinstance(value, int | float | Decimal):
            wanted = self._parameters.add(float(value), "Float64")
            return _sure(f"{_as_number(self.value(found))} {sign} {wanted}")
        raise RejectedError(f"{found.column} is compared with text or a number", code=422)

    def _has_pair(self, column: str, key: str, value: str) -> str:
        if column == "attributes" and (term := has_term(key, value, self._parameters)):
            return term
        # a key that is not there reads as empty text: one look into the map is enough
        wanted = [self._parameters.add(text, "String") for text in (key, value)]
        return "{}[{}] = {}".format(column, *wanted)

    def _number(self, found: Reference, value: Any) -> str:
        if not isinstance(value, int | float | Decimal):
            raise RejectedError(f"{found.column} is compared with a number", code=422)
        if found.type is Type.COST:
            return self._parameters.add(_cost(value), "Decimal(38, 12)")
        if found.type is Type.VERSION:
            return self._parameters.add(int(value), "UInt128")
        if isinstance(value, int) and found.type is not Type.NUMBER:
            return self._parameters.add(int(value), "Int128")
        return self._parameters.add(float(value), "Float64")


def ids_of(condition: Condition) -> Collection[bytes]:
    """The ids that ``condition``, an EQ or IN on a column of ids, asks for."""
    value = condition.value
    if isinstance(value, Collection) and not isinstance(value, str | bytes):
        return [_id(one) for one in value]
    return [_id(value)]


def _id(value: object) -> bytes:
    match value:
        case UUID():
            return value.bytes
        case bytes():
            return value
        case _:
            raise RejectedError("an id is compared with a UUID or bytes", code=422)


def _cost(value: int | float | Decimal) -> str:
    try:
        return f"{Decimal(str(value)).quantize(_SMALLEST):f}"
    except InvalidOperation as error:
        raise RejectedError("a cost is compared with a finite number", code=422) from error


def _as_number(value: str) -> str:
    text = f"assumeNotNull({value})"
    is_number = f"length({text}) <= {MAX_NUMBER_TEXT} AND match({text}, '^{NUMBER_TEXT}$')"
    number = f"toFloat64OrNull(if({is_number}, {value}, NULL))"
    return f"nullIf(nullIf({number}, inf), -inf)"


def _sure(condition: str) -> str:
    """A missing value makes a condition false, not unknown."""
    return f"ifNull({condition}, 0)"
