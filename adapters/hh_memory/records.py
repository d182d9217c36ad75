"""The records port in memory: a unit is a list of writes that are replayed under one lock."""

import json
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from uuid import uuid4

from pydantic import Field

from hh_core.errors import ClosedError, ConflictError, RejectedError, UnavailableError
from hh_core.ports.records import Document, Record
from hh_core.registry import Adapter, AdapterConfig

_KIND = re.compile(r"[a-z0-9-]{1,64}")
_MAX_KEY_CHARACTERS = 256

Table = dict[tuple[str, str], Record]
Write = Callable[[Table], None]
"""One write of a unit; raises ``ConflictError`` without changing the table."""


class RecordsConfig(AdapterConfig):
    name: str = Field(default_factory=lambda: uuid4().hex)
    """Databases of one name share their records, also after closing and opening again."""


class Backend:
    """What databases of one name share; ``lock`` guards ``table``."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.table: Table = {}
        self.away = False


_BACKENDS: dict[str, Backend] = {}


class MemoryUnit:
    """Sees what others have finished, and its own writes on top."""

    def __init__(self, records: "MemoryRecords") -> None:
        self.records = records
        self.writes: list[Write] = []

    async def get(self, kind: str, keys: Sequence[str]) -> Sequence[Record]:
        self._check(kind, *keys)
        table = self.table()
        return [_copy(table[kind, key]) for key in dict.fromkeys(keys) if (kind, key) in table]

    async def put(self, kind: str, key: str, value: Document, *, expect: int | None = None) -> None:
        self._check(kind, key)
        frozen = _frozen(value)

        def write(table: Table) -> None:
            version = table[kind, key].version if (kind, key) in table else 0
            if expect is not None and version != expect:
                raise ConflictError("another version of the record is there")
            table[kind, key] = Record(kind, key, frozen, version + 1)

        self.write(write)

    async def merge(self, kind: str, values: Mapping[str, Document]) -> None:
        self._check(kind, *values)
        frozen = {key: _frozen(value) for key, value in values.items()}

        def write(table: Table) -> None:
            for key, fields in frozen.items():
                present = table.get((kind, key), Record(kind, key, {}, 0))
                merged = {**present.value, **fields}
                table[kind, key] = Record(kind, key, merged, present.version + 1)

        self.write(write)

    async def delete(self, kind: str, keys: Sequence[str]) -> None:
        self._check(kind, *keys)

        def write(table: Table) -> None:
            for key in keys:
                table.pop((kind, key), None)

        self.write(write)

    async def find(
        self,
        kind: str,
        *,
        prefix: str = "",
        after: str = "",
        limit: int = 1000,
        where: Document | None = None,
    ) -> Sequence[Record]:
        self._check(kind)
        found = [
            record
            for record in self.table().values()
            if record.kind == kind
            and record.key.startswith(prefix)
            and record.key > after
            and _matches(record.value, where or {})
        ]
        return [_copy(record) for record in sorted(found, key=lambda record: record.key)[:limit]]

    def write(self, write: Write) -> None:
        """Note a write; a conflict that is there already is raised at once."""
        write(self.table())
        self.writes.append(write)

    def table(self) -> Table:
        with self.records.backend.lock:
            table = dict(self.records.backend.table)
        for write in self.writes:
            write(table)
        return table

    def commit(self) -> None:
        """Replay all writes on what is there now, or raise and change nothing."""
        self.records.check()
        with self.records.backend.lock:
            table = dict(self.records.backend.table)
            for write in self.writes:
                write(table)
            self.records.backend.table = table

    def _check(self, kind: str, *keys: str) -> None:
        self.records.check()
        if not _KIND.fullmatch(kind):
            raise RejectedError("not the name of a kind")
        for key in keys:
            if not 1 <= len(key) <= _MAX_KEY_CHARACTERS or "\0" in key:
                raise RejectedError("not a key of a record")


class MemoryRecords:
    """``outage`` and ``crash`` are faults for tests."""

    unit: type[MemoryUnit] = MemoryUnit

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._closed = False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[MemoryUnit]:
        self.check()
        unit = self.unit(self)
        yield unit
        unit.commit()

    async def ping(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise if this database is closed or its backend away."""
        if self._closed:
            raise ClosedError("the records are closed")
        if self.backend.away:
            raise UnavailableError("the records are away")

    def close(self) -> None:
        self._closed = True

    def crash(self) -> None:
        """End as a killed process does: units that have ended stay."""
        self.close()

    @contextmanager
    def outage(self) -> Iterator[None]:
        self.backend.away = True
        try:
            yield
        finally:
            self.backend.away = False


def _frozen(value: Document) -> dict[str, Any]:
    """A copy that later changes by the caller cannot reach. Raises ``RejectedError``."""
    try:
        copy = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise RejectedError("the value is not a JSON object") from error
    if not isinstance(copy, dict):
        raise RejectedError("the value is not a JSON object")
    return copy


def _copy(record: Record) -> Record:
    return Record(record.kind, record.key, _frozen(record.value), record.version)


def _matches(value: Document, where: Document) -> bool:
    return all(_same(value.get(field), wanted) for field, wanted in where.items())


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: ``true`` is not 1, but 1 is 1.0."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


@asynccontextmanager
async def open_records(
    config: RecordsConfig, kind: type[MemoryRecords] = MemoryRecords
) -> AsyncIterator[MemoryRecords]:
    """``kind`` lets a test open a database with a fault of its own."""
    records = kind(_BACKENDS.setdefault(config.name, Backend()))
    try:
        yield records
    finally:
        records.close()


ADAPTER = Adapter(config=RecordsConfig, open=open_records)
