"""The objects port on a local folder: one file per object, linked into place when it is whole."""

import asyncio
import errno
import os
import re
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import chain
from pathlib import Path
from uuid import uuid4

from hh_core.errors import (
    ClosedError,
    ConflictError,
    DeniedError,
    NotFoundError,
    OverloadedError,
    RejectedError,
    UnavailableError,
)
from hh_core.ports.objects import ObjectInfo, Objects
from hh_core.registry import Adapter, AdapterConfig

_KEY = re.compile(r"[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*")
_DOTS = re.compile(r"(^|/)\.+(/|$)")
_MAX_KEY_BYTES = 512

# Neither sign can stand in a key: a file ends in one, a name that is too long for the file system
# goes on in a folder that ends in the other. So "a" and "a/b" may both be objects.
_FILE, _LONG = "~", "+"
_PIECE = 200
_TEMPORARY = "temporary" + _LONG + _LONG
_RACES = 20


class LocalObjectsConfig(AdapterConfig):
    """Settings of the objects adapter ``local``."""

    path: Path
    """Folder of the objects. Several processes of one machine may share it."""
    min_free_bytes: int = 64 << 20
    """Refuse to write when the disk would have less room than this."""


class LocalObjects:
    def __init__(self, config: LocalObjectsConfig) -> None:
        self._root = config.path
        self._min_free = config.min_free_bytes
        self._closed = False

    async def put(self, key: str, data: bytes, *, replace: bool = False) -> None:
        self._check(key)
        await asyncio.to_thread(self._put, key, data, replace)

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        self._check(key)
        return await asyncio.to_thread(self._get, key, start, end)

    async def list(
        self, prefix: str, *, after: str = "", limit: int = 1000
    ) -> Sequence[ObjectInfo]:
        self._check()
        return await asyncio.to_thread(self._list, prefix, after, limit)

    async def delete(self, keys: Sequence[str]) -> None:
        self._check(*keys)
        await asyncio.to_thread(self._delete, keys)

    async def ping(self) -> None:
        self._check()
        with self._errors():
            self._require_folder()

    def close(self) -> None:
        self._closed = True

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """An object is missing only where the folder of all objects is there: else, for example
        while its disk is not mounted, the store is away."""
        with _driver_errors():
            try:
                yield
            except FileNotFoundError:
                self._require_folder()
                raise

    def _require_folder(self) -> None:
        if not (self._root / _TEMPORARY).is_dir():
            raise UnavailableError("the folder of the objects is not there")

    def _put(self, key: str, data: bytes, replace: bool) -> None:
        target = self._file(key)
        with self._errors():
            if target.exists() and not replace:
                _require_equal(target, data)
                _sync_folder(target.parent)  # whoever put it may not have come so far
                return
            self._require_room(len(data))
            temporary = self._root / _TEMPORARY / uuid4().hex
            try:
                _write(temporary, data)
                self._place(temporary, target, data, replace)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(temporary)

    def _place(self, temporary: Path, target: Path, data: bytes, replace: bool) -> None:
        """A delete may take the empty folder away between its making and the link: try again."""
        for attempt in range(_RACES):
            self._make_folders(target.parent)
            try:
                if replace:
                    os.replace(temporary, target)
                else:
                    os.link(temporary, target)
            except FileExistsError:
                _require_equal(target, data)
            except FileNotFoundError:
                if attempt == _RACES - 1:
                    raise
                continue
            _sync_folder(target.parent)
            return

    def _get(self, key: str, start: int, end: int | None) -> bytes:
        with self._errors(), open(self._file(key), "rb") as file:
            file.seek(start)
            return file.read() if end is None else file.read(max(0, end - start))

    def _list(self, prefix: str, after: str, limit: int) -> Sequence[ObjectInfo]:
        folder = prefix.rpartition("/")[0]
        if folder and not _KEY.fullmatch(folder):
            return []
        start = self._folder(folder), f"{folder}/" if folder else ""
        infos: list[ObjectInfo] = []
        with self._errors():
            for key in _keys(*start, prefix, after):
                if len(infos) >= limit:
                    break
                with suppress(FileNotFoundError):
                    infos.append(ObjectInfo(key, self._file(key).stat().st_size))
            if not infos:
                self._require_folder()
        return infos

    def _delete(self, keys: Sequence[str]) -> None:
        with self._errors():
            self._require_folder()
            folders = set()
            for key in keys:
                file = self._file(key)
                with suppress(FileNotFoundError):
                    os.unlink(file)
                    folders.add(file.parent)
            for folder in folders:
                self._remove_empty(folder)

    def _remove_empty(self, folder: Path) -> None:
        """A deleted object stays deleted after a crash; folders that hold nothing go too."""
        while folder != self._root:
            with suppress(FileNotFoundError):
                _sync_folder(folder)
            try:
                os.rmdir(folder)
            except OSError:
                return
            folder = folder.parent

    def _make_folders(self, folder: Path) -> None:
        missing = []
        while folder != self._root and not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for path in reversed(missing):
            with suppress(FileExistsError):
                os.mkdir(path)
            _sync_folder(path.parent)

    def _require_room(self, size: int) -> None:
        disk = os.statvfs(self._root)
        if disk.f_bavail * disk.f_frsize < size + self._min_free:
            raise OverloadedError("the disk of the object store is full", retry_after=5.0)

    def _file(self, key: str) -> Path:
        path = self._folder(key)
        return path.with_name(path.name + _FILE)

    def _folder(self, key: str) -> Path:
        """``key`` as a path, its long names cut into pieces."""
        path = self._root
        for name in filter(None, key.split("/")):
            pieces = [name[at : at + _PIECE] for at in range(0, len(name), _PIECE)]
            for piece in pieces[:-1]:
                path /= piece + _LONG
            path /= pieces[-1]
        return path

    def _check(self, *keys: str) -> None:
        if self._closed:
            raise ClosedError("the object store is closed")
        for key in keys:
            if len(key) > _MAX_KEY_BYTES or not _KEY.fullmatch(key) or _DOTS.search(key):
                raise RejectedError("not a key of an object: letters, digits, . _ = - and slashes")


def _keys(folder: Path, name: str, prefix: str, after: str) -> Iterator[str]:
    """Keys below ``folder``, whose keys start with ``name``, in order and one at a time: a page of
    a large folder reads its names, but enters only folders that hold keys of the page."""
    entries = _entries(folder)
    is_mixed = any(is_long for _, _, is_long in entries)
    if after.startswith(name) and not is_mixed:  # nothing before the part that follows can matter
        first = after[len(name) :].partition("/")[0]
        entries = entries[bisect_left(entries, (first,)) :]
    found = (_below(folder, name, adds, entry, prefix, after) for adds, entry, _ in entries)
    if is_mixed:  # these do not sort as their folders do
        yield from sorted(chain.from_iterable(found))
    else:
        yield from chain.from_iterable(found)


def _entries(folder: Path) -> list[tuple[str, str, bool]]:
    """What each entry adds to the keys below it, its name, and if it is part of a long name."""
    entries = []
    with suppress(FileNotFoundError), os.scandir(folder) as scan:
        for entry in scan:
            if entry.name.endswith(_FILE):
                entries.append((entry.name.removesuffix(_FILE), entry.name, False))
            elif entry.name.endswith(_LONG):
                if entry.name != _TEMPORARY:
                    entries.append((entry.name.removesuffix(_LONG), entry.name, True))
            else:
                entries.append((f"{entry.name}/", entry.name, False))
    return sorted(entries)


def _below(
    folder: Path, name: str, adds: str, entry: str, prefix: str, after: str
) -> Iterator[str]:
    key = name + adds
    if entry.endswith(_FILE):
        if key > after and key.startswith(prefix):
            yield key
    elif key >= after[: len(key)] and (key.startswith(prefix) or prefix.startswith(key)):
        yield from _keys(folder / entry, key, prefix, after)


def _write(path: Path, data: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
        os.fsync(file)
    finally:
        os.close(file)


def _require_equal(path: Path, data: bytes) -> None:
    if path.stat().st_size != len(data) or path.read_bytes() != data:
        raise ConflictError("the object exists with other bytes")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _driver_errors() -> Iterator[None]:
    """Say what an error of the file system means to the caller (O5)."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFoundError("there is no such object") from error
    except PermissionError as error:
        raise DeniedError("the folder of the objects may not be written") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise OverloadedError(
                "the disk of the object store is full", retry_after=5.0
            ) from error
        raise UnavailableError(f"the disk of the object store: {error.strerror}") from error


@asynccontextmanager
async def open_objects(config: LocalObjectsConfig) -> AsyncIterator[Objects]:
    with _driver_errors():
        temporary = config.path / _TEMPORARY
        temporary.mkdir(parents=True, exist_ok=True, mode=0o700)
        await asyncio.to_thread(_forget_unfinished, temporary)
    objects = LocalObjects(config)
    try:
        yield objects
    finally:
        objects.close()


def _forget_unfinished(folder: Path) -> None:
    """Files that a killed process left half written. Younger ones may be another process's."""
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < folder.stat().st_mtime - 3600:
                path.unlink()


ADAPTER = Adapter(config=LocalObjectsConfig, open=open_objects)
