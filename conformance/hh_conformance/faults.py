"""Faults that the suites inject: a port's own, where it is a double, and a failing disk."""

import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, NoReturn, Protocol, runtime_checkable
from unittest.mock import patch

_SYNCS = ("fsync", "fdatasync")
_WRITES = ("write", "writev", "pwrite", "pwritev", "posix_fallocate")


@runtime_checkable
class SupportsCrash(Protocol):
    """A port whose state lives in this process, so that no process can be killed to test it."""

    def crash(self) -> None:
        """Lose whatever a crash would lose; closing the port afterwards changes nothing."""


@runtime_checkable
class SupportsOutage(Protocol):
    def outage(self) -> AbstractContextManager[None]:
        """The backend is away for every port on it while the block runs."""
        ...


@runtime_checkable
class SupportsWipe(Protocol):
    def wipe(self) -> None:
        """The backend loses all it stored, and stays up."""


@runtime_checkable
class SupportsBrokenDisk(Protocol):
    def broken_disk(self) -> AbstractContextManager[None]:
        """Syncs fail while the block runs."""
        ...


@runtime_checkable
class SupportsFull(Protocol):
    def full(self) -> AbstractContextManager[None]:
        """There is no room for another byte while the block runs."""
        ...


@contextmanager
def broken_disk() -> Iterator[None]:
    """Every sync through ``os`` in this process fails with EIO while the block runs.

    Reaches adapters that look the functions up when they call them (``os.fsync(fd)``).
    """
    with _failing(_SYNCS, errno.EIO):
        yield


@contextmanager
def full_disk() -> Iterator[None]:
    """Every write through ``os`` in this process fails with ENOSPC while the block runs."""
    with _failing(_WRITES, errno.ENOSPC):
        yield


@contextmanager
def _failing(calls: tuple[str, ...], number: int) -> Iterator[None]:
    def fail(*args: Any, **kwargs: Any) -> NoReturn:
        raise OSError(number, os.strerror(number))

    with ExitStack() as patches:
        for name in calls:
            if hasattr(os, name):
                patches.enter_context(patch.object(os, name, fail))
        yield
