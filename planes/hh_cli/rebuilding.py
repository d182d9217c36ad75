"""A rebuild at the terminal: how far it is, how fast it goes, and what it came to."""

import gc
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from hh_cli.embedded.process import FRUGAL
from hh_cli.screen import err, out, seconds
from hh_core.left_out import leave_out
from hh_runtime.serve import COLLECT, HEAVY, LOADS_HEAVY

if TYPE_CHECKING:
    from hh_core.usecases.rebuild import Rebuilt

_LINE_SECONDS = 10.0
"""Where nobody watches, one line in so many seconds."""


def begin_frugally() -> None:
    """Begin this command anew with ``FRUGAL`` set: the C library and Arrow look there once, at the
    start of a process. Does not return unless that is so already."""
    if not FRUGAL.keys() <= os.environ.keys():
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**FRUGAL, **os.environ})


def rebuilding(config: Path, progress: Callable[["Rebuilt"], None]) -> "Rebuilt":
    """Rebuild the index of the data plane that ``config`` describes, as frugally as its own
    processes do such work. Raises what ``hh_data.upkeep.rebuild`` raises."""
    leave_out(HEAVY, LOADS_HEAVY)  # before the adapters are loaded
    gc.set_threshold(*COLLECT)
    import uvloop

    from hh_data.config import DataPlaneConfig
    from hh_data.upkeep import rebuild
    from hh_runtime.config import load

    return uvloop.run(rebuild(load(config, DataPlaneConfig), progress=progress))


class Watched:
    """Shows one line that changes; where nobody watches, a line now and then."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._status = err.status("counting the segments")
        self._begun = self._told = clock()

    def __enter__(self) -> "Watched":
        self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._status.stop()

    def show(self, rebuilt: "Rebuilt") -> None:
        now = self._clock()
        line = progress_line(rebuilt, now - self._begun)
        if err.is_terminal:
            self._status.update(line)
        elif now - self._told >= _LINE_SECONDS:
            self._told = now
            err.print(line)

    def sum_up(self, rebuilt: "Rebuilt") -> None:
        """What is left to know at the end, on standard output."""
        out.print(summary(rebuilt, self._clock() - self._begun))


def progress_line(rebuilt: "Rebuilt", elapsed: float) -> str:
    """``elapsed`` in seconds. What remains is as much as the segments that remain have cost."""
    line = (
        f"{rebuilt.segments:,} of {max(rebuilt.of, rebuilt.segments):,} segments,"
        f" {rebuilt.rows:,} rows, {_rate(rebuilt, elapsed)}"
    )
    left = rebuilt.of - rebuilt.segments
    if left <= 0 or not rebuilt.segments:
        return line
    return f"{line}, about {seconds(1000 * elapsed * left / rebuilt.segments)} left"


def summary(rebuilt: "Rebuilt", elapsed: float) -> str:
    """``elapsed`` in seconds."""
    lines = [
        f"The index is rebuilt: {rebuilt.rows:,} rows from {rebuilt.segments:,} segments"
        f" in {seconds(1000 * elapsed)}, {_rate(rebuilt, elapsed)}.",
        f"{rebuilt.refused:,} refused, {rebuilt.corrupt:,} corrupt records.",
    ]
    if rebuilt.withdrawn:
        lines.append(
            f"{rebuilt.withdrawn:,} events that no span tells of any more are gone;"
            " the control plane is told of all others anew."
        )
    if rebuilt.refused:
        lines.append("Those that dispatch could not store either stand in hh dlq list.")
    return "\n".join(lines)


def _rate(rebuilt: "Rebuilt", elapsed: float) -> str:
    return f"{rebuilt.rows / max(elapsed, 1e-9):,.0f} rows/s"
