"""An index that is away costs no acknowledgement; one that refuses a row costs that row alone."""

import json
from collections.abc import Collection
from typing import Any

import pytest
from embedded import Embedded
from embedded.steps import clickhouse, more_is_acked, planes_agree, rows, until
from ledger import Ledger, Outcome, Sent, all_events, check, load

POISON = 2
"""Rows that the index refuses, of each request's twenty."""


@pytest.mark.timeout(150)
@pytest.mark.parametrize("engine", ["data.clickhouse", "control.clickhouse"])
def test_while_an_index_is_stopped_everything_is_acked_and_exact_afterwards(
    running: Embedded, engine: str
) -> None:
    ledger = Ledger(running.endpoints)
    with load(ledger):
        more_is_acked(ledger)
        with running.stopped(engine):
            more_is_acked(ledger, 400)
            _readers_are_told(running, engine)
        more_is_acked(ledger)

    verdict = check(ledger, only=False)

    assert verdict.faults() == {}
    assert {span.outcome for span in ledger.spans.values()} == {Outcome.ACK}
    planes_agree(running)


@pytest.mark.timeout(150)
def test_rows_that_the_control_plane_refuses_are_dead_lettered_alone_and_redriven(
    running: Embedded,
) -> None:
    ledger = Ledger(running.endpoints)
    requests = [ledger.request() for _ in range(5)]
    poison = [span for request in requests for span in request.spans[1 : 1 + POISON]]
    _refuse(running, "control", poison)
    try:
        for request in requests:
            assert ledger.send(request) is Outcome.ACK
        verdict = check(ledger, only=False)
        assert verdict.faults() == {}, "the data plane has them all"

        until(lambda: len(_letters(running)) == len(poison), seconds=60, what="dead letters")
        until(
            lambda: _stored(running, "control", ledger) == _spans(ledger) - _ids(poison),
            seconds=60,
            what="the other rows are stored",
        )
        event_of = _events(running)
        assert {letter["event"] for letter in _letters(running)} == {
            event_of[sent.span_id] for sent in poison
        }
    finally:
        _accept(running, "control")

    running.hh("dlq", "redrive")

    assert _letters(running) == []
    planes_agree(running)


@pytest.mark.timeout(150)
def test_rows_that_the_data_plane_refuses_are_dead_lettered_alone_and_redriven(
    running: Embedded,
) -> None:
    ledger = Ledger(running.endpoints)
    requests = [ledger.request() for _ in range(5)]
    poison = [span for request in requests for span in request.spans[1 : 1 + POISON]]
    _refuse(running, "data", poison)
    try:
        for request in requests:
            assert ledger.send(request) is Outcome.ACK

        until(lambda: len(_letters(running)) == len(poison), seconds=60, what="dead letters")
        assert _stored(running, "data", ledger) == _spans(ledger) - _ids(poison)
        assert {letter["plane"] for letter in _letters(running)} == {"data"}
    finally:
        _accept(running, "data")

    running.hh("dlq", "redrive")
    verdict = check(ledger, only=False)

    assert verdict.faults() == {}
    until(lambda: not _letters(running), seconds=30, what="no dead letter is left")
    planes_agree(running)


def _readers_are_told(running: Embedded, engine: str) -> None:
    """503, or what is known with ``behind``; of the control plane's index, nothing is noticed."""
    status, body = running.post("/v1/events/export", b'{"filters": [], "limit": 1}')
    if engine.startswith("data."):
        assert status == 503 or (status == 200 and json.loads(body)["behind"] is True)
    else:
        assert status == 200


def _refuse(running: Embedded, plane: str, poison: Collection[Sent]) -> None:
    listed = ", ".join(f"unhex('{sent.span_id}')" for sent in poison)
    clickhouse(
        running,
        plane,
        f"ALTER TABLE events ADD CONSTRAINT poison CHECK span_id NOT IN ({listed})",
    )


def _accept(running: Embedded, plane: str) -> None:
    clickhouse(running, plane, "ALTER TABLE events DROP CONSTRAINT poison")


def _letters(running: Embedded) -> list[dict[str, Any]]:
    answer = json.loads(running.hh("dlq", "list", "--json", "--limit", "1000").stdout)
    letters: list[dict[str, Any]] = answer["dead_letters"]
    return letters


def _spans(ledger: Ledger) -> set[str]:
    return _ids(ledger.spans.values())


def _ids(spans: Collection[Sent]) -> set[str]:
    return {sent.span_id for sent in spans}


def _stored(running: Embedded, plane: str, ledger: Ledger) -> set[str]:
    """Which of the ledger's spans a plane's index holds."""
    found = {row[0] for row in rows(running, plane, "SELECT lower(hex(span_id)) FROM events FINAL")}
    return found & _spans(ledger)


def _events(running: Embedded) -> dict[str, str]:
    """Event ids by span id, as the data plane's API tells them."""
    return {
        event["metadata"].get("span_id", ""): event["event_id"]
        for event in all_events(running.endpoints)
    }
