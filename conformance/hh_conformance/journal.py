"""The contract of ``hh_core.ports.journal``. Test jN proves guarantee JN of the port."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from hashlib import sha256

import pytest

from hh_conformance import faults
from hh_conformance.contract import Contract, lifetimes, scenario
from hh_conformance.histories import compare_histories
from hh_conformance.journal_history import JournalMachine, name
from hh_core.errors import (
    ClosedError,
    ConfigError,
    ConflictError,
    NotFoundError,
    OverloadedError,
    PortError,
)
from hh_core.ports.journal import Journal
from hh_core.registry import AdapterConfig

ONE, TWO, THREE = name(1), name(2), name(3)
MAX_BYTES = 1 << 20
CHUNK = b"c" * (64 << 10)


class JournalContract(Contract):
    def broken_disk(self, journal: Journal) -> AbstractContextManager[None]:
        """A sync fails while the block runs; what was written before may be on the disk or not.

        The default reaches a journal of this process that syncs through ``os``.
        """
        if isinstance(journal, faults.SupportsBrokenDisk):
            return journal.broken_disk()
        return faults.broken_disk()

    def full_disk(self, journal: Journal) -> AbstractContextManager[None]:
        """There is no room while the block runs. The default reaches writes through ``os``."""
        if isinstance(journal, faults.SupportsFull):
            return journal.full()
        return faults.full_disk()

    def bounded(self, config: AdapterConfig, max_bytes: int) -> AdapterConfig:
        """``config`` with another bound. The default sets its field ``max_bytes``."""
        return config.model_copy(update={"max_bytes": max_bytes})

    @lifetimes
    async def test_j1_what_was_synced_survives_a_crash(self, config: AdapterConfig) -> None:
        steps = [("append", b"one"), ("sync", b""), ("append", b"two"), ("sync", b"")]
        await self.crash_after(config, partial(_write, steps=steps))

        async with self.adapter.open(config) as journal:
            assert (await journal.read(ONE)).startswith(b"onetwo")

    @lifetimes
    async def test_j1_what_was_sealed_survives_a_crash(self, config: AdapterConfig) -> None:
        steps = [("append", b"one"), ("seal", b"")]
        await self.crash_after(config, partial(_write, steps=steps))

        async with self.adapter.open(config) as journal:
            assert await journal.read(ONE) == b"one"

    @scenario
    async def test_j2_a_segment_reads_as_its_frames_in_order(self, journal: Journal) -> None:
        await journal.append(ONE, [b"a", b"", bytes(range(256))])
        await journal.append(TWO, [b"elsewhere"])
        await journal.sync(ONE)
        await journal.append(ONE, [b"b" * 100_000, b"c"])
        await journal.seal(ONE)

        read, wanted = await journal.read(ONE), b"a" + bytes(range(256)) + b"b" * 100_000 + b"c"
        # by digest: pytest takes minutes to show where so many bytes differ
        assert (len(read), sha256(read).hexdigest()) == (len(wanted), sha256(wanted).hexdigest())

    @lifetimes
    async def test_j2_after_a_crash_a_segment_is_a_prefix(self, config: AdapterConfig) -> None:
        frames = [bytes([letter]) * 1000 for letter in b"abcdef"]
        steps = [("append", frame) for frame in frames]
        steps.insert(2, ("sync", b""))
        await self.crash_after(config, partial(_write, steps=steps))

        async with self.adapter.open(config) as journal:
            assert b"".join(frames).startswith(await journal.read(ONE))

    @scenario
    async def test_j3_a_sealed_segment_takes_no_more_frames(self, journal: Journal) -> None:
        await journal.append(ONE, [b"one"])
        await journal.seal(ONE)
        with pytest.raises(ConflictError):
            await journal.append(ONE, [b"more"])

        assert await journal.read(ONE) == b"one"

    @scenario
    async def test_j3_sealed_segments_are_listed_oldest_first(self, journal: Journal) -> None:
        for segment in (TWO, ONE, THREE):
            await journal.append(segment, [b"x"])
        await journal.seal(TWO)
        assert list(await journal.sealed()) == [TWO]
        await journal.seal(ONE)
        assert list(await journal.sealed()) == [ONE, TWO]
        await journal.discard(ONE)
        assert list(await journal.sealed()) == [TWO]

    @lifetimes
    async def test_j3_what_was_open_at_close_is_sealed_when_opened_again(
        self, config: AdapterConfig
    ) -> None:
        async with self.adapter.open(config) as journal:
            await _write(journal, steps=[("append", b"one"), ("sync", b"")])

        async with self.adapter.open(config) as journal:
            assert list(await journal.sealed()) == [ONE]
            with pytest.raises(ConflictError):
                await journal.append(ONE, [b"more"])

    @lifetimes
    async def test_j3_what_was_open_at_a_crash_is_sealed_when_opened_again(
        self, config: AdapterConfig
    ) -> None:
        await self.crash_after(config, partial(_write, steps=[("append", b"one"), ("sync", b"")]))

        async with self.adapter.open(config) as journal:
            assert list(await journal.sealed()) == [ONE]
            with pytest.raises(ConflictError):
                await journal.append(ONE, [b"more"])

    @lifetimes
    async def test_j3_one_process_writes_at_a_time(self, config: AdapterConfig) -> None:
        async with self.adapter.open(config):
            with pytest.raises(ConfigError):
                async with self.adapter.open(config):
                    pass
        async with self.adapter.open(config) as journal:
            await journal.ping()

    @lifetimes
    async def test_j4_after_a_failed_sync_the_segment_is_abandoned(
        self, config: AdapterConfig
    ) -> None:
        async with self.adapter.open(config) as journal:
            await _write(journal, steps=[("append", b"sure"), ("sync", b"")])
            with self.broken_disk(journal), pytest.raises(PortError):
                await _write(journal, steps=[("append", b"doubtful"), ("sync", b"")])

            with pytest.raises(PortError):
                await journal.sync(ONE)
            with pytest.raises(ConflictError):
                await journal.append(ONE, [b"more"])
            assert list(await journal.sealed()) == [ONE]
            assert await journal.read(ONE) == b"sure"
            await _write(journal, TWO, steps=[("append", b"next"), ("sync", b"")])

        async with self.adapter.open(config) as journal:
            assert await journal.read(ONE) == b"sure"
            assert await journal.read(TWO) == b"next"

    @lifetimes
    async def test_j5_above_its_bound_the_journal_refuses_until_there_is_room(
        self, config: AdapterConfig
    ) -> None:
        async with self.adapter.open(self.bounded(config, MAX_BYTES)) as journal:
            stored = await _fill(journal, ONE)
            await _seal_what_was_refused(journal, ONE)
            assert await journal.read(ONE) == CHUNK * stored
            assert 1 <= stored <= MAX_BYTES // len(CHUNK)
            with pytest.raises(OverloadedError):
                await journal.append(TWO, [b"y" * MAX_BYTES])

            await journal.discard(ONE)
            assert await _fill(journal, THREE) > stored // 2

    @lifetimes
    async def test_j5_on_a_full_disk_the_journal_refuses_until_there_is_room(
        self, config: AdapterConfig
    ) -> None:
        async with self.adapter.open(config) as journal:
            await _write(journal, steps=[("append", b"sure"), ("sync", b"")])
            with self.full_disk(journal), pytest.raises(OverloadedError):
                await journal.append(ONE, [CHUNK])

            await _seal_what_was_refused(journal, ONE)
            assert await journal.read(ONE) == b"sure"
            await _write(journal, TWO, steps=[("append", b"next"), ("seal", b"")])
            assert await journal.read(TWO) == b"next"

    @lifetimes
    async def test_j6_the_greatest_synced_name_is_remembered(self, config: AdapterConfig) -> None:
        async with self.adapter.open(config) as journal:
            assert await journal.last() == ""
            await journal.append(TWO, [b"two"])
            await journal.sync(TWO)
            await journal.append(ONE, [b"one"])
            await journal.seal(ONE)
            await journal.append(THREE, [b"never synced"])
            assert await journal.last() == TWO
            await journal.seal(TWO)
            await journal.discard(TWO)
            await journal.discard(ONE)
            assert await journal.last() == TWO
            await journal.seal(THREE)
            await journal.discard(THREE)

        async with self.adapter.open(config) as journal:
            assert await journal.last() == THREE
            assert list(await journal.sealed()) == []

    @lifetimes
    async def test_j6_the_greatest_synced_name_survives_a_crash(
        self, config: AdapterConfig
    ) -> None:
        steps = [("append", b"one"), ("seal", b""), ("discard", b"")]
        await self.crash_after(config, partial(_write, steps=steps))

        async with self.adapter.open(config) as journal:
            assert await journal.last() == ONE

    @scenario
    async def test_j7_a_missing_name_is_not_found(self, journal: Journal) -> None:
        for use in (journal.sync, journal.seal, journal.read):
            with pytest.raises(NotFoundError):
                await use(ONE)
        await journal.discard(ONE)

    @lifetimes
    async def test_j7_use_after_close_raises_closed(self, config: AdapterConfig) -> None:
        async with self.adapter.open(config) as journal:
            await journal.ping()

        with pytest.raises(ClosedError):
            await journal.append(ONE, [b"x"])
        for use in (journal.sync, journal.seal, journal.read, journal.discard):
            with pytest.raises(ClosedError):
                await use(ONE)
        for ask in (journal.sealed, journal.last, journal.ping):
            with pytest.raises(ClosedError):
                await ask()

    def test_any_history_matches_the_model(self) -> None:
        """Append, sync, seal, discard and open again: segments are byte strings that only grow."""
        compare_histories(self, JournalMachine)


async def _write(
    journal: Journal, segment: str = ONE, *, steps: Sequence[tuple[str, bytes]]
) -> None:
    for step, frame in steps:
        if step == "append":
            await journal.append(segment, [frame])
        else:
            await getattr(journal, step)(segment)


async def _fill(journal: Journal, segment: str) -> int:
    """Append and sync chunks until one is refused; how many were not."""
    for stored in range(2 * MAX_BYTES // len(CHUNK)):
        try:
            await journal.append(segment, [CHUNK])
        except OverloadedError:
            return stored
        await journal.sync(segment)
    raise AssertionError("the journal took more than its bound")


async def _seal_what_was_refused(journal: Journal, segment: str) -> None:
    """A refused append may have abandoned the segment (J4), which then has sealed itself."""
    try:
        await journal.seal(segment)
    except ConflictError:
        assert segment in await journal.sealed()
