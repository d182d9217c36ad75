"""Measure ingestion end to end: ``python bench/ingest.py`` starts platforms of its own.

Prints, for the load of ``bench/load.py``: CPU-seconds per 1,000 spans of all the platform's
processes and engines (user and system, less the idle rate) from socket to durable ack and from
socket to readable on the data plane and counted on the control plane; ack latency; freshness;
memory (PSS); stored bytes per span; the CPU of each process; and what two dispatch processes cost.
With ``--mix`` the most important of these for the load of ``bench/mix.py``. The generator runs
beside it on the same cores.
"""

import json
import time
from collections.abc import Mapping, Sequence

import psutil
from load import Load
from mix import Mix
from options import Options, typed
from report import Cell, Figures, medians, report, verdict
from sender import Target, quantile, send
from stack import Stack, cpu, running

WARM_SPANS = 2_000
CONNECTIONS = 8
FLOOR_US: Mapping[str, float] = {
    "data.ingest": 5.0,  # HTTP 0.5, gunzip 2.2, protobuf 0.9, segment with fsync 1.4
    "data.dispatch": 12.1,  # gunzip 2.2, a trimmed schema 5.4, Arrow 4.5
    "data.clickhouse": 3.0,  # insert of rows without long texts
    "control.nats": 3.0,  # one message of 100 records, client and server
    "control.clickhouse": 3.0,
}
"""CPU microseconds per span of each process's work on one core, measured by itself. What is not
named here costs next to nothing at least."""
BARS = {
    "CPU-s to ack, per 1,000": 0.015,
    "CPU-s to readable, per 1,000": 0.070,
    "memory MB": 1_500.0,
    "memory idle MB": 700.0,
    "bytes per span, data plane": 1_000.0,
    "bytes per span, control plane": 120.0,
}
"""Which no figure may exceed."""
MIX_BARS = {"CPU-s to readable, per 1,000": 0.120, "refused requests": 0.0}
"""Of what instrumentors really send: more attributes, and few spans alike."""
LEAST_READABLE = 12_000.0
MOST_FOR_TWO = 1.15
"""Two dispatch processes may cost that much more CPU than one."""
_STAGE = "µs per span: "


def measure(
    stack: Stack, spans: int, rate: float | None = None, *, mix: bool = False
) -> dict[str, float]:
    """Send ``spans`` and wait until they are readable, counted and merged."""
    base = time.time_ns() - 3600 * 10**9
    load = Mix(base) if mix else Load(base)
    bodies = list(load.bodies(spans))
    warm = send(Target.of(stack), load.bodies(WARM_SPANS), 2).spans
    stack.wait_for(warm)
    stack.settle(0.0)
    idle = stack.idle_rate()
    stored = stack.stored_at_rest()
    resting = stack.memory_mb()

    before, parts, begun = stack.cpu_seconds(), stack.cpu_by_process(), time.perf_counter()
    sent = send(Target.of(stack), bodies, CONNECTIONS, rate)
    memory = stack.memory_mb()
    readable_at = stack.wait_for(warm + sent.spans)
    stack.settle(idle)
    total, end, spent = stack.cpu_seconds(), time.perf_counter(), stack.cpu_by_process()
    rest = stack.stored_at_rest()

    per_kilo = 1000 / sent.spans
    return {
        "spans": sent.spans,
        "refused requests": sum(sent.refused.values()),
        "acked spans/s": sent.spans / sent.seconds,
        "readable spans/s": sent.spans / (readable_at - begun),
        "CPU-s to readable, per 1,000": (total - before - idle * (end - begun)) * per_kilo,
        "ack p50 ms": sent.ack_ms(0.5),
        "ack p99 ms": sent.ack_ms(0.99),
        "memory MB": memory,
        "memory idle MB": resting,
        "idle cores": idle,
        **{
            f"{_STAGE}{name}": 1e6 * (seconds - parts[name]) / sent.spans
            for name, seconds in spent.items()
        },
        **{
            f"bytes per span, {plane} plane": (rest[plane] - size) / sent.spans
            for plane, size in stored.items()
        },
    }


def receive_only(stack: Stack, spans: int) -> dict[str, float]:
    """CPU of the receiving process alone: socket to durable ack."""
    process = psutil.Process(stack.endpoints["processes"]["data.ingest"])
    bodies = list(Load(base_ns=time.time_ns() - 7200 * 10**9, seed=7).bodies(spans))
    before = cpu(process)
    sent = send(Target.of(stack), bodies, CONNECTIONS)
    return {"CPU-s to ack, per 1,000": (cpu(process) - before) * 1000 / sent.spans}


def freshness(stack: Stack, probes: int) -> dict[str, float]:
    """Seconds from the ack of one request to an answer that contains its spans."""
    seconds = []
    for body in Load(time.time_ns() - 10**9, seed=3).bodies(probes * 8, 8):
        before = stack.readable()
        send(Target.of(stack), [body], 1)
        acked = time.perf_counter()
        while stack.readable() < before + body[1]:
            time.sleep(0.01)
        seconds.append(time.perf_counter() - acked)
    return {"readable p50 s": quantile(seconds, 0.5), "readable p95 s": quantile(seconds, 0.95)}


def run_mix(spans: int, *, port_base: int) -> dict[str, float]:
    with running(port_base) as stack:
        return measure(stack, spans, mix=True)


def mix_tables(figures: Mapping[str, float]) -> list[Figures]:
    names = ("CPU-s to readable, per 1,000", "readable spans/s", "ack p99 ms", "refused requests")
    rows: list[Sequence[Cell]] = []
    for name in names:
        bar, value = MIX_BARS.get(name), figures[name]
        rows.append((name, value, bar, None if bar is None else verdict(value, bar)))
    title = f"Ingestion of what instrumentors send, {figures['spans']:,.0f} spans"
    return [
        Figures(title, ("figure", "value", "bar", "verdict"), rows),
        Figures(
            "Where their time goes: CPU µs per span by process",
            ("process", "µs"),
            [
                (name.removeprefix(_STAGE), value)
                for name, value in figures.items()
                if name.startswith(_STAGE)
            ],
        ),
    ]


def run(spans: int, *, port_base: int, probes: int, dispatchers: int = 1) -> dict[str, float]:
    """One platform, from its start to its end."""
    with running(port_base, dispatchers=dispatchers) as stack:
        figures = measure(stack, spans)
        if probes:
            figures |= freshness(stack, probes) | receive_only(stack, min(spans, 20_000))
        return figures


def tables(one: Mapping[str, float], two: Mapping[str, float]) -> list[Figures]:
    rows: list[Sequence[Cell]] = []
    for name, value in one.items():
        if not name.startswith(_STAGE):
            bar = BARS.get(name)
            rows.append((name, value, bar, None if bar is None else verdict(value, bar)))
    rate = one["readable spans/s"]
    rows.append(("least readable spans/s", rate, LEAST_READABLE, verdict(LEAST_READABLE, rate)))
    if two:
        key = "CPU-s to readable, per 1,000"
        ratio = two[key] / one[key]
        rows.append(
            ("CPU of two dispatchers over one", ratio, MOST_FOR_TWO, verdict(ratio, MOST_FOR_TWO))
        )
    stages = [
        (name.removeprefix(_STAGE), value, FLOOR_US.get(name.removeprefix(_STAGE)))
        for name, value in one.items()
        if name.startswith(_STAGE)
    ]
    return [
        Figures(
            f"Ingestion, {one['spans']:,.0f} spans", ("figure", "value", "bar", "verdict"), rows
        ),
        Figures(
            "Where the time goes: CPU µs per span by process",
            ("process", "µs", "floor", "ratio"),
            [(name, us, floor, us / floor if floor else None) for name, us, floor in stages],
        ),
    ]


def main() -> None:
    parser = Options(__doc__)
    parser.add_argument("--spans", type=int, default=100_000)
    parser.add_argument("--probes", type=int, default=20, help="requests that measure freshness")
    parser.add_argument("--one", action="store_true", help="leave out two dispatch processes")
    parser.add_argument("--mix", action="store_true", help="send what instrumentors really send")
    chosen = parser.parse_args()
    if chosen.mix:
        mixed = medians(
            [run_mix(chosen.spans, port_base=chosen.port_base) for _ in range(chosen.runs)]
        )
        report("mix", typed(), mix_tables(mixed), keep=chosen.keep)
        return
    ones, twos = [], []
    for _ in range(chosen.runs):  # A-B-A-B: what else the machine does meets both
        ones.append(run(chosen.spans, port_base=chosen.port_base, probes=chosen.probes))
        if not chosen.one:
            twos.append(run(chosen.spans, port_base=chosen.port_base, probes=0, dispatchers=2))
    one, two = medians(ones), medians(twos)
    report("ingest", typed(), tables(one, two), keep=chosen.keep)
    if chosen.json:
        chosen.json.write_text(json.dumps({"one": one, "two": two}, indent=2))


if __name__ == "__main__":
    main()
