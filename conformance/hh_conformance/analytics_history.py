"""Random histories of an index: rows in any order, batching and repetition."""

from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from hh_conformance.analytics_rows import (
    HOUR_NS,
    PROJECT,
    SESSION_COLUMNS,
    START_NS,
    Cells,
    Writer,
    all_rows,
    as_rows,
    event,
    event_id,
    event_rows,
    patch,
    patch_rows,
    session,
    trace_id,
    version,
)
from hh_conformance.histories import Machine
from hh_core.domain.identity import NIL, derived_session
from hh_core.domain.rollup import roll_up
from hh_core.ports.analytics import Analytics, Condition, Op, Order, Query, Relation

numbers = st.integers(1, 4)
small = st.integers(0, 2)


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Any]:
    """What one version of an event says; enough overlap that things meet."""
    claim = draw(small)
    return {
        "trace_id": trace_id(draw(st.integers(1, 2))),
        "parent_span_id": draw(st.integers(0, 4)).to_bytes(8, "big"),
        "session_key": session(claim) if claim else NIL,
        "session_id": f"session {claim}" if claim else "",
        "call_key": draw(st.sampled_from([NIL, UUID(int=7)])),
        "event_type": draw(st.sampled_from(["model", "tool"])),
        "event_name": draw(st.sampled_from(["a", "b"])),
        "status": draw(st.sampled_from(["ok", "error"])),
        "start_ns": START_NS - draw(small) * HOUR_NS + draw(small),
        "duration_ns": draw(small),
        "usage": draw(st.dictionaries(st.sampled_from(["input", "output"]), small)),
        "is_deleted": draw(st.sampled_from([0, 0, 0, 1])),
    }


class AnalyticsMachine(Machine):
    """Every event that is drawn gets a version of its own, so that a winner is always clear."""

    telemetry = False

    def __init__(self) -> None:
        super().__init__()
        self.analytics: Analytics = self.open()
        self.telemetry = bool(getattr(self.suite, "telemetry", False))
        self.writer = Writer(self.analytics, telemetry=self.telemetry)
        self.sent: list[Cells] = []
        self.patches: list[Cells] = []
        self.versions = 0

    @rule(drawn=st.lists(st.tuples(numbers, contents()), min_size=1, max_size=4), data=st.data())
    def insert(self, drawn: list[tuple[int, dict[str, Any]]], data: st.DataObject) -> None:
        """New versions, out of order, in one batch, perhaps with copies of earlier ones."""
        fresh = []
        for number, said in drawn:
            self.versions += 1
            fresh.append(event(number, **said, version=version(self.versions)))
        again = data.draw(st.lists(st.sampled_from([*self.sent, *fresh]), max_size=3))
        batch = data.draw(st.permutations([*fresh, *again]))
        self.sent += fresh
        self.run(self.writer.batch(*batch))

    @rule(drawn=st.lists(st.tuples(st.integers(1, 2), st.booleans(), small), max_size=2))
    def start(self, drawn: list[tuple[int, bool, int]]) -> None:
        """Starts and updates of sessions."""
        fresh = []
        for number, is_start, end in drawn:
            self.versions += 1
            said = {"session_id": "started", "event_name": "start", "start_ns": START_NS - 1}
            fresh.append(
                patch(
                    self.versions,
                    event_id=session(number),
                    is_start=int(is_start),
                    end_ns=START_NS + end if end else 0,
                    **(said if is_start else {}),
                )
            )
        self.patches += fresh
        if fresh:
            self.run(self.writer.insert(Relation.PATCHES, *fresh, *fresh[:1]))
            self.run(self.writer.recount(*fresh))

    @rule()
    def recount(self) -> None:
        """The index counts as the planes do."""
        derived = {derived_session(PROJECT, trace_id(n)) for n in (1, 2)}
        self.run(self.analytics.recount(PROJECT, {session(1), session(2), *derived}))

    def living(self) -> list[Cells]:
        newest: dict[UUID, Cells] = {}
        for cells in self.sent:
            present = newest.setdefault(cells["event_id"], cells)
            if cells["version"] > present["version"]:
                newest[cells["event_id"]] = cells
        return [cells for cells in newest.values() if not cells["is_deleted"]]

    @invariant()
    def events_are_the_newest_of_each(self) -> None:
        columns = ("event_id", "version", "trace_id", "start_ns", "usage")
        expected = sorted(
            ({name: cells[name] for name in columns} for cells in self.living()),
            key=lambda answer: str(list(answer.values())),
        )
        assert self.run(all_rows(self.analytics, Relation.EVENTS, *columns)) == expected
        listed = self.run(all_rows(self.analytics, Relation.LISTING, "event_type", *columns))
        plain = [
            {name: answer[name] for name in columns}
            for answer in listed
            if answer["event_type"] != "session"
        ]
        assert sorted(plain, key=lambda answer: str(list(answer.values()))) == expected

    @invariant()
    def an_event_that_is_asked_by_its_id_is_its_newest(self) -> None:
        columns = ("version", "trace_id", "start_ns")
        living = {cells["event_id"]: cells for cells in self.living()}
        for number in range(1, 5):
            of_id = Condition("event_id", Op.EQ, event_id(number))
            query = Query(
                relation=Relation.EVENTS, project=PROJECT, columns=columns, where=(of_id,), limit=1
            )
            newest = living.get(event_id(number))
            expected = [{name: newest[name] for name in columns}] if newest else []
            assert self.run(self.analytics.select(query)) == expected

    @invariant()
    def events_that_are_asked_by_their_trace_are_the_newest_in_it(self) -> None:
        columns = ("event_id", "version", "start_ns")
        in_order = sorted(self.living(), key=lambda cells: cells["event_id"].bytes)
        for number in (1, 2):
            of_trace = Condition("trace_id", Op.IN, [trace_id(number)])
            query = Query(
                relation=Relation.EVENTS,
                project=PROJECT,
                columns=columns,
                where=(of_trace,),
                order_by=(Order("event_id"),),
            )
            there = [cells for cells in in_order if cells["trace_id"] == trace_id(number)]
            expected = [[cells["event_id"].bytes for cells in there]]
            expected += [[cells[name] for cells in there] for name in columns[1:]]
            found = self.run(self.analytics.columns(query))
            assert [list(column) for column in found] == expected

    @invariant()
    def sessions_are_what_the_rows_add_up_to(self) -> None:
        rollups = roll_up(
            PROJECT,
            event_rows(self.living(), telemetry=self.telemetry),
            patch_rows(self.patches),
        )
        found = self.run(all_rows(self.analytics, Relation.SESSIONS, *SESSION_COLUMNS))
        assert found == as_rows(rollups.values())
