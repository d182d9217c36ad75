"""The objects port in memory: a dictionary that outlives the port."""

import re
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from uuid import uuid4

from pydantic import Field

from hh_core.errors import (
    ClosedError,
    ConflictError,
    NotFoundError,
    OverloadedError,
    RejectedError,
    UnavailableError,
)
from hh_core.ports.objects import ObjectInfo
from hh_core.registry import Adapter, AdapterConfig

_KEY = re.compile(r"[A-Za-z0-9._=-]+(/[A-Za-z0-9._=-]+)*")
_DOTS = re.compile(r"(^|/)\.+(/|$)")
_MAX_KEY_BYTES = 512


class ObjectsConfig(AdapterConfig):
    name: str = Field(default_factory=lambda: uuid4().hex)
    """Stores of one name share their objects, also after closing and opening again."""
    max_bytes: int = 1 << 30
    """Bytes of all objects together."""


class Backend:
    """What stores of one name share; ``lock`` guards ``objects``."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.objects: dict[str, bytes] = {}
        self.away = False
        self.full = False


_BACKENDS: dict[str, Backend] = {}


class MemoryObjects:
    """``outage``, ``full`` and ``crash`` are faults for tests."""

    def __init__(self, backend: Backend, max_bytes: int) -> None:
        self.backend = backend
        self._max_bytes = max_bytes
        self._closed = False

    async def put(self, key: str, data: bytes, *, replace: bool = False) -> None:
        self._check(key)
        with self.backend.lock:
            present = self.backend.objects.get(key)
            if present is not None and not replace:
                if present != data:
                    raise ConflictError("the object exists with other bytes")
                return
            self._make_room(len(data) - len(present or b""))
            self.backend.objects[key] = bytes(data)

    async def get(self, key: str, *, start: int = 0, end: int | None = None) -> bytes:
        self._check(key)
        with self.backend.lock:
            try:
                return self.backend.objects[key][start:end]
            except KeyError as error:
                raise NotFoundError("there is no such object") from error

    async def list(
        self, prefix: str, *, after: str = "", limit: int = 1000
    ) -> Sequence[ObjectInfo]:
        self._check()
        with self.backend.lock:
            found = [
                ObjectInfo(key, len(data))
                for key, data in self.backend.objects.items()
                if key.startswith(prefix) and key > after
            ]
        return sorted(found, key=lambda info: info.key)[:limit]

    async def delete(self, keys: Sequence[str]) -> None:
        self._check(*keys)
        with self.backend.lock:
            for key in keys:
                self.backend.objects.pop(key, None)

    async def ping(self) -> None:
        self._check()

    def close(self) -> None:
        self._closed = True

    def crash(self) -> None:
        """End as a killed process does: what was put stays."""
        self.close()

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.backend.away = True
        try:
            yield
        finally:
            self.backend.away = False

    @contextmanager
    def full(self) -> Iterator[None]:
        self.backend.full = True
        try:
            yield
        finally:
            self.backend.full = False

    def _make_room(self, growth: int) -> None:
        size = sum(map(len, self.backend.objects.values()))
        if self.backend.full or size + growth > self._max_bytes:
            raise OverloadedError("the object store is full")

    def _check(self, *keys: str) -> None:
        if self._closed:
            raise ClosedError("the object store is closed")
        if self.backend.away:
            raise UnavailableError("the object store is away")
        for key in keys:
            if len(key) > _MAX_KEY_BYTES or not _KEY.fullmatch(key) or _DOTS.search(key):
                raise RejectedError("not a key of an object")


@asynccontextmanager
async def open_objects(
    config: ObjectsConfig, kind: type[MemoryObjects] = MemoryObjects
) -> AsyncIterator[MemoryObjects]:
    """``kind`` lets a test open a store with a fault of its own."""
    objects = kind(_BACKENDS.setdefault(config.name, Backend()), config.max_bytes)
    try:
        yield objects
    finally:
        objects.close()


ADAPTER = Adapter(config=ObjectsConfig, open=open_objects)
