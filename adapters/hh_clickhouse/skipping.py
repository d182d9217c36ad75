"""Whether the index of terms is worth asking: it helps where few rows match, and costs a third more
than to read all terms where most granules have a match.

Nobody knows before, so what the last question about an attribute found is remembered: a hint. It
says how an answer is found and never what it is, so it may be old, wrong or forgotten.
"""

from collections import OrderedDict
from collections.abc import Sequence

from hh_core.ports.analytics import AnyOf, Function, Op, Query, Relation

GRANULE = 1024
"""Rows of ``events`` that its index tells of together."""
_MANY = 256
"""Fewer matches are always looked for in the index: at most as many granules have one."""
_SPREAD = 1.6
"""Matches for each granule that was read: where there is one for each granule that there is, the
index leaves out a third of them (1 / e), and more where there are fewer."""
_KEPT = 1_000
_OF_EVENTS = (Relation.EVENTS, Relation.LISTING)
UNINDEXED = "use_skip_indexes = 0"


def looked_up(query: Query) -> str:
    """Names the project and the attributes of which ``query`` asks a value; empty if it does not
    read events by one."""
    if query.relation not in _OF_EVENTS:
        return ""
    conditions = (
        condition
        for part in query.where
        for condition in (part.alternatives if isinstance(part, AnyOf) else (part,))
    )
    asked = {
        condition.column
        for condition in conditions
        if condition.op is Op.EQ and condition.column.startswith("attributes.")
    }
    return "\0".join((query.project.hex, *sorted(asked))) if asked else ""


def matches(query: Query, found: Sequence[Sequence[object]]) -> tuple[int, bool]:
    """How many rows fulfil ``query``, by its answer, and whether there may be more."""
    is_cut = len(found) >= query.limit
    counted = [measure.function is Function.COUNT for measure in query.measures]
    if counted != [True]:
        return len(found), is_cut
    return sum(int(str(row[-1])) for row in found), is_cut and bool(query.group_by)


class Hints:
    """Of the attributes that were asked about last; used within one event loop."""

    def __init__(self) -> None:
        self._spread: OrderedDict[str, None] = OrderedDict()

    def is_indexed(self, asked: str) -> bool:
        """Whether the index is asked where ``asked`` is looked up."""
        return bool(asked) and asked not in self._spread

    def of(self, asked: str) -> str:
        """The setting of a statement that looks up ``asked``, if it needs one."""
        return UNINDEXED if asked in self._spread else ""

    def learn(self, asked: str, matches: int, read: int, *, is_cut: bool = False) -> None:
        """``read``: rows that were read to find so many; ``is_cut``: and there may be more."""
        if not asked:
            return
        least = 1.0 if asked in self._spread else _SPREAD
        is_spread = matches >= _MANY and read > 0 and matches * GRANULE >= least * read
        if is_cut and not is_spread:
            return
        self._spread.pop(asked, None)
        if is_spread:
            self._spread[asked] = None
            if len(self._spread) > _KEPT:
                self._spread.popitem(last=False)
