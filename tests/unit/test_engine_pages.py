"""Which pages of the engine's library may be unmapped without losing anything."""

import asyncio

import pytest

from hh_clickhouse.engine import pages
from hh_clickhouse.engine.pages import Code, unchanged, unmap_when_quiet

_SMAPS = """\
7f0000000000-7f0000001000 r--p 00000000 fe:00 1    /lib/chdb/_chdb.abi3.so
Rss:                   4 kB
Anonymous:             0 kB
7f0000001000-7f0000003000 r-xp 00001000 fe:00 1    /lib/chdb/_chdb.abi3.so
Anonymous:             0 kB
7f0000003000-7f0000004000 r--p 00003000 fe:00 1    /lib/chdb/_chdb.abi3.so
Anonymous:             4 kB
7f0000004000-7f0000005000 rw-p 00004000 fe:00 1    /lib/chdb/_chdb.abi3.so
Anonymous:             0 kB
7f0000005000-7f0000006000 rw-p 00000000 00:00 0
Anonymous:             0 kB
7f0000006000-7f0000007000 r-xp 00000000 fe:00 2    /lib/libc.so.6
Anonymous:             0 kB
7f0000007000-7f0000008000 r--p 00000000 00:00 0
Anonymous:             0 kB
"""


def test_only_what_is_as_in_the_library_s_file_is_unmapped() -> None:
    ranges = list(unchanged(_SMAPS.splitlines(keepends=True), "_chdb.abi3.so"))

    assert ranges == [
        (0x7F0000000000, 0x7F0000001000),
        (0x7F0000001000, 0x7F0000003000),
    ]


def test_what_the_loader_wrote_into_stays() -> None:
    written = [start for start, _ in unchanged(_SMAPS.splitlines(), "_chdb.abi3.so")]

    assert 0x7F0000003000 not in written


class Counted(Code):
    """How often it was unmapped."""

    def __init__(self) -> None:
        self.times = 0

    def unmap(self) -> None:
        self.times += 1


def test_code_is_unmapped_once_after_each_time_that_statements_came(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "QUIET_SECONDS", 0)
    code, counts = Counted(), iter([0, 1, 2, 2, 2, 3, 3, 3])

    async def main() -> None:
        with pytest.raises(RuntimeError):  # the counts are used up
            await unmap_when_quiet(code, lambda: next(counts))

    asyncio.run(main())
    assert code.times == 2
