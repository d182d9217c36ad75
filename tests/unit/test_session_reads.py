"""What is asked of the index for one page of a session: its rows once, and again only after what is
pending was waited for; and which log records its spans have only where there are some."""

import asyncio
import gc
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from raw_segments import PROJECT
from read_house import Pending, ReadHouse, export, log, log_export, read_house, span

from hh_core.errors import UnavailableError
from hh_core.ports.analytics import Query, Relation, Row
from hh_core.usecases.content import Content
from hh_core.usecases.read_limits import ReadLimits
from hh_memory.analytics import MemoryAnalytics

SESSION = "7b0d2b42-4be5-4a23-b4a4-8d5b9a6f0c11"
Ask = Callable[[ReadHouse], Awaitable[object]]


async def tree(house: ReadHouse) -> object:
    return await house.sessions.tree(PROJECT, SESSION, limit=1)


async def outline(house: ReadHouse) -> object:
    return await house.outlines.page(PROJECT, SESSION, offset=0, limit=1)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[Relation]:
    """How often rows were read, by relation; columns are made of rows here."""
    counted: Counter[Relation] = Counter()
    select = MemoryAnalytics.select

    async def counted_select(self: MemoryAnalytics, query: Query) -> Sequence[Row]:
        counted[query.relation] += 1
        return await select(self, query)

    monkeypatch.setattr(MemoryAnalytics, "select", counted_select)
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
            read.clear()
            await ask(house)

    monkeypatch.setattr(Pending, "without", without)
    asyncio.run(asked())

    is_waited_for = is_pending and not is_others
    assert read[Relation.EVENTS] in ((1, 2) if is_waited_for else (1,))
    assert read[Relation.SESSIONS] == (2 if is_waited_for else 1)


@pytest.mark.parametrize("ask", [tree, outline])
@pytest.mark.parametrize("is_others", [True, False], ids=["of others", "of the session"])
def test_the_rows_of_a_session_are_read_while_it_is_asked_what_is_pending(
    monkeypatch: pytest.MonkeyPatch, ask: Ask, is_others: bool
) -> None:
    begun = asyncio.Event()
    select = MemoryAnalytics.select

    async def watched_select(self: MemoryAnalytics, query: Query) -> Sequence[Row]:
        if query.relation is Relation.EVENTS:
            begun.set()
        return await select(self, query)

    async def without(
        self: Pending, project: UUID, segments: Collection[str], needles: Collection[bytes]
    ) -> Collection[str]:
        async with asyncio.timeout(5):
            await begun.wait()
        return segments if is_others else ()

    async def asked() -> tuple[Any, Any]:
        async with read_house() as house:
            claim = {"honeyhive__session_id": SESSION}
            await house.accept(export(*(span(n, **claim) for n in range(1, 4))))
            before: Any = await ask(house)
            house.pending.names.add(await house.ship(export(span(9, trace=9))))
            begun.clear()
            return before, await ask(house)

    monkeypatch.setattr(MemoryAnalytics, "select", watched_select)
    monkeypatch.setattr(Pending, "without", without)
    before, after = asyncio.run(asked())

    assert after.session == before.session
    assert after.behind is not is_others


@pytest.mark.parametrize("ask", [tree, outline])
@pytest.mark.parametrize("is_pending", [True, False], ids=["something is pending", "nothing is"])
def test_neither_the_traces_nor_the_rows_of_a_session_wait_for_its_roll_up(
    monkeypatch: pytest.MonkeyPatch, ask: Ask, is_pending: bool
) -> None:
    awaited = {Relation.SESSION_TRACES: Relation.SESSIONS, Relation.SESSIONS: Relation.EVENTS}
    begun = {relation: asyncio.Event() for relation in Relation}
    select = MemoryAnalytics.select

    async def meeting_select(self: MemoryAnalytics, query: Query) -> Sequence[Row]:
        begun[query.relation].set()
        if query.relation in awaited:
            async with asyncio.timeout(5):
                await begun[awaited[query.relation]].wait()
        return await select(self, query)

    async def asked() -> Any:
        async with read_house() as house:
            claim = {"honeyhive__session_id": SESSION}
            await house.accept(export(*(span(n, **claim) for n in range(1, 4))))
            if is_pending:
                house.pending.names.add(await house.ship(export(span(9, trace=9))))
            with monkeypatch.context() as patched:
                patched.setattr(MemoryAnalytics, "select", meeting_select)
                return await ask(house)

    assert asyncio.run(asked()).count == 3


@pytest.mark.parametrize("ask", [tree, outline])
@pytest.mark.parametrize("is_pending", [True, False], ids=["something is pending", "nothing is"])
@pytest.mark.parametrize("failing", [Relation.SESSIONS, Relation.SESSION_TRACES])
def test_a_question_about_a_session_that_fails_leaves_no_part_of_itself_behind(
    monkeypatch: pytest.MonkeyPatch, ask: Ask, is_pending: bool, failing: Relation
) -> None:
    """Neither a task that goes on, nor an error that nobody takes note of."""
    unheard: list[Mapping[str, Any]] = []
    select = MemoryAnalytics.select

    async def failing_select(self: MemoryAnalytics, query: Query) -> Sequence[Row]:
        if query.relation is not failing:
            await asyncio.sleep(0.05)
            if query.relation is not Relation.SESSION_TRACES:
                raise UnavailableError("the index is away too")
            return await select(self, query)
        raise UnavailableError("the index is away")

    async def asked() -> set[asyncio.Task[Any]]:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: unheard.append(context))
        async with read_house() as house:
            await house.accept(export(span(1, honeyhive__session_id=SESSION)))
            if is_pending:
                house.pending.names.add(await house.ship(export(span(9, trace=9))))
            before = asyncio.all_tasks()
            with monkeypatch.context() as patched:
                patched.setattr(MemoryAnalytics, "select", failing_select)
                with pytest.raises(UnavailableError):
                    await ask(house)
                left = asyncio.all_tasks() - before
            gc.collect()
            return left

    assert asyncio.run(asked()) == set()
    assert unheard == []


@pytest.mark.parametrize("ask", [tree, outline])
@pytest.mark.parametrize("is_pending", [True, False], ids=["something is pending", "nothing is"])
def test_one_turn_at_a_time_is_enough_for_a_session(
    monkeypatch: pytest.MonkeyPatch, ask: Ask, is_pending: bool
) -> None:
    running: Counter[str] = Counter()
    select = MemoryAnalytics.select

    async def counted_select(self: MemoryAnalytics, query: Query) -> Sequence[Row]:
        if query.relation in (Relation.SESSIONS, Relation.EVENTS):
            running["now"] += 1
            running["most"] = max(running["most"], running["now"])
            await asyncio.sleep(0.01)
            running["now"] -= 1
        return await select(self, query)

    async def without(
        self: Pending, project: UUID, segments: Collection[str], needles: Collection[bytes]
    ) -> Collection[str]:
        return segments

    async def asked() -> None:
        limits = ReadLimits(at_once=1, at_once_per_project=1, wait_seconds=5)
        async with read_house(limits=limits) as house:
            claim = {"honeyhive__session_id": SESSION}
            await house.accept(export(*(span(n, **claim) for n in range(1, 4))))
            if is_pending:
                house.pending.names.add(await house.ship(export(span(9, trace=9))))
            running.clear()
            await asyncio.gather(*(ask(house) for _ in range(4)))

    monkeypatch.setattr(MemoryAnalytics, "select", counted_select)
    monkeypatch.setattr(Pending, "without", without)
    asyncio.run(asked())

    # within a turn, the rows and the roll-up of one session
    assert running["most"] <= (1 if is_pending else 2)


@pytest.mark.parametrize("has_some", [True, False])
def test_log_records_are_looked_up_where_the_session_has_some(
    read: Counter[Relation], has_some: bool
) -> None:
    said = log(1, {"content": "how warm is it"}, event="gen_ai.user.message")

    async def asked() -> Mapping[str, Any]:
        async with read_house() as house:
            claim = {"honeyhive__session_id": SESSION, "honeyhive_event_type": "model"}
            await house.accept(export(span(1, **claim)))
            if has_some:
                await house.accept(log_export(said))
            read.clear()
            return (await house.sessions.tree(PROJECT, SESSION, limit=5)).session

    (event,) = asyncio.run(asked())["children"]

    assert ("chat_history" in event["inputs"]) is has_some
    assert read[Relation.SPAN_LOGS] == (2 if has_some else 1)


def test_a_page_that_is_asked_for_again_reads_its_content_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted = Counter[str]()
    resolve = Content.resolve

    async def counted_resolve(self: Content, *args: Any, **options: Any) -> Mapping[Any, Any]:
        counted["pieces"] += len(found := await resolve(self, *args, **options))
        return found

    async def asked() -> tuple[Any, Any]:
        async with read_house() as house:
            claim = {"honeyhive__session_id": SESSION}
            await house.accept(export(*(span(n, **claim) for n in range(1, 4))))
            first = (await house.sessions.tree(PROJECT, SESSION, limit=2)).session
            counted.clear()
            return first, (await house.sessions.tree(PROJECT, SESSION, limit=2)).session

    monkeypatch.setattr(Content, "resolve", counted_resolve)
    first, again = asyncio.run(asked())

    assert again == first
    assert counted["pieces"] == 2


@pytest.mark.parametrize("has_some", [True, False])
def test_what_has_come_since_a_page_was_read_stands_on_it(has_some: bool) -> None:
    said = log(2, {"content": "how warm is it"}, event="gen_ai.user.message")
    claim = {"honeyhive__session_id": SESSION, "honeyhive_event_type": "model"}

    async def asked() -> Any:
        async with read_house() as house:
            await house.accept(export(*(span(n, **claim) for n in range(2, 6))))
            await house.sessions.tree(PROJECT, SESSION, limit=2)
            await house.accept(export(span(1, **claim)))
            if has_some:
                await house.accept(log_export(said))
            return (await house.sessions.tree(PROJECT, SESSION, limit=2)).session["children"]

    one, two = asyncio.run(asked())

    assert [event["metadata"]["span_id"] for event in (one, two)] == [f"{n:016x}" for n in (1, 2)]
    assert ("chat_history" in two["inputs"]) is has_some
