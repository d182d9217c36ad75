"""Log files that stay bounded although their writers keep them open."""

import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

MAX_BYTES = 8 << 20
KEPT = 2
"""Older files beside the current one."""


def keep_bounded(logs: Sequence[Path], *, max_bytes: int = MAX_BYTES) -> None:
    """Move the content of every log over ``max_bytes`` to ``<name>.1`` and empty it.

    Writers append, so they go on at the new end; a line written in between may be lost.
    """
    for log in logs:
        try:
            if log.stat().st_size > max_bytes:
                _rotate(log)
        except FileNotFoundError:
            continue


def _rotate(log: Path) -> None:
    for number in range(KEPT, 1, -1):
        older = log.with_name(f"{log.name}.{number - 1}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number}"))
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    log.with_name(f"{log.name}.1").chmod(0o600)
    os.truncate(log, 0)


def tail(log: Path, *, lines: int, max_bytes: int = 64 << 10) -> str:
    """The last lines of a log; empty if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - max_bytes))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def follow(logs: Mapping[str, Path], *, pause: float = 0.2) -> Iterator[tuple[str, str]]:
    """New lines of all logs as they come, for ever; starts over when a file was emptied."""
    offsets = {name: _size(log) for name, log in logs.items()}
    while True:
        for name, log in logs.items():
            size = _size(log)
            start = min(offsets[name], size)
            if size > start:
                with log.open("rb") as file:
                    file.seek(start)
                    data = file.read()
                whole = data[: data.rfind(b"\n") + 1]
                start += len(whole)
                for line in whole.decode("utf-8", "replace").splitlines():
                    yield name, line
            offsets[name] = start
        time.sleep(pause)


def _size(log: Path) -> int:
    try:
        return log.stat().st_size
    except FileNotFoundError:
        return 0
