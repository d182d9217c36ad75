"""``python -m hh_cli.embedded.guardian ARGS`` keeps the supervisor running, and nothing else.

Somebody has to start the supervisor again when it is killed. This does, and is kept so small that
nothing in it can fail: it imports no library, and hands signals on.
"""

import signal
import subprocess
import sys
import time
from types import FrameType

PAUSE_SECONDS = 0.2
FAILED = 70
"""Exit status of a supervisor that met a bug of its own (EX_SOFTWARE)."""


def main(arguments: list[str]) -> int:
    """The supervisor's exit status, once it ends on purpose."""
    stopping = False
    supervisor: subprocess.Popen[bytes] | None = None

    def hand_on(number: int, _: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        if supervisor is not None and supervisor.poll() is None:
            supervisor.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, hand_on)
    while True:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "hh_cli.embedded.supervisor", *arguments]
        )
        if stopping:  # told so while it was being started
            supervisor.terminate()
        status = supervisor.wait()
        if stopping or (status >= 0 and status != FAILED):
            return status
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
