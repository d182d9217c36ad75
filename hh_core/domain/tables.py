"""The columns of every relation in the index: one list that codec, adapters and tests share.

The telemetry record is the first 24 columns of ``EVENTS``: all that ever crosses to the control
plane (DESIGN 5). A data plane's index adds where the content stands and small attributes.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum


class Relation(StrEnum):
    """What can be written to the index and asked of it."""

    EVENTS = "events"
    """Base rows, the highest version of each (project, event), none that is deleted and none of a
    session."""
    PATCHES = "event_patches"
    """Updates, session starts, feedback: all of an event, each once."""
    SPAN_LOGS = "span_logs"
    """Where the log records of a span stand: each once, however often it was sent."""
    SESSION_TRACES = "session_traces"
    """Which traces a session may hold: by a claim or derived."""
    TRACE_SESSIONS = "trace_sessions"
    """For traces with several claims: the resolved session of each event."""
    SESSIONS = "session_aggregates"
    """The newest roll-up of each session that exists."""
    SCORES = "scores"
    SCHEMAS = "event_schemas"
    """Which dotted paths exist per event type, and when they were last seen."""
    LISTING = "listing"
    """Read only: events and sessions together, light columns, for lists."""


class Type(Enum):
    """Column types, with their Arrow form. Ids are fixed-size binary: they sort as they read."""

    ID = "uuid, fixed_size_binary(16)"
    TRACE = "fixed_size_binary(16)"
    SPAN = "fixed_size_binary(8)"
    VERSION = "UInt128, little-endian fixed_size_binary(16)"
    NAME = "dictionary-like short string"
    TEXT = "string"
    FLAG = "uint8"
    U32 = "uint32"
    U64 = "uint64"
    TIME = "int64 nanoseconds since 1970"
    NUMBER = "float64, null for none"
    COST = "decimal128(38, 12) US dollars, null for unknown"
    USAGE = "map<string, uint64>"
    ATTRIBUTES = "map<string, string>"


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: Type


def _columns(**types: Type) -> tuple[Column, ...]:
    return tuple(Column(name, type_) for name, type_ in types.items())


TELEMETRY = _columns(
    project_id=Type.ID,
    event_id=Type.ID,
    trace_id=Type.TRACE,
    span_id=Type.SPAN,
    parent_span_id=Type.SPAN,  # zeros for none
    session_key=Type.ID,  # the own claim; nil for none
    call_key=Type.ID,  # nil for none
    version=Type.VERSION,
    is_deleted=Type.FLAG,
    event_type=Type.NAME,
    event_name=Type.NAME,
    model=Type.NAME,  # empty for none, here and below
    provider=Type.NAME,
    service=Type.NAME,
    status=Type.NAME,  # unset | ok | error
    error_class=Type.NAME,
    start_ns=Type.TIME,
    duration_ns=Type.TIME,
    received_ms=Type.U64,
    usage=Type.USAGE,
    cost=Type.COST,
    promoted=Type.ATTRIBUTES,
    segment=Type.NAME,
    dp_id=Type.NAME,
)

CONTENT = _columns(
    record=Type.U32,
    ordinal=Type.U32,
    record_kind=Type.FLAG,
    session_id=Type.TEXT,  # the claim as it was written; empty for none
    parent_event_id=Type.ID,  # REST: the parent by event id; nil for none
    attributes=Type.ATTRIBUTES,  # small scalars by dotted path, "metadata.user_id"
    time_suspect=Type.FLAG,  # start further than -30 d .. +1 h from its receipt
    truncated=Type.U32,  # attributes left out of the index; the raw record keeps them
)

EVENTS = TELEMETRY + CONTENT

PATCHES = _columns(
    project_id=Type.ID,
    event_id=Type.ID,
    patch_id=Type.ID,  # the version, big-endian
    version=Type.VERSION,
    is_start=Type.FLAG,  # a session start
    session_id=Type.TEXT,  # of a start: the id as the client knows it
    event_name=Type.TEXT,  # of a start
    start_ns=Type.TIME,  # of a start; 0 for none
    end_ns=Type.TIME,  # when the patch sets it; 0 for none
    received_ms=Type.U64,
    segment=Type.NAME,
    record=Type.U32,
    ordinal=Type.U32,
)

SPAN_LOGS = _columns(
    project_id=Type.ID,
    trace_id=Type.TRACE,
    span_id=Type.SPAN,
    log_id=Type.ID,  # of what it says: a copy has the same
    version=Type.VERSION,
    is_event=Type.FLAG,  # it names an event, and is no plain line of a log
    time_ns=Type.TIME,  # when it happened, else when it was seen
    received_ms=Type.U64,
    segment=Type.NAME,
    record=Type.U32,
    ordinal=Type.U32,
)

SESSION_TRACES = _columns(
    project_id=Type.ID,
    session_key=Type.ID,
    trace_id=Type.TRACE,
    is_derived=Type.FLAG,
    min_hour=Type.TIME,  # of the trace's start times, cut to the hour, in nanoseconds
    max_hour=Type.TIME,
    min_mark=Type.U64,  # of the batches that told of the link, each drawn at random
    max_mark=Type.U64,
)

TRACE_SESSIONS = _columns(
    project_id=Type.ID,
    trace_id=Type.TRACE,
    event_id=Type.ID,
    session_key=Type.ID,
    resolved=Type.U64,  # when it was computed: the backend's clock; the newest wins
)

SESSIONS = _columns(
    project_id=Type.ID,
    session_key=Type.ID,
    session_id=Type.TEXT,  # as clients know it
    event_name=Type.TEXT,
    start_ns=Type.TIME,
    end_ns=Type.TIME,
    num_events=Type.U64,
    num_model_events=Type.U64,
    num_errors=Type.U64,
    usage=Type.USAGE,
    cost=Type.COST,
    has_feedback=Type.FLAG,
    is_started=Type.FLAG,
    last_received_ms=Type.U64,  # of its newest row
    recount=Type.U64,  # the backend's clock before its rows were read; the newest wins
)

SCORES = _columns(
    project_id=Type.ID,
    event_id=Type.ID,
    evaluator=Type.NAME,
    revision=Type.U32,
    version=Type.VERSION,
    number=Type.NUMBER,
    label=Type.NAME,
    segment=Type.NAME,
    record=Type.U32,
    ordinal=Type.U32,
)

SCHEMAS = _columns(
    project_id=Type.ID,
    event_type=Type.NAME,
    path=Type.TEXT,
    first_ns=Type.TIME,
    last_ns=Type.TIME,
)

LISTING = _columns(
    project_id=Type.ID,
    event_id=Type.ID,  # of a session: its key
    trace_id=Type.TRACE,  # of a session: zeros
    span_id=Type.SPAN,
    parent_span_id=Type.SPAN,
    session_key=Type.ID,  # own claim; of a session: its key
    version=Type.VERSION,
    event_type=Type.NAME,
    event_name=Type.NAME,
    model=Type.NAME,
    provider=Type.NAME,
    service=Type.NAME,
    status=Type.NAME,
    error_class=Type.NAME,
    start_ns=Type.TIME,
    duration_ns=Type.TIME,
    usage=Type.USAGE,
    cost=Type.COST,
    attributes=Type.ATTRIBUTES,  # of a session: empty
    is_started=Type.FLAG,  # of an event: 0, here and below
    num_events=Type.U64,
    num_model_events=Type.U64,
    num_errors=Type.U64,
    has_feedback=Type.FLAG,
)

COLUMNS: dict[Relation, tuple[Column, ...]] = {
    Relation.EVENTS: EVENTS,
    Relation.PATCHES: PATCHES,
    Relation.SPAN_LOGS: SPAN_LOGS,
    Relation.SESSION_TRACES: SESSION_TRACES,
    Relation.TRACE_SESSIONS: TRACE_SESSIONS,
    Relation.SESSIONS: SESSIONS,
    Relation.SCORES: SCORES,
    Relation.SCHEMAS: SCHEMAS,
    Relation.LISTING: LISTING,
}

KEYS: dict[Relation, tuple[str, ...]] = {
    Relation.EVENTS: ("project_id", "event_id"),
    Relation.PATCHES: ("project_id", "event_id", "patch_id"),
    Relation.SPAN_LOGS: ("project_id", "trace_id", "span_id", "log_id"),
    Relation.SESSION_TRACES: ("project_id", "session_key", "trace_id"),
    Relation.TRACE_SESSIONS: ("project_id", "trace_id", "event_id"),
    Relation.SESSIONS: ("project_id", "session_key"),
    Relation.SCORES: ("project_id", "event_id", "evaluator", "revision"),
    Relation.SCHEMAS: ("project_id", "event_type", "path"),
    Relation.LISTING: ("project_id", "event_type", "event_id"),
}
"""What identifies a row of each relation (A2)."""
