"""A few connections into the one engine of this process.

One connection does one thing at a time; several work side by side. Each remembers the database and
the settings it stands at, so that a client which always asks alike costs no extra statement.
"""

import re
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from hh_clickhouse.engine.body import DataFile
from hh_clickhouse.engine.failure import from_engine
from hh_clickhouse.engine.statement import Statement

_HOME = "home"
"""Where statements stand that name no database. Not ``default``: here that one lies over the
host's files, each of which is a table in it, so the account may not use it."""


@dataclass(frozen=True, slots=True)
class Answer:
    body: bytes
    read_rows: int
    read_bytes: int
    written_rows: int
    written_bytes: int
    elapsed_ns: int


@dataclass(slots=True)
class _Connection:
    raw: Any
    database: str = ""
    settings: dict[str, str] = field(default_factory=dict)


class Pool:
    """Thread-safe; ``run`` blocks while all connections are busy, so bound its callers."""

    def __init__(
        self,
        target: str,
        size: int,
        defaults: Mapping[str, str],
        of_reads: Mapping[str, str] | None = None,
    ) -> None:
        """``defaults``: settings of all statements; ``of_reads``: of those that only read."""
        import chdb  # here: half a gigabyte of code, and ``main`` first says what it shall not load

        self._defaults = dict(defaults)
        self._of_reads = {**defaults, **(of_reads or {})}
        self._idle = [_Connection(chdb.connect(target)) for _ in range(size)]
        self._all = list(self._idle)
        self._idle[0].raw.query(f"CREATE DATABASE IF NOT EXISTS {_HOME}")
        self._freed = threading.Condition()

    def run(self, statement: Statement) -> Answer:
        """Do it. Raises ``EngineError`` with ClickHouse's own code and text."""
        defaults = self._of_reads if statement.is_read else self._defaults
        wanted = {**defaults, **statement.settings}
        database = _HOME if statement.database in ("", "default") else statement.database
        connection = self._take(database, wanted)
        started = time.monotonic_ns()
        try:
            _adjust(connection, database, wanted)
            if statement.data is None:
                return _query(connection.raw, statement, started)
            return _insert(connection.raw, statement, statement.data, started)
        except UnicodeDecodeError as error:  # the engine's text quotes bytes of a row
            raise from_engine(error.object.decode("utf-8", "replace")) from error
        except RuntimeError as error:
            raise from_engine(str(error) or _lost(connection.raw)) from error
        finally:
            self._give(connection)

    def close(self) -> None:
        for connection in self._all:
            connection.raw.close()

    def _take(self, database: str, wanted: Mapping[str, str]) -> _Connection:
        with self._freed:
            self._freed.wait_for(lambda: self._idle)
            for place, connection in enumerate(self._idle):
                if connection.database == database and connection.settings == wanted:
                    return self._idle.pop(place)
            return self._idle.pop(0)

    def _give(self, connection: _Connection) -> None:
        with self._freed:
            self._idle.append(connection)
            self._freed.notify()


def _adjust(connection: _Connection, database: str, wanted: Mapping[str, str]) -> None:
    """Bring the connection to ``wanted``; what others had set goes back to its default."""
    if connection.database != database:
        connection.raw.query(f"USE {_quoted(database, '`')}")
        connection.database = database
    if connection.settings == wanted:
        return
    for name in connection.settings.keys() - wanted.keys():
        connection.raw.query(f"SET {name} = DEFAULT")
        del connection.settings[name]
    for name, value in wanted.items():
        if connection.settings.get(name) != value:
            connection.raw.query(f"SET {name} = {_quoted(value, chr(39))}")
            connection.settings[name] = value


def _lost(raw: Any) -> str:
    """The text of the last error that quotes bytes which are no text: with some releases of Python
    (3.11.2) the engine's package raises it empty."""
    found = raw.query(
        "SELECT format('Code: {}. DB::Exception: {}. ({})', toString(code),"
        " toValidUTF8(last_error_message), name) FROM system.errors"
        " WHERE NOT isValidUTF8(last_error_message) ORDER BY last_error_time DESC LIMIT 1",
        "TabSeparatedRaw",
    )
    return str(found.bytes().decode("utf-8", "replace").rstrip("\n"))


def _query(raw: Any, statement: Statement, started: int) -> Answer:
    result = raw.query(statement.sql, statement.format, params=dict(statement.parameters))
    return Answer(
        body=result.bytes(),
        read_rows=result.storage_rows_read(),
        read_bytes=result.storage_bytes_read(),
        written_rows=result.rows_written(),
        written_bytes=result.bytes_written(),
        elapsed_ns=time.monotonic_ns() - started,
    )


def _insert(raw: Any, statement: Statement, data: bytes | DataFile, started: int) -> Answer:
    """An INSERT that reads its data from a file, as the engine's own client does.

    Not ``send_insert``: that reports success when a constraint, a view or the disk refuses the
    rows. And not data behind the statement: the engine cuts it at the first semicolon.
    """
    head, settings, rest = re.split(r"(\sSETTINGS\s|$)", statement.sql, maxsplit=1, flags=re.I)
    with closing(data if isinstance(data, DataFile) else _as_file(data)) as file:
        source = f"FROM INFILE {_quoted(file.path, chr(39))}"
        result = raw.query(f"{head} {source}{settings}{rest} FORMAT {statement.format}")
    return Answer(
        body=b"",
        read_rows=result.rows_written(),
        read_bytes=file.size,
        written_rows=result.rows_written(),
        written_bytes=result.bytes_written(),
        elapsed_ns=time.monotonic_ns() - started,
    )


def _as_file(data: bytes) -> DataFile:
    file = DataFile()
    file.write(data)
    file.flush()
    return file


def _quoted(text: str, mark: str) -> str:
    return mark + text.replace("\\", "\\\\").replace(mark, "\\" + mark) + mark
