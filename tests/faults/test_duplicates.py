"""Processes die between an insert and its receipt: what is delivered again moves no sum."""

from decimal import Decimal

import pytest
from embedded import Embedded
from embedded.steps import kill, more_is_acked, planes_agree, rows, serves_again, until
from ledger import Ledger, Sent, all_events, check, load

ROUNDS = (
    ("data.dispatch", "control.api"),
    ("data.nats",),
    ("data.dispatch", "control.nats"),
    ("control.api",),
    ("data.dispatch", "control.api", "data.nats", "control.nats"),
)
"""Who is killed together, under load, as soon as new spans are on their way."""

RECOMPUTED = """SELECT hex(session_key), count(), sum(usage['total_tokens']), sum(cost)
FROM events FINAL GROUP BY session_key ORDER BY session_key"""
ROLLED_UP = """SELECT hex(session_key), num_events, usage['total_tokens'], cost
FROM session_aggregates FINAL WHERE num_events > 0 ORDER BY session_key"""


@pytest.mark.timeout(180)
def test_redelivered_batches_move_no_count_token_or_cost_on_either_plane(
    running: Embedded,
) -> None:
    ledger = Ledger(running.endpoints)
    with load(ledger):
        for names in ROUNDS:
            more_is_acked(ledger)
            serves_again(running, kill(running, *names))
        more_is_acked(ledger)
        _resend(ledger)

    verdict = check(ledger, only=False)

    assert verdict.faults() == {}
    planes_agree(running)
    for plane in ("data", "control"):
        _aggregates_equal_rows(running, plane)
    _sessions_are_what_was_sent(running, ledger)


def _resend(ledger: Ledger) -> None:
    """Clients try again as well: every tenth batch, once more, while the load goes on."""
    for request in list(ledger.requests)[::10]:
        ledger.send(request)


def _aggregates_equal_rows(running: Embedded, plane: str) -> None:
    def equal() -> bool:
        recomputed, rolled = rows(running, plane, RECOMPUTED), rows(running, plane, ROLLED_UP)
        differing = set(recomputed) ^ set(rolled)
        assert not differing, f"{plane}: {len(differing)} differ, such as {sorted(differing)[:4]}"
        return bool(recomputed)

    until(equal, seconds=30, what=f"roll-ups of the {plane} plane equal their rows")


def _sessions_are_what_was_sent(running: Embedded, ledger: Ledger) -> None:
    """Every session whose spans were all acknowledged; a session is sent in one request."""
    expected = {
        session: (len(spans), sum(s.total_tokens for s in spans), sum(s.cost for s in spans))
        for session, spans in _acked_sessions(ledger).items()
    }
    kind = {"field": "event_type", "operator": "is", "value": "session", "type": "string"}
    told = {
        event["session_id"]: (
            event["metadata"]["num_events"],
            event["metadata"]["total_tokens"],
            Decimal(str(event["metadata"]["cost"])),
        )
        for event in all_events(running.endpoints, [kind])
    }
    assert {session: told[session] for session in expected} == expected


def _acked_sessions(ledger: Ledger) -> dict[str, list[Sent]]:
    found: dict[str, list[Sent]] = {}
    for sent in ledger.acked():
        found.setdefault(sent.session, []).append(sent)
    return found
