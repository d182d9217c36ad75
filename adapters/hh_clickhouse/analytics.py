"""The analytics port on ClickHouse, over its HTTP interface."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import zip_longest
from typing import Any, Literal, TypeVar, cast
from urllib.parse import urlsplit
from uuid import UUID

import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.query import QueryResult
from pydantic import Field, SecretStr

from hh_clickhouse import arrivals, arrow_columns, links
from hh_clickhouse.errors import driver_errors
from hh_clickhouse.migrate import migrate
from hh_clickhouse.newest import Fruitless, Probe, narrowed, probe
from hh_clickhouse.one_event import answer, asks_one, rows_of
from hh_clickhouse.parameters import chunks
from hh_clickhouse.places import (
    MOVABLE_COLUMNS,
    PLACE_COLUMNS,
    Incoming,
    chosen_ids,
    suspects,
)
from hh_clickhouse.query import (
    Compiled,
    compile_columns,
    compile_count,
    compile_select,
    compile_unmerged,
)
from hh_clickhouse.recount import recount
from hh_clickhouse.settled import SETTINGS, Run, Settled, Small, held, may_gain, settled
from hh_clickhouse.shared import Answers, shared
from hh_clickhouse.skipping import Hints, looked_up, matches
from hh_clickhouse.sources import names_few, require_listed
from hh_core.domain.identity import NIL
from hh_core.errors import ClosedError, ConfigError, OverloadedError, UnavailableError
from hh_core.ports.analytics import Analytics, Arrival, Column, Query, Relation, Row, Shared, Value
from hh_core.registry import Adapter, AdapterConfig
from hh_core.wire.columns import decode

_INSERT = {
    "async_insert": "0",
    "max_insert_threads": "1",
    "optimize_on_insert": "0",
    "materialize_skip_indexes_on_insert": "0",
}
"""The answer to an insert means that its rows are on the disk. Reads merge rows of one key anyway,
and merges make the indexes: doing either on insert too would double its cost."""
_RECOUNT = {**_INSERT, "prefer_column_name_to_alias": "1"}
"""Its steps carry one name from table to roll-up."""

_NOT_OFFERED = frozenset((46, 47, 115, 497))
"""UNKNOWN_FUNCTION, UNKNOWN_IDENTIFIER, UNKNOWN_SETTING, ACCESS_DENIED."""
_PIECE_BYTES = 256 * 1024
_SMALL_BYTES = 64 * 1024
"""Of an answer in columns: up to so many are laid out at once, more in a thread."""
_SILENT_SECONDS = 5.0
"""After each of these that a query takes, the server must at least answer a ping."""


AnswerT = TypeVar("AnswerT")


class ClickhouseConfig(AdapterConfig):
    url: str = "http://127.0.0.1:8123"
    """`http://host:port` or `https://host:port`."""
    user: str = "hh"
    """Who signs in."""
    password: SecretStr = SecretStr("")
    """Of the user."""
    database: str = Field(default="hh", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")
    """Created if it is not there."""
    plane: Literal["data", "control"]
    """Which tables: those with content references, or those of telemetry only."""
    retention_days: int = Field(default=30, gt=0)
    """Rows expire this long after their receipt."""
    max_query_seconds: float = Field(default=30.0, gt=0)
    """A query that takes longer is refused."""
    max_query_rows: int = Field(default=50_000_000, gt=0)
    """Rows that one query may read."""
    max_query_bytes: int = Field(default=1_000_000_000, gt=0)
    """Memory that one query may use."""
    max_result_rows: int = Field(default=1_000_000, gt=0)
    """A query that answers more is refused."""
    timeout_seconds: float = Field(default=60.0, gt=0)
    """For an answer of the server to begin."""


class ClickhouseAnalytics:
    """See ``hh_core.ports.analytics.Analytics``."""

    def __init__(
        self, client: AsyncClient, config: ClickhouseConfig, *, tells_parts: bool = False
    ) -> None:
        """``tells_parts``: the server answers ``held``."""
        self._client = client
        self._plane = config.plane
        self._closed = False
        self._hints = Hints()
        self._fruitless = Fruitless()
        self._moved = Fruitless()
        """Projects of which some event may have moved."""
        self._small = Small()
        self._tells_parts = tells_parts
        self._limits = {
            "max_execution_time": str(config.max_query_seconds),
            "max_rows_to_read": str(config.max_query_rows),
            "max_memory_usage": str(config.max_query_bytes),
            "max_result_rows": str(config.max_result_rows),
        }

    async def insert(self, relation: Relation, arrow: bytes) -> None:
        self._require_open()
        require_listed(relation)
        telemetry = relation is Relation.EVENTS and self._plane == "control"
        # Malformed rows must not reach half of the tables.
        table = await asyncio.to_thread(decode, relation, arrow, telemetry=telemetry)
        if not table.num_rows:
            return
        with driver_errors():
            if relation is Relation.SESSION_TRACES:
                await self._write(links.TABLE, *await asyncio.to_thread(links.both_ways, table))
                return
            if relation is Relation.EVENTS:
                await self._place(table)
            await self._write(relation.value, table.column_names, arrow)

    async def select(self, query: Query) -> Sequence[Row]:
        self._require_open()
        if asks_one(query):
            compiled = compile_unmerged(rows_of(query), self._plane)
            told = answer(query, compiled.rows((await self._ask(compiled)).result_rows))
            if told is not None:
                return told
        looking = probe(query, self._plane)
        if looking is not None and not self._fruitless.skips(looking.shape):
            part = narrowed(query, await self._probed(looking, looked_up(query)))
            rows = await self._selected(part) if part is not None else ()
            if len(rows) == query.limit:
                return rows
            self._fruitless.learn(looking.shape)
        return await self._selected(query)

    async def _settled(self, query: Query) -> Settled | None:
        """What is known of the hours of ``query``; None if nothing is, or nothing is settled."""
        text, parameters = held(query.project)
        limits = {**self._limits, "max_rows_to_read": "0"}  # those of the index count too
        try:
            with driver_errors():
                answer = await self._patiently(
                    self._client.query(text, parameters=parameters, settings=limits)
                )
        except OverloadedError:  # all can be merged without it
            return None
        return settled(query, cast(Iterable[tuple[str, Iterable[Run]]], answer.result_rows))

    async def _gathered(
        self, query: Query, compile_with: Callable[[Query, str, Settled | None], Compiled]
    ) -> tuple[Compiled, QueryResult]:
        """The statement that groups or counts what ``query`` asks for, and its answer. It is spared
        the merging of rows where that gains something."""
        is_indexed = self._hints.is_indexed(looked_up(query))
        gains = self._tells_parts and may_gain(query, self._plane, is_indexed=is_indexed)
        is_asked = gains and query not in self._small
        compiled = compile_with(
            query, self._plane, await self._settled(query) if is_asked else None
        )
        answer = await self._ask(compiled)
        if gains:
            self._small.learn(query, _rows_read(answer))
        return compiled, answer

    async def _probed(self, looking: Probe, asked: str) -> Sequence[Sequence[object]]:
        with driver_errors():
            answer = await self._patiently(
                self._client.query(
                    looking.with_settings(self._hints.of(asked)),
                    parameters=looking.parameters,
                    settings=dict(self._limits),
                )
            )
        return answer.result_rows

    async def _selected(self, query: Query) -> Sequence[Row]:
        if query.group_by or query.measures or query.bucket:
            compiled, answer = await self._gathered(query, compile_select)
        else:
            compiled = compile_select(query, self._plane)
            answer = await self._ask(compiled)
        found = answer.result_rows
        count, is_cut = matches(query, found)
        self._hints.learn(compiled.looked_up, count, _rows_read(answer), is_cut=is_cut)
        return compiled.rows(found)

    async def columns(self, query: Query) -> Sequence[Sequence[Value]]:
        self._require_open()
        asked = arrow_columns.unordered(query)
        if asked is not None:
            found = await self._unordered(asked, query)
            if len(found[0]) < query.limit:  # else the order says which rows are answered
                return found
        return await self._answer(compile_columns(query, self._plane), None)

    async def _unordered(self, asked: Query, order: Query) -> Sequence[Column]:
        """As ``_answer``. Of few ids it is tried first whether no event of the project has
        moved."""
        is_of_events = asked.relation is Relation.EVENTS and not asked.measures
        project = asked.project.hex
        if is_of_events and names_few(asked) and not self._moved.skips(project):
            compiled = compile_columns(asked, self._plane, is_unmoved=True)
            found = await self._answer(compiled, order)
            if len(found[0]):
                return found
            self._moved.learn(project)
        return await self._answer(compile_columns(asked, self._plane), order)

    async def _answer(self, compiled: Compiled, order: Query | None) -> Sequence[Column]:
        """The columns that the statement answers, in the order that is asked if it has none."""
        with driver_errors():
            stream = await self._patiently(
                self._client.raw_query(
                    compiled.with_settings(*arrow_columns.SETTINGS),
                    parameters=compiled.parameters,
                    settings=self._limits | arrow_columns.DRIVER_OPTIONS,
                    fmt=arrow_columns.FORMAT,
                )
            )
            if len(stream) < _SMALL_BYTES:
                return arrow_columns.answered(stream, compiled.versions, order)
            return await asyncio.to_thread(arrow_columns.answered, stream, compiled.versions, order)

    async def count(self, query: Query) -> int:
        self._require_open()
        compiled, answer = await self._gathered(query, compile_count)
        found = int(str(answer.result_rows[0][0]))
        if not query.group_by:
            self._hints.learn(compiled.looked_up, found, _rows_read(answer))
        return found

    async def recount(self, project: UUID, sessions: Collection[UUID]) -> None:
        self._require_open()
        for part in chunks(sorted({session.bytes for session in sessions})):
            text, parameters = recount(project, part, self._plane)
            with driver_errors():
                await self._client.command(text, parameters=parameters, settings=dict(_RECOUNT))

    async def shared(
        self, project: UUID, mark: int, sessions: Collection[UUID], traces: Collection[bytes]
    ) -> Shared:
        self._require_open()
        wanted = chunks(sorted({session.bytes for session in sessions}))
        asked = chunks(sorted(set(traces)))
        answers = Answers()
        for some, others in zip_longest(wanted, asked, fillvalue=()):
            text, parameters = shared(project, mark, some, others)
            with driver_errors():
                answer = await self._client.query(text, parameters=parameters)
            answers.add(answer.result_rows, some, others)
        return answers.shared()

    async def has_chosen_ids(self, project: UUID) -> bool:
        self._require_open()
        text, parameters = chosen_ids(project)
        with driver_errors():
            return bool((await self._client.query(text, parameters=parameters)).result_rows)

    async def arrived(self, project: UUID, since_ms: int, limit: int) -> Sequence[Arrival]:
        self._require_open()
        text, parameters = arrivals.arrived(project, since_ms, limit)
        with driver_errors():
            answer = await self._patiently(
                self._client.query(text, parameters=parameters, settings=dict(self._limits))
            )
        return arrivals.arrivals(answer.result_rows)

    async def is_empty(self) -> bool:
        self._require_open()
        with driver_errors():
            return int(str(await self._client.command("SELECT count() FROM events"))) == 0

    async def clock(self) -> int:
        self._require_open()
        with driver_errors():
            return int(str(await self._client.command("SELECT toUnixTimestamp64Nano(now64(9))")))

    async def ping(self) -> None:
        self._require_open()
        with driver_errors():
            if not await self._client.ping(timeout=3):
                raise UnavailableError("ClickHouse does not answer")

    def close(self) -> None:
        """What comes later is refused with ``ClosedError``."""
        self._closed = True

    async def _place(self, table: Any) -> None:
        """Before the rows are there: two writers of one event each see the other's place."""
        incoming = await asyncio.to_thread(Incoming, table)
        await self._write("places", PLACE_COLUMNS, incoming.places())
        text, parameters = suspects(incoming.traces())
        answer = await self._client.query(text, parameters=parameters)
        suspected = {(project, trace) for project, trace in answer.result_rows}
        looked_up, marks = await asyncio.to_thread(incoming.movable, suspected)
        if marks is not None:
            await self._write("places", PLACE_COLUMNS, marks)
        if looked_up is not None:
            await self._write("movable_events", MOVABLE_COLUMNS, looked_up)

    async def _write(self, table: str, columns: Sequence[str], arrow: bytes) -> None:
        body = arrow if len(arrow) <= _PIECE_BYTES else _pieces(arrow)
        await self._client.raw_insert(
            table, columns, body, settings=dict(_INSERT), fmt="ArrowStream"
        )

    async def _ask(self, compiled: Compiled) -> QueryResult:
        self._require_open()
        with driver_errors():
            return await self._patiently(
                self._client.query(
                    compiled.with_settings(self._hints.of(compiled.looked_up)),
                    parameters=compiled.parameters,
                    settings=dict(self._limits),
                )
            )

    async def _patiently(self, question: Coroutine[Any, Any, AnswerT]) -> AnswerT:
        """Wait for the answer as long as the server is alive."""
        asking = asyncio.ensure_future(question)
        try:
            while not asking.done():
                await asyncio.wait((asking,), timeout=_SILENT_SECONDS)
                if not asking.done():
                    await self.ping()
        finally:
            asking.cancel()
        return asking.result()

    def _require_open(self) -> None:
        if self._closed:
            raise ClosedError("the analytics port is closed")


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    """A body for the driver that waits for what was sent before it sends more: the event loop
    moves all that it holds back each time that the socket takes a little."""
    for start in range(0, len(data), _PIECE_BYTES):
        yield data[start : start + _PIECE_BYTES]


@asynccontextmanager
async def open_analytics(config: ClickhouseConfig) -> AsyncIterator[Analytics]:
    """Connect, create the database if it is not there, and migrate it."""
    with driver_errors():
        client = await _connect(config)
    try:
        with driver_errors():
            await _prepare(client, config)
            tells_parts = await _tells_parts(client)
        analytics = ClickhouseAnalytics(client, config, tells_parts=tells_parts)
        try:
            yield analytics
        finally:
            analytics.close()
    finally:
        await client.close()


async def _connect(config: ClickhouseConfig) -> AsyncClient:
    url = urlsplit(config.url)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ConfigError("url must begin with http:// or https:// and name a host")
    return await clickhouse_connect.get_async_client(
        interface=url.scheme,
        host=url.hostname,
        port=url.port or (8443 if url.scheme == "https" else 8123),
        username=config.user,
        password=config.password.get_secret_value(),
        database="default",
        compress=False,
        send_receive_timeout=config.timeout_seconds,
        autogenerate_session_id=False,
        show_clickhouse_errors="scrub",
    )


async def _prepare(client: AsyncClient, config: ClickhouseConfig) -> None:
    await client.command(f"CREATE DATABASE IF NOT EXISTS {config.database}")
    client.database = config.database

    async def ask(text: str) -> Sequence[Sequence[object]]:
        return (await client.query(text)).result_rows

    await migrate(config.plane, config.retention_days, client.command, ask)


def _rows_read(answer: QueryResult) -> int:
    return int(str((answer.summary or {}).get("read_rows", 0)))


async def _tells_parts(client: AsyncClient) -> bool:
    """Whether the server can say which hours its parts hold, and lets us ask."""
    text, parameters = held(NIL)
    try:
        await client.query(f"{text} SETTINGS {', '.join(SETTINGS)}", parameters=parameters)
    except DatabaseError as error:
        if getattr(error, "code", None) in _NOT_OFFERED:
            return False
        raise
    return True


ADAPTER = Adapter(config=ClickhouseConfig, open=open_analytics)
