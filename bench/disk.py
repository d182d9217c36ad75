"""What the disk alone takes: acknowledgements wait for it, so this tells what share of them is the
machine's."""

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from report import Figures, medians
from sender import quantile

_TITLE = "The disk alone: 60 kB written and synced, 20 times a second"
_BYTES = 60_000
"""About what one commit of the journal writes at 1,000 spans a second."""
_TIMES = 200
_PAUSE_SECONDS = 0.05
_P50, _P99, _LONGEST = "disk p50", "disk p99", "disk, longest"


def syncs(folder: Path) -> dict[str, float]:
    """Milliseconds that a write and ``fdatasync`` take in ``folder``, while nothing else is
    measured."""
    data, waits = os.urandom(_BYTES), []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(_TIMES):
            begun = time.perf_counter()
            os.write(file.fileno(), data)
            os.fdatasync(file.fileno())
            waits.append(1e3 * (time.perf_counter() - begun))
            time.sleep(_PAUSE_SECONDS)
    return {_P50: quantile(waits, 0.5), _P99: quantile(waits, 0.99), _LONGEST: max(waits)}


def disk(runs: Sequence[Mapping[str, float]]) -> Figures:
    """Medians of the runs."""
    middle = medians(runs)
    return Figures(_TITLE, ("", "ms"), [(name, middle[name]) for name in (_P50, _P99, _LONGEST)])
