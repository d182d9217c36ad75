"""Groups and counts over many hours are those of the newest rows, whatever has been merged or not.

Where merges have left one row of each event, rows are read as they stand; what stands beside an
answer here is the one of a question that merges all rows, and what a dictionary would say.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any, cast
from uuid import UUID

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from servers.clickhouse import clickhouse_server

from hh_clickhouse.analytics import ClickhouseAnalytics, _tells_parts, open_analytics
from hh_clickhouse.query import compile_count, compile_select
from hh_clickhouse.settled import Settled, Small, held
from hh_clickhouse.skipping import looked_up
from hh_conformance.analytics_rows import (
    HOUR_NS,
    OTHER_PROJECT,
    PROJECT,
    START_NS,
    Cells,
    Writer,
    event,
    trace_id,
    version,
)
from hh_core.ports.analytics import Condition, Function, Measure, Op, Query, Relation, Row

HOURS = 12
FIRST_NS = START_NS - HOURS * HOUR_NS
FIRST_HOUR = FIRST_NS // HOUR_NS
BETWEEN = UUID(int=(PROJECT.int + OTHER_PROJECT.int) // 2)
"""Its rows stand between those of the two."""
NOBODY = UUID(int=OTHER_PROJECT.int + 1)

RED = {"colour": "red"}

Groups = dict[tuple[int, str], tuple[int, int, float]]
"""Of each hour and model: events, the sum of their durations, and the median."""


def _row(number: int, at: int = 1, *, hour: int | None = None, **cells: Any) -> Cells:
    """Event ``number`` in its ``at``-th version."""
    spread = number % HOURS if hour is None else hour
    plain = {
        "version": version(at),
        "trace_id": trace_id(number // 8),
        "start_ns": FIRST_NS + spread * HOUR_NS + number,
        "duration_ns": 1_000 * number + at,
        "model": f"m{number % 3}",
        "attributes": RED if (number + at) % 2 else {},
    }
    return event(number, **{**plain, **cells})


def _asked(project: UUID = PROJECT, relation: Relation = Relation.EVENTS) -> Query:
    of_events = (Condition("event_type", Op.NE, "session"),)
    return Query(
        relation=relation,
        project=project,
        where=of_events if relation is Relation.LISTING else (),
        group_by=("model",),
        bucket=timedelta(hours=1),
        measures=(
            Measure("n", Function.COUNT),
            Measure("sum", Function.SUM, "duration_ns"),
            Measure("p50", Function.P50, "duration_ns"),
        ),
    )


def _red(project: UUID = PROJECT) -> Query:
    return replace(_asked(project), where=(Condition("attributes.colour", Op.EQ, "red"),))


def _listed(query: Query) -> Query:
    """The events of which ``query`` forms groups."""
    return replace(query, columns=("model",), group_by=(), bucket=None, measures=())


def _events(groups: Groups) -> int:
    return sum(number for number, *_ in groups.values())


def _groups(rows: Sequence[Row]) -> Groups:
    return {
        (cast(int, row["bucket"]), cast(str, row["model"])): cast(
            tuple[int, int, float], (row["n"], row["sum"], row["p50"])
        )
        for row in rows
    }


def _expected(
    rows: Sequence[Cells],
    project: UUID = PROJECT,
    fits: Callable[[Cells], bool] = lambda cells: True,
) -> Groups:
    newest: dict[UUID, Cells] = {}
    for cells in (cells for cells in rows if cells["project_id"] == project):
        present = newest.get(cells["event_id"])
        if present is None or cells["version"] >= present["version"]:
            newest[cells["event_id"]] = cells
    groups: dict[tuple[int, str], list[int]] = {}
    for cells in newest.values():
        if not cells["is_deleted"] and fits(cells):
            key = (cells["start_ns"] // HOUR_NS * HOUR_NS, cells["model"])
            groups.setdefault(key, []).append(cells["duration_ns"])
    return {
        key: (len(found), sum(found), float(sorted(found)[len(found) // 2]))
        for key, found in groups.items()
    }


class _House:
    """An index, and all that was ever written to it."""

    def __init__(self, analytics: ClickhouseAnalytics) -> None:
        self.analytics = analytics
        self.rows: list[Cells] = []
        self.is_of_content = analytics._plane == "data"
        analytics._small = Small(least=0)  # nothing is too small here to ask first
        self._writer = Writer(analytics, telemetry=not self.is_of_content)

    async def write(self, *rows: Cells) -> None:
        self.rows += rows
        await self._writer.insert(Relation.EVENTS, *rows)

    async def merge(self) -> None:
        await self.analytics._client.command("OPTIMIZE TABLE events FINAL")

    async def settled(self, project: UUID = PROJECT) -> Settled | None:
        return await self.analytics._settled(_asked(project))

    async def looks(self, asking: Awaitable[object]) -> int:
        """How often it is asked which hours are settled, to answer."""
        settled, asked = self.analytics._settled, list[Query]()

        async def noted(query: Query) -> Settled | None:
            asked.append(query)
            return await settled(query)

        self.analytics._settled = noted  # type: ignore[method-assign]  # it is the one way to it
        try:
            await asking
        finally:
            self.analytics._settled = settled  # type: ignore[method-assign]
        return len(asked)

    async def check(self, *projects: UUID) -> None:
        for project in projects or (PROJECT,):
            for relation in (Relation.EVENTS, Relation.LISTING):
                asked, expected = _asked(project, relation), _expected(self.rows, project)
                assert _groups(await self.analytics.select(asked)) == expected, (project, relation)
                assert await self.analytics.count(asked) == len(expected)
                assert await self.analytics.count(_listed(asked)) == _events(expected)
            if self.is_of_content:
                await self._check_spread(project)

    async def _check_spread(self, project: UUID) -> None:
        """Of an attribute that the index of terms does not help to find."""
        expected = _expected(self.rows, project, lambda cells: cells["attributes"] == RED)
        self.learn_spread(project)
        assert _groups(await self.analytics.select(_red(project))) == expected
        self.learn_spread(project)
        assert await self.analytics.count(_red(project)) == len(expected)
        assert await self.analytics.count(_listed(_red(project))) == _events(expected)

    def learn_spread(self, project: UUID = PROJECT) -> None:
        self.analytics._hints.learn(looked_up(_red(project)), 10**6, 1)


def _in_house(
    act: Callable[[_House], Awaitable[None]], plane: str = "control", **options: object
) -> None:
    async def run() -> None:
        config = clickhouse_server().config(plane=plane, **options)
        async with open_analytics(config) as analytics:
            assert isinstance(analytics, ClickhouseAnalytics)
            await act(_House(analytics))

    asyncio.run(run())


def test_what_a_merge_has_settled_is_read_as_it_stands_but_for_late_hours() -> None:
    async def act(house: _House) -> None:
        await house.write(*map(_row, range(100)))
        assert await house.settled() is None
        await house.check()

        await house.merge()
        whole = await house.settled()
        assert whole is not None
        assert whole.doubtful == ()
        await house.check()

        await house.write(_row(200, hour=3), _row(201, hour=3))
        late = await house.settled()
        assert late is not None
        assert late.doubtful == ((FIRST_HOUR + 3, FIRST_HOUR + 3),)
        await house.check()

    _in_house(act)


def test_of_an_attribute_that_many_events_have_what_is_settled_is_read_as_it_stands() -> None:
    async def act(house: _House) -> None:
        await house.write(*map(_row, range(100)))
        await house.merge()
        analytics = house.analytics
        for asks in (analytics.select(_red()), analytics.count(_listed(_red()))):
            assert await house.looks(asks) == 0
        for ask, query in ((analytics.select, _red()), (analytics.count, _listed(_red()))):
            house.learn_spread()
            assert await house.looks(ask(query)) == 1
        assert await house.settled() is not None
        await house.check()

    _in_house(act, "data")


def test_an_event_that_is_told_again_counts_once_before_and_after_merges() -> None:
    async def act(house: _House) -> None:
        rows = [_row(n) for n in range(100)]
        await house.write(*rows, *rows[:10])
        await house.check()
        await house.merge()
        for again in (rows, rows[:1], rows[50:]):
            await house.write(*again)
            await house.check()
        await house.merge()
        await house.check()

    _in_house(act)


def test_a_later_version_replaces_and_a_deleted_event_is_gone() -> None:
    async def act(house: _House) -> None:
        await house.write(*(_row(n, 5) for n in range(60)))
        await house.merge()
        await house.write(_row(1, 6), _row(2, 4), _row(3, 7, is_deleted=1), _row(4, 7, model="x"))
        await house.check()
        await house.merge()
        assert await house.settled() is not None
        await house.check()
        await house.write(_row(3, 6))
        await house.check()
        await house.merge()
        await house.check()

    _in_house(act)


def test_an_event_that_moves_between_settled_hours_counts_where_it_is() -> None:
    async def act(house: _House) -> None:
        await house.write(*(_row(n) for n in range(60)))
        await house.merge()
        await house.write(_row(7, 2, hour=2), _row(8, 2, hour=9, trace_id=trace_id(99)))
        await house.check()
        await house.merge()
        settled = await house.settled()
        assert settled is not None
        assert settled.doubtful == ()
        await house.check()

    _in_house(act)


def test_projects_that_share_granules_are_told_apart() -> None:
    projects = (PROJECT, BETWEEN, OTHER_PROJECT)

    async def act(house: _House) -> None:
        rows = [_row(n, project_id=project) for project in projects for n in range(1_500)]
        await house.write(*rows)
        await house.merge()
        for project in projects:
            settled = await house.settled(project)
            assert settled is not None
            assert settled.doubtful == ()
        await house.check(*projects)

        await house.write(*(_row(n, 2, hour=5, project_id=BETWEEN) for n in (5, 17)))
        doubtful = [await house.settled(project) for project in projects]
        hour = FIRST_HOUR + 5
        assert [one and one.doubtful for one in doubtful] == [(), ((hour, hour),), ()]
        await house.check(*projects)
        assert await house.analytics.select(_asked(NOBODY)) == []

    _in_house(act)


@pytest.mark.parametrize("plane", ["control", "data"])
def test_of_parts_that_change_after_the_look_all_rows_are_merged(plane: str) -> None:
    async def act(house: _House) -> None:
        rows = [_row(n) for n in range(60)]
        await house.write(*rows)
        await house.merge()
        before = await house.settled()
        assert before is not None
        for change in (house.write(*rows), house.merge(), house.write(_row(3, 9)), house.merge()):
            await change
            expected, ask = _expected(house.rows), house.analytics._ask
            groups = compile_select(_asked(), plane, before)
            assert _groups(groups.rows((await ask(groups)).result_rows)) == expected
            listed = await ask(compile_count(_listed(_asked()), plane, before))
            assert listed.result_rows == [(_events(expected),)]

    _in_house(act, plane)


def test_rows_are_read_without_a_look_and_so_is_what_was_small_last_time() -> None:
    async def act(house: _House) -> None:
        await house.write(*(_row(n) for n in range(60)))
        await house.merge()
        analytics = house.analytics
        analytics._small = Small(least=50)
        listed = _listed(_asked())
        assert await house.looks(analytics.select(listed)) == 0
        for _ in range(2):
            assert await house.looks(analytics.count(listed)) == 1
        analytics._small = Small(least=5_000)
        assert [await house.looks(analytics.count(listed)) for _ in range(3)] == [1, 0, 0]
        assert await house.looks(analytics.select(_asked())) == 0, "the same question in groups"
        other = replace(_asked(), where=(Condition("model", Op.EQ, "m1"),))
        assert await house.looks(analytics.select(other)) == 1
        await house.check()

    _in_house(act)


def test_where_the_engine_has_no_room_to_tell_all_rows_are_merged() -> None:
    async def act(house: _House) -> None:
        await house.write(*(_row(n) for n in range(60)))
        await house.merge()
        client = house.analytics._client
        query = client.query

        async def crowded(text: str, **options: Any) -> Any:
            if "mergeTreeIndex" in text:
                raise DatabaseError("memory limit exceeded", code=241)
            return await query(text, **options)

        client.query = crowded  # type: ignore[method-assign,assignment]  # no room, now and then
        assert await house.settled() is None
        await house.check()

    _in_house(act)


def test_a_part_that_comes_while_the_index_is_read_is_left_out() -> None:
    """Hours of its whole granules are of the first look, which has not seen it."""

    async def act(house: _House) -> None:
        rows = [_row(n, project_id=project) for project in (PROJECT, BETWEEN) for n in range(60)]
        await house.write(*rows)
        await house.merge()
        client = house.analytics._client
        text, parameters = held(BETWEEN)
        before = [part for part, _ in (await client.query(text, parameters=parameters)).result_rows]
        await house.write(*rows)
        early = text.replace(
            "FROM marks\n  UNION", f"FROM (SELECT * FROM marks WHERE part IN {before})\n  UNION"
        )
        for asked, parts in ((early, 1), (text, 2)):
            found = (await client.query(asked, parameters=parameters)).result_rows
            assert len(found) == parts
            assert all(hours for _, hours in found)

    _in_house(act)


@pytest.mark.parametrize("plane", ["control", "data"])
def test_at_no_moment_of_merges_and_deliveries_is_an_event_counted_twice(plane: str) -> None:
    async def act(house: _House) -> None:
        rows = [_row(n) for n in range(200)]
        await house.write(*rows)
        await house.merge()
        expected, seen, running = _expected(rows), Counter[bool](), True

        async def deliver() -> None:
            for number in count():
                if not running:
                    return
                await house.write(*rows[number % 150 : number % 150 + 3])
                if number % 4 == 3:
                    await house.merge()

        delivering = asyncio.create_task(deliver())
        for _ in range(25):
            seen[await house.settled() is not None] += 1
            assert _groups(await house.analytics.select(_asked())) == expected
            assert await house.analytics.count(_listed(_asked())) == len(rows)
        running = False
        await delivering
        assert seen[True]

    _in_house(act, plane)


@pytest.mark.parametrize("plane", ["control", "data"])
@pytest.mark.parametrize("seed", range(2))
def test_any_history_is_answered_as_if_all_were_merged(seed: int, plane: str) -> None:
    chosen, projects = random.Random(seed), (PROJECT, OTHER_PROJECT)

    def written() -> Cells:
        cells = _row(
            chosen.randrange(80),
            chosen.randrange(9),
            project_id=chosen.choice(projects),
            is_deleted=int(chosen.random() < 0.1),
        )
        if chosen.random() < 0.1:
            cells["start_ns"] += chosen.randrange(-3, 3) * HOUR_NS
        # of two rows of one version any may count: they are the same
        cells["duration_ns"] += cells["version"] % 7
        return cells

    async def act(house: _House) -> None:
        told: set[tuple[object, ...]] = set()
        for _ in range(8):
            rows = [written() for _ in range(chosen.randrange(1, 60))]
            fresh = [
                cells
                for cells in rows
                if (key := (cells["project_id"], cells["event_id"], cells["version"])) not in told
                and not told.add(key)  # type: ignore[func-returns-value]  # as in the recipes
            ]
            again = chosen.sample(house.rows, min(5, len(house.rows)))
            if fresh or again:
                await house.write(*fresh, *again)
            if chosen.random() < 0.5:
                await house.merge()
            await house.check(*projects)

    _in_house(act, plane)


def test_a_look_reads_the_index_and_the_granules_in_which_a_project_begins_or_ends() -> None:
    async def act(house: _House) -> None:
        for project in (PROJECT, BETWEEN, OTHER_PROJECT):
            await house.write(*(_row(n, project_id=project) for n in range(6_000)))
        await house.merge()
        client = house.analytics._client
        rows = await client.query("SELECT count() FROM mergeTreeIndex(currentDatabase(), events)")
        marks = int(rows.result_rows[0][0])
        read: list[int] = []
        query = client.query

        async def noted(*given: Any, **options: Any) -> Any:
            answer = await query(*given, **options)
            read.append(int(answer.summary["read_rows"]))
            return answer

        client.query = noted  # type: ignore[method-assign]  # what is read is in the answer
        assert await house.settled(BETWEEN) is not None
        assert read[0] <= 4 * marks + 2 * 1_024

    _in_house(act)


def test_a_server_that_cannot_tell_is_not_asked() -> None:
    class Old:
        async def query(self, *given: object, **options: object) -> None:
            raise DatabaseError("unknown setting", code=115)

    assert asyncio.run(_tells_parts(cast(Any, Old()))) is False

    async def act(house: _House) -> None:
        house.analytics._tells_parts = False
        await house.write(*(_row(n) for n in range(60)))
        await house.merge()
        assert await house.looks(house.analytics.select(_asked())) == 0
        await house.check()

    _in_house(act)
