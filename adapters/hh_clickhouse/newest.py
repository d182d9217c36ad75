"""The newest rows of EVENTS without a look at all the others.

The key begins with the hour. So where the newest rows are asked for, the hour down to which enough
match is looked for first, in the order of the key and among all versions; then only hours from
there on are merged. Rows that are older than as many matches as a page holds stand on no page: an
answer that is full is the whole question's. One that is not is asked for anew, of all hours.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hh_clickhouse.places import HOUR, HOUR_NS
from hh_clickhouse.sources import conditions_of, is_looked_up, shape_of
from hh_core.ports.analytics import Condition, Op, Order, Query, Relation

MOST = 2_500
"""Rows, those before the page included: of more, most hours are read anyway."""
_VERSIONS = 2
"""Rows of one event that are expected, on average: copies that no merge has found yet."""
_ROWS = 1 << 19
"""That are read to find an hour; where that is not enough, matches are rare."""
_REST = 15
"""Questions that are asked without, after one that found no hour."""
_KEPT = 1_000
_LIMITS = f"max_rows_to_read = {_ROWS}, read_overflow_mode = 'break'"


@dataclass(frozen=True, slots=True)
class Probe:
    """The statement whose only row, if it has one, is the hour."""

    sql: str
    parameters: dict[str, object]
    shape: str
    """Names the project and what it is asked by, without values."""

    def with_settings(self, more: str) -> str:
        return f"{self.sql} SETTINGS {', '.join(filter(None, (_LIMITS, more)))}"


def probe(query: Query, plane: str) -> Probe | None:
    """For a question whose answer may stand in few hours."""
    newest = query.order_by[:1] == (Order("start_ns", descending=True),)
    end = query.offset + query.limit
    if query.relation is not Relation.EVENTS or not query.columns or not newest or end > MOST:
        return None
    if is_looked_up(query):
        return None
    where, parameters = conditions_of(query, plane)
    sql = (
        f"SELECT {HOUR} FROM events WHERE {where}"
        f" ORDER BY {HOUR} DESC LIMIT 1 OFFSET {_VERSIONS * end - 1}"
    )
    return Probe(sql, parameters, shape_of(query))


def narrowed(query: Query, found: Sequence[Sequence[object]]) -> Query | None:
    """``query`` from the hour on that its probe has found, if it has found one."""
    if not found:
        return None
    hour = int(str(found[0][0]))
    if hour <= 0:  # around 1970 hours are cut towards zero
        return None
    return replace(query, where=(*query.where, Condition("start_ns", Op.GE, hour * HOUR_NS)))


class Fruitless:
    """Shapes of questions of which a probe has found nothing lately, or projects of which a short
    statement has; used within one event loop."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, int] = OrderedDict()

    def skips(self, shape: str) -> bool:
        """Whether this question is asked without trying first."""
        left = self._left.pop(shape, 0)
        if left > 1:
            self._left[shape] = left - 1
        return left > 0

    def learn(self, shape: str) -> None:
        """That what was tried, or what it found, was not enough."""
        self._left[shape] = _REST
        self._left.move_to_end(shape)
        if len(self._left) > _KEPT:
            self._left.popitem(last=False)
