"""What the platform promises, tried on the platform as a user starts it."""

import json
import os
import random
import secrets
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from embedded import Embedded, platform
from ledger import Ledger, all_events, check, pump
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SECONDS = 10**9
DAY = 24 * 3600 * SECONDS


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with platform(tmp_path_factory.mktemp("alone")) as embedded:
        yield embedded


@pytest.mark.timeout(240)
def test_the_data_plane_works_alone_and_everything_arrives_once_afterwards(
    alone: Embedded,
) -> None:
    ledger = Ledger(alone.endpoints)
    ledger.send(ledger.request())
    with alone.stopped("control.api", "control.clickhouse", "control.nats", "control.postgres"):
        for _ in range(20):
            ledger.send(ledger.request())
        _restart_data_plane(alone)
        for _ in range(20):
            ledger.send(ledger.request())

        verdict = check(ledger)

        assert verdict.faults() == {}
        assert len(ledger.acked()) == len(ledger.spans)
        _a_tree_with_content(alone, ledger)

    assert _counted(alone) == len(ledger.spans)


@pytest.mark.timeout(120)
def test_a_read_after_an_ack_contains_the_span_or_says_behind(running: Embedded) -> None:
    ledger, load, stop = Ledger(running.endpoints), Ledger(running.endpoints), threading.Event()
    sender = threading.Thread(target=pump, args=(load, stop), kwargs={"pause": 0.04})
    sender.start()
    behind = 0
    try:
        for _ in range(25):
            request = ledger.request(traces=1, per_trace=3)
            ledger.send(request)
            session = request.spans[0].session

            _, body = running.get(f"/v1/sessions/{session}")
            tree = json.loads(body)
            export = running.ask("/v1/events/export", {"filters": [_session(session)]})

            for answer in (tree, export):
                behind += bool(answer.get("behind"))
                assert answer.get("behind") or answer["count"] >= 3, answer
    finally:
        stop.set()
        sender.join()
    assert behind < 25, "a reader who waits is mostly told everything"


@pytest.mark.timeout(120)
def test_a_batch_sent_ten_times_in_any_order_counts_once(running: Embedded) -> None:
    ledger = Ledger(running.endpoints)
    requests = [ledger.request(traces=2) for _ in range(5)]
    deliveries = requests * 10
    random.Random(7).shuffle(deliveries)
    for request in deliveries:
        ledger.send(request)

    verdict = check(ledger, only=False)

    assert verdict.faults() == {}
    before = _totals(running, ledger)
    for request in requests:
        ledger.send(request)
    time.sleep(3)
    assert _totals(running, ledger) == before


@pytest.mark.timeout(120)
def test_any_order_of_spans_updates_and_starts_ends_the_same(running: Embedded) -> None:
    outcomes = [_scenario(running, seed) for seed in range(4)]

    assert all(outcome == outcomes[0] for outcome in outcomes)
    tree = outcomes[0]
    assert tree["names"] == ["session", "agent", "plan", "call"]
    assert tree["feedback"] == {"rating": 5}
    assert tree["session"]["num_events"] == 3


@pytest.mark.timeout(90)
def test_a_child_before_its_parent_shows_under_a_pending_parent(running: Embedded) -> None:
    session, trace = f"early-{secrets.token_hex(6)}", secrets.token_bytes(16)
    _post_span(running, trace, b"childchd", b"parentpa", "child", session)

    tree = running.ask(f"/v1/sessions/{session}")

    assert "pending" in json.dumps(tree)
    _post_span(running, trace, b"parentpa", b"", "parent", session)
    after = running.ask(f"/v1/sessions/{session}")
    assert "pending" not in json.dumps(after)


@pytest.mark.timeout(90)
def test_a_session_id_that_arrives_last_leaves_no_phantom(running: Embedded) -> None:
    session, trace = f"late-{secrets.token_hex(6)}", secrets.token_bytes(16)
    _post_span(running, trace, b"childchd", b"rootroot", "child", "")
    (child,) = _spans(running, trace)
    derived = child["session_id"]
    assert derived != session

    _post_span(running, trace, b"rootroot", b"", "root", session)

    assert {event["session_id"] for event in _spans(running, trace)} == {session}
    listed = running.ask("/v1/events/export", {"filters": [_session(derived)]})
    assert listed["events"] == []


@pytest.mark.timeout(90)
def test_a_span_sent_again_with_another_start_is_there_once(running: Embedded) -> None:
    session, trace = f"moved-{secrets.token_hex(6)}", secrets.token_bytes(16)
    _post_span(running, trace, b"moved---", b"", "moved", session, start=time.time_ns() - DAY)
    _post_span(running, trace, b"moved---", b"", "moved", session)

    events = [event for event in _spans(running, trace)]

    assert len(events) == 1
    assert events[0]["start_time"] > (time.time_ns() - DAY // 2) / 1e6


def _scenario(running: Embedded, seed: int) -> dict[str, Any]:
    """A session start, three spans, an update: sent in the order that ``seed`` gives."""
    session, trace = _uuid(), secrets.token_bytes(16)
    event_id = _uuid()
    now = time.time_ns() - 30 * SECONDS
    steps = [
        lambda: running.ask(
            "/session/start", {"session": {"session_id": session, "session_name": "ordered"}}
        ),
        lambda: _post_span(running, trace, b"agentagt", b"", "agent", session, start=now),
        lambda: _post_span(
            running, trace, b"planplan", b"agentagt", "plan", "", start=now + SECONDS
        ),
        lambda: _post_span(
            running,
            trace,
            b"callcall",
            b"planplan",
            "call",
            "",
            start=now + 2 * SECONDS,
            event_id=event_id,
        ),
        lambda: running.post(
            "/events",
            json.dumps({"event_id": event_id, "feedback": {"rating": 5}}).encode(),
            method="PUT",
        ),
    ]
    random.Random(seed).shuffle(steps)
    for step in steps:
        step()
    events = all_events(running.endpoints, [_session(session)])
    by_name = {str(event["event_name"]): event for event in events}
    order = sorted(events, key=lambda e: (e["event_type"] != "session", e["start_time"]))
    rolled = next(event for event in events if event["event_type"] == "session")
    return {
        "names": [
            "session" if event["event_type"] == "session" else event["event_name"]
            for event in order
        ],
        "feedback": by_name["call"]["feedback"],
        "session": {"num_events": rolled["metadata"]["num_events"], "name": rolled["event_name"]},
    }


def _restart_data_plane(running: Embedded) -> None:
    """All processes of the data plane, at once; the supervisor brings them back."""
    before = {
        name: pid for name, pid in running.reload()["processes"].items() if name.startswith("data.")
    }
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        now = running.reload()["processes"]
        if all(now.get(name, pid) != pid for name, pid in before.items()):
            try:
                if running.get("/readyz")[0] == 200:
                    return
            except OSError:
                pass
        time.sleep(0.1)
    pytest.fail("the data plane did not come back")


def _a_tree_with_content(running: Embedded, ledger: Ledger) -> None:
    sent = ledger.acked()[-1]

    tree = running.ask(f"/v1/sessions/{sent.session}")

    assert sent.span_id in json.dumps(tree)
    found = running.ask(
        "/v1/events/export",
        {"filters": [_session(sent.session)]},
    )
    assert sent.canary in json.dumps(found)


def _counted(running: Embedded, patience: float = 60.0) -> int:
    body = {"measures": [{"name": "events", "function": "count"}]}
    deadline, previous, steady = time.monotonic() + patience, -1, 0
    while time.monotonic() < deadline and steady < 6:
        try:
            rows = running.ask("/v1/analytics/query", body, plane="control")["rows"]
        except (AssertionError, OSError):
            rows = []
        count = rows[0]["events"] if rows else 0
        steady = steady + 1 if count == previous and count else 0
        previous = count
        time.sleep(1.0)
    return int(previous)


def _totals(running: Embedded, ledger: Ledger) -> list[tuple[str, int, int]]:
    sessions = {span.session for span in ledger.spans.values()}
    kind = {"field": "event_type", "operator": "is", "value": "session", "type": "string"}
    return sorted(
        (
            event["session_id"],
            event["metadata"]["num_events"],
            event["metadata"]["total_tokens"],
        )
        for event in all_events(running.endpoints, [kind])
        if event["session_id"] in sessions
    )


def _spans(running: Embedded, trace: bytes) -> list[dict[str, Any]]:
    chosen = {
        "field": "metadata.trace_id",
        "operator": "is",
        "value": trace.hex(),
        "type": "string",
    }
    events = all_events(running.endpoints, [chosen])
    return [event for event in events if event["event_type"] != "session"]


def _session(session: str) -> dict[str, str]:
    return {"field": "session_id", "operator": "is", "value": session, "type": "string"}


def _uuid() -> str:
    raw = secrets.token_hex(16)
    return f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-8{raw[17:20]}-{raw[20:]}"


def _post_span(
    running: Embedded,
    trace: bytes,
    span: bytes,
    parent: bytes,
    name: str,
    session: str,
    *,
    start: int | None = None,
    event_id: str = "",
) -> None:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    begun = start or time.time_ns() - 20 * SECONDS
    added = scope.spans.add(
        trace_id=trace,
        span_id=span,
        parent_span_id=parent,
        name=name,
        start_time_unix_nano=begun,
        end_time_unix_nano=begun + SECONDS,
    )
    for key, value in (("session.id", session), ("honeyhive_event_id", event_id)):
        if value:
            added.attributes.add(key=key).value.string_value = value
    status, _ = running.post("/v1/traces", request.SerializeToString(), "application/x-protobuf")
    assert status == 200
