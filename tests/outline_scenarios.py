"""What the outline of a session promises, told once; the tests run it over memory and over
ClickHouse."""

from collections.abc import Mapping
from typing import Any

import pytest
from raw_segments import OTHER, PROJECT
from read_house import START_MS, ReadHouse, export, rest_event, span, start

from hh_core.errors import NotFoundError
from hh_core.usecases.session_outline import OutlinePage, Unchanged

SESSION = "42557e62-eb0e-48d0-838a-bf5f93adb229"
CLAIM: dict[str, Any] = {"honeyhive__session_id": SESSION}


async def outline(house: ReadHouse, **asked: Any) -> OutlinePage:
    page = await house.outlines.page(
        PROJECT, asked.pop("session", SESSION), **({"offset": 0, "limit": 1000} | asked)
    )
    assert isinstance(page, OutlinePage)
    lengths = {name: len(column) for name, column in page.nodes.items()}
    assert len(set(lengths.values())) == 1, lengths
    return page


async def an_outline_has_the_nodes_of_the_tree_in_its_order(house: ReadHouse) -> None:
    spans = [span(n, parent=n // 2, start=40 - n, **CLAIM) for n in range(1, 20)]
    lost = [span(n, parent=90 + n % 2, **CLAIM) for n in range(30, 34)]
    await house.accept(export(*spans, *lost, span(8, trace=2, **CLAIM)))
    await house.accept(rest_event(session_id=SESSION, event_name="by hand"))
    tree = (await house.sessions.tree(PROJECT, SESSION, limit=1000)).session
    expected: list[tuple[str, int, int, int]] = []

    def walk(node: Mapping[str, Any], place: int, depth: int) -> None:
        for child in node["children"]:
            at = len(expected)
            expected.append((child["event_id"], place, depth, 0))
            walk(child, at, depth + 1)
            expected[at] = (*expected[at][:3], len(expected) - at - 1)

    walk(tree, -1, 0)
    page = await outline(house)

    columns = [page.nodes[name] for name in ("event_id", "parent", "depth", "descendants")]
    assert list(zip(*columns, strict=True)) == expected
    assert page.count == len(expected) == 27


async def an_outline_says_of_each_node_what_the_index_knows(house: ReadHouse) -> None:
    call: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.provider.name": "openai",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 5,
        "honeyhive_event_type": "model",
    }
    failed = span(2, parent=1, name="ask", duration=2.5, error="refused", **CLAIM, **call)
    await house.accept(export(span(1, duration=10, name="run", **CLAIM), failed))

    page = await outline(house)

    names = ("event_name", "event_type", "status", "start_time", "duration", "model", "provider")
    tokens = ("prompt_tokens", "completion_tokens")
    at_root, at_call = zip(*(page.nodes[name] for name in (*names, *tokens)), strict=True)
    assert at_root == ("run", "tool", "unset", START_MS + 1, 10, None, None, None, None)
    assert at_call == ("ask", "model", "error", START_MS + 2, 2.5, "gpt-4o", "openai", 7, 5)
    session = page.session
    assert session["session_id"] == SESSION
    assert (session["start_time"], session["end_time"]) == (START_MS + 1, START_MS + 11)
    assert session["duration"] == 10
    counts = ("num_events", "num_model_events", "num_errors", *tokens, "total_tokens")
    assert [session[name] for name in counts] == [2, 1, 1, 7, 5, 12]


async def an_outline_shows_a_parent_that_has_not_arrived_as_pending(house: ReadHouse) -> None:
    await house.accept(export(span(2, parent=1, **CLAIM)))

    early = (await outline(house)).nodes
    await house.accept(export(span(1), sequence=2))
    late = (await outline(house)).nodes

    assert early["status"] == ["pending", "unset"]
    assert early["event_name"] == [None, "step 2"]
    assert early["parent"] == late["parent"] == [-1, 0]
    assert early["event_id"] == late["event_id"]
    assert late["status"] == ["unset", "unset"]


async def pages_of_an_outline_tile_it(house: ReadHouse) -> None:
    await house.accept(export(*(span(n, parent=n // 3, **CLAIM) for n in range(1, 20))))
    whole = await outline(house)
    seen: dict[str, list[Any]] = {name: [] for name in whole.nodes}
    offset: int | None = 0
    while offset is not None:
        page = await outline(house, offset=offset, limit=7)
        assert (page.revision, page.count) == (whole.revision, 19)
        for name, column in page.nodes.items():
            seen[name] += column
        offset = page.next_offset

    assert repr(seen) == repr({name: list(column) for name, column in whole.nodes.items()})
    beyond = await outline(house, offset=19)
    assert (beyond.nodes["event_id"], beyond.next_offset) == ([], None)


async def a_revision_lasts_until_something_of_the_session_changes(house: ReadHouse) -> None:
    async def unchanged(revision: str) -> bool:
        found = await house.outlines.page(
            PROJECT, SESSION, offset=0, limit=9, known=["another", revision]
        )
        return isinstance(found, Unchanged) and found.revision == revision

    await house.accept(export(span(1, **CLAIM)))
    revisions = [(await outline(house)).revision]
    assert await unchanged(revisions[-1])
    await house.accept(export(span(7, trace=5, honeyhive__session_id="another"), sequence=9))
    assert await unchanged(revisions[-1])
    for change in (
        export(span(2, **CLAIM), sequence=2),
        export(span(2, name="again", **CLAIM), sequence=3),
        export(span(3, trace=2, **CLAIM), sequence=4),
        start(SESSION, session_name="named"),
    ):
        await house.accept(change)
        assert not await unchanged(revisions[-1])
        revisions.append((await outline(house)).revision)
        assert await unchanged(revisions[-1])

    assert len(set(revisions)) == 5
    assert (await outline(house)).session["event_name"] == "named"
    assert (await outline(house)).nodes["event_name"] == ["step 1", "again", "step 3"]


async def nobody_sees_the_outline_of_another_project(house: ReadHouse) -> None:
    await house.accept(export(span(1, **CLAIM)))
    mine = await outline(house)
    for project, session in ((OTHER, SESSION), (PROJECT, "another")):
        with pytest.raises(NotFoundError):
            await house.outlines.page(project, session, offset=0, limit=9, known=[mine.revision])


SCENARIOS = [
    an_outline_has_the_nodes_of_the_tree_in_its_order,
    an_outline_says_of_each_node_what_the_index_knows,
    an_outline_shows_a_parent_that_has_not_arrived_as_pending,
    pages_of_an_outline_tile_it,
    a_revision_lasts_until_something_of_the_session_changes,
    nobody_sees_the_outline_of_another_project,
]
