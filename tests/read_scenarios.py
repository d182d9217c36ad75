"""What reading promises, told once; the tests run it over memory and over ClickHouse."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from raw_segments import OTHER, PROJECT
from read_house import (
    START_MS,
    ReadHouse,
    export,
    log,
    log_export,
    rest_event,
    span,
    start,
    update,
    where,
)

from hh_conformance.analytics_rows import Writer, row
from hh_core.domain.identity import derived_session
from hh_core.errors import NotFoundError, RejectedError
from hh_core.ports.analytics import Relation
from hh_core.usecases.freshness import NotYetError
from hh_core.usecases.pack import Pack, PackSettings
from hh_core.usecases.search import Range

Event = dict[str, Any]
SESSION = "42557e62-eb0e-48d0-838a-bf5f93adb229"


async def a_span_reads_as_a_wide_event_with_its_content(house: ReadHouse) -> None:
    await house.accept(
        export(
            span(
                1,
                name="answer",
                duration=12.5,
                honeyhive__session_id=SESSION,
                honeyhive_event_type="model",
                **{
                    "honeyhive_inputs.q": "hi",
                    "honeyhive_outputs.result": "there",
                    "honeyhive_metadata.n": 3,
                    "honeyhive_metrics.score": 0.5,
                    "custom.key": "kept",
                },
            )
        )
    )

    (event,) = await house.events(where("event_type", "is not", "session"))

    assert event["event_name"] == "answer"
    assert event["event_type"] == "model"
    assert event["session_id"] == event["parent_id"] == SESSION
    assert event["project_id"] == str(PROJECT)
    assert event["start_time"] == START_MS + 1
    assert event["end_time"] == START_MS + 13.5
    assert event["duration"] == 12.5
    assert event["inputs"] == {"q": "hi"}
    assert event["outputs"] == {"result": "there"}
    assert event["metadata"]["n"] == 3
    assert event["metrics"] == {"score": 0.5}
    assert event["metadata"]["custom.key"] == "kept"
    assert event["metadata"]["trace_id"] == f"{1:032x}"
    assert event["metadata"]["span_id"] == f"{1:016x}"
    assert event["metadata"]["parent_span_id"] is None
    assert event["error"] is None
    assert event["children_ids"] == []


async def every_event_has_a_session_and_sessions_are_listed_with_roll_ups(
    house: ReadHouse,
) -> None:
    await house.accept(
        export(
            span(1, trace=1, duration=10),
            span(
                2,
                trace=1,
                parent=1,
                **{
                    "gen_ai.operation.name": "chat",
                    "gen_ai.usage.input_tokens": 7,
                    "gen_ai.usage.output_tokens": 5,
                },
            ),
        )
    )

    events = await house.events()

    derived = str(derived_session(PROJECT, (1).to_bytes(16, "big")))
    assert [event["session_id"] for event in events] == [derived] * 3
    session = next(event for event in events if event["event_type"] == "session")
    assert session["event_id"] == derived
    assert session["parent_id"] is None
    assert session["start_time"] == START_MS + 1
    assert session["end_time"] == START_MS + 11
    rollup = session["metadata"]
    assert (rollup["num_events"], rollup["num_model_events"]) == (2, 1)
    assert (rollup["prompt_tokens"], rollup["completion_tokens"]) == (7, 5)
    assert rollup["total_tokens"] == 12
    assert rollup["cost"] is None
    assert rollup["has_feedback"] is False


async def a_derived_session_disappears_when_a_claim_arrives(house: ReadHouse) -> None:
    await house.accept(export(span(2, parent=1)))
    await house.accept(export(span(1, honeyhive__session_id="chat-7"), sequence=2))

    events = await house.events()

    assert {event["session_id"] for event in events} == {"chat-7"}
    assert sum(event["event_type"] == "session" for event in events) == 1
    event, _ = await house.reader.event(PROJECT, "chat-7")
    assert event["event_type"] == "session"
    assert event["event_id"] == event["session_id"] == "chat-7"


async def an_event_sent_again_for_another_session_leaves_no_phantom(house: ReadHouse) -> None:
    event_id = "230b465d-b055-4e58-8ffa-ec3decb480a1"
    await house.accept(rest_event(event_id=event_id, session_id="first"))
    later = rest_event(event_id=event_id, session_id="second")
    later = replace(later, header=replace(later.header, sequence=9))

    await house.accept(later)

    assert {event["session_id"] for event in await house.events()} == {"second"}


async def lists_are_newest_first_then_by_event_id_and_pages_tile_them(house: ReadHouse) -> None:
    spans = [span(n, trace=n, start=n // 3) for n in range(1, 12)]
    await house.accept(export(*spans))
    whole = await house.events()

    order = [(-event["start_time"], event["event_id"]) for event in whole]
    assert order == sorted(order)
    assert len(whole) == 22
    paged: list[Event] = []
    for page in range(1, 8):
        answer = await house.export(limit=4.0, page=page)
        assert answer.count == 22
        paged += answer.events
    assert paged == whole
    scanned: list[Event] = []
    everything = where("outputs", "not exists")
    for page in range(1, 8):
        answer = await house.export(everything, limit=4, page=page)
        assert answer.count == 22
        scanned += answer.events
    assert scanned == whole


async def an_update_merges_outputs_replace_and_order_does_not_matter(house: ReadHouse) -> None:
    event_id = "4cbab0e3-dc8e-4898-99bc-86cc3d9355b5"
    await house.accept(update(event_id, metadata={"late": True}, outputs={"o": 2}, sequence=7))
    await house.accept(update(event_id, metadata={"early": 1}, outputs={"o": 1}, sequence=6))
    base = span(
        1,
        honeyhive_event_id=event_id,
        **{"honeyhive_outputs.result": 1, "honeyhive_metadata.base": "b"},
    )
    await house.accept(export(base))

    event, _ = await house.reader.event(PROJECT, event_id)

    assert event["outputs"] == {"o": 2}
    assert event["metadata"]["late"] is True
    assert event["metadata"]["early"] == 1
    assert event["metadata"]["base"] == "b"
    for found in (where("metadata.late", "is", True, "boolean"), where("outputs.o", "is", "2")):
        assert [e["event_id"] for e in await house.events(found)] == [event_id]
    assert await house.events(where("outputs.o", "is", 1, "number")) == []


async def a_session_start_and_its_updates_make_the_session(house: ReadHouse) -> None:
    begin = start(
        SESSION,
        session_name="support",
        source="dev",
        inputs={"q": 1},
        metadata={"run_id": "r-1", "num_events": 99},
    )
    await house.accept(begin)
    await house.accept(update(SESSION, metadata={"m": 1}, feedback={"f": 1}, outputs={"a": 2}))

    (session,) = await house.events()

    assert session["event_name"] == "support"
    assert session["source"] == "dev"
    assert session["inputs"] == {"q": 1}
    assert session["outputs"] == {"a": 2}
    assert session["metadata"]["m"] == 1
    assert session["metadata"]["num_events"] == 0
    assert session["start_time"] == START_MS
    assert (await house.export(evaluation_id="r-1")).count == 1
    assert (await house.export(evaluation_id="r-2")).count == 0


async def a_rest_event_reads_as_it_was_written(house: ReadHouse) -> None:
    await house.accept(
        rest_event(
            event_id="230b465d-b055-4e58-8ffa-ec3decb480a1",
            session_id=SESSION,
            event_type="model",
            event_name="e",
            config={"model": "m"},
            inputs={"x": 1},
            outputs={"content": "y"},
            duration=10,
            end_time=START_MS + 10,
            metadata={"total_tokens": 3, "http.route": "/r"},
            error="broken",
        )
    )

    event, _ = await house.reader.event(PROJECT, "230b465d-b055-4e58-8ffa-ec3decb480a1")

    assert event["session_id"] == event["parent_id"] == SESSION
    assert event["config"] == {"model": "m"}
    assert event["outputs"] == {"content": "y"}
    assert event["error"] == "broken"
    assert (event["duration"], event["end_time"]) == (10, START_MS + 10)
    for found in (
        where("config.model", "is", "m"),
        where("metadata.http.route", "is", "/r"),
        where("metadata.total_tokens", "greater than", "2", "number"),
        where("error", "contains", "roke"),
        where("session_id", "is", SESSION),
    ):
        listed = await house.events(found, where("event_type", "is", "model"))
        assert [e["event_id"] for e in listed] == [event["event_id"]], found


async def the_tree_nests_children_below_parents_by_start(house: ReadHouse) -> None:
    claim = {"honeyhive__session_id": SESSION}
    await house.accept(export(span(3, parent=1, start=5), span(2, parent=1, start=4)))
    await house.accept(export(span(1, start=1, **claim)), export(span(9, trace=2, **claim)))

    page = await house.sessions.tree(PROJECT, SESSION, limit=100)

    assert page.session["event_id"] == SESSION
    assert page.count == 4
    assert page.next_cursor is None
    root, other = page.session["children"]
    assert [root["event_name"], other["event_name"]] == ["step 1", "step 9"]
    assert [child["event_name"] for child in root["children"]] == ["step 2", "step 3"]
    assert root["parent_id"] == SESSION
    assert {child["parent_id"] for child in root["children"]} == {root["event_id"]}


async def a_child_before_its_parent_hangs_under_a_pending_one(house: ReadHouse) -> None:
    claim = {"honeyhive__session_id": SESSION}
    await house.accept(export(span(2, parent=1, **claim)))

    (pending,) = (await house.sessions.tree(PROJECT, SESSION, limit=9)).session["children"]
    assert pending["pending"] is True
    (child,) = pending["children"]
    assert child["parent_id"] == pending["event_id"]
    await house.accept(export(span(1), sequence=2))

    (parent,) = (await house.sessions.tree(PROJECT, SESSION, limit=9)).session["children"]
    assert "pending" not in parent
    assert parent["event_id"] == pending["event_id"]
    assert parent["children"][0]["event_id"] == child["event_id"]


async def pages_of_a_tree_hold_every_node_once(house: ReadHouse) -> None:
    claim = {"honeyhive__session_id": SESSION}
    spans = [span(n, parent=n // 2, **claim) for n in range(1, 20)]
    await house.accept(export(*spans))
    cursor, seen, pages = None, [], 0
    while pages < 20:
        page = await house.sessions.tree(PROJECT, SESSION, limit=3, cursor=cursor)
        assert page.count == 19
        seen += [node["event_id"] for node in nodes(page.session) if "repeated" not in node]
        pages += 1
        cursor = page.next_cursor
        if cursor is None:
            break

    assert pages == 7
    assert len(seen) == len(set(seen)) == 19
    with pytest.raises(RejectedError, match="cursor"):
        await house.sessions.tree(PROJECT, "another", limit=3, cursor="AAAA")


async def what_comes_between_two_pages_of_a_tree_stands_on_the_second(house: ReadHouse) -> None:
    claim = {"honeyhive__session_id": SESSION}
    await house.accept(export(*(span(n, **claim) for n in range(1, 5))))
    first = await house.sessions.tree(PROJECT, SESSION, limit=2)
    for sequence, late in enumerate((span(9, **claim), span(3, **claim, name="again")), 2):
        await house.accept(export(late, sequence=sequence))

    second = await house.sessions.tree(PROJECT, SESSION, limit=9, cursor=first.next_cursor)

    assert (first.count, second.count) == (4, 5)
    names = [node["event_name"] for node in nodes(second.session)]
    assert names == ["again", "step 4", "step 9"]


def nodes(node: Event) -> Iterator[Event]:
    for child in node["children"]:
        yield child
        yield from nodes(child)


async def a_parent_in_another_session_leaves_its_child_at_the_top(house: ReadHouse) -> None:
    upstream = span(1, honeyhive__session_id="up")
    downstream = span(2, parent=1, honeyhive__session_id="down")
    await house.accept(export(upstream, downstream))

    (child,) = (await house.sessions.tree(PROJECT, "down", limit=9)).session["children"]

    assert child["event_name"] == "step 2"
    assert child["children"] == []
    steps = await house.events(where("event_type", "is", "tool"))
    listed = {event["event_name"]: event for event in steps}
    assert listed["step 2"]["parent_id"] == listed["step 1"]["event_id"]
    of_down = await house.events(where("session_id", "is", "down"))
    assert {event["event_type"] for event in of_down} == {"session", "tool"}
    assert len(of_down) == 2


async def filters_on_any_path_answer_as_the_law_says(house: ReadHouse) -> None:
    texts = [("alpha", 1), ("beta", 20), ("true", 3), ("4", 4)]
    spans = [
        span(
            n,
            trace=n,
            **{"honeyhive_metadata.tag": tag, "honeyhive_metrics.score": value, "long": "x" * 999},
        )
        for n, (tag, value) in enumerate(texts, 1)
    ]
    await house.accept(export(*spans))

    async def names(*filters: Event) -> list[str]:
        events = await house.events(where("event_type", "is", "tool"), *filters)
        return sorted(event["event_name"] for event in events)

    assert await names(where("metadata.tag", "is", "alpha")) == ["step 1"]
    assert await names(where("metadata.tag", "is", "true")) == ["step 3"]
    assert await names(where("metadata.tag", "is", "4")) == ["step 4"]
    assert await names(where("metadata.tag", "is", 4, "number")) == ["step 4"]
    assert await names(where("metadata.tag", "contains", "a")) == ["step 1", "step 2"]
    assert await names(where("metadata.tag", "not contains", "a")) == ["step 3", "step 4"]
    assert await names(where("metrics.score", "greater than", "3", "number")) == [
        "step 2",
        "step 4",
    ]
    assert await names(where("metrics.score", "is", 20, "number")) == ["step 2"]
    assert await names(where("metadata.long", "contains", "xxx")) == [
        f"step {n}" for n in range(1, 5)
    ]
    assert await names(where("metadata.trace_id", "is", f"{2:032x}")) == ["step 2"]
    assert await names(where("metadata.tag", "not exists")) == []
    assert await names(where("event_name", "contains", "p 2")) == ["step 2"]
    start_of_3 = START_MS + 3
    assert await names(where("start_time", "after", start_of_3, "datetime")) == ["step 4"]
    assert await names(where("start_time", "less than", start_of_3, "number")) == [
        "step 1",
        "step 2",
    ]


async def a_session_id_that_reads_as_a_number_is_found_as_either(house: ReadHouse) -> None:
    await house.accept(export(span(1, honeyhive__session_id="5"), span(2, trace=2)))

    for asked in (
        where("session_id", "is", "5"),
        where("session_id", "is", 5),
        where("session_id", "is", 5, "id"),
        where("session_id", "is", 5, "number"),
        where("session_id", "is", "5.0", "number"),
    ):
        assert [event["session_id"] for event in await house.events(asked)] == ["5", "5"], asked
    assert await house.events(where("session_id", "is", "5.0")) == []


async def a_range_of_dates_has_both_ends(house: ReadHouse) -> None:
    await house.accept(export(*(span(n, trace=n) for n in range(1, 6))))
    only = where("event_type", "is", "tool")

    page = await house.export(only, dateRange={"$gte": START_MS + 2, "lte": START_MS + 4})

    assert page.count == 3
    assert (await house.export(only, dateRange={"gte": "2026-01-03"})).count == 0
    assert (await house.export(only, dateRange={"relative": "7d"})).count == 5


async def a_search_that_stops_says_so(house: ReadHouse) -> None:
    await house.accept(export(*(span(n, trace=1) for n in range(1, 60))))

    page = await house.export(where("outputs", "not exists"))

    assert page.incomplete
    assert page.scanned == 20
    assert page.count == 20
    assert page.stopped_at is not None
    exact = await house.export(where("event_type", "is", "tool"))
    assert (exact.count, exact.incomplete) == (59, False)


async def a_filter_that_narrows_never_stops_however_much_is_updated(house: ReadHouse) -> None:
    first = span(1, trace=7, start=-10_000, honeyhive_metadata__run="r1")
    await house.accept(export(first, *(span(100 + n, trace=8) for n in range(40))))
    await house.accept(*(start(str(UUID(int=n)), sequence=100 + n) for n in range(30)))
    others = (
        row(Relation.PATCHES, project_id=PROJECT, event_id=UUID(int=1000 + n))
        for n in range(10_001)
    )
    await Writer(house.analytics, telemetry=False).insert(Relation.PATCHES, *others)

    for asked in (
        where("metadata.trace_id", "is", f"{7:032x}"),
        where("metadata.run", "is", "r1"),
    ):
        page = await house.export(asked, where("event_type", "is", "tool"))
        assert ([event["event_name"] for event in page.events], page.count) == (["step 1"], 1)
        assert not page.incomplete
        among_sessions = await house.export(asked)
        assert among_sessions.events == page.events
        assert among_sessions.stopped_at == START_MS


async def a_start_is_of_its_session_and_not_of_the_event_of_its_id(house: ReadHouse) -> None:
    await house.accept(
        start(SESSION, metadata={"of": "session"}), update(SESSION, metrics={"n": 1})
    )
    await house.accept(rest_event(event_id=SESSION, session_id=SESSION, metadata={"of": "event"}))

    for of, kind in (("session", "session"), ("event", "tool")):
        (found,) = await house.events(where("event_type", "is", kind))
        assert (found["metadata"]["of"], found["metrics"]) == (of, {"n": 1})
        asked = where("metadata.of", "is", of), where("event_type", "is", kind)
        assert await house.events(*asked) == [found]


async def calls_of_one_response_stand_in_the_session_that_is_listed(house: ReadHouse) -> None:
    """Two instrumentors tell one call in traces of their own, and nobody names a session."""
    told = {
        "honeyhive_event_type": "model",
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.response.id": "msg_12be2cf2f0395a4cb",
    }
    for trace in (1, 2):
        await house.accept(export(span(trace, trace=trace, **told)))

    (alone,) = await house.events(where("event_type", "is", "session"))
    together = await house.events()
    (session,) = (event for event in together if event["event_type"] == "session")
    events = [event for event in together if event is not session]

    assert session == alone
    assert session["metadata"]["num_events"] == len(events) == 2
    assert {event["session_id"] for event in events} == {session["event_id"]}
    page = await house.sessions.tree(PROJECT, session["event_id"], limit=10)
    assert page.count == 2


async def tenants_never_meet(house: ReadHouse) -> None:
    event_id = "4cbab0e3-dc8e-4898-99bc-86cc3d9355b5"
    mine = span(1, honeyhive_event_id=event_id, honeyhive__session_id=SESSION, note="mine")
    theirs = span(1, honeyhive_event_id=event_id, honeyhive__session_id=SESSION, note="theirs")
    await house.accept(export(mine), export(theirs, project=OTHER))
    await house.accept(export(span(5, trace=5, name="secret"), project=OTHER))

    for project, note, count in ((PROJECT, "mine", 2), (OTHER, "theirs", 4)):
        event, _ = await house.reader.event(project, event_id)
        assert event["metadata"]["note"] == note
        assert (await house.export(of=project)).count == count
        assert (await house.export(where("metadata.note", "exists"), of=project)).count == 1
    secret = next(e for e in await house.events(of=OTHER) if e["event_name"] == "secret")
    for text in (secret["event_id"], secret["session_id"], "nowhere"):
        with pytest.raises(NotFoundError):
            await house.reader.event(PROJECT, text)
        with pytest.raises(NotFoundError):
            await house.sessions.tree(PROJECT, text, limit=1)


async def content_is_equal_before_and_after_packing(house: ReadHouse) -> None:
    await house.accept(export(*(span(n, note="x" * n) for n in range(1, 30))), start(SESSION))
    before = await house.events()
    pack = Pack(
        house.objects,
        house.records,
        now_ms=lambda: START_MS + 10_000,
        settings=PackSettings(pack_after_ms=0),
    )

    assert (await pack()).segments == 1

    assert await house.events() == before


async def log_records_are_read_and_found_with_their_span_after_packing_too(
    house: ReadHouse,
) -> None:
    chat = {"gen_ai__operation__name": "chat", "gen_ai__request__model": "m"}
    claimed = {"honeyhive_event_id": SESSION.replace("4255", "4256")}
    asked = [log(n, {"content": f"how warm is it in {n}"}, event="gen_ai.user.message", at=n)
             for n in (1, 2)]  # fmt: skip
    await house.accept(log_export(asked[0], log(9, "of nobody yet")))
    await house.accept(export(span(1, **claimed, **chat), span(2, **chat), sequence=2))
    await house.accept(log_export(*asked, sequence=3))

    for packed in (False, True):
        if packed:
            settings = PackSettings(pack_after_ms=0)
            pack = Pack(
                house.objects, house.records, now_ms=lambda: START_MS + 60_000, settings=settings
            )
            assert (await pack()).segments == 3
        events = await house.events(where("event_type", "is", "model"))
        found = [e["inputs"]["chat_history"][0]["content"] for e in events]
        assert found == ["how warm is it in 2", "how warm is it in 1"]
        (event,) = await house.events(where("inputs", "contains", "warm is it in 1"))
        assert event["event_id"] == claimed["honeyhive_event_id"]


async def whether_the_last_spans_had_log_records_changes_no_event(house: ReadHouse) -> None:
    """What stands in an event is not what was read before all was known of it."""
    said = log(2, {"content": "how warm is it"}, event="gen_ai.user.message", at=2)
    claim: dict[str, Any] = {"honeyhive__session_id": SESSION, "honeyhive_event_type": "model"}
    await house.accept(export(span(1, **claim), span(2, parent=1, **claim)))
    await house.accept(log_export(said))
    shown = [
        await house.events(where("event_name", "is", called), where("event_type", "is", "model"))
        for called in ("step 1", "step 2", "step 2", "step 1", "step 2")
    ]
    tree = (await house.sessions.tree(PROJECT, SESSION, limit=10)).session
    (parent,) = tree["children"]

    told = ["chat_history" in event["inputs"] for (event,) in shown]
    assert told == [False, True, True, False, True]
    assert "chat_history" not in parent["inputs"]
    assert parent["children"][0]["inputs"] == shown[1][0]["inputs"]


async def content_that_retention_took_is_said_to_be_gone(house: ReadHouse) -> None:
    called = await house.accept(export(span(1, name="old", note="gone")))
    await house.objects.delete([f"inbox/{called}"])

    (event,) = await house.events(where("event_type", "is", "tool"))

    assert event["event_name"] == "old"
    assert event["metadata"]["content_expired"] is True
    assert event["metadata"]["trace_id"] == f"{1:032x}"


async def a_misspelt_field_is_answered_with_the_name_that_was_meant(house: ReadHouse) -> None:
    await house.accept(export(span(1, **{"honeyhive_metadata.user_id": "u"})))

    page = await house.export(where("metdata.user_id", "is", "u"))

    assert page.count == 0
    assert page.warnings == [
        "no event has field 'metdata.user_id'; did you mean 'metadata.user_id'?"
    ]
    assert (await house.export(where("metadata.user_id", "is", "v"))).warnings == []


async def projections_keep_the_shape(house: ReadHouse) -> None:
    await house.accept(export(span(1, **{"honeyhive_metadata.a": 1, "http.route": "/r"})))

    page = await house.export(
        where("event_type", "is", "tool"),
        projections=["event_name", "metadata.a", "metadata.http.route", "nowhere.x"],
    )

    assert page.events == [{"event_name": "step 1", "metadata": {"a": 1, "http.route": "/r"}}]


async def the_schema_names_every_path_by_event_type(house: ReadHouse) -> None:
    await house.accept(
        export(span(1, **{"honeyhive_metadata.a": 1, "honeyhive_metadata.run_id": "r"}))
    )

    schema, behind = await house.reader.schema(PROJECT, Range(), None)

    assert {"name": "metadata.a", "event_type": "tool"} in schema["fields"]
    assert behind is False
    of_run, _ = await house.reader.schema(PROJECT, Range(), "r")
    assert {"name": "metadata.a", "event_type": "tool"} in of_run["fields"]
    other, _ = await house.reader.schema(PROJECT, Range(), "other")
    assert other["fields"] == []


async def a_reader_waits_for_what_was_acknowledged_and_says_when_it_did_not_come(
    house: ReadHouse,
) -> None:
    called = await house.ship(export(span(1)))
    house.pending.names.add(called)

    behind = await house.export()
    assert (behind.behind, behind.count) == (True, 0)
    with pytest.raises(NotYetError):
        await house.reader.event(PROJECT, "4cbab0e3-dc8e-4898-99bc-86cc3d9355b5")
    with pytest.raises(NotYetError):
        await house.sessions.tree(PROJECT, SESSION, limit=1)
    await house.dispatch(called)

    fresh = await house.export()
    assert (fresh.behind, fresh.count) == (False, 2)


SCENARIOS = [
    a_span_reads_as_a_wide_event_with_its_content,
    every_event_has_a_session_and_sessions_are_listed_with_roll_ups,
    a_derived_session_disappears_when_a_claim_arrives,
    an_event_sent_again_for_another_session_leaves_no_phantom,
    lists_are_newest_first_then_by_event_id_and_pages_tile_them,
    an_update_merges_outputs_replace_and_order_does_not_matter,
    a_session_start_and_its_updates_make_the_session,
    a_rest_event_reads_as_it_was_written,
    the_tree_nests_children_below_parents_by_start,
    a_child_before_its_parent_hangs_under_a_pending_one,
    pages_of_a_tree_hold_every_node_once,
    what_comes_between_two_pages_of_a_tree_stands_on_the_second,
    a_parent_in_another_session_leaves_its_child_at_the_top,
    filters_on_any_path_answer_as_the_law_says,
    a_session_id_that_reads_as_a_number_is_found_as_either,
    a_range_of_dates_has_both_ends,
    a_search_that_stops_says_so,
    a_filter_that_narrows_never_stops_however_much_is_updated,
    a_start_is_of_its_session_and_not_of_the_event_of_its_id,
    calls_of_one_response_stand_in_the_session_that_is_listed,
    tenants_never_meet,
    content_is_equal_before_and_after_packing,
    log_records_are_read_and_found_with_their_span_after_packing_too,
    whether_the_last_spans_had_log_records_changes_no_event,
    content_that_retention_took_is_said_to_be_gone,
    a_misspelt_field_is_answered_with_the_name_that_was_meant,
    projections_keep_the_shape,
    the_schema_names_every_path_by_event_type,
    a_reader_waits_for_what_was_acknowledged_and_says_when_it_did_not_come,
]
