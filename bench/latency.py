"""Measure waiting: ``python bench/latency.py`` offers spans at a steady pace, then a burst.

Prints how long an acknowledgement takes at 1,000 and 2,000 offered spans a second, how long until
the spans are readable meanwhile, what was refused, and when a burst of 10,000 spans is readable.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence

from background import repeating
from disk import disk, syncs
from load import Load
from options import Options, typed
from report import Cell, Figures, medians, report, verdict
from sender import Target, quantile, send
from stack import Stack, running

OFFERED = (1_000, 2_000)
BURST = 10_000
ACK_P50_MS, ACK_P99_MS, READABLE_P95_S, BURST_S = 15.0, 100.0, 2.0, 3.0
_CONNECTIONS = 8
_PROBE_SPANS = 8
_PROBE_SECONDS = 0.5


def paced(stack: Stack, rate: int, seconds: float) -> dict[str, float]:
    """Acks and freshness at ``rate`` spans per second."""
    load = Load(time.time_ns() - 60 * 10**9, seed=rate)
    bodies = list(load.bodies(int(rate * seconds)))
    with repeating(_probing(stack), _PROBE_SECONDS) as waits:
        sent = send(Target.of(stack), bodies, _CONNECTIONS, rate)
    return {
        f"{rate} ack p50 ms": sent.ack_ms(0.5),
        f"{rate} ack p99 ms": sent.ack_ms(0.99),
        f"{rate} readable p95 s": quantile(waits, 0.95),
        f"{rate} refused": sum(sent.refused.values()),
    }


def burst(stack: Stack) -> dict[str, float]:
    """Seconds until ``BURST`` spans that come at once are readable."""
    load = Load(time.time_ns() - 60 * 10**9, seed=11)
    bodies = list(load.bodies(BURST))
    before = stack.readable()
    begun = time.perf_counter()
    sent = send(Target.of(stack), bodies, _CONNECTIONS)
    while stack.readable() < before + BURST:
        time.sleep(0.05)
    return {
        "burst readable s": time.perf_counter() - begun,
        "burst refused": sum(sent.refused.values()),
    }


def _probing(stack: Stack) -> Callable[[], float]:
    """Sends one session, and answers how long until the plane shows its last event."""
    load, target = Load(time.time_ns() - 10**9, seed=13), Target.of(stack)

    def probe() -> float:
        name = f"probe-{time.time_ns()}"
        send(target, list(load.large(_PROBE_SPANS, name)), 1)
        acked = time.perf_counter()
        while _count(stack, name) < _PROBE_SPANS:
            time.sleep(0.02)
        return time.perf_counter() - acked

    return probe


def _count(stack: Stack, session: str) -> int:
    of_session = {"field": "session_id", "operator": "is", "value": session, "type": "string"}
    spans = {"field": "event_type", "operator": "is not", "value": "session", "type": "string"}
    body = {"filters": [of_session, spans], "limit": 1}
    return int(stack.ask("data_url", "/v1/events/search", body)["count"])


def run(port_base: int, seconds: float) -> dict[str, float]:
    with running(port_base) as stack:
        send(Target.of(stack), Load(time.time_ns() - 10**9).bodies(2_000), 2)
        stack.wait_for(2_000)
        found = syncs(stack.folder)
        for rate in OFFERED:
            found |= paced(stack, rate, seconds)
        return found | burst(stack)


def tables(runs: Sequence[Mapping[str, float]]) -> list[Figures]:
    """The p99 of an ack is the best run's, other figures are medians."""
    middle = medians(runs)
    rows: list[Sequence[Cell]] = []
    for rate in OFFERED:
        best = min(one[f"{rate} ack p99 ms"] for one in runs)
        for name, value, bar in (
            ("ack p50 ms", middle[f"{rate} ack p50 ms"], ACK_P50_MS),
            ("ack p99 ms, best run", best, ACK_P99_MS),
            ("readable p95 s", middle[f"{rate} readable p95 s"], READABLE_P95_S),
            ("refused requests", middle[f"{rate} refused"], 0.0),
        ):
            rows.append((f"{rate:,} spans/s: {name}", value, bar, verdict(value, bar)))
    value = middle["burst readable s"]
    rows.append((f"burst of {BURST:,}: readable s", value, BURST_S, verdict(value, BURST_S)))
    return [
        Figures("Waiting at a steady pace", ("figure", "value", "bar", "verdict"), rows),
        disk(runs),
    ]


def main() -> None:
    parser = Options(__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each pace")
    chosen = parser.parse_args()
    runs = [run(chosen.port_base, chosen.seconds) for _ in range(chosen.runs)]
    report("latency", typed(), tables(runs), keep=chosen.keep)
    if chosen.json:
        chosen.json.write_text(json.dumps(medians(runs), indent=2))


if __name__ == "__main__":
    main()
