"""Comparing what the platform answers with what the ledger knows."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from ledger.book import Ledger, Outcome

PAGE = 2000


@dataclass(slots=True)
class Verdict:
    """Every list is empty when all promises held."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    phantoms: list[str] = field(default_factory=list)
    wrong_content: list[str] = field(default_factory=list)
    wrong_sessions: list[str] = field(default_factory=list)

    def faults(self) -> dict[str, int]:
        named = {name: len(getattr(self, name)) for name in self.__slots__}
        return {name: count for name, count in named.items() if count}


class AwayError(AssertionError):
    """The platform said 503: it may answer in a moment."""


def ask(
    endpoints: dict[str, Any], path: str, body: dict[str, Any] | None = None, *, plane: str = "data"
) -> dict[str, Any]:
    """The JSON answer of one call; raises ``AssertionError`` unless it is a 200, ``AwayError``
    when it is a 503."""
    url = urlsplit(endpoints[f"{plane}_url"])
    connection = HTTPConnection(url.hostname or "", url.port, timeout=60)
    headers = {
        "authorization": f"Bearer {endpoints['api_key']}",
        "content-type": "application/json",
    }
    try:
        method = "GET" if body is None else "POST"
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status == 503:
        raise AwayError(f"{path}: 503 {text[:500]!r}")
    assert answer.status == 200, f"{path}: {answer.status} {text[:500]!r}"
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def all_events(endpoints: dict[str, Any], filters: list[Any] | None = None) -> list[dict[str, Any]]:
    """Every event of the project through the public API, page by page."""
    return [event for page in _pages(endpoints, filters or []) for event in page]


def _pages(endpoints: dict[str, Any], filters: list[Any]) -> Iterator[list[dict[str, Any]]]:
    number = 1
    while True:
        body = {"filters": filters, "limit": PAGE, "page": number}
        events = ask(endpoints, "/v1/events/export", body)["events"]
        yield events
        if len(events) < PAGE:
            return
        number += 1


def check(ledger: Ledger, *, patience: float = 90.0, only: bool = True) -> Verdict:
    """Wait until every acknowledged span is there, then judge.

    ``only``: nobody else writes to the project, so any other event is a phantom.
    """
    deadline = time.monotonic() + patience
    while True:
        is_late = time.monotonic() > deadline
        try:
            verdict = _judge(ledger, only)
            if is_late or not (verdict.lost or verdict.wrong_sessions):
                return verdict
        except (AwayError, OSError, HTTPException):
            if is_late:
                raise
        time.sleep(1.0)


def _judge(ledger: Ledger, only: bool) -> Verdict:
    verdict = Verdict()
    events = all_events(ledger.endpoints)
    spans = [event for event in events if event["event_type"] != "session"]
    identities = [
        (event["metadata"].get("trace_id", ""), event["metadata"].get("span_id", ""))
        for event in spans
    ]
    counts = Counter(identities)
    for identity, sent in ledger.spans.items():
        count, name = counts.get(identity, 0), "/".join(identity)
        if count > 1:
            verdict.doubled.append(name)
        if sent.outcome is Outcome.ACK and count == 0:
            verdict.lost.append(name)
        if sent.outcome is Outcome.REJECT and count:
            verdict.phantoms.append(name)
    for identity, event in zip(identities, spans, strict=True):
        known = ledger.spans.get(identity)
        if known is None:
            if only:
                verdict.phantoms.append("/".join(identity))
        elif not (_has(event["inputs"], known.canary) and _has(event["outputs"], known.canary)):
            verdict.wrong_content.append("/".join(identity))
    _judge_sessions(ledger, events, spans, verdict)
    return verdict


def _judge_sessions(
    ledger: Ledger,
    events: list[dict[str, Any]],
    spans: list[dict[str, Any]],
    verdict: Verdict,
) -> None:
    """A session's roll-up equals a recount of the events that the same answer lists (P4)."""
    ours = {sent.session for sent in ledger.spans.values()}
    events_of: Counter[str] = Counter()
    tokens_of: Counter[str] = Counter()
    for event in spans:
        events_of[event["session_id"]] += 1
        tokens_of[event["session_id"]] += int(event["metadata"].get("total_tokens") or 0)
    rolled = {
        event["session_id"]: event["metadata"]
        for event in events
        if event["event_type"] == "session"
    }
    for session in ours & (events_of.keys() | rolled.keys()):
        metadata = rolled.get(session, {})
        told = (metadata.get("num_events"), int(metadata.get("total_tokens") or 0))
        if told != (events_of[session], tokens_of[session]):
            verdict.wrong_sessions.append(session)


def _has(bucket: Any, text: str) -> bool:
    return text in json.dumps(bucket)
