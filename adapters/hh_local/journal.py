"""The journal port on a local disk: one file per segment, ``NAME.open`` until it is sealed."""

import asyncio
import errno
import fcntl
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from pydantic import Field

from hh_core.errors import (
    ClosedError,
    ConfigError,
    ConflictError,
    DeniedError,
    NotFoundError,
    OverloadedError,
    RejectedError,
    UnavailableError,
)
from hh_core.ports.journal import Journal
from hh_core.registry import Adapter, AdapterConfig

_OPEN, _SEALED = ".open", ".sealed"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

P = ParamSpec("P")
T = TypeVar("T")


class LocalJournalConfig(AdapterConfig):
    """Settings of the journal adapter ``local``."""

    path: Path
    """Folder of the segments, on a disk that honours fsync. One process writes at a time."""
    max_bytes: int = Field(default=4 << 30, gt=0)
    """Bytes of all segments together; above them nothing more is taken."""


@dataclass(slots=True)
class _Segment:
    file: int
    size: int = 0
    synced: int = 0


class LocalJournal:
    """All writing happens in one thread, so every method is a step that nothing interleaves."""

    def __init__(self, config: LocalJournalConfig, folder: int) -> None:
        self._path = config.path
        self._max_bytes = config.max_bytes
        self._folder = folder
        self._open: dict[str, _Segment] = {}
        self._sealed: dict[str, int] = {}
        self._last = ""
        self._remembered = ""
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._closed = False

    async def append(self, name: str, frames: Sequence[bytes]) -> None:
        await self._in_writer(self._append, name, frames)

    async def sync(self, name: str) -> None:
        await self._in_writer(self._sync, name)

    async def seal(self, name: str) -> None:
        await self._in_writer(self._seal, name)

    async def sealed(self) -> Sequence[str]:
        self._require_open()
        return sorted(self._sealed)

    async def read(self, name: str) -> bytes:
        self._require_open()
        if name not in self._sealed:
            raise NotFoundError("there is no sealed segment of that name")
        return await asyncio.to_thread(self._read, name)

    async def discard(self, name: str) -> None:
        await self._in_writer(self._discard, name)

    async def last(self) -> str:
        self._require_open()
        return self._last

    async def ping(self) -> None:
        await self._in_writer(lambda: os.fsync(self._folder))

    async def recover(self) -> None:
        """Seal whatever an earlier process left open."""
        await self._in_writer(self._recover)

    async def close(self) -> None:
        self._closed = True
        await asyncio.to_thread(self._writer.shutdown)
        for segment in self._open.values():
            os.close(segment.file)

    async def _in_writer(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._require_open()

        def run() -> T:
            with _driver_errors():
                return step(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._writer, run)

    def _append(self, name: str, frames: Sequence[bytes]) -> None:
        if name in self._sealed:
            raise ConflictError("the segment is sealed")
        data = b"".join(frames)
        held = sum(self._sealed.values()) + sum(one.size for one in self._open.values())
        if held + len(data) > self._max_bytes:
            raise OverloadedError("the journal is full: max_bytes", retry_after=5.0)
        segment = self._open.get(name) or self._create(name)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(segment.file, view) :]
        except OSError as error:
            self._take_back(name, segment, error)
            raise
        segment.size += len(data)

    def _take_back(self, name: str, segment: _Segment, error: OSError) -> None:
        """For want of room nothing is doubtful: cut off what was written of these frames and go
        on. After any other error the segment is abandoned."""
        if error.errno not in _FULL or not _cut(segment.file, segment.size):
            self._abandon(name)
        elif segment.size == 0:  # it has nothing but its name
            del self._open[name]
            os.close(segment.file)
            os.unlink(self._file(name, _OPEN))

    def _create(self, name: str) -> _Segment:
        if "/" in name or name.startswith(".") or not name:
            raise RejectedError("not the name of a segment")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        segment = _Segment(os.open(self._file(name, _OPEN), flags, 0o600))
        self._open[name] = segment
        return segment

    def _sync(self, name: str) -> None:
        if name in self._sealed:
            raise ConflictError("the segment is sealed")
        segment = self._require(name)
        try:
            _flush(segment.file)
            if not segment.synced:
                os.fsync(self._folder)
        except OSError:
            self._abandon(name)
            raise
        segment.synced = segment.size
        self._last = max(self._last, name)

    def _seal(self, name: str) -> None:
        self._sync(name)
        segment = self._open.pop(name)
        os.close(segment.file)
        os.rename(self._file(name, _OPEN), self._file(name, _SEALED))
        self._sealed[name] = segment.size

    def _abandon(self, name: str) -> None:
        """Cut back to what was synced and take no more; the disk may refuse even that (J4)."""
        segment = self._open.pop(name)
        _cut(segment.file, segment.synced)
        os.close(segment.file)
        os.rename(self._file(name, _OPEN), self._file(name, _SEALED))
        self._sealed[name] = segment.synced

    def _read(self, name: str) -> bytes:
        """Never more than was sound: a cut that the disk refused is made here."""
        with _driver_errors():
            return self._file(name, _SEALED).read_bytes()[: self._sealed[name]]

    def _discard(self, name: str) -> None:
        if name not in self._sealed:
            return
        if name > self._remembered:
            self._remember()
        os.unlink(self._file(name, _SEALED))
        del self._sealed[name]

    def _remember(self) -> None:
        """Keep ``last`` before the file that proves it goes (J6)."""
        target, fresh = self._path / "last", self._path / "last.new"
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, self._last.encode())
            _flush(file)
        finally:
            os.close(file)
        os.replace(fresh, target)
        os.fsync(self._folder)
        self._remembered = self._last

    def _recover(self) -> None:
        with suppress(FileNotFoundError):
            self._last = self._remembered = (self._path / "last").read_text()
        for path in self._path.glob(f"*{_OPEN}"):
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                _flush(file)
            finally:
                os.close(file)
            os.rename(path, path.with_suffix(_SEALED))
        os.fsync(self._folder)
        for path in self._path.glob(f"*{_SEALED}"):
            self._sealed[path.stem] = path.stat().st_size
            self._last = max(self._last, path.stem)

    def _require(self, name: str) -> _Segment:
        try:
            return self._open[name]
        except KeyError:
            raise NotFoundError("there is no open segment of that name") from None

    def _require_open(self) -> None:
        if self._closed:
            raise ClosedError("the journal is closed")

    def _file(self, name: str, suffix: str) -> Path:
        return self._path / (name + suffix)


def _cut(file: int, size: int) -> bool:
    """False if the disk refuses even that."""
    try:
        os.ftruncate(file, size)
    except OSError:
        return False
    return True


def _flush(file: int) -> None:
    """Bytes and size of ``file`` are on the medium when this returns."""
    if sys.platform == "darwin":  # its fsync stops at the drive's own cache
        fcntl.fcntl(file, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(file)


@contextmanager
def _driver_errors() -> Iterator[None]:
    """Say what an error of the file system means to the caller (J5, J7)."""
    try:
        yield
    except PermissionError as error:
        raise DeniedError("the folder of the journal may not be written") from error
    except OSError as error:
        if error.errno in _FULL:
            raise OverloadedError("the disk of the journal is full", retry_after=5.0) from error
        raise UnavailableError(f"the disk of the journal: {error.strerror}") from error


@asynccontextmanager
async def open_journal(config: LocalJournalConfig) -> AsyncIterator[Journal]:
    with _driver_errors():
        config.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(config.path / "lock"):
            folder = os.open(config.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            journal = LocalJournal(config, folder)
            try:
                await journal.recover()
                yield journal
            finally:
                await journal.close()
                os.close(folder)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time. The lock is the kernel's, so a killed process never holds it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 32, 0).decode() or "another process"
            raise ConfigError(
                f"the journal in {path.parent} is in use by process {holder}; "
                "give each ingest process a path of its own"
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(file)


ADAPTER = Adapter(config=LocalJournalConfig, open=open_journal)
