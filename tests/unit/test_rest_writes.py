"""REST writes are made complete before they are journalled (contract A4)."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import orjson
import pytest

from hh_core.domain.identity import name_key
from hh_core.domain.segments import RecordKind
from hh_core.errors import RejectedError
from hh_core.usecases.rest_writes import RestWrites, Tenant, Write, parse_json

NAME_KEY = bytes(range(32))
TENANT = Tenant(UUID(int=0xA), "org-1", "ws-1")
SESSION = "6561af38-d9ec-41f3-9fda-15c906b27e24"
NOW = 1_795_132_800_000


def _ids() -> Iterator[UUID]:
    number = 0
    while True:
        number += 1
        yield UUID(int=number, version=4)


@pytest.fixture
def writes() -> RestWrites:
    ids = _ids()
    return RestWrites(name_key=NAME_KEY, now_ms=lambda: NOW, new_id=lambda: next(ids), max_events=3)


def journalled(write: Write) -> list[tuple[RecordKind, list[dict[str, Any]]]]:
    name = {RecordKind.EVENT: "events", RecordKind.PATCH: "patches"}
    return [(item.kind, orjson.loads(item.body)[name[item.kind]]) for item in write.written]


def one_event(write: Write) -> dict[str, Any]:
    ((kind, events),) = journalled(write)
    assert kind is RecordKind.EVENT
    assert len(events) == 1
    return events[0]


def one_patch(write: Write) -> dict[str, Any]:
    ((kind, patches),) = journalled(write)
    assert kind is RecordKind.PATCH
    assert len(patches) == 1
    return patches[0]


def test_a_session_start_answers_all_ids_that_clients_require(writes: RestWrites) -> None:
    body = {"session": {"session_id": SESSION, "session_name": "s", "metadata": {"a": 1}}}
    write = writes.session_start(TENANT, body)

    assert write.answer["event_id"] == write.answer["session_id"] == SESSION
    assert write.answer["project_id"] == str(TENANT.project)
    assert (write.answer["org_id"], write.answer["workspace_id"]) == ("org-1", "ws-1")
    patch = one_patch(write)
    assert (patch["event_id"], patch["is_start"]) == (SESSION, True)
    assert patch["fields"]["event_name"] == "s"
    assert patch["fields"]["source"] == "unknown"
    assert patch["fields"]["metadata"] == {"a": 1}
    assert patch["fields"]["start_time"] == NOW


@pytest.mark.parametrize("given", [None, "", "s-1", 7, "not-a-uuid-of-thirty-six-characters!"])
def test_a_session_id_that_is_no_uuid_is_replaced(writes: RestWrites, given: object) -> None:
    answer = writes.session_start(TENANT, {"session": {"session_id": given}}).answer

    assert UUID(answer["session_id"]).version == 4


def test_a_session_may_be_bare_or_a_json_text(writes: RestWrites) -> None:
    text = orjson.dumps({"session_id": SESSION}).decode()

    assert writes.session_start(TENANT, {"session": text}).answer["session_id"] == SESSION
    assert writes.session_start(TENANT, {"session_id": SESSION}).answer["session_id"] == SESSION


def test_starting_twice_is_the_same_patch_twice(writes: RestWrites) -> None:
    body = {"session": {"session_id": SESSION, "session_name": "s"}}

    first, second = (writes.session_start(TENANT, body) for _ in range(2))

    assert first == second


def test_times_that_are_no_numbers_are_ignored_in_a_start(writes: RestWrites) -> None:
    body = {"session": {"start_time": "yesterday", "end_time": None, "duration": True}}
    fields = one_patch(writes.session_start(TENANT, body))["fields"]

    assert fields["start_time"] == NOW
    assert "end_time" not in fields
    assert "duration" not in fields


def test_an_event_is_filled_in(writes: RestWrites) -> None:
    write = writes.create(TENANT, {"event": {"event_type": "model", "unknown": 1}})
    event = one_event(write)

    assert write.answer["success"] is True
    assert write.answer["event_id"] == event["event_id"]
    assert UUID(event["event_id"]).version == UUID(event["session_id"]).version == 4
    assert (event["start_time"], event["end_time"], event["duration"]) == (NOW, NOW, 0)
    assert (event["event_name"], event["source"], event["error"]) == ("unknown", "unknown", None)
    assert (event["parent_id"], event["children_ids"]) == (None, [])
    assert "unknown" not in event


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"start_time": 1000.5, "duration": 10}, (1000.5, 1010.5, 10)),
        ({"start_time": 1000, "end_time": 1500}, (1000, 1500, 500)),
        ({"end_time": 1500, "duration": 500}, (1000, 1500, 500)),
        ({"end_time": 1500}, (1500, 1500, 0)),
        ({"start_time": 1000, "end_time": 1500, "duration": 7}, (1000, 1500, 7)),
    ],
)
def test_the_missing_time_follows_from_the_others(
    writes: RestWrites, given: dict[str, Any], expected: tuple[float, ...]
) -> None:
    event = one_event(writes.create(TENANT, given))

    assert (event["start_time"], event["end_time"], event["duration"]) == expected


def test_an_event_id_that_is_no_uuid_is_the_one_that_updates_find(writes: RestWrites) -> None:
    event = one_event(writes.create(TENANT, {"event": {"event_id": "mine"}}))

    assert event["event_id"] == str(name_key(NAME_KEY, TENANT.project, "mine"))
    assert one_patch(writes.update({"event_id": "mine"}))["event_id"] == "mine"


def test_a_session_event_becomes_a_start(writes: RestWrites) -> None:
    write = writes.create(TENANT, {"event": {"event_type": "session", "event_id": SESSION}})

    assert one_patch(write)["is_start"] is True
    assert write.answer["event_id"] == SESSION


def test_an_update_keeps_what_the_contract_names(writes: RestWrites) -> None:
    body = {
        "event_id": SESSION,
        "metadata": {"a": 1},
        "outputs": {"b": 2},
        "inputs": {"ignored": True},
        "end_time": 5.5,
        "duration": 1,
        "children_ids": [],
        "error": "ignored",
    }
    write = writes.update(body)

    assert write.answer == {"success": True}
    assert one_patch(write) == {
        "event_id": SESSION,
        "is_start": False,
        "fields": {"metadata": {"a": 1}, "outputs": {"b": 2}, "end_time": 5.5, "duration": 1.0},
    }
    assert one_patch(writes.update(body, "from-the-path"))["event_id"] == "from-the-path"


def test_a_batch_may_go_into_one_new_session(writes: RestWrites) -> None:
    body = {
        "events": [{"event_name": "t"}, {"event_name": "u", "session_id": "elsewhere"}],
        "single_session": True,
        "session_properties": {"session_name": "b"},
    }
    write = writes.batch(TENANT, body)

    (kind, starts), (_, events) = journalled(write)
    assert kind is RecordKind.PATCH
    assert starts[0]["fields"]["event_name"] == "b"
    assert {event["session_id"] for event in events} == {write.answer["session_id"]}
    assert [event["event_id"] for event in events] == write.answer["event_ids"]


def test_events_of_a_batch_keep_their_own_sessions(writes: RestWrites) -> None:
    body = {"events": [{"session_id": "a"}, {"session_id": "b"}, {"event_type": "session"}]}
    write = writes.batch(TENANT, body)

    (_, events), (_, starts) = journalled(write)
    assert [event["session_id"] for event in events] == ["a", "b"]
    assert len(starts) == 1
    assert len(write.answer["event_ids"]) == 3
    assert "session_id" not in write.answer


def test_the_session_of_the_path_wins(writes: RestWrites) -> None:
    write = writes.session_batch(TENANT, {"events": [{"session_id": "other"}]}, "s")
    assert one_event(write)["session_id"] == "s"

    with pytest.raises(RejectedError, match="unknown field surplus"):
        writes.session_batch(TENANT, {"events": [], "surplus": 1}, "s")


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ({"event_type": "llm"}, "event_type must be one of chain, model, session, tool"),
        ({"inputs": []}, "inputs must be a JSON object; wrap it"),
        ({"outputs": "text"}, "outputs must be a JSON object"),
        ({"event_name": 7}, "event_name must be a string"),
        ({"error": {"a": 1}}, "error must be a string"),
        ({"start_time": 1_795_132_800_000_000_000}, "start_time must be milliseconds"),
        ({"duration": -1}, "duration must be milliseconds"),
        ({"children_ids": {}}, "children_ids must be an array"),
        ({"session_id": 7}, "session_id must be a string"),
        ({"event_id": "x" * 2_000}, "event_id is longer"),
        ({"metadata": {"a": [[[]]] * 2}}, None),
        ("no object", "event must be a JSON object"),
    ],
)
def test_a_refusal_names_the_field_and_the_remedy(
    writes: RestWrites, event: object, named: str | None
) -> None:
    if named is None:
        assert writes.create(TENANT, {"event": event}).answer["success"]
        return
    with pytest.raises(RejectedError, match=named):
        writes.create(TENANT, {"event": event})
    if isinstance(event, dict):
        with pytest.raises(RejectedError, match=rf"events\[1\]: {named}"):
            writes.batch(TENANT, {"events": [{}, event]})


@pytest.mark.parametrize("body", [{}, {"event_id": ""}, {"event_id": None}, {"event_id": 7}])
def test_an_update_needs_an_id(writes: RestWrites, body: dict[str, Any]) -> None:
    with pytest.raises(RejectedError, match="event_id"):
        writes.update(body)


@pytest.mark.parametrize("part", [b"{}", b"[]", b"0"])
def test_a_body_of_very_many_small_parts_is_refused_before_they_are_built(part: bytes) -> None:
    bomb = b"[" + b",".join([part] * 5_000_000) + b"]"

    with pytest.raises(RejectedError, match="small parts") as caught:
        parse_json(bomb)

    assert caught.value.code == 413
    assert parse_json(b'["' + b"x" * (12 << 20) + b'"]')


def test_values_nest_at_most_64_levels(writes: RestWrites) -> None:
    def nested(levels: int) -> Any:
        value: Any = 1
        for _ in range(levels):
            value = {"a": value}
        return value

    assert writes.create(TENANT, {"event": {"inputs": nested(63)}}).answer["success"]
    with pytest.raises(RejectedError, match="deeper than 64"):
        writes.create(TENANT, {"event": {"inputs": nested(65)}})


def test_children_are_named_by_text(writes: RestWrites) -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    event = {"event_type": "tool", "children_ids": [deep]}

    for refused in (
        lambda: writes.create(TENANT, {"event": event}),
        lambda: writes.update({"event_id": SESSION, **event}),
        lambda: writes.session_start(TENANT, {"session": {"children_ids": [deep]}}),
    ):
        with pytest.raises(RejectedError, match="children_ids must be an array of strings"):
            refused()


def test_a_batch_has_a_bound(writes: RestWrites) -> None:
    with pytest.raises(RejectedError, match="more than 3 items") as caught:
        writes.batch(TENANT, {"events": [{}] * 4})

    assert caught.value.code == 413


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":NaN}', b'{"a":1e999}', b'"\\ud800"'])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(RejectedError, match="not JSON"):
        parse_json(body)
