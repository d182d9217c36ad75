"""Soak: ``python bench/soak.py`` keeps a platform for an hour at 70 % of the load that it is made
for, or of what the machine can sustain if that is less.

Four times a minute it weighs every process (PSS), counts descriptors and the bytes of logs. At the
end it says whether memory is flat, descriptors are as many as before, and logs stay within their
bound.
"""

import json
import statistics
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

from load import Renewed
from options import Options, typed
from report import Cell, Figures, console, report, verdict
from sender import Sent, Target, send
from stack import Stack, running

SHARE = 0.7
LOAD = 12_000
"""Spans per second that two cores make readable, at least."""
MOST_GROWTH = 1.05
"""PSS of the last sixth of the time over that of the third sixth: of an hour, the last 10 minutes
over minutes 20 to 30."""
MOST_DESCRIPTORS = 5
MAX_LOG_BYTES = 256 << 20
_TRIAL_SPANS = 1_000_000
_TRIAL_PIECE = 20_000
_TRIAL_AHEAD = 60_000
"""Spans that may wait in the trial: the others are not made yet."""
_CONNECTIONS = 8
_PIECE_SECONDS = 2
_SHORTEST_PIECE_SECONDS = 0.5
_POOL_SPANS = 20_000
"""Spans that are sent again and again, each time with other ids and times."""
_LATENCIES = 100_000
"""As many acks are remembered."""
_LOOK_SECONDS = 15.0
_TOLD_LOOKS = 4
"""Of as many looks one is told."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look: times in seconds since the begin, PSS in MB, logs in bytes."""

    at: float
    memory: Mapping[str, float]
    descriptors: Mapping[str, int]
    logs: int

    @property
    def total(self) -> float:
        return sum(self.memory.values())


def sample(stack: Stack, begun: float) -> Sample:
    return Sample(
        time.monotonic() - begun,
        stack.memory_by_process(),
        stack.descriptors_by_process(),
        stack.log_bytes(),
    )


def full_load(stack: Stack) -> float:
    """Spans per second that become readable when all is offered at once, with the merges and the
    packing that they bring: what an hour can be sustained, which a short burst may exceed."""
    idle, target, renewed = stack.idle_rate(), Target.of(stack), Renewed(_POOL_SPANS)
    before, begun, sent = stack.written(), time.perf_counter(), 0
    while sent < _TRIAL_SPANS:
        sent += send(target, list(renewed.bodies(_TRIAL_PIECE)), _CONNECTIONS).spans
        while stack.written() < before + sent - _TRIAL_AHEAD:
            time.sleep(0.1)
    while stack.written() < before + sent:
        time.sleep(0.1)
    stack.settle(idle)
    return sent / (time.perf_counter() - begun)


def soak(stack: Stack, rate: float, seconds: float, every: float) -> tuple[list[Sample], Sent]:
    """Offer ``rate`` spans per second and look ``every`` so many seconds."""
    stopping = threading.Event()
    total = Sent()
    sender = threading.Thread(target=_offer, args=(stack, rate, stopping, total))
    begun, written = time.monotonic(), stack.written()
    sender.start()
    samples = []
    try:
        while time.monotonic() - begun < seconds:
            time.sleep(every)
            last = sample(stack, begun)
            samples.append(last)
            if len(samples) % _TOLD_LOOKS:
                continue
            behind = total.spans - (stack.written() - written)
            console.print(
                f"[dim]{last.at / 60:.0f} min: {last.total:,.0f} MB, {total.spans:,} spans, "
                f"{behind:,} not written yet[/dim]"
            )
    finally:
        stopping.set()
        sender.join()
    return samples, total


def _offer(stack: Stack, rate: float, stopping: threading.Event, total: Sent) -> None:
    """New sessions of now, piece by piece; making a piece takes of the time in which it is sent."""
    target, renewed = Target.of(stack), Renewed(_POOL_SPANS)
    due = time.monotonic()
    while not stopping.is_set():
        bodies = list(renewed.bodies(int(rate * _PIECE_SECONDS)))
        spans = sum(size for _, size in bodies)
        due += spans / rate
        pace = spans / max(due - time.monotonic(), _SHORTEST_PIECE_SECONDS)
        sent = send(target, bodies, _CONNECTIONS, pace, stopping)
        total.spans += sent.spans
        total.latencies = [*total.latencies[-_LATENCIES:], *sent.latencies]
        for code, count in sent.refused.items():
            total.refused[code] = total.refused.get(code, 0) + count


def missing(stack: Stack, spans: int) -> int:
    """How many of ``spans`` cannot be read, or are not counted, once all was given time."""
    with suppress(RuntimeError):
        stack.wait_for(spans)
    return spans - min(stack.readable(), stack.counted())


def tables(samples: Sequence[Sample], sent: Sent, rate: float, unread: int) -> list[Figures]:
    """What grew, and whether it may. ``unread``: acked spans that are missing at the end."""
    length = samples[-1].at
    early = _between(samples, length / 3, length / 2)
    late = _between(samples, length * 5 / 6, length + 1)
    rows: list[Sequence[Cell]] = []
    for name in samples[-1].memory:
        before, after = (_memory(some, name) for some in (early, late))
        rows.append((name, before, after, after / before, *_descriptors(early, late, name)))
    before, after = (statistics.median(one.total for one in some) for some in (early, late))
    counts = [_descriptors(early, late, name) for name in samples[-1].memory]
    rows.append(("all", before, after, after / before, None, None))
    kept = max(abs(last - first) for first, last in counts)
    verdicts: list[Sequence[Cell]] = [
        (
            "PSS, last sixth over third",
            after / before,
            MOST_GROWTH,
            verdict(after / before, MOST_GROWTH),
        ),
        (
            "descriptors that one process keeps",
            kept,
            MOST_DESCRIPTORS,
            verdict(kept, MOST_DESCRIPTORS),
        ),
        ("logs, bytes", samples[-1].logs, MAX_LOG_BYTES, verdict(samples[-1].logs, MAX_LOG_BYTES)),
        ("refused requests", sum(sent.refused.values()), 0, verdict(sum(sent.refused.values()), 0)),
        ("acked spans that nobody can read", unread, 0, verdict(unread, 0)),
        ("ack p99 ms", sent.ack_ms(0.99), None, None),
    ]
    title = f"Soak: {length / 60:,.0f} minutes at {rate:,.0f} spans/s, {sent.spans:,} spans"
    head = ("process", "PSS MB, third sixth", "last sixth", "ratio", "descriptors", "at the end")
    return [
        Figures(title, ("figure", "value", "bar", "verdict"), verdicts),
        Figures("Each process", head, rows),
    ]


def _between(samples: Sequence[Sample], first: float, last: float) -> list[Sample]:
    return [one for one in samples if first <= one.at < last]


def _memory(samples: Sequence[Sample], name: str) -> float:
    return statistics.median(one.memory[name] for one in samples)


def _descriptors(early: Sequence[Sample], late: Sequence[Sample], name: str) -> tuple[int, int]:
    """The fewest: an engine has the files of a merge open as long as that takes, which is longer
    the more there is, and what is kept stays open in between."""
    before, after = (min(one.descriptors[name] for one in some) for some in (early, late))
    return before, after


def main() -> None:
    parser = Options(__doc__, runs=1)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, help="spans per second; default: 70 %% of the load")
    chosen = parser.parse_args()
    seconds = 60 * chosen.minutes
    with running(chosen.port_base) as stack:
        rate = chosen.rate or SHARE * min(LOAD, full_load(stack))
        before = stack.readable()
        samples, sent = soak(stack, rate, seconds, every=min(_LOOK_SECONDS, seconds / 30))
        unread = missing(stack, before + sent.spans)
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(one) for one in samples], indent=2))
    report("soak", typed(), tables(samples, sent, rate, unread), keep=chosen.keep)


if __name__ == "__main__":
    main()
