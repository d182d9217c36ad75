"""A pool of connections to PostgreSQL, and what its errors mean to a caller."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
import orjson
from pydantic import Field, SecretStr

from hh_core.errors import (
    DeniedError,
    OverloadedError,
    PortError,
    RejectedError,
    UnavailableError,
)
from hh_core.registry import AdapterConfig

_DISCONNECTED = "the connection to PostgreSQL is lost"
_IDLE_SECONDS = 30.0
"""After which a connection that nobody used is closed: each is a process of the server, with some
megabytes and 36 open files, and one that a burst has made is not needed in the minutes after it."""


class PostgresConfig(AdapterConfig):
    """Settings of the records adapter ``postgres``."""

    host: str = "127.0.0.1"
    """Where the server is."""
    port: int = Field(default=5432, ge=1, le=65535)
    """Where it listens."""
    database: str = "postgres"
    """Must exist; the schema is made in it."""
    user: str
    """Who signs in."""
    password: SecretStr = SecretStr("")
    """Of the user."""
    ca_file: str = ""
    """Ask for TLS and trust this authority."""
    pool_size: int = Field(default=8, ge=2)
    """Units of work at a time; one more waits for ``timeout_seconds``."""
    timeout_seconds: float = Field(default=10.0, gt=0)
    """How long one statement, a lock or a free connection may take."""
    idle_unit_seconds: float = Field(default=60.0, gt=0)
    """A unit of work that does nothing for so long is ended by the server."""


@asynccontextmanager
async def connected(config: PostgresConfig) -> AsyncIterator[Any]:
    """A pool. Connections that broke are replaced when the next unit of work needs one."""
    with driver_errors():
        pool = await _create(config)
    try:
        yield pool
    finally:
        try:
            async with asyncio.timeout(config.timeout_seconds):
                await pool.close()
        except (TimeoutError, asyncpg.PostgresError, OSError):
            pool.terminate()


async def _create(config: PostgresConfig) -> Any:
    milliseconds = str(int(config.timeout_seconds * 1000))
    return await asyncpg.create_pool(
        host=config.host,
        port=config.port,
        database=config.database,
        user=config.user,
        password=config.password.get_secret_value(),
        ssl=ssl.create_default_context(cafile=config.ca_file) if config.ca_file else None,
        min_size=1,
        max_size=config.pool_size,
        max_inactive_connection_lifetime=_IDLE_SECONDS,
        timeout=config.timeout_seconds,
        command_timeout=config.timeout_seconds + 1,  # the server's own limit comes first
        init=_use_orjson,
        reset=_left_clean,
        server_settings={
            "application_name": "hh",
            "statement_timeout": milliseconds,
            "lock_timeout": milliseconds,
            "idle_in_transaction_session_timeout": str(int(config.idle_unit_seconds * 1000)),
        },
    )


async def _use_orjson(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda text: b"\x01" + text,  # callers encode: what cannot be is their error
        decoder=lambda data: orjson.loads(data[1:]),
        format="binary",
    )


async def _left_clean(_connection: Any) -> None:
    """A unit of work leaves nothing behind but an open transaction, which the driver ends itself:
    its statement for the rest (cursors, listeners, settings, session locks) would be a third of the
    time of a unit that reads one record."""


@contextmanager
def driver_errors() -> Iterator[None]:
    """Say what an error of PostgreSQL or its driver means to the caller (R7)."""
    try:
        yield
    except asyncpg.PostgresError as error:
        raise _refused(error) from error
    except asyncpg.InternalClientError as error:
        raise UnavailableError(_DISCONNECTED) from error
    except asyncpg.InterfaceError as error:
        if isinstance(error, ValueError):  # an argument that cannot be encoded
            raise RejectedError("PostgreSQL cannot store this value", code=422) from error
        raise UnavailableError(_DISCONNECTED) from error
    except (OSError, TimeoutError, EOFError) as error:
        raise UnavailableError(f"PostgreSQL does not answer: {type(error).__name__}") from error


def _refused(error: asyncpg.PostgresError) -> PortError:
    """By class of SQLSTATE; messages of the server may quote values, so they are not repeated."""
    state: str = getattr(error, "sqlstate", None) or ""
    what = f"PostgreSQL: {type(error).__name__} ({state})"
    match state[:2]:
        case "28":
            return DeniedError("PostgreSQL refused the credentials")
        case "42" if state == "42501":
            return DeniedError("the user may not do this in PostgreSQL")
        case "22" | "23":
            return RejectedError(what, code=422)
        case "53":
            return OverloadedError(what)
    return UnavailableError(what)
