"""An index is a function of the raw segments: emptied and rebuilt, it is equal (P17)."""

import json
import secrets
import shutil
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from embedded import Embedded, platform
from embedded.steps import (
    clickhouse,
    kill,
    planes_agree,
    reconfigure,
    rows,
    serves_again,
    until,
)
from ledger import Ledger, all_events, check
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from hh_cli.embedded.configs import to_toml
from hh_cli.embedded.layout import Layout

SECOND = 10**9
RELATIONS = (
    "events",
    "places",
    "event_moves",
    "event_patches",
    "span_logs",
    "links",
    "trace_sessions",
    "event_schemas",
    "scores",
)
WHEN_WRITTEN = {
    "links": ("inserted", "min_mark", "max_mark"),
    "trace_sessions": ("inserted", "resolved"),
    "event_schemas": ("inserted",),
}
"""Columns that say when a row was written, which a rebuild cannot and need not repeat."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with platform(tmp_path_factory.mktemp("rebuild")) as embedded:
        yield embedded


@pytest.mark.timeout(240)
def test_an_index_rebuilt_from_raw_equals_the_one_that_was_lost(house: Embedded) -> None:
    reconfigure(house, "data.dispatch", dispatch={"pack_seconds": 0.5, "reconcile_seconds": 0.2})
    ledger = Ledger(house.endpoints)
    _send_of_every_kind(house, ledger)
    assert check(ledger, only=False).faults() == {}
    planes_agree(house)
    until(lambda: _packs(house), seconds=60, what="segments are packed")
    _send_of_every_kind(house, ledger)
    assert check(ledger, only=False).faults() == {}
    until(lambda: len(_lines(house, "event_moves", ())) == 4, seconds=60, what="both events moved")
    planes_agree(house)
    before, told_before = _dump(house), all_events(house.endpoints)

    house.down()
    shutil.rmtree(Path(house.folder, "data", "clickhouse"))
    house.up()
    assert not rows(house, "data", "SELECT * FROM events LIMIT 1")
    house.hh("rebuild", "--from-raw", timeout=120)

    after = _dump(house)
    assert {name: len(lines) for name, lines in after.items()} == {
        name: len(lines) for name, lines in before.items()
    }
    assert after == before
    assert all_events(house.endpoints) == told_before
    assert check(ledger, only=False).faults() == {}
    assert before["trace_sessions"], "a trace with several claims is among them"
    assert before["event_moves"], "so is an event that was sent again elsewhere"


@pytest.mark.timeout(240)
def test_other_mappers_give_new_events_on_both_planes_while_spans_come_in(house: Embedded) -> None:
    _block_plugins(house, ["hh_mappers"])
    trace, claimed = secrets.token_bytes(16), str(uuid4())
    _chat(house, trace, claimed)
    until(lambda: _told(house, "data", trace), seconds=60, what="the spans are indexed")
    planes_agree(house)
    assert _told(house, "control", trace) == [("20", "0", "0")]
    _block_plugins(house, [])

    ledger = Ledger(house.endpoints)
    with ThreadPoolExecutor(1) as sender:
        sending = sender.submit(lambda: [ledger.send(ledger.request()) for _ in range(20)])
        done = house.hh("rebuild", "--from-raw", timeout=120)
        sending.result()

    assert "1 events that no span tells of any more" in done.stdout
    assert check(ledger, only=False).faults() == {}
    planes_agree(house)
    for plane in ("data", "control"):
        assert _told(house, plane, trace) == [("20", "20", "200")]
    text = UUID(claimed).hex
    assert rows(house, "control", f"SELECT 1 FROM events FINAL WHERE hex(event_id) ILIKE '{text}'")


def _block_plugins(house: Embedded, names: list[str]) -> None:
    """Start dispatch and the readers anew, with the mappers of all other plugins."""
    for process in ("dispatch", "api"):
        file = Layout.of(house.folder).config("data", process)
        document = {**tomllib.loads(file.read_text()), "blocked_plugins": names}
        file.write_text(to_toml(document))
    serves_again(house, kill(house, "data.dispatch", "data.api"), seconds=60)


def _chat(house: Embedded, trace: bytes, claimed: str) -> None:
    """Twenty calls of a model, ten tokens each; the first one claims its event id."""
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    now = time.time_ns() - 30 * SECOND
    for number in range(1, 21):
        span = spans.add(trace_id=trace, span_id=number.to_bytes(8, "big"), name="chat")
        span.start_time_unix_nano, span.end_time_unix_nano = now, now + SECOND
        span.attributes.add(key="gen_ai.operation.name").value.string_value = "chat"
        span.attributes.add(key="gen_ai.usage.input_tokens").value.int_value = 10
        if number == 1:
            span.attributes.add(key="honeyhive_event_id").value.string_value = claimed
    body = request.SerializeToString()
    assert house.post("/v1/traces", body, "application/x-protobuf")[0] == 200


def _told(house: Embedded, plane: str, trace: bytes) -> list[tuple[str, ...]]:
    """How many events a trace has, how many of them are calls, and the tokens of their prompts."""
    found = rows(
        house,
        plane,
        "SELECT count(), countIf(event_type = 'model'), sum(usage['prompt_tokens'])"
        f" FROM events FINAL WHERE trace_id = unhex('{trace.hex()}')",
    )
    return [row for row in found if row[0] != "0"]


def _send_of_every_kind(house: Embedded, ledger: Ledger) -> None:
    for _ in range(5):
        request = ledger.request()
        ledger.send(request)
    ledger.send(request)
    session, event = str(uuid4()), str(uuid4())
    house.ask("/session/start", {"session": {"session_id": session, "session_name": "started"}})
    single = {"event_id": event, "session_id": session, "event_name": "single"}
    house.ask("/events", {"event": {**_MODEL, **single}})
    house.ask("/events/batch", {"events": [{**_MODEL, "session_id": session}] * 3})
    _update(house, {"event_id": event, "feedback": {"rating": 4}, "outputs": {"text": "better"}})
    _update(house, {"event_id": str(uuid4()), "metadata": {"waits": "for its event"}})
    _mixed_claims(house)


_MODEL = {
    "event_type": "model",
    "event_name": "answer",
    "source": "test",
    "config": {"model": "gpt-4o-mini"},
    "inputs": {"question": "why?"},
    "outputs": {"text": "because"},
    "duration": 12.5,
    "metadata": {"total_tokens": 7, "prompt_tokens": 3, "completion_tokens": 4},
}


def _update(house: Embedded, fields: dict[str, object]) -> None:
    status, answer = house.post("/events", json.dumps(fields).encode(), method="PUT")
    assert status == 200, answer


def _mixed_claims(house: Embedded) -> None:
    """Two sessions meet in a trace; one of its spans is sent again with another start hour."""
    trace = secrets.token_bytes(16)
    now = time.time_ns() - 30 * SECOND
    spans = (
        (b"roottttt", b"", "first", now),
        (b"kidkidki", b"roottttt", "", now + SECOND),
        (b"otherrrr", b"roottttt", "second", now + 2 * SECOND),
        (b"grandkid", b"otherrrr", "", now + 3 * SECOND),
        (b"grandkid", b"otherrrr", "", now - 7200 * SECOND),
    )
    for span, parent, session, start in spans:
        request = ExportTraceServiceRequest()
        added = (
            request.resource_spans.add()
            .scope_spans.add()
            .spans.add(
                trace_id=trace,
                span_id=span,
                parent_span_id=parent,
                name=span.decode(),
                start_time_unix_nano=start,
                end_time_unix_nano=start + SECOND,
            )
        )
        if session:
            added.attributes.add(key="session.id").value.string_value = session + trace.hex()
        body = request.SerializeToString()
        assert house.post("/v1/traces", body, "application/x-protobuf")[0] == 200


def _packs(house: Embedded) -> bool:
    """Whether packs stand in the store and nothing is left in the inbox."""
    objects = Path(house.folder, "data", "objects")
    left = [path for path in (objects / "inbox").rglob("*") if path.is_file()]
    return not left and any(path.is_file() for path in (objects / "raw").rglob("*"))


def _dump(house: Embedded) -> dict[str, list[str]]:
    """Every relation, de-duplicated, as sorted lines."""
    found = {name: _lines(house, name, WHEN_WRITTEN.get(name, ())) for name in RELATIONS}
    # What no session holds any more is zero or absent: the same to every reader.
    existing = "WHERE num_events > 0 OR is_started"
    found["session_aggregates"] = _lines(house, "session_aggregates", ("recount",), existing)
    return found


def _lines(house: Embedded, table: str, without: tuple[str, ...], where: str = "") -> list[str]:
    columns = f"* EXCEPT ({', '.join(without)})" if without else "*"
    question = f"SELECT hex(toString(tuple({columns}))) FROM {table} FINAL {where}"
    return sorted(clickhouse(house, "data", f"{question} FORMAT TabSeparated").splitlines())
