"""The records port on PostgreSQL: one table of JSON documents, a unit of work is a transaction."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson

from hh_core.errors import ClosedError, ConflictError, PortError, RejectedError
from hh_core.ports.records import Document, Record, Records, UnitOfWork
from hh_core.registry import Adapter
from hh_postgres.connection import PostgresConfig, connected, driver_errors
from hh_postgres.migrate import migrate

_KIND = re.compile(r"[a-z0-9-]{1,64}")
_MAX_KEY = 256
_LAST_CHARACTER = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_PING_SECONDS = 1.0

_GET = "select kind, key, value, version from records where kind = $1 and key = any($2::text[])"
_PUT = """
insert into records as r (kind, key, value, version) values ($1, $2, $3, 1)
on conflict (kind, key) do update set value = excluded.value, version = r.version + 1
"""
_PUT_NEW = """
insert into records (kind, key, value, version) values ($1, $2, $3, 1)
on conflict (kind, key) do nothing
"""
_PUT_ON = """
update records set value = $3, version = version + 1
where kind = $1 and key = $2 and version = $4
"""
_MERGE = """
insert into records as r (kind, key, value, version)
select $1, given.key, given.value, 1
from unnest($2::text[], $3::jsonb[]) as given (key, value)
on conflict (kind, key) do update set value = r.value || excluded.value, version = r.version + 1
"""
_DELETE = """
delete from records where kind = $1 and key in (
    select key from records where kind = $1 and key = any($2::text[]) order by key for update
)
"""
_FIND = """
select kind, key, value, version from records
where kind = $1 and key > $2 and key >= $3 and ($4::text is null or key < $4)
"""


class PostgresUnit:
    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._ended = False

    async def get(self, kind: str, keys: Sequence[str]) -> Sequence[Record]:
        _require_keys(kind, keys)
        return [Record(*row) for row in await self._fetch(_GET, kind, list(keys))]

    async def put(self, kind: str, key: str, value: Document, *, expect: int | None = None) -> None:
        _require_keys(kind, [key])
        given: list[Any] = [kind, key, _encoded(value)]
        if expect is None:
            await self._execute(_PUT, *given)
        elif expect == 0:
            _require_changed(await self._execute(_PUT_NEW, *given))
        else:
            _require_changed(await self._execute(_PUT_ON, *given, expect))

    async def merge(self, kind: str, values: Mapping[str, Document]) -> None:
        _require_keys(kind, values)
        keys = sorted(values)  # one order for all, or two merges could wait for each other
        if keys:
            await self._execute(_MERGE, kind, keys, [_encoded(values[key]) for key in keys])

    async def delete(self, kind: str, keys: Sequence[str]) -> None:
        _require_keys(kind, keys)
        await self._execute(_DELETE, kind, list(keys))

    async def find(
        self,
        kind: str,
        *,
        prefix: str = "",
        after: str = "",
        limit: int = 1000,
        where: Document | None = None,
    ) -> Sequence[Record]:
        _require_keys(kind, [key for key in (prefix, after) if key])
        query = _FIND
        given: list[Any] = [kind, after, prefix, _end(prefix)]
        for field, wanted in (where or {}).items():
            query += f"and coalesce(value -> ${len(given) + 1}, 'null') = ${len(given) + 2}\n"
            given += [_require_text(field), orjson.dumps(wanted)]
        query += f"order by key limit ${len(given) + 1}"
        return [Record(*row) for row in await self._fetch(query, *given, limit)]

    def end(self) -> None:
        self._ended = True

    async def _fetch(self, query: str, *given: Any) -> Sequence[Any]:
        self._require_open()
        with driver_errors():
            rows: Sequence[Any] = await self._connection.fetch(query, *given)
            return rows

    async def _execute(self, query: str, *given: Any) -> int:
        """How many rows were touched."""
        self._require_open()
        with driver_errors():
            tag: str = await self._connection.execute(query, *given)
            return int(tag.rpartition(" ")[2])

    def _require_open(self) -> None:
        if self._ended:
            raise ClosedError("the unit of work has ended")


class PostgresRecords:
    def __init__(self, pool: Any, config: PostgresConfig) -> None:
        self._pool = pool
        self._timeout = config.timeout_seconds
        self._closed = False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[UnitOfWork]:
        self._require_open()
        with driver_errors():
            connection = await self._pool.acquire(timeout=self._timeout)
        try:
            transaction = connection.transaction()
            with driver_errors():
                await transaction.start()
            unit = PostgresUnit(connection)
            try:
                yield unit
            except BaseException:
                unit.end()
                with suppress(PortError), driver_errors():
                    await transaction.rollback()
                raise
            unit.end()
            with driver_errors():
                await transaction.commit()
        finally:
            with suppress(PortError), driver_errors():
                await self._pool.release(connection)

    async def ping(self) -> None:
        self._require_open()
        with driver_errors():
            await self._pool.fetchval("select 1", timeout=_PING_SECONDS)

    def close(self) -> None:
        self._closed = True

    def _require_open(self) -> None:
        if self._closed:
            raise ClosedError("the records are closed")


def _encoded(value: Document) -> bytes:
    """As JSON. Raises ``RejectedError`` for what is not a finite JSON object."""
    try:
        data = orjson.dumps(dict(value))
    except (orjson.JSONEncodeError, TypeError) as error:
        raise RejectedError("a record's value must be a JSON object", code=422) from error
    if not _is_finite(value):  # orjson would write null
        raise RejectedError("a record's numbers must be finite", code=422)
    return data


def _is_finite(value: Any) -> bool:
    """Without recursion: orjson has bounded the depth already."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, float):
            if one - one != 0.0:
                return False
        elif isinstance(one, Mapping):
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
    return True


def _require_keys(kind: str, keys: Sequence[str] | Mapping[str, Any]) -> None:
    if not _KIND.fullmatch(kind):
        raise RejectedError("a record's kind must be a slug")
    for key in keys:
        if not 1 <= len(_require_text(key)) <= _MAX_KEY:
            raise RejectedError("a record's key must have 1 to 256 characters")


def _require_text(text: str) -> str:
    if "\0" in text or (not text.isascii() and any(ord(c) in _SURROGATES for c in text)):
        raise RejectedError("text of a record's key must be Unicode without NUL")
    return text


def _require_changed(rows: int) -> None:
    if rows == 0:
        raise ConflictError("the record has another version")


def _end(prefix: str) -> str | None:
    """The least text greater than all that start with ``prefix``; None if there is none."""
    while prefix:
        following = ord(prefix[-1]) + 1
        if following <= _LAST_CHARACTER:
            following = _SURROGATES.stop if following in _SURROGATES else following
            return prefix[:-1] + chr(following)
        prefix = prefix[:-1]
    return None


@asynccontextmanager
async def open_records(config: PostgresConfig) -> AsyncIterator[Records]:
    async with connected(config) as pool:
        with driver_errors():
            async with pool.acquire() as connection:
                await migrate(connection)
        records = PostgresRecords(pool, config)
        try:
            yield records
        finally:
            records.close()


ADAPTER = Adapter(config=PostgresConfig, open=open_records)
