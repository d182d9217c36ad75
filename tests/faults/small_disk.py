"""``python small_disk.py FOLDER BYTES COMMAND…`` runs COMMAND on a disk that can be filled.

The disk is a tmpfs over FOLDER in a mount namespace that only COMMAND and this process see. Where
nobody may mount, FOLDER is ``-`` and a full disk is a COMMAND that may not make any file longer.

It obeys lines on its standard input and answers each with a number: ``segments`` (that COMMAND
holds there), ``fill`` (bytes that still fitted and are taken now) and ``free`` (bytes given back).
At the end of the input COMMAND is ended.
"""

import resource
import subprocess
import sys
from pathlib import Path
from typing import Protocol

FILLER = "filler"
NOWHERE = "-"


class Disk(Protocol):
    def segments(self) -> int: ...

    def fill(self) -> int: ...

    def free(self) -> int: ...


class SmallDisk:
    def __init__(self, folder: Path) -> None:
        self._filler = folder / FILLER

    def segments(self) -> int:
        return sum(path.suffix in (".open", ".sealed") for path in self._filler.parent.iterdir())

    def fill(self) -> int:
        taken = 0
        with self._filler.open("ab", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while written := file.write(bytes(size)):
                        taken += written
                except OSError:
                    continue
        return taken

    def free(self) -> int:
        size = self._filler.stat().st_size
        self._filler.unlink()
        return size


class LimitedProcess:
    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = resource.prlimit(pid, resource.RLIMIT_FSIZE)

    def segments(self) -> int:
        return 0  # what it ships gives back nothing that could be used

    def fill(self) -> int:
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (0, self._before[1]))
        return 0

    def free(self) -> int:
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, self._before)
        return 1


def main(folder: str, size: str, command: list[str]) -> int:
    if folder != NOWHERE:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "small", folder]
        subprocess.run(mount, check=True)
    log = subprocess.DEVNULL if folder == NOWHERE else None  # the log is a file as well
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log)
    disk: Disk = LimitedProcess(running.pid) if folder == NOWHERE else SmallDisk(Path(folder))
    orders = {"segments": disk.segments, "fill": disk.fill, "free": disk.free}
    for line in sys.stdin:
        print(orders[line.strip()](), flush=True)
    running.terminate()
    return running.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
