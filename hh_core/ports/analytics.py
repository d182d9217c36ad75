"""The analytics port: a plane's columnar index, at every moment one row per event.

Rows go in as Arrow IPC streams (bytes: the port knows no library), answers come out as plain rows.
Every query names one project; there is no way to ask across projects.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, cast, overload
from uuid import UUID

from hh_core.domain.tables import Relation as Relation

_OBJECT_BYTES = 60
"""Of memory for a small value and the reference to it."""

Value = str | int | float | bool | bytes | Decimal | UUID | None | Mapping[str, object]
Row = Mapping[str, Value]
"""Ids come back as ``bytes`` (trace 16, span 8) or ``UUID``; a missing value as None."""


class Column(Sequence[Value]):
    """One column of very many rows. Adapters may have one of their own, which makes a value when it
    is read: who keeps a column and reads little of it saves the others. Such a one has its own
    ``__len__``, ``__iter__``, ``at``, ``total`` and ``size``."""

    def __init__(self, values: Sequence[Value]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, place: int) -> Value: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Value]: ...
    def __getitem__(self, place: int | slice) -> Value | Sequence[Value]:
        places = range(len(self))[place]
        return self.at(places) if isinstance(places, range) else self.at((places,))[0]

    def __iter__(self) -> Iterator[Value]:
        return iter(self._values)

    def at(self, places: Sequence[int]) -> Sequence[Value]:
        """The values that stand there, in the order of ``places``."""
        return [self._values[place] for place in places]

    def total(self) -> int:
        """The sum of a column of whole numbers."""
        return sum(cast("Iterable[int]", self))

    @property
    def size(self) -> int:
        """Roughly how many bytes of memory it takes."""
        return _OBJECT_BYTES * len(self)


class Op(StrEnum):
    EQ = "eq"
    NE = "ne"
    """Also true where the value is missing."""
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    IN = "in"
    CONTAINS = "contains"
    """Text contains text, case-sensitive."""
    NOT_CONTAINS = "not contains"
    """Also true where the value is missing."""
    EXISTS = "exists"
    """Not null, not nil, not empty; value is ignored."""
    NOT_EXISTS = "not exists"
    UPDATED = "updated"
    """Of ``event_id`` alone: PATCHES has a row of that event that is no session start; value is
    ignored. However many there are, none of them travels."""


@dataclass(frozen=True, slots=True)
class Condition:
    """``column`` is a column of the relation, or ``map.key`` for a value of a map column.

    A map value of text that is compared with a number is read as a number, as exactly as a float
    can be; where it is none, or none that is finite, the condition is false. Values are always
    passed as parameters, never as text of the query.
    """

    column: str
    op: Op
    value: Value | Collection[Value] = None


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True where one of the alternatives holds."""

    alternatives: tuple[Condition, ...]


class Function(StrEnum):
    COUNT = "count"
    """Of rows; its column is ignored."""
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    AVG = "avg"
    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"
    UNIQ = "uniq"


@dataclass(frozen=True, slots=True)
class Measure:
    """An aggregate, answered under ``name``. A map column is summed by key into a map."""

    name: str
    function: Function
    column: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Rows (``columns``) or groups (``group_by`` and ``measures``) of one relation.

    ``bucket`` adds a group by ``start_ns`` cut down to a multiple of it, answered as ``bucket``
    (nanoseconds). Without ``order_by`` the order is unspecified.
    """

    relation: Relation
    project: UUID
    columns: tuple[str, ...] = ()
    where: tuple[Condition | AnyOf, ...] = ()
    group_by: tuple[str, ...] = ()
    bucket: timedelta | None = None
    measures: tuple[Measure, ...] = ()
    order_by: tuple[Order, ...] = ()
    limit: int = 10_000
    offset: int = 0


NO_MARK = (1 << 64) - 1
"""The mark of no batch: for who asks what is ``shared`` and has written no links."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a recount of the sessions and traces that were asked for must know, as of ``clock``."""

    clock: int = 0
    """As ``Analytics.clock``, read before all else here."""
    links: Set[tuple[UUID, bytes]] | None = frozenset()
    """Session and trace of every link of another mark; None: there are too many to tell."""
    recounts: Mapping[UUID, int] = field(default_factory=dict)
    """Of those of the sessions that have a roll-up, the latest ``recount``."""
    patched: Set[UUID] = frozenset()
    """Those of the sessions that have patches."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What others have written to, beside the batch that asks."""

    sessions: Set[UUID]
    traces: Set[bytes]
    """Those in which events of the batch stand or stood before are among them."""
    around: Around = field(default_factory=Around, compare=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A row that came into the index, or a roll-up that was counted."""

    relation: Relation
    """EVENTS, PATCHES, SPAN_LOGS or SESSIONS."""
    key: UUID
    """Of the event that the row or patch is of, of the session; of a log record its own."""
    version: int
    """Of a session its ``recount``."""
    span: tuple[bytes, bytes] | None = None
    """Trace and span of a log record."""


class Analytics(Protocol):
    """Guarantees, each proved by a test of the same number in ``hh_conformance.analytics``:

    A1  Durable. Once ``insert`` or ``recount`` returns, the rows survive a crash of the backend.
    A2  Effectively once. At every moment a query sees at most one row for each key of a relation
        (``hh_core.domain.tables``), that of the highest version; inserting rows again, in any
        order, batching or repetition, changes nothing.
    A3  Read your writes. A query that starts after ``insert`` returned sees the rows, in every
        relation that they feed (LISTING too); and ``is_empty`` knows of them.
    A4  Functions of rows. After ``recount`` of every touched session, SESSIONS equals what
        ``hh_core.domain.rollup`` computes from the rows; sums may shrink; a session that holds
        nothing any more is gone. Concurrent recounts end in the newest: of rows of SESSIONS that
        are inserted, and those that ``recount`` writes, the one with the latest ``recount``.
    A5  Tenants never meet. Rows, counts and measures are of ``query.project`` only, whatever the
        values in conditions say. Column names that the relation does not have are
        ``RejectedError``.
    A6  All or named. A row that can never be stored makes ``insert`` raise ``RejectedError``;
        what may pass later is ``UnavailableError``. After an error some rows may be stored.
    A7  Bounded. A query over the adapter's row limits, which the same question will never pass,
        raises ``TooWideError``; over those of memory or time, ``OverloadedError``. It never answers
        a part as if it were all.
    A8  Honest errors. Only ``PortError`` subclasses escape, with the driver's error as the cause.
        Use after close raises ``ClosedError``; a lost connection heals by itself.
    A9  Who shares learns of it. A batch inserts its events, then its links under a mark of its own,
        then asks ``shared``: that names each of its sessions and traces with a link of another
        mark, each session with a patch or a roll-up, and each trace whose events have moved. Of
        two batches that meet, the later at least is told. ``Shared.around`` says by what: all
        links of other marks (or that they are too many), roll-ups and patches.
    A10 Knows chosen ids. While EVENTS has a row, of whatever version, whose ``event_id`` is not
        ``identity.derived_event`` of its project, trace and span, ``has_chosen_ids`` of its
        project is true. It may be true of others: then whoever asks looks closer.
    A11 Names what arrived. ``arrived`` names of EVENTS, PATCHES, SPAN_LOGS and SESSIONS each the
        newest ``limit`` rows that were received, or counted, since then: of less than that, all
        that were inserted before it was asked. One may be named more than once, and so may rows
        that others have replaced.
    """

    async def insert(self, relation: Relation, arrow: bytes) -> None:
        """Write an Arrow IPC stream whose schema is that of ``hh_core.wire.columns``."""

    async def select(self, query: Query) -> Sequence[Row]: ...

    async def columns(self, query: Query) -> Sequence[Sequence[Value]]:
        """What ``select`` answers for ``query.columns``, column by column, for those who read very
        many rows. Ids are bytes here. Each may be a ``Column``."""
        ...

    async def count(self, query: Query) -> int:
        """How many rows ``query`` matches, its limit and offset apart."""
        ...

    async def recount(self, project: UUID, sessions: Collection[UUID]) -> None:
        """Compute the roll-ups of ``sessions`` anew from rows, in one statement (A4)."""

    async def shared(
        self, project: UUID, mark: int, sessions: Collection[UUID], traces: Collection[bytes]
    ) -> Shared:
        """Which of ``sessions`` and ``traces`` are not those of the batch ``mark`` alone (A9)."""
        ...

    async def has_chosen_ids(self, project: UUID) -> bool:
        """Whether events of ``project`` may have ids that clients chose (A10). Must be cheap."""
        ...

    async def arrived(self, project: UUID, since_ms: int, limit: int) -> Sequence[Arrival]:
        """What was received or counted at or after ``since_ms`` (A11), of each relation the newest
        first. Must be cheap."""
        ...

    async def is_empty(self) -> bool:
        """Whether EVENTS has never had a row, of any project. Must be cheap."""
        ...

    async def clock(self) -> int:
        """Nanoseconds since 1970 on the backend's own clock, by which all processes order what
        they compute from rows: read it before the rows."""
        ...

    async def ping(self) -> None:
        """Return if the backend answers, raise ``UnavailableError`` if not. Must be cheap."""
