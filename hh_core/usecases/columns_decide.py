"""Filters that a column decides, exactly as they are of the values that readers see.

A column counts in whole steps: nanoseconds, or 1e-12 dollars. Readers see floats. So each bound of
a filter is the least step at which the float that is seen fulfils it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from hh_core.domain.filters import Filter
from hh_core.ports.analytics import AnyOf, Condition, Op
from hh_core.usecases.event_shape import ROLLUPS, milliseconds_of

Where = tuple[Condition | AnyOf, ...]

_COST_DIGITS = 12
_MOST = 9 * 10**18
"""Steps; no column of whole numbers holds more."""
_MOST_COST = 10**27


def least(holds: Callable[[int], bool], near: float, most: int = _MOST) -> int:
    """The least step that fulfils a rising condition, which turns at ``near`` as floats have it;
    ``most`` or its negative for what lies beyond."""
    guess = int(max(-most, min(most, near)))
    slack = 4096 + (abs(guess) >> 50)  # more than a float of that size is off
    low, high = guess - slack, guess + slack
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def seen_cost(steps: int) -> float:
    return float(_dollars(steps))


def _dollars(steps: int) -> Decimal:
    return Decimal(steps).scaleb(-_COST_DIGITS)


def _itself(steps: int) -> Decimal | int:
    return steps


@dataclass(frozen=True, slots=True)
class Steps:
    """A column of numbers, and what readers see of it."""

    column: str
    seen: Callable[[int], float] = float
    stored: Callable[[int], Decimal | int] = _itself
    per_unit: float = 1
    """Steps in one of what readers see."""
    most: int = _MOST
    is_nullable: bool = False
    absent: float | None = None
    """What readers see where the column has nothing; None: nothing either."""

    def decided(self, condition: Filter) -> Where | None:
        """Conditions that say the same as ``condition``; None if there are none."""
        if condition.value is None:
            return self._existence(condition)
        if condition.type not in ("number", "datetime"):
            return None
        value = cast(float, condition.value)
        near = value * self.per_unit
        at = self.stored(least(lambda steps: self.seen(steps) >= value, near, self.most))
        past = self.stored(least(lambda steps: self.seen(steps) > value, near, self.most))
        less, more = Condition(self.column, Op.LT, at), Condition(self.column, Op.GE, past)
        match condition.operator:
            case "greater than" | "after":
                is_absent = self.absent is not None and self.absent > value
                return (self._or_absent(is_absent, more),)
            case "less than" | "before":
                is_absent = self.absent is not None and self.absent < value
                return (self._or_absent(is_absent, less),)
            case "is not":
                return (self._or_absent(self.absent != value, less, more),)
            case _:
                same = (Condition(self.column, Op.GE, at), Condition(self.column, Op.LT, past))
                return tuple(self._or_absent(self.absent == value, part) for part in same)

    def _existence(self, condition: Filter) -> Where | None:
        if self.is_nullable and self.absent is None:
            op = Op.NOT_EXISTS if condition.negative else Op.EXISTS
            return (Condition(self.column, op),)
        return None if condition.negative else ()

    def _or_absent(self, is_absent: bool, *parts: Condition) -> Condition | AnyOf:
        if is_absent and self.is_nullable:
            parts = (*parts, Condition(self.column, Op.NOT_EXISTS))
        return parts[0] if len(parts) == 1 else AnyOf(parts)


_DURATION = Steps("duration_ns", milliseconds_of, per_unit=1e6)
_COST = Steps(
    "cost", seen_cost, _dollars, per_unit=10**_COST_DIGITS, most=_MOST_COST, is_nullable=True
)
_ROLL_UPS: Mapping[str, Steps] = {
    **{
        f"metadata.{name}": Steps(name) for name in ("num_events", "num_model_events", "num_errors")
    },
    **{f"metadata.{kind}": Steps(f"usage.{kind}", is_nullable=True, absent=0) for kind in ROLLUPS},
    "metadata.cost": _COST,
}
NUMBER_OPS: Mapping[str, tuple[Op, ...]] = {
    "greater than": (Op.GT,),
    "less than": (Op.LT,),
    "is": (Op.GE, Op.LE),
}
"""Operators on an attribute that is compared as a number. EQ is for texts, which are looked up."""
SERVER_SET = (*(name.removeprefix("metadata.") for name in _ROLL_UPS), "has_feedback")
"""Keys of ``metadata`` that a session has from its roll-up, whatever a client wrote there."""
ROLL_UP_COLUMNS = frozenset((*(steps.column for steps in _ROLL_UPS.values()), "has_feedback"))
"""Where these stand in ``SESSIONS`` and ``LISTING``."""


def by_roll_up(condition: Filter) -> Where | None:
    """Of sessions: conditions that say the same of every one."""
    if condition.field == "metadata.has_feedback" and condition.type == "boolean":
        if condition.operator != "is":
            return None if condition.negative else ()
        return (Condition("has_feedback", Op.EQ, int(condition.value is True)),)
    steps = _ROLL_UPS.get(condition.field)
    return None if steps is None else steps.decided(condition)


def unless_updated(condition: Filter) -> Where | None:
    """Conditions that say the same of every event and session that no patch tells of."""
    if condition.field == "duration":
        return _DURATION.decided(condition)
    if condition.field == "error" and condition.operator == "exists":
        return (Condition("error_class", Op.EXISTS),)
    if condition.field == "error" and condition.operator == "not exists":
        return (Condition("error_class", Op.NOT_EXISTS),)
    return None


def needed_unless_updated(condition: Filter) -> Where:
    """What any match fulfils that no patch tells of."""
    if condition.field == "error" and not condition.negative:
        return (Condition("error_class", Op.EXISTS),)
    return ()


def cost_of_events(condition: Filter) -> tuple[Where, Where] | None:
    """Of events alone: conditions on columns, and such on attributes besides, that say the same of
    every one that is neither updated nor truncated; None if there are none.

    The column has the cost that counts. Where it has none, readers see what was told: of a chain,
    which costs nothing itself, or as text. Of a model they do not see a zero that was told.
    """
    operator = condition.operator
    compared = NUMBER_OPS.get(operator)
    if condition.field != "metadata.cost" or condition.type != "number" or compared is None:
        return None
    found = cast("tuple[Condition, ...]", _COST.decided(condition))
    value = cast(float, condition.value)
    unknown = Condition("cost", Op.NOT_EXISTS)
    told = tuple(AnyOf((part, unknown)) for part in found)
    column = "attributes.metadata.cost"
    seen = tuple(Condition(column, op, value) for op in compared)
    attributes = tuple(AnyOf((part, other)) for part in found for other in seen)
    if not (value < 0 if operator == "greater than" else value == 0 or operator == "less than"):
        return told, attributes
    shown = (
        Condition("cost", Op.EXISTS),
        Condition("event_type", Op.NE, "model"),
        Condition(column, Op.NE, 0.0),
    )
    return told, (*attributes, AnyOf(shown))
