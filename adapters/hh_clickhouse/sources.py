"""Where the rows of each relation come from, one for each key (A2) unless all are asked for."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

from hh_clickhouse.conditions import Conditions, Expressions, ids_of
from hh_clickhouse.keys import event_key, trace_key
from hh_clickhouse.links import TABLE, Side, column
from hh_clickhouse.parameters import Parameters
from hh_clickhouse.places import HOUR, at, current, hour, unmoved
from hh_core.domain.tables import COLUMNS, TELEMETRY, Type
from hh_core.errors import RejectedError
from hh_core.ports.analytics import AnyOf, Condition, Op, Query, Relation

_NO_ATTRIBUTES = "CAST(map(), 'Map(String, String)')"

_SESSION_AS_EVENT = {
    "event_id": "session_key",
    "trace_id": "toFixedString('', 16)",
    "span_id": "toFixedString('', 8)",
    "parent_span_id": "toFixedString('', 8)",
    "version": "toUInt128(0)",
    "event_type": "toLowCardinality('session')",
    "event_name": "toLowCardinality(event_name)",
    **dict.fromkeys(("model", "provider", "service", "error_class"), "toLowCardinality('')"),
    "status": "toLowCardinality('unset')",
    "duration_ns": "end_ns - start_ns",
    "attributes": _NO_ATTRIBUTES,
}
"""A session's row of LISTING, from its roll-up."""

_OF_SESSIONS_ALONE = {
    **dict.fromkeys(("num_events", "num_model_events", "num_errors"), "toUInt64(0)"),
    **dict.fromkeys(("is_started", "has_feedback"), "toUInt8(0)"),
}
"""What an event has in LISTING where sessions have more."""

_KEYS = {"trace_id": trace_key, "event_id": event_key}
"""What to look up in ``places`` for a condition on a column."""

_MANY = 16
"""Ids of one condition."""
_OF_SESSIONS = (Relation.SESSIONS, Relation.SESSION_TRACES)
"""Relations whose key begins with the session."""
_FROM, _UNTIL = (Op.GT, Op.GE, Op.EQ), (Op.LT, Op.LE, Op.EQ)
"""What limits a start from below, and from above."""
_EXISTING = "(num_events > 0 OR is_started = 1)"
_BRANCH = Callable[[Query, Parameters, str], list[str]]


@dataclass(frozen=True, slots=True)
class Branch:
    """One table that a relation's rows are read from."""

    table: str
    expressions: Expressions
    rules: _BRANCH
    """Conditions that hold whatever the query asks, beside that of the project."""
    is_final: bool = True
    """Whether rows of one key are merged."""


def columns_of(relation: Relation, plane: str) -> dict[str, Type]:
    listed = TELEMETRY if relation is Relation.EVENTS and plane == "control" else COLUMNS[relation]
    return {column.name: column.type for column in listed}


def branches(query: Query, plane: str) -> tuple[Branch, ...]:
    """The tables that ``query`` reads: where there are two orders, the one that fits; of a list,
    those that its conditions leave."""
    if query.relation is Relation.LISTING:
        events = Branch("events", _listed_control if plane == "control" else _listed, _events)
        sessions = Branch("session_aggregates", _as_event, _existing)
        match _wants_sessions(query):
            case True:
                return (sessions,)
            case False:
                return (events,)
            case None:
                return (events, sessions)
    if query.relation is Relation.SESSION_TRACES:
        fixed = {c.column for c in _certain(query) if c.op in (Op.EQ, Op.IN)}
        if "trace_id" in fixed and "session_key" not in fixed:
            return (_linked(Side.TRACE),)
        return (_linked(Side.SESSION),)
    return _BRANCHES[query.relation]


def _wants_sessions(query: Query) -> bool | None:
    """Whether conditions ask for sessions only, or for none. EVENTS has no session, and sessions
    have no trace."""
    for condition in _certain(query):
        if condition.column == "trace_id" and condition.op is Op.EXISTS:
            return False
        if condition.column == "event_type" and isinstance(condition.value, str):
            is_session = condition.value == "session"
            if condition.op is Op.EQ:
                return is_session
            if condition.op is Op.NE and is_session:
                return False
    return None


def select_from(
    branch: Branch,
    query: Query,
    plane: str,
    parameters: Parameters,
    wanted: Sequence[str],
    *,
    beside: str = "",
) -> str:
    """A SELECT of the columns ``wanted`` of one branch, with all of the query's conditions."""
    columns = [
        name if branch.expressions(name) == name else f"{branch.expressions(name)} AS out_{name}"
        for name in wanted
    ]
    text = ", ".join(columns) or "1"
    return rows_from(branch, query, plane, parameters, text, beside=beside)


def rows_from(
    branch: Branch,
    query: Query,
    plane: str,
    parameters: Parameters,
    columns: str,
    *,
    beside: str = "",
) -> str:
    """As ``select_from``; ``columns`` are expressions over the table's own. ``beside``: one more
    condition."""
    project = parameters.fixed(query.project.bytes)
    compiler = Conditions(
        columns_of(query.relation, plane), branch.expressions, parameters, project
    )
    where = [
        f"project_id = {project}",
        *branch.rules(query, parameters, project),
        *compiler.all_of(query.where),
        *filter(None, (beside,)),
    ]
    table = f"{branch.table} FINAL" if branch.is_final else branch.table
    return f"SELECT {columns} FROM {table} WHERE {' AND '.join(where)}"


def conditions_of(query: Query, plane: str) -> tuple[str, dict[str, object]]:
    """What a row of ``events`` must fulfil to be one that ``query``, of EVENTS, may answer, or to
    have been one before another row took its place; and the parameters."""
    parameters = Parameters()
    project = parameters.fixed(query.project.bytes)
    compiler = Conditions(columns_of(query.relation, plane), _plain, parameters, project)
    rules = [
        f"project_id = {project}",
        *_hours(query, parameters),
        *compiler.all_of(query.where),
    ]
    return " AND ".join(rules), parameters.values


def reads_events_alone(query: Query, plane: str) -> bool:
    """Whether ``events`` is the only table that is read for rows."""
    return [branch.table for branch in branches(query, plane)] == ["events"]


def hours_of(query: Query) -> tuple[int | None, int | None]:
    """The first and the last hour that conditions leave, None where there is no limit."""
    limits = [
        (one.op, hour(one.value))
        for one in _certain(query)
        if one.column == "start_ns" and isinstance(one.value, int)
    ]
    firsts = [limit for op, limit in limits if op in _FROM]
    lasts = [limit for op, limit in limits if op in _UNTIL]
    return max(firsts, default=None), min(lasts, default=None)


def shape_of(query: Query) -> str:
    """The project of ``query``, and of which columns it asks what: values are left out."""
    asked = {
        f"{condition.column} {condition.op}"
        for part in query.where
        for condition in (part.alternatives if isinstance(part, AnyOf) else (part,))
    }
    return "\0".join((query.project.hex, *sorted(asked)))


def is_looked_up(query: Query) -> bool:
    """Whether rows are asked for by the ids of their traces or events."""
    return bool(_looked_up(query))


def _plain(name: str) -> str:
    return name


def _listed(name: str) -> str:
    return _OF_SESSIONS_ALONE.get(name, name)


def _listed_control(name: str) -> str:
    """What a project promotes is all that a control plane has of attributes."""
    return "promoted" if name == "attributes" else _listed(name)


def _as_event(name: str) -> str:
    return _SESSION_AS_EVENT.get(name, name)


def _nothing(query: Query, parameters: Parameters, project: str) -> list[str]:
    return []


def _linked(side: Side) -> Branch:
    return Branch(TABLE, partial(column, side), lambda *_: [f"side = {side:d}"])


def _existing(query: Query, parameters: Parameters, project: str) -> list[str]:
    return [_EXISTING]


def _events(query: Query, parameters: Parameters, project: str) -> list[str]:
    return [current(project), *_there(query, parameters, project)]


def _unmoved(query: Query, parameters: Parameters, project: str) -> list[str]:
    return [unmoved(project), *_there(query, parameters, project)]


def _there(query: Query, parameters: Parameters, project: str) -> list[str]:
    """Where the rows may stand."""
    return [*_hours(query, parameters), *_narrowed(query, parameters, project)]


def _narrowed(query: Query, parameters: Parameters, project: str) -> list[str]:
    """Rows asked for by trace or event are looked up where they stand: the key begins with the
    hour. Of both the fewer ids are: each may cost a granule of ``places``."""
    asked = _looked_up(query)
    if not asked:
        return []
    # of as many, events: they tell their own hours, a trace all of its
    column, ids = min(asked, key=lambda one: (len(one[1]), one[0] != "event_id"))
    return [at(project, parameters.number_in("id", [_KEYS[column](one) for one in ids]))]


def names_many(query: Query) -> bool:
    """Whether rows of EVENTS are asked for by so many ids that most of what is read to find them
    is not theirs."""
    read_by = (Relation.EVENTS, Relation.LISTING)
    return query.relation in read_by and any(len(ids) >= _MANY for _, ids in _looked_up(query))


def names_traces(query: Query) -> bool:
    """Whether rows of EVENTS are asked for by their traces."""
    named = any(column == "trace_id" for column, _ in _looked_up(query))
    return query.relation is Relation.EVENTS and named


def names_few(query: Query) -> bool:
    """Whether rows are asked for by a few ids: to read them takes less than to share that out."""
    is_of_sessions = query.relation in _OF_SESSIONS
    return any(
        condition.op in (Op.EQ, Op.IN)
        and condition.value is not None
        and (condition.column in _KEYS or (is_of_sessions and condition.column == "session_key"))
        and len(ids_of(condition)) < _MANY
        for condition in _certain(query)
    )


def _looked_up(query: Query) -> list[tuple[str, Collection[bytes]]]:
    """The conditions that rows are looked up by: the column, and the ids."""
    return [
        (condition.column, ids_of(condition))
        for condition in _certain(query)
        if condition.op in (Op.EQ, Op.IN)
        and condition.value is not None
        and condition.column in _KEYS
    ]


def _hours(query: Query, parameters: Parameters) -> list[str]:
    """What conditions on the start say of the hour, which the key begins with."""
    rules = []
    for condition in _certain(query):
        value = condition.value
        if condition.column != "start_ns" or not isinstance(value, int):
            continue
        limit = parameters.add(hour(value), "Int128")
        if condition.op in _FROM:
            rules.append(f"{HOUR} >= {limit}")
        if condition.op in _UNTIL:
            rules.append(f"{HOUR} <= {limit}")
    return rules


def _certain(query: Query) -> list[Condition]:
    """The conditions that every row must meet."""
    return [
        part.alternatives[0] if isinstance(part, AnyOf) else part
        for part in query.where
        if isinstance(part, Condition) or len(part.alternatives) == 1
    ]


UNMERGED = Branch("events", _plain, _narrowed, is_final=False)
"""All rows of the events that are asked for by id, wherever they stand or stood."""
UNMOVED = Branch("events", _plain, _unmoved)
"""The rows of EVENTS, if none of the project has moved; else none."""

_BRANCHES: dict[Relation, tuple[Branch, ...]] = {
    Relation.EVENTS: (Branch("events", _plain, _events),),
    Relation.SESSIONS: (Branch("session_aggregates", _plain, _existing),),
    **{
        relation: (Branch(relation.value, _plain, _nothing),)
        for relation in (
            Relation.PATCHES,
            Relation.SPAN_LOGS,
            Relation.TRACE_SESSIONS,
            Relation.SCORES,
            Relation.SCHEMAS,
        )
    },
}


def require_listed(relation: Relation) -> None:
    """Raise ``RejectedError`` for what is computed here and never written by a caller."""
    if relation is Relation.LISTING:
        raise RejectedError(f"{relation} is computed, not written", code=422)
