"""What lists promise, told once; the tests run it over memory and over ClickHouse."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from raw_segments import OTHER, PROJECT
from read_house import START_MS, ReadHouse, export, log, log_export, span, start, update, where

from hh_core.domain.filters import matcher, parse_filters
from hh_core.errors import RejectedError
from hh_core.usecases import attribute_search, field_values
from hh_core.usecases.field_values import FieldValues
from hh_core.usecases.histogram import Histogram
from hh_core.usecases.list_questions import parse_histogram, parse_values
from hh_core.usecases.sorting import COLUMNS

Event = Mapping[str, Any]
NO_SESSION = where("event_type", "is not", "session")
SESSIONS = where("event_type", "is", "session")
TENANT = where("metadata.tenant", "is", "acme")
PHRASE = where("inputs", "contains", "the quick brown fox")
LATER = 500
"""Milliseconds after all events of a filled house."""


async def filled(house: ReadHouse, *, spans: int = 24) -> None:
    """Equal durations, missing costs and tokens, errors, and several traces."""
    await house.accept(export(*map(_numbered, range(1, spans + 1))))


def _numbered(number: int) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "gen_ai.usage.input_tokens": number % 7 * 10,
        "gen_ai.usage.output_tokens": 1,
        "honeyhive_metadata.tenant": "acme" if number % 2 else "globex",
        "honeyhive_inputs.q": f"the quick brown fox {number}",
        "honeyhive_event_type": ("tool", "model", "chain", "model")[number % 4],
        "honeyhive_metadata.share": (0.1, "0.3", 0.1 + 0.2, "1e999", 4, "none")[number % 6],
    }
    if number % 5:
        attributes["honeyhive_metadata.cost"] = number % 3 / 4
    return span(
        number,
        trace=1 + number // 4,
        start=number // 2,
        duration=number % 3,
        name=f"step {number % 5}",
        error="went wrong" if number % 7 == 0 else None,
        **attributes,
    )


async def paged(house: ReadHouse, *filters: Event, limit: int = 5, **body: Any) -> Sequence[Event]:
    """All pages, each by the cursor of the one before."""
    events: list[Event] = []
    cursor: str | None = None
    for _ in range(40):
        page = await house.export(*filters, limit=limit, cursor=cursor, **body)
        assert not page.incomplete or page.next_cursor
        assert page.is_counted is (cursor is None and body.get("count") != "none")
        assert len(page.events) <= limit
        events += page.events
        cursor = page.next_cursor
        if cursor is None:
            return events
    raise AssertionError("the pages never end")


def ids(events: Sequence[Event]) -> list[tuple[str, str]]:
    return [(event["event_id"], event["event_type"]) for event in events]


async def pages_by_cursor_are_the_whole_list_in_every_order(house: ReadHouse) -> None:
    await filled(house)
    for field in COLUMNS:
        for order in ("asc", "desc"):
            for filters in ([], [NO_SESSION], [SESSIONS], [NO_SESSION, TENANT]):
                sort = {"field": field, "order": order}
                whole = await house.events(*filters, sort=sort)

                pages = await paged(house, *filters, sort=sort)

                assert ids(pages) == ids(whole), (sort, filters)
                assert len(set(ids(whole))) == len(whole) > 2


async def a_list_is_sorted_by_what_its_events_show(house: ReadHouse) -> None:
    await filled(house)
    for field, read in (
        ("duration", lambda event: event["duration"]),
        ("event_name", lambda event: event["event_name"]),
        ("total_tokens", lambda event: event["metadata"].get("total_tokens")),
        ("cost", lambda event: event["metadata"].get("cost")),
        ("error", lambda event: event["error"] is not None),
    ):
        for order in ("asc", "desc"):
            for filters in ([where("event_type", "is", "model")], [TENANT], [PHRASE]):
                events = await house.events(*filters, sort={"field": field, "order": order})

                shown = [read(event) for event in events if event["event_type"] == "model"]
                there = [value for value in shown if value is not None]
                assert there == sorted(there, reverse=order == "desc"), (field, order, filters)
                assert shown == there + [None] * (len(shown) - len(there))
                assert len(set(there)) > 1


async def sessions_are_sorted_by_their_roll_ups(house: ReadHouse) -> None:
    await filled(house)

    dearest = await house.events(SESSIONS, sort={"field": "cost", "order": "desc"})
    longest = await house.events(SESSIONS, sort={"field": "duration", "order": "asc"})
    failing = await house.export(SESSIONS, sort={"field": "error", "order": "desc"}, limit=3)

    costs = [event["metadata"]["cost"] for event in dearest]
    there = [cost for cost in costs if cost is not None]
    assert costs == [*sorted(there, reverse=True), *[None] * (len(costs) - len(there))]
    assert len(set(there)) > 1
    assert [event["duration"] for event in longest] == sorted(e["duration"] for e in longest)
    of_failed = await house.events(where("error", "exists"))
    failed = {event["session_id"] for event in of_failed}
    assert {event["event_id"] for event in failing.events} == failed


async def a_cursor_goes_on_where_it_was_though_newer_events_arrive(house: ReadHouse) -> None:
    await filled(house)
    whole = await house.events(NO_SESSION)
    first = await house.export(NO_SESSION, limit=10)
    newer = (span(99, trace=99, start=LATER), span(98, trace=98, start=LATER))
    await house.accept(export(*newer, sequence=7))

    second = await house.export(NO_SESSION, limit=10, cursor=first.next_cursor)

    assert ids([*first.events, *second.events]) == ids(whole[:20])


async def a_filter_on_content_is_paged_by_cursor_too(house: ReadHouse) -> None:
    await filled(house)
    for filters in (
        [PHRASE],
        [where("inputs.q", "contains", "fox")],
        [where("inputs.q", "contains", "fox"), where("event_type", "is", "model")],
    ):
        whole = await house.events(*filters)
        for count in ("exact", "none"):
            assert ids(await paged(house, *filters, count=count)) == ids(whole)
            assert len(whole) >= 6


async def a_search_that_stops_is_continued_by_its_cursor(house: ReadHouse) -> None:
    await filled(house, spans=60)
    last = where("inputs.q", "contains", "fox 2")

    events = await paged(house, NO_SESSION, last, count="none")

    found = [int(event["inputs"]["q"].rpartition(" ")[2]) for event in events]
    assert sorted(found) == [2, *range(20, 30)]
    starts = [event["start_time"] for event in events]
    assert starts == sorted(starts, reverse=True)


async def without_a_count_none_is_made(house: ReadHouse) -> None:
    await filled(house)
    for filters in ([], [NO_SESSION], [SESSIONS], [TENANT], [PHRASE]):
        counted = await house.export(*filters, limit=3)
        page = await house.export(*filters, limit=3, count="none")

        assert not page.is_counted
        assert page.encoded == counted.encoded
        assert page.next_cursor is not None
        assert counted.is_counted
        assert counted.count > 3


async def a_cursor_of_another_question_project_or_making_is_refused(house: ReadHouse) -> None:
    await filled(house)
    cursor = (await house.export(NO_SESSION, limit=3)).next_cursor
    assert cursor is not None
    for filters, body in (
        ([NO_SESSION], {"sort": {"field": "cost"}}),
        ([TENANT], {}),
        ([NO_SESSION], {"of": OTHER}),
        ([NO_SESSION], {"cursor": "forged"}),
        ([NO_SESSION], {"cursor": cursor[:-2] + "AA"}),
        ([NO_SESSION], {"page": 2}),
    ):
        with pytest.raises(RejectedError, match="cursor"):
            await house.export(*filters, **{"cursor": cursor, "limit": 3, **body})


async def rows_without_content_show_what_the_index_knows(house: ReadHouse) -> None:
    await filled(house)
    (known,) = await house.events(where("inputs.q", "is", "the quick brown fox 7"))
    await house.accept(update(known["event_id"], feedback={"rating": 5}, outputs={"x": "y"}))
    for filters in ([], [TENANT], [where("event_type", "is", "model")], [PHRASE], [SESSIONS]):
        full = await house.events(*filters)
        rows = await house.events(*filters, detail="row")

        assert ids(rows) == ids(full)
        for row, event in zip(rows, full, strict=True):
            assert row["inputs"] == row["outputs"] == {}
            assert (row["error"] is None) == (event["error"] is None)
            for name in ("session_id", "parent_id", "start_time", "duration", "feedback"):
                assert row[name] == event[name]
            for name in ("tenant", "total_tokens", "cost", "trace_id"):
                assert row["metadata"].get(name) == event["metadata"].get(name)


async def rows_read_no_content_but_that_of_updates(house: ReadHouse) -> None:
    await filled(house)
    whole = await house.events(NO_SESSION)
    for segment in await house.objects.list("inbox/", after="", limit=10):
        await house.objects.delete([segment.key])
    fields = ["event_id", "session_id", "parent_id", "event_name", "start_time", "duration"]

    framed = await house.events(NO_SESSION, projections=fields)
    rows = await house.events(NO_SESSION, TENANT, detail="row")

    assert framed == [{name: event[name] for name in fields} for event in whole]
    assert {row["metadata"]["tenant"] for row in rows} == {"acme"}
    assert all("content_expired" not in row["metadata"] for row in rows)
    assert len(rows) == 12


async def inputs_and_outputs_of_rows_are_previews_and_only_when_asked(house: ReadHouse) -> None:
    chat: dict[str, Any] = {
        "gen_ai.prompt.0.role": "user",
        "gen_ai.prompt.0.content": "how warm " + "x" * 999,
    }
    chat["honeyhive_outputs.result"] = "warm"
    await house.accept(export(span(1, honeyhive_event_type="model", **chat)))
    model = where("event_type", "is", "model")

    (plain,) = await house.events(model, detail="row")
    (told,) = await house.events(model, detail="row", projections=["event_id", "inputs", "outputs"])

    assert "preview" not in plain
    assert told["preview"]["inputs"].startswith("how warm xxx")
    assert len(told["preview"]["inputs"]) == 256
    assert told["preview"]["outputs"] == "warm"
    assert told["inputs"] == told["outputs"] == {}


async def a_misspelt_field_that_lets_all_pass_is_hinted_at_too(house: ReadHouse) -> None:
    await filled(house)

    page = await house.export(where("metadata.tennant", "is not", "acme"))
    roll_up = await house.export(SESSIONS, where("metadata.num_events", "is", 4711, "number"))
    content = await house.export(where("inputs.qq", "is", "x"))

    assert page.events
    assert page.warnings == [
        "no event has field 'metadata.tennant'; did you mean 'metadata.tenant'?"
    ]
    assert roll_up.warnings == content.warnings == []


async def a_histogram_counts_what_the_list_counts(house: ReadHouse) -> None:
    await filled(house)
    last = START_MS + 20
    for filters in (
        [],
        [NO_SESSION],
        [SESSIONS],
        [NO_SESSION, TENANT],
        [where("error", "exists"), NO_SESSION],
        [where("duration", "greater than", 0, "number"), NO_SESSION],
        [SESSIONS, where("duration", "greater than", 0, "number")],
        [SESSIONS, where("metadata.cost", "less than", 2, "number")],
        [where("metadata.tenant", "contains", "glo")],
        [SESSIONS, where("metadata.num_events", "greater than", 3, "number")],
    ):
        for range_ in ({"$gte": START_MS, "$lte": last}, {"$lte": last}, {}, {"$gte": START_MS}):
            listed = await house.events(*filters, dateRange=range_)
            found = await histogram(house, *filters, dateRange=range_, buckets=7)

            assert found.ignored == ()
            assert sum(bucket.count for bucket in found.buckets) == len(listed) > 0
            assert 0 < len(found.buckets) <= 7
            assert found.width_ms is not None
            for bucket in found.buckets:
                within = [
                    event
                    for event in listed
                    if 0 <= event["start_time"] - bucket.start_ms < found.width_ms
                ]
                assert bucket.count == len(within)
                if SESSIONS not in filters:
                    assert bucket.errors == sum(event["error"] is not None for event in within)


def _numbers() -> list[list[Event]]:
    """Filters on what columns know, by themselves and together."""
    bounds = {
        "duration": (0, 1, 1.5, -1, 1e18),
        "metadata.cost": (0.25, 0.5, 1e300),
        "metadata.total_tokens": (0, 31),
        "metadata.share": (0.1, 0.3, 4),
        "metadata.num_events": (4, 3.5),
        "metadata.num_errors": (0,),
    }
    single = [
        where(field, operator, bound, "number")
        for field, some in bounds.items()
        for operator in ("is", "is not", "greater than", "less than")
        for bound in some
    ]
    fields = (*bounds, "error", "metadata.has_feedback")
    single += [where(field, operator) for field in fields for operator in ("exists", "not exists")]
    single += [where("metadata.has_feedback", "is", value, "boolean") for value in (True, False)]
    single += [where("error", "contains", text) for text in ("wrong", "right")]
    long = where("duration", "greater than", 0, "number")
    failed = where("error", "exists")
    return [[one] for one in single] + [[long, failed], [long, TENANT], [long, PHRASE]]


async def filters_on_columns_are_answered_as_the_events_would_be(house: ReadHouse) -> None:
    await filled(house, spans=20)
    known = await house.events(NO_SESSION)
    long, failed = known[3], known[5]
    whole = await house.events(SESSIONS)
    patched, started = whole[0], whole[1]
    await house.accept(
        update(long["event_id"], duration=900),
        update(failed["event_id"], error="late news", feedback={"rating": 1}),
        update(patched["event_id"], duration=901, metadata={"num_events": 99, "cost": 7}),
        start(started["event_id"], session_name="begun", error="refused", duration=1.5),
    )
    everything = await house.events()
    for number, some in enumerate(_numbers()):
        for kind in (
            [SESSIONS],
            [[], [NO_SESSION], [where("event_type", "is", "model")]][(number + number // 3) % 3],
        ):
            asked = [*kind, *some]
            is_wanted = matcher(parse_filters(asked))
            expected = ids([event for event in everything if is_wanted(event)])

            page = await house.export(*asked, detail="row")

            assert ids(page.events) == expected, asked
            assert page.count == len(expected), asked
            if number % 5 == 0:
                pages = await paged(house, *asked, limit=7, count="none", detail="row")
                assert ids(pages) == expected, asked


async def a_count_stops_nowhere_though_not_all_that_matches_is_fetched(house: ReadHouse) -> None:
    await filled(house, spans=40)
    known = await house.events(NO_SESSION)
    whole = await house.events(SESSIONS)
    await house.accept(
        update(known[3]["event_id"], duration=0),
        update(known[4]["event_id"], duration=900, error="late news"),
        update(whole[0]["event_id"], duration=0),
        start(whole[1]["event_id"], session_name="begun"),
    )
    everything = await house.events()
    for kind in ([], [NO_SESSION]):
        for some in (
            [where("duration", "greater than", 0, "number")],
            [where("duration", "less than", 2, "number")],
            [where("error", "not exists")],
            [where("metadata.share", "less than", 5, "number"), NO_SESSION],
        ):
            is_wanted = matcher(parse_filters([*kind, *some]))
            expected = [event for event in everything if is_wanted(event)]
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(attribute_search, "_COUNTED", 1)
                page = await house.export(*kind, *some, limit=2)

            assert len(expected) > 13  # what is fetched of 20 that a search may read
            assert ids(page.events) == ids(expected[:2])
            assert page.count == len(expected)
            assert page.scanned == 0


async def columns_are_enough_to_find_what_is_long_or_failed(house: ReadHouse) -> None:
    await filled(house)
    sort = {"field": "duration", "order": "desc"}
    for segment in await house.objects.list("inbox/", after="", limit=10):
        await house.objects.delete([segment.key])
    for kind in ([], [NO_SESSION], [SESSIONS]):
        for asked in (
            where("duration", "greater than", 1, "number"),
            where("error", "not exists"),
            where("metadata.cost", "greater than", 0.25, "number"),
        ):
            if asked["field"] == "metadata.cost" and kind != [SESSIONS]:
                continue
            rows = await house.export(*kind, asked, detail="row", limit=2, sort=sort)

            assert len(rows.events) == 2, asked
            assert rows.count > 2
            assert rows.scanned == 0


async def a_histogram_of_failed_sessions_counts_them_as_errors(house: ReadHouse) -> None:
    await filled(house)

    found = await histogram(house, SESSIONS)
    nothing = await histogram(house, where("event_name", "is", "none such"))

    assert sum(bucket.errors for bucket in found.buckets) == 3
    assert (nothing.buckets, nothing.width_ms) == ((), None)


async def filters_on_content_are_left_out_of_a_histogram_and_named(house: ReadHouse) -> None:
    await filled(house)

    found = await histogram(house, TENANT, PHRASE, where("session_id", "is", "s"))

    assert found.ignored == ("inputs", "session_id")
    assert sum(bucket.count for bucket in found.buckets) == 12


async def histogram(house: ReadHouse, *filters: Event, **body: Any) -> Histogram:
    asked = {"filters": list(filters), **body}
    query, buckets = parse_histogram(asked, now_ms=lambda: START_MS + LATER)
    found, _ = await house.reader.histogram(PROJECT, query, buckets)
    return found


async def values_are_completed_by_frequency(house: ReadHouse) -> None:
    await filled(house)
    theirs: dict[str, Any] = {"honeyhive_metadata.tenant": "acme"}
    theirs["honeyhive_metadata.deep.er"] = "down"
    await house.accept(export(span(70, trace=70, **theirs), project=OTHER, sequence=9))

    tenants = await values(house, "metadata.tenant")
    names = await values(house, "event_name", filters=[NO_SESSION])
    types = await values(house, "event_type", prefix="m")
    questions = await values(house, "inputs.q", contains="fox 1", limit=3)
    totals = await values(house, "metadata.tenant", filters=[where("event_name", "is", "step 1")])

    assert tenants.values == [("acme", 12), ("globex", 12)]
    assert not tenants.is_sampled
    assert dict(names.values) == {f"step {n}": 5 if n else 4 for n in range(5)}
    assert [value for value, _ in types.values] == ["model"]
    assert [value for value, _ in questions.values] == [
        f"the quick brown fox {n}" for n in (1, 10, 11)
    ]
    assert dict(totals.values) == {"acme": 3, "globex": 2}
    assert (await values(house, "metadata.tenant", prefix="lobex")).values == []
    assert (await values(house, "metadata.tenant", prefix="a")).values == [("acme", 12)]
    assert (await values(house, "metadata.tenant", of=OTHER)).values == [("acme", 1)]
    assert (await values(house, "metadata.deep.er", of=OTHER)).values == [("down", 1)]
    assert (await values(house, "metadata.deep.er")).values == []
    assert (await values(house, "metadata.tennant")).warnings == [
        "no event has field 'metadata.tennant'; did you mean 'metadata.tenant'?"
    ]


async def values_are_of_the_newest_events_where_there_are_very_many(house: ReadHouse) -> None:
    await filled(house)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(field_values, "SAMPLE", 9)
        patched.setattr(field_values, "READ", 4)

        tenants = await values(house, "metadata.tenant")
        questions = await values(house, "inputs.q", filters=[NO_SESSION])

    assert tenants.is_sampled
    assert 0 < sum(count for _, count in tenants.values) <= 9
    assert questions.is_sampled
    assert len(questions.values) == 4


async def values(house: ReadHouse, field: str, **body: Any) -> FieldValues:
    project = body.pop("of", PROJECT)
    asked = parse_values({"field": field, **body}, now_ms=lambda: START_MS + LATER)
    found, _ = await house.reader.values(project, asked)
    return found


async def a_live_list_is_told_what_is_new_and_nothing_twice(house: ReadHouse) -> None:
    await filled(house)
    first = await house.export(NO_SESSION, live=True, limit=5)
    assert first.since is not None

    quiet = await house.export(NO_SESSION, since=first.since)
    late = span(60, trace=60, start=-86_400_000, name="late")  # its start is a day ago
    await house.accept(export(late, span(61, trace=60, start=LATER), sequence=20))
    told = await house.export(NO_SESSION, since=quiet.since)
    again = await house.export(NO_SESSION, since=told.since)
    both = await house.export(NO_SESSION, since=first.since)

    assert quiet.events == again.events == []
    assert [event["event_name"] for event in told.events] == ["step 61", "late"]
    assert ids(both.events) == ids(told.events)
    assert not told.is_counted
    assert told.next_cursor is None


async def a_live_list_of_sessions_sees_their_roll_ups_grow(house: ReadHouse) -> None:
    await filled(house)
    first = await house.export(SESSIONS, live=True)
    grown = first.events[0]

    trace = int(next(iter(await traces_of(house, grown["event_id"]))), 16)
    await house.accept(export(span(62, trace=trace, start=LATER), sequence=21))
    told = await house.export(SESSIONS, since=first.since)

    assert [event["event_id"] for event in told.events] == [grown["event_id"]]
    before = grown["metadata"]["num_events"]
    assert told.events[0]["metadata"]["num_events"] == before + 1
    assert (await house.export(SESSIONS, since=told.since)).events == []


async def traces_of(house: ReadHouse, session: str) -> set[str]:
    events = await house.events(NO_SESSION, where("session_id", "is", session, "id"))
    return {event["metadata"]["trace_id"] for event in events}


async def updates_and_log_records_are_changes_of_their_events(house: ReadHouse) -> None:
    await filled(house)
    first = await house.export(NO_SESSION, live=True)
    rated = first.events[0]

    await house.accept(update(rated["event_id"], feedback={"rating": 1}))
    updated = await house.export(NO_SESSION, since=first.since)
    await house.accept(log_export(log(9, "a line", trace=3), sequence=3000))
    logged = await house.export(NO_SESSION, since=updated.since)

    assert ids(updated.events) == ids([rated])
    assert updated.events[0]["feedback"] == {"rating": 1}
    assert [event["metadata"]["span_id"] for event in logged.events] == [f"{9:016x}"]
    assert (await house.export(NO_SESSION, since=logged.since)).events == []


async def a_live_list_keeps_to_its_filters_and_order(house: ReadHouse) -> None:
    await filled(house)
    sort = {"field": "event_name", "order": "asc"}
    for filters in ([TENANT], [PHRASE], [NO_SESSION, TENANT, PHRASE]):
        first = await house.export(*filters, live=True, sort=sort)
        house.segments += 1
        added = [span(n, trace=n, **_attributes(n, house.segments)) for n in range(80, 90)]
        await house.accept(export(*added, sequence=100 + house.segments))

        told = await house.export(*filters, since=first.since, sort=sort, detail="row", limit=3)
        whole = await house.export(*filters, since=first.since, sort=sort)

        names = [event["event_name"] for event in whole.events]
        assert names == sorted(names)
        assert len(names) == (10 if filters == [PHRASE] else 5)
        assert ids(told.events) == ids(whole.events[:3])
        assert told.has_more_changes
        assert not whole.has_more_changes


def _attributes(number: int, time: int) -> dict[str, Any]:
    return {
        "name": f"step {number % 3} {time}",
        "honeyhive_metadata.tenant": "acme" if number % 2 else "globex",
        "honeyhive_inputs.q": f"the quick brown fox {number}",
    }


async def a_mark_of_another_question_project_or_making_is_refused(house: ReadHouse) -> None:
    await filled(house)
    since = (await house.export(NO_SESSION, live=True)).since
    assert since is not None
    cursor = (await house.export(NO_SESSION, limit=1)).next_cursor
    others: list[dict[str, Any]] = [{"of": OTHER}, {"sort": "cost"}]
    for body in (*others, {"since": cursor}, {"since": since[:-2] + "AA"}):
        with pytest.raises(RejectedError, match="since is not one of this question"):
            await house.export(NO_SESSION, **{"since": since, **body})
    for more in ({"cursor": cursor}, {"page": 3}):
        with pytest.raises(RejectedError):
            await house.export(NO_SESSION, since=since, **more)


async def while_the_index_is_behind_no_mark_goes_on(house: ReadHouse) -> None:
    await filled(house)
    first = await house.export(NO_SESSION, live=True)
    called = await house.ship(export(span(63, trace=63), sequence=22))
    house.pending.names = {called}

    behind = await house.export(NO_SESSION, since=first.since)
    lost = await house.export(NO_SESSION, live=True)
    await house.dispatch(called)
    after = await house.export(NO_SESSION, since=behind.since)

    assert behind.behind
    assert behind.events == []
    assert lost.since is None
    assert [event["event_name"] for event in after.events] == ["step 63"]


SCENARIOS = [
    pages_by_cursor_are_the_whole_list_in_every_order,
    a_list_is_sorted_by_what_its_events_show,
    sessions_are_sorted_by_their_roll_ups,
    a_cursor_goes_on_where_it_was_though_newer_events_arrive,
    a_filter_on_content_is_paged_by_cursor_too,
    a_search_that_stops_is_continued_by_its_cursor,
    without_a_count_none_is_made,
    a_cursor_of_another_question_project_or_making_is_refused,
    rows_without_content_show_what_the_index_knows,
    rows_read_no_content_but_that_of_updates,
    inputs_and_outputs_of_rows_are_previews_and_only_when_asked,
    a_misspelt_field_that_lets_all_pass_is_hinted_at_too,
    filters_on_columns_are_answered_as_the_events_would_be,
    a_count_stops_nowhere_though_not_all_that_matches_is_fetched,
    columns_are_enough_to_find_what_is_long_or_failed,
    a_histogram_counts_what_the_list_counts,
    a_histogram_of_failed_sessions_counts_them_as_errors,
    filters_on_content_are_left_out_of_a_histogram_and_named,
    values_are_completed_by_frequency,
    values_are_of_the_newest_events_where_there_are_very_many,
    a_live_list_is_told_what_is_new_and_nothing_twice,
    a_live_list_of_sessions_sees_their_roll_ups_grow,
    updates_and_log_records_are_changes_of_their_events,
    a_live_list_keeps_to_its_filters_and_order,
    a_mark_of_another_question_project_or_making_is_refused,
    while_the_index_is_behind_no_mark_goes_on,
]
