"""One connection to NATS that comes back for ever, and what NATS errors mean to a caller."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from ssl import create_default_context

from nats.aio.client import Client
from nats.errors import (
    AuthorizationError,
    ConnectionClosedError,
    Error,
    MaxPayloadError,
    OutboundBufferLimitError,
)
from nats.js.errors import APIError
from pydantic import Field, SecretStr

from hh_core.errors import (
    ClosedError,
    DeniedError,
    OverloadedError,
    RejectedError,
    UnavailableError,
)
from hh_core.registry import AdapterConfig

log = logging.getLogger(__name__)

_RECONNECT_SECONDS = 0.25
_PING_SECONDS = 15
"""After two of them without an answer the connection counts as lost."""

# Codes of JetStream: https://github.com/nats-io/nats-server/blob/main/server/errors.json
_FULL = {10023, 10028, 10047, 10077}  # resources, memory, storage, stream limits
_TOO_LARGE = 10054


class NatsConfig(AdapterConfig):
    """Settings of the queue adapter ``nats``."""

    servers: tuple[str, ...] = Field(min_length=1)
    """``nats://host:port``, several for a cluster. ``tls://`` asks for TLS."""
    user: str = ""
    """Who signs in."""
    password: SecretStr = SecretStr("")
    """Of the user."""
    ca_file: str = ""
    """Trust this authority instead of the system's."""
    prefix: str = Field(default="", pattern=r"^[a-z0-9-]{0,64}$")
    """Put before stream names and subjects, so that several platforms can share a server."""
    replicas: int = Field(default=1, ge=1, le=5)
    """Copies of each stream that a cluster keeps."""
    timeout_seconds: float = Field(default=5.0, gt=0)
    """How long an answer of the server may take."""


class Connection:
    """Hands out the driver's client while it is connected, and says when it was lost.

    The driver reconnects by itself, except after an error line from the server, when it closes for
    good: then the next call of ``client`` opens a new one. ``epoch`` grows with every connection.
    """

    def __init__(self, config: NatsConfig) -> None:
        self.config = config
        self.epoch = 0
        self.listeners: set[Callable[[], None]] = set()
        """Called when the connection is lost, found again or closed."""
        self._client = Client()
        self._opening = asyncio.Lock()
        self._closed = False

    async def client(self) -> Client:
        """The connected client. Raises at once: ``UnavailableError`` while there is none."""
        self.require_open()
        if self._client.is_closed:
            async with self._opening:
                if self._client.is_closed:
                    await self.open()
        if not self._client.is_connected:
            raise UnavailableError("the connection to NATS is lost")
        return self._client

    @asynccontextmanager
    async def while_connected(self) -> AsyncIterator[None]:
        """Give the block up (``TimeoutError``) when the connection is lost: no answer comes."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as limit:

            def give_up() -> None:
                if not limit.expired():
                    limit.reschedule(loop.time())

            self.listeners.add(give_up)
            try:
                yield
            finally:
                self.listeners.discard(give_up)

    def require_open(self) -> None:
        if self._closed:
            raise ClosedError("the queue is closed")

    async def open(self) -> None:
        """Connect within ``timeout_seconds``, or raise."""
        self._client = client = Client()
        seen: list[Exception] = []
        try:
            with driver_errors():
                async with asyncio.timeout(self.config.timeout_seconds):
                    await self._connect(client, seen)
        except UnavailableError as error:
            await client.close()
            if any("authorization violation" in str(reason).lower() for reason in seen):
                raise DeniedError("NATS refused the credentials") from error
            raise
        self._connected()

    async def close(self) -> None:
        self._closed = True
        self._tell()
        with driver_errors():
            await self._client.close()

    async def _connect(self, client: Client, seen: list[Exception]) -> None:
        async def note(error: Exception) -> None:
            del seen[:-8]
            seen.append(error)
            log.debug("NATS: %s", type(error).__name__)

        async def lost() -> None:
            self._tell()

        async def found() -> None:
            self._connected()

        secret = self.config.password.get_secret_value()
        await client.connect(
            list(self.config.servers),
            user=self.config.user or None,
            password=secret or None,
            tls=create_default_context(cafile=self.config.ca_file) if self.config.ca_file else None,
            error_cb=note,
            disconnected_cb=lost,
            closed_cb=lost,
            reconnected_cb=found,
            max_reconnect_attempts=-1,
            ping_interval=_PING_SECONDS,
            reconnect_time_wait=_RECONNECT_SECONDS,  # type: ignore[arg-type]  # only slept for
        )

    def _connected(self) -> None:
        self.epoch += 1
        self._tell()

    def _tell(self) -> None:
        for listener in tuple(self.listeners):
            listener()


@asynccontextmanager
async def connected(config: NatsConfig) -> AsyncIterator[Connection]:
    connection = Connection(config)
    await connection.open()
    try:
        yield connection
    finally:
        await connection.close()


@contextmanager
def driver_errors() -> Iterator[None]:
    """Say what a NATS error means to the caller (Q5)."""
    try:
        yield
    except AuthorizationError as error:
        raise DeniedError("NATS refused the credentials") from error
    except MaxPayloadError as error:
        raise RejectedError("the message is larger than NATS allows", code=413) from error
    except OutboundBufferLimitError as error:
        raise OverloadedError("NATS takes messages more slowly than we publish") from error
    except APIError as error:
        raise _refused(error) from error
    except ConnectionClosedError as error:
        raise UnavailableError("the connection to NATS is closed") from error
    except (Error, OSError, TimeoutError) as error:
        raise UnavailableError(f"NATS: {type(error).__name__}") from error


def is_full(error: APIError) -> bool:
    return error.err_code in _FULL


def _refused(error: APIError) -> UnavailableError | RejectedError:
    if is_full(error):
        return OverloadedError(f"the stream is full: {error.description}")
    if error.err_code == _TOO_LARGE:
        return RejectedError("the message is larger than its stream allows", code=413)
    return UnavailableError(f"NATS: {error.description}")
