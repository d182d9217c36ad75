"""How often the rows of a session are read for one page: once, whatever is pending."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

import pytest
from raw_segments import PROJECT
from read_house import Pending, ReadHouse, export, read_house, span

from hh_core.ports.analytics import Query, Relation, Value
from hh_memory.analytics import MemoryAnalytics

SESSION = "7b0d2b42-4be5-4a23-b4a4-8d5b9a6f0c11"
Ask = Callable[[ReadHouse], Awaitable[object]]


async def tree(house: ReadHouse) -> object:
    return await house.sessions.tree(PROJECT, SESSION, limit=1)


async def outline(house: ReadHouse) -> object:
    return await house.outlines.page(PROJECT, SESSION, offset=0, limit=1)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[Relation]:
    """How often columns were read, by relation."""
    counted: Counter[Relation] = Counter()
    columns = MemoryAnalytics.columns

    async def counting(self: MemoryAnalytics, query: Query) -> Sequence[Sequence[Value]]:
        counted[query.relation] += 1
        return await columns(self, query)

    monkeypatch.setattr(MemoryAnalytics, "columns", counting)
    return counted


@pytest.mark.parametrize("ask", [tree, outline])
@pytest.mark.parametrize("is_others", [True, False], ids=["of others", "of the session"])
@pytest.mark.parametrize("is_pending", [True, False], ids=["something is pending", "nothing is"])
def test_the_rows_of_a_session_are_read_once(
    monkeypatch: pytest.MonkeyPatch,
    read: Counter[Relation],
    ask: Ask,
    is_others: bool,
    is_pending: bool,
) -> None:
    async def without(
        self: Pending, project: UUID, segments: Collection[str], needles: Collection[bytes]
    ) -> Collection[str]:
        return segments if is_others else ()

    async def asked() -> None:
        async with read_house() as house:
            claim = {"honeyhive__session_id": SESSION}
            await house.accept(export(*(span(n, **claim) for n in range(1, 4))))
            if is_pending:
                house.pending.names.add(await house.ship(export(span(9, trace=9))))
            await ask(house)

    monkeypatch.setattr(Pending, "without", without)
    asyncio.run(asked())

    assert read[Relation.EVENTS] == 1
