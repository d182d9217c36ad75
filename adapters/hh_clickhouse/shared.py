"""What of a batch's sessions and traces others have written to, and by what (A9): one statement.

Parsing and planning it takes longer than reading its rows, so it tells at once all that a recount
of these sessions must know beside the events.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from enum import IntEnum
from uuid import UUID

from hh_clickhouse.links import TABLE, Side, column
from hh_clickhouse.parameters import Parameters
from hh_core.ports.analytics import Around, Shared

_NIL = "toFixedString('', 16)"
_MOST_LINKS = 50_000
"""Links that one statement tells of, about: of a session or trace with more than its share of
them, not all are told."""


class _What(IntEnum):
    """The first cell of a row: what the session, the trace and the number after it mean."""

    CLOCK = 0
    LINK_OF_SESSION = 1
    LINK_OF_TRACE = 2
    RECOUNT = 3
    PATCHED = 4
    MOVED = 5


def shared(
    project: UUID, mark: int, sessions: Sequence[bytes], traces: Sequence[bytes]
) -> tuple[str, dict[str, object]]:
    """The statement and its parameters.

    Unmerged rows of one link each have their own mark, so none needs ``FINAL``.
    """
    parameters = Parameters()
    own = parameters.fixed(project.bytes)
    known = parameters.add(mark, "UInt64")
    wanted, asked = parameters.ids(sessions, 16), parameters.ids(traces, 16)
    most = _most(sessions, traces)
    parts = [
        f"SELECT toUInt8({_What.CLOCK:d}) AS what, {_NIL} AS session, {_NIL} AS trace,"
        " toUInt64(toUnixTimestamp64Nano(now64(9))) AS number",
    ]
    if sessions:
        parts += [
            _links(Side.SESSION, own, wanted, known, most),
            f"SELECT {_What.RECOUNT:d}, session_key, {_NIL}, max(recount) FROM session_aggregates"
            f" WHERE project_id = {own} AND session_key IN {wanted} GROUP BY session_key",
            f"SELECT DISTINCT {_What.PATCHED:d}, event_id, {_NIL}, 0 FROM event_patches"
            f" WHERE project_id = {own} AND event_id IN {wanted}",
        ]
    if traces:
        parts += [
            _links(Side.TRACE, own, asked, known, most),
            f"SELECT DISTINCT {_What.MOVED:d}, {_NIL}, trace_id, 0 FROM event_moves"
            f" WHERE project_id = {own} AND event_id IN (SELECT event_id FROM event_moves"
            f" WHERE project_id = {own} AND trace_id IN {asked})",
        ]
    return " UNION ALL ".join(parts), parameters.values


class Answers:
    """Puts together what the statements of one question answer."""

    def __init__(self) -> None:
        self._clocks: list[int] = []
        self._links: set[tuple[UUID, bytes]] = set()
        self._is_whole = True
        self._sessions: set[UUID] = set()
        self._traces: set[bytes] = set()
        self._recounts: dict[UUID, int] = {}
        self._patched: set[UUID] = set()

    def add(
        self,
        rows: Iterable[Sequence[object]],
        sessions: Collection[bytes],
        traces: Collection[bytes],
    ) -> None:
        """The ``rows`` that the statement about ``sessions`` and ``traces`` answers."""
        told: Counter[tuple[int, object]] = Counter()
        for what, session, trace, number in rows:
            assert isinstance(what, int)
            assert isinstance(session, bytes)
            assert isinstance(trace, bytes)
            assert isinstance(number, int)
            key = UUID(bytes=session)
            match what:
                case _What.CLOCK:
                    self._clocks.append(number)
                case _What.LINK_OF_SESSION:
                    told[what, session] += 1
                    self._sessions.add(key)
                    self._links.add((key, trace))
                case _What.LINK_OF_TRACE:
                    told[what, trace] += 1
                    self._traces.add(trace)
                    self._links.add((key, trace))
                case _What.RECOUNT:
                    self._sessions.add(key)
                    self._recounts[key] = number
                case _What.PATCHED:
                    self._sessions.add(key)
                    self._patched.add(key)
                case _:
                    self._traces.add(trace)
        if max(told.values(), default=0) >= _most(sessions, traces):
            self._is_whole = False

    def shared(self) -> Shared:
        links = self._links if self._is_whole else None
        around = Around(min(self._clocks, default=0), links, self._recounts, self._patched)
        return Shared(self._sessions, self._traces, around)


def _links(side: Side, project: str, ids: str, known: str, most: int) -> str:
    """Of one side at a time: with both in one condition the engine takes half as long again. Nor
    should it choose what to read first: it would begin with the smallest columns, which are alike
    in all rows of a granule, and hardly one of many ids has a row."""
    session, trace = (column(side, name) for name in ("session_key", "trace_id"))
    return (
        f"SELECT {_What.LINK_OF_SESSION + side:d}, {session}, {trace}, 0 FROM {TABLE}"
        f" PREWHERE id IN {ids} WHERE project_id = {project} AND side = {side:d}"
        f" AND (min_mark != {known} OR max_mark != {known})"
        f" GROUP BY id, other LIMIT {most} BY id"
    )


def _most(sessions: Collection[bytes], traces: Collection[bytes]) -> int:
    """Links that each of these may have to be told: of few keys more than of many."""
    return 2 + _MOST_LINKS // max(1, len(sessions), len(traces))
