"""Soak: ``python bench/soak.py`` keeps a platform at 70 % of what it can do, for an hour.

Once a minute it weighs every process (PSS), counts descriptors and the bytes of logs. At the end it
says whether memory is flat, descriptors are as many as before, and logs stay within their bound.
"""

import json
import statistics
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from load import Load, Renewed
from options import Options, typed
from report import Cell, Figures, console, report, verdict
from sender import Sent, Target, send
from stack import Stack, running

SHARE = 0.7
MOST_GROWTH = 1.05
"""PSS of the last sixth of the time over that of the third sixth: of an hour, the last 10 minutes
over minutes 20 to 30."""
MOST_DESCRIPTORS = 5
MAX_LOG_BYTES = 256 << 20
_TRIAL_SPANS = 60_000
_CONNECTIONS = 8
_PIECE_SECONDS = 2
_POOL_SPANS = 20_000
"""Spans that are sent again and again, each time with other ids and times."""
_LATENCIES = 100_000
"""As many acks are remembered."""


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
    """Spans per second that become readable when all is offered at once."""
    bodies = list(Load(time.time_ns() - 60 * 10**9, seed=17).bodies(_TRIAL_SPANS))
    before, begun = stack.written(), time.perf_counter()
    send(Target.of(stack), bodies, _CONNECTIONS)
    while stack.written() < before + _TRIAL_SPANS:
        time.sleep(0.1)
    return _TRIAL_SPANS / (time.perf_counter() - begun)


def soak(stack: Stack, rate: float, seconds: float, every: float) -> tuple[list[Sample], Sent]:
    """Offer ``rate`` spans per second and look ``every`` so many seconds."""
    stopping = threading.Event()
    total = Sent()
    sender = threading.Thread(target=_offer, args=(stack, rate, stopping, total))
    begun = time.monotonic()
    sender.start()
    samples = []
    try:
        with console.status("soaking") as status:
            while time.monotonic() - begun < seconds:
                time.sleep(every)
                samples.append(sample(stack, begun))
                last = samples[-1]
                status.update(
                    f"{last.at / 60:.0f} min: {last.total:,.0f} MB, {total.spans:,} spans"
                )
    finally:
        stopping.set()
        sender.join()
    return samples, total


def _offer(stack: Stack, rate: float, stopping: threading.Event, total: Sent) -> None:
    """New sessions of now, piece by piece."""
    target, renewed = Target.of(stack), Renewed(_POOL_SPANS)
    while not stopping.is_set():
        bodies = list(renewed.bodies(int(rate * _PIECE_SECONDS)))
        sent = send(target, bodies, _CONNECTIONS, rate, stopping)
        total.spans += sent.spans
        total.latencies = [*total.latencies[-_LATENCIES:], *sent.latencies]
        for code, count in sent.refused.items():
            total.refused[code] = total.refused.get(code, 0) + count


def tables(samples: Sequence[Sample], sent: Sent, rate: float) -> list[Figures]:
    """What grew, and whether it may."""
    length = samples[-1].at
    early = _between(samples, length / 3, length / 2)
    late = _between(samples, length * 5 / 6, length + 1)
    rows: list[Sequence[Cell]] = []
    for name in samples[-1].memory:
        before, after = (_median(some, name) for some in (early, late))
        fewer, more = early[0].descriptors[name], late[-1].descriptors[name]
        rows.append((name, before, after, after / before, fewer, more))
    before, after = (statistics.median(one.total for one in some) for some in (early, late))
    counts = [sum(some.descriptors.values()) for some in (early[0], late[-1])]
    rows.append(("all", before, after, after / before, *counts))
    drift = max(
        abs(late[-1].descriptors[name] - early[0].descriptors[name]) for name in samples[-1].memory
    )
    verdicts: list[Sequence[Cell]] = [
        (
            "PSS, last sixth over third",
            after / before,
            MOST_GROWTH,
            verdict(after / before, MOST_GROWTH),
        ),
        (
            "descriptors, most of one process",
            drift,
            MOST_DESCRIPTORS,
            verdict(drift, MOST_DESCRIPTORS),
        ),
        ("logs, bytes", samples[-1].logs, MAX_LOG_BYTES, verdict(samples[-1].logs, MAX_LOG_BYTES)),
        ("refused requests", sum(sent.refused.values()), 0, verdict(sum(sent.refused.values()), 0)),
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


def _median(samples: Sequence[Sample], name: str) -> float:
    return statistics.median(one.memory[name] for one in samples)


def main() -> None:
    parser = Options(__doc__, runs=1)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, help="spans per second; default: 70 %% of the most")
    chosen = parser.parse_args()
    seconds = 60 * chosen.minutes
    with running(chosen.port_base) as stack:
        rate = chosen.rate or SHARE * full_load(stack)
        samples, sent = soak(stack, rate, seconds, every=min(60.0, seconds / 30))
    report("soak", typed(), tables(samples, sent, rate), keep=chosen.keep)
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(one) for one in samples], indent=2))


if __name__ == "__main__":
    main()
