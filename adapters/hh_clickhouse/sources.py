"""Where the rows of each relation come from, already one for each key (A2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hh_clickhouse.conditions import Conditions, Expressions
from hh_clickhouse.parameters import Parameters
from hh_clickhouse.places import current, hour
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

_EXISTING = "(num_events > 0 OR is_started = 1)"
_BRANCH = Callable[[Query, Parameters, str], list[str]]


@dataclass(frozen=True, slots=True)
class Branch:
    """One table that a relation's rows are read from."""

    table: str
    expressions: Expressions
    rules: _BRANCH
    """Conditions that hold whatever the query asks, beside that of the project."""


def columns_of(relation: Relation, plane: str) -> dict[str, Type]:
    listed = TELEMETRY if relation is Relation.EVENTS and plane == "control" else COLUMNS[relation]
    return {column.name: column.type for column in listed}


def branches(query: Query) -> tuple[Branch, ...]:
    """The tables that ``query`` reads: where there are two orders, the one that fits."""
    if query.relation is Relation.SESSION_TRACES:
        fixed = {c.column for c in _certain(query) if c.op in (Op.EQ, Op.IN)}
        if "trace_id" in fixed and "session_key" not in fixed:
            return (Branch("session_traces_by_trace", _plain, _nothing),)
    return _BRANCHES[query.relation]


def select_from(
    branch: Branch, query: Query, plane: str, parameters: Parameters, wanted: Sequence[str]
) -> str:
    """A SELECT of the columns ``wanted`` of one branch, with all of the query's conditions."""
    project = parameters.fixed(query.project.bytes)
    compiler = Conditions(
        columns_of(query.relation, plane), branch.expressions, parameters, project
    )
    where = [
        f"project_id = {project}",
        *branch.rules(query, parameters, project),
        *compiler.all_of(query.where),
    ]
    columns = [
        name if branch.expressions(name) == name else f"{branch.expressions(name)} AS out_{name}"
        for name in wanted
    ]
    return (
        f"SELECT {', '.join(columns) or '1'} FROM {branch.table} FINAL WHERE {' AND '.join(where)}"
    )


def _plain(name: str) -> str:
    return name


def _listed(name: str) -> str:
    return "toUInt8(0)" if name == "is_started" else name


def _as_event(name: str) -> str:
    return _SESSION_AS_EVENT.get(name, name)


def _nothing(query: Query, parameters: Parameters, project: str) -> list[str]:
    return []


def _existing(query: Query, parameters: Parameters, project: str) -> list[str]:
    return [_EXISTING]


def _events(query: Query, parameters: Parameters, project: str) -> list[str]:
    return [current(project, "events"), *_narrowed(query, parameters, project, "trace_id")]


def _by_time(query: Query, parameters: Parameters, project: str) -> list[str]:
    return [
        current(project, "events_by_time"),
        *_hours(query, parameters),
        *_narrowed(query, parameters, project, "hour, trace_id"),
    ]


def _narrowed(query: Query, parameters: Parameters, project: str, place: str) -> list[str]:
    """Events asked for by id are looked up where they stand: no key begins with their id."""
    rules = []
    for condition in _certain(query):
        if condition.column == "event_id" and condition.op in (Op.EQ, Op.IN):
            if condition.value is None:
                continue
            compiler = Conditions({"event_id": Type.ID}, _plain, parameters)
            wanted = " AND ".join(compiler.all_of([condition]))
            rules.append(
                f"({place}) IN (SELECT {place} FROM event_places"
                f" WHERE project_id = {project} AND {wanted})"
            )
    return rules


def _hours(query: Query, parameters: Parameters) -> list[str]:
    """What conditions on the start say of the hour, which the key begins with."""
    rules = []
    for condition in _certain(query):
        value = condition.value
        if condition.column != "start_ns" or not isinstance(value, int):
            continue
        limit = parameters.add(hour(value), "Int128")
        if condition.op in (Op.GT, Op.GE, Op.EQ):
            rules.append(f"hour >= {limit}")
        if condition.op in (Op.LT, Op.LE, Op.EQ):
            rules.append(f"hour <= {limit}")
    return rules


def _certain(query: Query) -> list[Condition]:
    """The conditions that every row must meet."""
    return [
        part.alternatives[0] if isinstance(part, AnyOf) else part
        for part in query.where
        if isinstance(part, Condition) or len(part.alternatives) == 1
    ]


_BRANCHES: dict[Relation, tuple[Branch, ...]] = {
    Relation.EVENTS: (Branch("events", _plain, _events),),
    Relation.SESSIONS: (Branch("session_aggregates", _plain, _existing),),
    Relation.LISTING: (
        Branch("events_by_time", _listed, _by_time),
        Branch("session_aggregates", _as_event, _existing),
    ),
    **{
        relation: (Branch(relation.value, _plain, _nothing),)
        for relation in (
            Relation.PATCHES,
            Relation.SESSION_TRACES,
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
