"""Measure others the same way: ``python bench/peers.py`` runs Arize Phoenix, MLflow and this.

The peers come from PyPI into an environment of their own under the cache folder. Each takes the
same load over OTLP/HTTP into the database that is its default, one after the other and never beside
each other: ours, the peers, and ours again. Prints CPU-seconds per 1,000 spans of the whole process
tree, from the socket until the spans are committed, less the idle rate; spans per second that can
be asked for; and how many times ours that is. Then spans are offered at a steady pace, as
``bench/latency.py`` does, each time to a peer that was started for it and has nothing waiting, and
the acks are compared: how soon somebody refuses is not counted.
"""

import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
from disk import disk, syncs
from ingest import measure
from load import Load
from options import Options, typed
from peer import PEERS, Peer, environment, started, until
from report import Cell, Figures, medians, report, verdict
from sender import Target, send
from stack import cpu, running

OURS, PHOENIX = "this platform", "Arize Phoenix"
OFFERED = (1_000, 2_000)
"""Spans per second of the steady paces."""
MOST_OF_PHOENIX = 1 / 3
"""The p99 of our acks over that of Phoenix's, at most."""
_CPU, _RATE = "CPU-s to readable, per 1,000", "readable spans/s"
_PACED_SECONDS = 30
"""Phoenix takes 20,000 spans into memory before it refuses any (``PHOENIX_MAX_SPANS_QUEUE_SIZE``):
at 1,000 a second, less what it stores meanwhile, that takes 23 s."""
_CONNECTIONS = 8
_WARM = 500


def measure_peer(peer: Peer, commands: Path, spans: int, port: int) -> dict[str, float]:
    """As ``ingest.measure``, for a peer."""
    with tempfile.TemporaryDirectory(prefix="hh-peer-") as name:
        folder = Path(name)
        with started(peer, commands, folder, port) as process:
            target = Target("127.0.0.1", port, headers=dict(peer.headers))
            load = _warm(peer, folder, target)
            idle = _idle(process)
            bodies = list(load.bodies(spans))
            before, begun = _tree_cpu(process), time.perf_counter()
            sent = send(target, bodies, _CONNECTIONS)
            seconds = until(peer, folder, _WARM + sent.spans) - begun
            spent = _tree_cpu(process) - before - idle * seconds
            return {_CPU: spent * 1000 / sent.spans, _RATE: sent.spans / seconds}


def paced_peer(peer: Peer, commands: Path, rate: int, port: int) -> dict[str, float]:
    """As ``paced``, for a peer that has stored its first spans and nothing else."""
    target = Target("127.0.0.1", port, headers=dict(peer.headers))
    with (
        tempfile.TemporaryDirectory(prefix="hh-peer-") as name,
        started(peer, commands, Path(name), port),
    ):
        _warm(peer, Path(name), target)
        return paced(target, rate)


def _warm(peer: Peer, folder: Path, target: Target) -> Load:
    """The load, of which the first spans are stored."""
    load = Load(base_ns=time.time_ns() - 3600 * 10**9)
    send(target, list(load.bodies(_WARM)), 2)
    until(peer, folder, _WARM)
    return load


def paced(target: Target, rate: int) -> dict[str, float]:
    """Acks of what is offered at a pace, and the share that is refused."""
    load = Load(time.time_ns() - 60 * 10**9, seed=rate)
    bodies = list(load.bodies(rate * _PACED_SECONDS))
    sent = send(target, bodies, _CONNECTIONS, rate)
    return {
        f"{rate} p50": sent.ack_ms(0.5),
        f"{rate} p99": sent.ack_ms(0.99),
        f"{rate} refused": sum(sent.refused.values()) / len(bodies),
    }


def _idle(process: psutil.Process, seconds: float = 5.0) -> float:
    before = _tree_cpu(process)
    time.sleep(seconds)
    return (_tree_cpu(process) - before) / seconds


def _tree_cpu(process: psutil.Process) -> float:
    return sum(map(cpu, (process, *process.children(recursive=True))))


def _ours(spans: int, port_base: int) -> dict[str, float]:
    with running(port_base) as stack:
        found = measure(stack, spans) | syncs(stack.folder)
        for rate in OFFERED:
            found |= paced(Target.of(stack), rate)
        return found


def _theirs(peer: Peer, commands: Path, spans: int, port: int) -> dict[str, float]:
    found = measure_peer(peer, commands, spans, port)
    for rate in OFFERED:
        found |= paced_peer(peer, commands, rate, port)
    return found


def costs(middle: Mapping[str, Mapping[str, float]], spans: int, fewer: int) -> Figures:
    """What a span costs each."""
    ours = middle[OURS]
    rows: list[Sequence[Cell]] = [
        (name, one[_CPU], one[_CPU] / ours[_CPU], one[_RATE], ours[_RATE] / one[_RATE])
        for name, one in middle.items()
    ]
    return Figures(
        f"The same load: {spans:,} spans to this platform, {fewer:,} to peers",
        ("", "CPU-s per 1,000", "times ours", "spans/s", "ours is"),
        rows,
    )


def acks(found: Mapping[str, Sequence[Mapping[str, float]]]) -> Figures:
    """How long each lets its senders wait, and whether ours is quick enough beside Phoenix. The p99
    is the best run's, other figures are medians."""
    rows: list[Sequence[Cell]] = []
    for rate in OFFERED:
        best = {name: min(run[f"{rate} p99"] for run in runs) for name, runs in found.items()}
        told = verdict(best[OURS] / best[PHOENIX], MOST_OF_PHOENIX)
        for name, runs in found.items():
            middle = medians(runs)
            p50, refused = middle[f"{rate} p50"], middle[f"{rate} refused"]
            holds = told if name == OURS else None
            rows.append((f"{rate:,} spans/s: {name}", p50, best[name], refused, holds))
    return Figures(
        "Acks at a steady pace",
        ("", "ack p50 ms", "ack p99 ms, best run", "refused", "a third of Phoenix's p99 at most"),
        rows,
    )


def main() -> None:
    parser = Options(__doc__)
    parser.add_argument("--spans", type=int, default=100_000, help="to this platform")
    parser.add_argument("--peer-spans", type=int, default=5_000, help="to each peer: they are slow")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    parser.add_argument("--cache", type=Path, default=cache / "hh-bench" / "peers")
    chosen = parser.parse_args()
    commands = environment(chosen.cache)
    found: dict[str, list[dict[str, float]]] = {OURS: []}
    for _ in range(chosen.runs):
        found[OURS].append(_ours(chosen.spans, chosen.port_base))
        for peer in PEERS:
            measured = _theirs(peer, commands, chosen.peer_spans, chosen.port_base)
            found.setdefault(peer.name, []).append(measured)
    found[OURS].append(_ours(chosen.spans, chosen.port_base))
    middle = {name: medians(runs) for name, runs in found.items()}
    tables = [
        costs(middle, chosen.spans, chosen.peer_spans),
        acks({name: runs[: chosen.runs] for name, runs in found.items()}),
        disk(found[OURS]),
    ]
    report("peers", typed(), tables, keep=chosen.keep)
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
