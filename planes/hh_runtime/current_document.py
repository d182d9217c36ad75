"""The access document as it stands on the disk now, read again when it changes."""

import logging
from collections.abc import Callable
from pathlib import Path

from hh_core.errors import ConfigError
from hh_runtime.access_document import AccessDocument, read_document

log = logging.getLogger(__name__)

_LOOK_AGAIN_SECONDS = 5.0


class CurrentDocument:
    """Raises ``ConfigError`` if there is no readable document at first, unless it is still to come
    from a control plane (``awaited``): until then nobody is let in. One that cannot be read later
    leaves the last good one in force."""

    def __init__(self, path: Path, *, awaited: bool = False, clock: Callable[[], float]) -> None:
        self._path = path
        self._clock = clock
        self._look_again: float | None = None
        self._stamp = self._current_stamp()
        is_to_come = awaited and self._stamp is None
        empty = AccessDocument(keys={}, projects={})
        self._document = empty if is_to_come else read_document(path)

    def __call__(self) -> AccessDocument:
        """The same object for as long as nothing changes."""
        stamp = self._current_stamp()
        if stamp is not None and (stamp != self._stamp or self._is_time_to_look_again()):
            self._read_again(stamp)
        return self._document

    def _is_time_to_look_again(self) -> bool:
        return self._look_again is not None and self._clock() >= self._look_again

    def _read_again(self, stamp: tuple[int, int, int]) -> None:
        self._stamp, self._look_again = stamp, None
        try:
            self._document = read_document(self._path, self._document)
        except ConfigError as error:
            self._look_again = self._clock() + _LOOK_AGAIN_SECONDS
            log.error("the access document cannot be read; the last good one holds: %s", error)

    def _current_stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
