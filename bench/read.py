"""Measure reading: ``python bench/read.py`` fills a platform of its own and asks it questions.

Every question goes through the real HTTP API with an API key, over one connection, each time with
other ids and words; the p50 is from the request's first byte to the answer's last. Beside it stands
the CPU that the platform's processes spend on one answer.
"""

import json
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from background import repeating
from filling import fill, fill_with, wait_until_packed
from load import Load
from options import Options, typed
from report import Cell, Figures, console, medians, report, verdict
from sender import Body, Target, send
from stack import Stack, running

from hh_core.usecases.session_outline import OUTLINE_LIMIT

DAYS = 7
"""Start times of the rows are spread over as many days before now."""
LARGE = "large-session"
LARGE_SPANS = 20_000
PAGE = 200
"""Nodes of its tree that are asked for at a time: what a screen shows."""
UNASKED = ", not asked for before"
"""Of what is remembered: the first time."""
_OF_LARGE = {
    "first page": 100.0,
    "last page": 500.0,
    "outline, first rows": 100.0,
    "outline, all rows": 500.0,
}
"""What is asked of it, and the bars in milliseconds."""
_DAY_NS = 86_400 * 10**9
_OFFERED = 2_000
"""Spans per second beside which reads are measured."""
_READ_SECONDS = 0.25
_ROUNDS = 15
_ROUND_SECONDS = 10.0
_SLOWER = 1.2
"""At most so much slower is one beside the other."""

Ask = Callable[[], tuple[str, str, Mapping[str, Any] | None]]
"""The next request: plane, path and body (None: a GET)."""


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    bar_ms: float
    ask: Ask


class Asked:
    """What is there to be asked about: ids and words, drawn evenly from all that was filled."""

    def __init__(self, stack: Stack, end_ms: int) -> None:
        self._stack = stack
        self._random = random.Random(7)
        self._end_ms = end_ms
        self._begin_ms = end_ms - DAYS * 86_400_000
        self._events = [event for _ in range(40) for event in self._some()]

    def session(self) -> str:
        return str(self._random.choice(self._events)["session_id"])

    def event(self) -> str:
        return str(self._random.choice(self._events)["event_id"])

    def tenant(self) -> str:
        return f"t{self._random.randrange(200):03d}"

    def request_id(self) -> str:
        found = [e["metadata"] for e in self._events if "request_id" in e["metadata"]]
        return str(self._random.choice(found)["request_id"])

    def phrase(self, bucket: str) -> str:
        """Three words in a row of what some chain was asked (``inputs``) or answered
        (``outputs``)."""
        key = bucket.removesuffix("s")
        texts = [e[bucket][key] for e in self._events if key in e[bucket]]
        words = str(self._random.choice(texts)).split()
        at = self._random.randrange(1, max(2, len(words) - 4))
        return " ".join(words[at : at + 3])

    def range(self) -> dict[str, int]:
        return {"from": self._begin_ms, "to": self._end_ms}

    def _some(self) -> list[dict[str, Any]]:
        """Chains of a moment somewhere in the days that were filled."""
        at = self._random.randrange(self._begin_ms, self._end_ms)
        body = {
            "filters": [_is("event_type", "chain")],
            "dateRange": {"$gte": at - 600_000, "$lte": at},
            "limit": 20,
        }
        events: list[dict[str, Any]] = self._stack.ask("data_url", "/v1/events/search", body)[
            "events"
        ]
        return events


def _is(field: str, value: str) -> dict[str, str]:
    return {"field": field, "operator": "is", "value": value, "type": "string"}


def _has(field: str, value: str) -> dict[str, str]:
    return {"field": field, "operator": "contains", "value": value, "type": "string"}


def questions(asked: Asked) -> list[Question]:
    def search(*filters: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
        return "data_url", "/v1/events/search", {"filters": list(filters), "limit": 50}

    def get(path: str) -> tuple[str, str, None]:
        return "data_url", path, None

    by_hour = {
        "measures": [
            {"name": name, "function": name, "column": "duration_ms"} for name in ("p50", "p95")
        ],
        "group_by": ["model"],
        "bucket": "hour",
        "limit": 5_000,
        **asked.range(),
    }
    return [
        Question("latest 50 sessions", 60, lambda: search(_is("event_type", "session"))),
        Question("one session's tree", 60, lambda: get(f"/v1/sessions/{quote(asked.session())}")),
        Question("one event with content", 30, lambda: get(f"/v1/events/{asked.event()}")),
        Question(
            "p50 and p95 by model and hour",
            150,
            lambda: ("control_url", "/v1/analytics/query", by_hour),
        ),
        Question(
            "metadata key, many matches",
            150,
            lambda: search(_is("metadata.tenant", asked.tenant())),
        ),
        Question(
            "metadata key, few matches",
            150,
            lambda: search(_is("metadata.request_id", asked.request_id())),
        ),
        *(
            Question(
                f"a phrase in {bucket}",
                1_000,
                lambda bucket=bucket: search(_has(bucket, asked.phrase(bucket))),  # type: ignore[misc]  # it cannot tell the type of a lambda's default
            )
            for bucket in ("outputs", "inputs")
        ),
    ]


def measure(stack: Stack, question: Question, times: int) -> tuple[float, float]:
    """The p50 in milliseconds, and the platform's CPU milliseconds for one answer."""
    connections = {plane: stack.connect(plane) for plane in ("data_url", "control_url")}
    elapsed: list[float] = []
    plane, path, body = question.ask()
    stack.ask_on(connections[plane], path, body)
    before = stack.cpu_seconds()
    for _ in range(times):
        plane, path, body = question.ask()
        begun = time.perf_counter()
        stack.exchange(connections[plane], path, body)
        elapsed.append(time.perf_counter() - begun)
    spent = stack.cpu_seconds() - before
    return 1e3 * statistics.median(elapsed), 1e3 * spent / times


def large_tree(stack: Stack, times: int, limit: int = PAGE) -> dict[str, float]:
    """Milliseconds to a page of the large session's tree: the p50 of the first and of the last,
    and its first page when nobody has asked for it yet."""
    timed, path = _timed(stack), f"/v1/sessions/{LARGE}?limit={limit}"
    unasked, answer = timed(path)
    found = {f"first page{UNASKED}": unasked, "first page": _p50(timed, path, times)}
    cursor = ""
    while (following := json.loads(answer)["next_cursor"]) is not None:
        cursor = f"&cursor={quote(following)}"
        _, answer = timed(path + cursor)
    return found | {"last page": _p50(timed, path + cursor, times)}


def outline(stack: Stack, times: int) -> dict[str, float]:
    """Milliseconds to the first rows of the large session's outline, and to all of them: the p50,
    and what it takes after one more span has come, so that nothing of it is remembered."""
    timed, found = _timed(stack), {}
    for name, limit in (("outline, first rows", PAGE), ("outline, all rows", OUTLINE_LIMIT)):
        path = f"/v1/sessions/{LARGE}/outline?limit={limit}"
        before = stack.readable()
        fill_with(stack, Load(time.time_ns(), seed=before).large(1, LARGE))
        while stack.readable() == before:
            time.sleep(0.1)
        found[f"{name}{UNASKED}"], _ = timed(path)
        found[name] = _p50(timed, path, times)
    return found


def _timed(stack: Stack) -> Callable[[str], tuple[float, bytes]]:
    """Asks for a path, and answers how many milliseconds that took, and what came."""
    connection = stack.connect()

    def ask(path: str) -> tuple[float, bytes]:
        begun = time.perf_counter()
        answer = stack.exchange(connection, path)
        return 1e3 * (time.perf_counter() - begun), answer

    return ask


def _p50(timed: Callable[[str], tuple[float, bytes]], path: str, times: int) -> float:
    return statistics.median(timed(path)[0] for _ in range(times))


def beside(stack: Stack, asked: Asked, seconds: float) -> dict[str, float]:
    """Reads and ingestion, each alone and beside the other, at the same pace: medians of many short
    rounds, and of how much slower each was in its round.

    A machine that others share is a tenth faster or slower within a minute: what that moves one
    side of a round by, many rounds even out.
    """
    return medians([_round(stack, asked, seconds) for _ in range(_ROUNDS)])


def _round(stack: Stack, asked: Asked, seconds: float) -> dict[str, float]:
    tree = Question("tree", 60, lambda: ("data_url", f"/v1/sessions/{asked.session()}", None))
    stack.settle(0.1)
    with repeating(_asking(stack, tree), _READ_SECONDS) as alone:
        time.sleep(seconds)
    quiet = send(Target.of(stack), _bodies(seconds), 8, _OFFERED)
    bodies = _bodies(seconds)
    with repeating(_asking(stack, tree), _READ_SECONDS) as waits:
        busy = send(Target.of(stack), bodies, 8, _OFFERED)
    tree_ms = 1e3 * statistics.median(alone), 1e3 * statistics.median(waits)
    ack_ms = quiet.ack_ms(0.5), busy.ack_ms(0.5)
    pace = quiet.spans / quiet.seconds, busy.spans / busy.seconds
    return {
        "tree p50, alone": tree_ms[0],
        "tree p50, beside": tree_ms[1],
        "tree p50, slower": tree_ms[1] / tree_ms[0],
        "ack p50, alone": ack_ms[0],
        "ack p50, beside": ack_ms[1],
        "ack p50, slower": ack_ms[1] / ack_ms[0],
        "spans/s, alone": pace[0],
        "spans/s, beside": pace[1],
        "spans/s, slower": pace[0] / pace[1],
    }


def _bodies(seconds: float) -> list[Body]:
    """What is offered, made before any read is timed: to make it takes a second of this process."""
    load = Load(time.time_ns() - 60 * 10**9, seed=random.randrange(1 << 30))
    return list(load.bodies(int(_OFFERED * seconds)))


def _asking(stack: Stack, question: Question) -> Callable[[], float]:
    """Asks, and answers how long that took."""
    connection: HTTPConnection = stack.connect()

    def ask() -> float:
        _, path, body = question.ask()
        begun = time.perf_counter()
        stack.exchange(connection, path, body)
        return time.perf_counter() - begun

    return ask


def filled(stack: Stack, rows: int) -> int:
    """Fill the platform; the time in milliseconds up to which there are rows."""
    end_ns = time.time_ns() - 60 * 10**9
    with console.status("filling") as status:

        def look(number: int) -> None:
            status.update(f"filling: {number:,} of {rows:,} spans")

        fill(stack, rows, begin_ns=end_ns - DAYS * _DAY_NS, end_ns=end_ns, look=look)
        fill_with(stack, Load(end_ns, seed=5).large(LARGE_SPANS, LARGE))
        stack.wait_for(rows + LARGE_SPANS, lambda n: status.update(f"indexed: {n:,} spans"))
        wait_until_packed(stack, lambda n: status.update(f"waiting for {n} packs"))
        status.update("waiting for merges")
        stack.settle(0.1)
    return end_ns // 10**6


def run(stack: Stack, asked: Asked, times: int) -> dict[str, float]:
    found: dict[str, float] = {}
    for question in questions(asked):
        found[question.name], found[f"cpu {question.name}"] = measure(stack, question, times)
    return found | large_tree(stack, times) | outline(stack, times)


def tables(
    rows: int, figures: Mapping[str, float], both: Mapping[str, float], asked: Asked
) -> list[Figures]:
    factor = 5 if rows > 1_000_000 else 1
    lines: list[Sequence[Cell]] = []
    for question in questions(asked):
        p50, bar = figures[question.name], question.bar_ms * factor
        lines.append((question.name, bar, p50, figures[f"cpu {question.name}"], verdict(p50, bar)))
    for name, bar in _OF_LARGE.items():
        label = f"tree of {LARGE_SPANS:,} spans, {name}"
        lines.append((label, bar, figures[name], None, verdict(figures[name], bar)))
        if (unasked := name + UNASKED) in figures:
            lines.append((label + UNASKED, None, figures[unasked], None, None))
    head = ("question", "bar ms", "p50 ms", "CPU ms", "verdict")
    return [Figures(f"Reading, {rows:,} spans", head, lines), _both(both)]


def _both(both: Mapping[str, float]) -> Figures:
    """What reads and ingestion cost each other."""
    lines: list[Sequence[Cell]] = []
    for name, label in (
        ("tree p50", "one session's tree, p50 ms"),
        ("ack p50", "ack of 100 spans, p50 ms"),
        ("spans/s", "acked spans/s"),
    ):
        slower = both[f"{name}, slower"]
        told = (both[f"{name}, alone"], both[f"{name}, beside"], slower, _SLOWER)
        lines.append((label, *told, verdict(slower, _SLOWER)))
    title = f"Reads beside {_OFFERED:,} offered spans/s, median of {_ROUNDS} rounds"
    head = ("each", "alone", "beside the other", "times as slow", "bar", "verdict")
    return Figures(title, head, lines)


def main() -> None:
    parser = Options(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=30, help="requests of each question and run")
    parser.add_argument("--data-dir", type=Path, help="fill this folder, or ask what it has")
    chosen = parser.parse_args()
    with running(chosen.port_base, folder=chosen.data_dir) as stack:
        has_rows = stack.readable() >= chosen.rows
        end_ms = time.time_ns() // 10**6 if has_rows else filled(stack, chosen.rows)
        asked = Asked(stack, end_ms)
        runs = [run(stack, asked, chosen.times) for _ in range(chosen.runs)]
        figures = medians(runs)
        both = beside(stack, asked, _ROUND_SECONDS)
    section = "read" if chosen.rows <= 1_000_000 else "read-large"
    report(section, typed(), tables(chosen.rows, figures, both, asked), keep=chosen.keep)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures | both, indent=2))


if __name__ == "__main__":
    main()
