"""Measure ``hh rebuild --from-raw``: ``python bench/rebuild.py`` fills a platform of its own.

Its index is thrown away and made anew from the raw segments. Prints spans per second, and the CPU
that the rebuild and the data plane's engine spend on a span.
"""

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from filling import fill
from options import Options, typed
from report import Cell, Figures, console, medians, report, verdict
from stack import running

LEAST_PER_SECOND = 15_000.0
_ENGINE = "data.clickhouse"
_DAY_NS = 86_400 * 10**9


def fill_folder(folder: Path, spans: int, port_base: int) -> None:
    """Segments of ``spans`` spans, and an index of them."""
    with running(port_base, folder=folder) as stack, console.status("filling"):
        now = time.time_ns()
        fill(stack, spans, begin_ns=now - _DAY_NS, end_ns=now)
        stack.wait_for(spans)


def run(folder: Path, spans: int, port_base: int) -> dict[str, float]:
    """One rebuild of an index that is not there."""
    shutil.rmtree(folder / "data" / "clickhouse")
    with running(port_base, folder=folder) as stack, console.status("rebuilding"):
        command = [str(Path(sys.executable).with_name("hh")), "rebuild", "--from-raw"]
        engine, own, begun = stack.cpu_by_process()[_ENGINE], _children(), time.perf_counter()
        subprocess.run([*command, "--data-dir", str(folder)], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - begun
        if stack.readable() < spans:
            raise RuntimeError(f"{stack.readable()} of {spans} spans are back")
        return {
            "spans/s": spans / seconds,
            "rebuild, CPU µs per span": 1e6 * (_children() - own) / spans,
            "engine, CPU µs per span": 1e6 * (stack.cpu_by_process()[_ENGINE] - engine) / spans,
        }


def _children() -> float:
    """CPU seconds of the commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = Options(__doc__)
    parser.add_argument("--spans", type=int, default=1_000_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hh-bench-") as name:
        folder = Path(name)
        fill_folder(folder, chosen.spans, chosen.port_base)
        runs = [run(folder, chosen.spans, chosen.port_base) for _ in range(chosen.runs)]
    figures = medians(runs)
    rows: list[Sequence[Cell]] = [(name, value, None, None) for name, value in figures.items()]
    rate = figures["spans/s"]
    rows[0] = ("spans/s", rate, LEAST_PER_SECOND, verdict(LEAST_PER_SECOND, rate))
    title = f"Rebuild of an index of {chosen.spans:,} spans"
    table = Figures(title, ("figure", "value", "at least", "verdict"), rows)
    report("rebuild", typed(), [table], keep=chosen.keep)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
