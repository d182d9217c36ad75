"""Make the sketch of a pack in a process of its own: nicer than all others, and gone afterwards.

``python -m hh_data.sketching <pack >sketch``
"""

import asyncio
import os
import sys

from hh_core.errors import RejectedError

_NICE = 10
_REFUSED = os.EX_DATAERR


async def in_a_process(pack: bytes) -> bytes:
    """Raises ``RejectedError`` for what is no whole pack, ``OSError`` when no process starts."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "utf8", "-m", "hh_data.sketching"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        close_fds=False,  # ours do not cross anyway; so nothing forks, which gRPC would remark on
    )
    try:
        made, _ = await process.communicate(pack)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RejectedError("no sketch can be made of this pack", code=422)
    return made


def main() -> int:
    os.nice(_NICE)
    from hh_core.wire.sketch_writer import sketch_of  # NumPy, which no other process loads

    try:
        made = sketch_of(sys.stdin.buffer.read())
    except RejectedError:
        return _REFUSED
    sys.stdout.buffer.write(made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
