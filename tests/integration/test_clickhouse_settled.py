"""Groups of many hours are those of the newest rows, whatever has been merged and whatever has not.

Where merges have left one row of each event, rows are read as they stand; what stands beside an
answer here is the one of a question that merges all rows, and what a dictionary would say.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import count
from typing import Any, cast
from uuid import UUID

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from servers.clickhouse import clickhouse_server

from hh_clickhouse.analytics import ClickhouseAnalytics, _tells_parts, open_analytics
from hh_clickhouse.settled import Settled
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


def _groups(rows: Sequence[Row]) -> Groups:
    return {
        (cast(int, row["bucket"]), cast(str, row["model"])): cast(
            tuple[int, int, float], (row["n"], row["sum"], row["p50"])
        )
        for row in rows
    }


def _expected(rows: Sequence[Cells], project: UUID = PROJECT) -> Groups:
    newest: dict[UUID, Cells] = {}
    for cells in (cells for cells in rows if cells["project_id"] == project):
        present = newest.get(cells["event_id"])
        if present is None or cells["version"] >= present["version"]:
            newest[cells["event_id"]] = cells
    groups: dict[tuple[int, str], list[int]] = {}
    for cells in newest.values():
        if not cells["is_deleted"]:
            key = (cells["start_ns"] // HOUR_NS * HOUR_NS, cells["model"])
            groups.setdefault(key, []).append(cells["duration_ns"])
    return {
        key: (len(found), sum(found), float(sorted(found)[len(found) // 2]))
        for key, found in groups.items()
    }


class _House:
    """An index of a control plane, and all that was ever written to it."""

    def __init__(self, analytics: ClickhouseAnalytics) -> None:
        self.analytics = analytics
        self.rows: list[Cells] = []
        self._writer = Writer(analytics, telemetry=True)

    async def write(self, *rows: Cells) -> None:
        self.rows += rows
        await self._writer.insert(Relation.EVENTS, *rows)

    async def merge(self) -> None:
        await self.analytics._client.command("OPTIMIZE TABLE events FINAL")

    async def settled(self, project: UUID = PROJECT) -> Settled | None:
        return await self.analytics._settled(_asked(project))

    async def check(self, *projects: UUID) -> None:
        for project in projects or (PROJECT,):
            for relation in (Relation.EVENTS, Relation.LISTING):
                found = _groups(await self.analytics.select(_asked(project, relation)))
                assert found == _expected(self.rows, project), (project, relation)


def _in_house(act: Callable[[_House], Awaitable[None]], **options: object) -> None:
    async def run() -> None:
        config = clickhouse_server().config(plane="control", **options)
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


def test_of_parts_that_change_after_the_look_all_rows_are_merged() -> None:
    async def act(house: _House) -> None:
        rows = [_row(n) for n in range(60)]
        await house.write(*rows)
        await house.merge()
        before = await house.settled()
        assert before is not None
        for change in (house.write(*rows), house.merge(), house.write(_row(3, 9)), house.merge()):
            await change
            found = await house.analytics._selected(_asked(), before)
            assert _groups(found) == _expected(house.rows)

    _in_house(act)


def test_at_no_moment_of_merges_and_deliveries_is_an_event_counted_twice() -> None:
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
        running = False
        await delivering
        assert seen[True]

    _in_house(act)


@pytest.mark.parametrize("seed", range(2))
def test_any_history_is_answered_as_if_all_were_merged(seed: int) -> None:
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

    _in_house(act)


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
        assert await house.settled() is None
        await house.check()

    _in_house(act)
