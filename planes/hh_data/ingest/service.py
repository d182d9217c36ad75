"""Ingest as a part of a process: its listeners, and the order in which everything ends."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from uuid import uuid4

import grpc
from prometheus_client import REGISTRY, CollectorRegistry

from hh_core.errors import ConfigError
from hh_core.usecases.rest_writes import RestWrites
from hh_core.wire.otlp_protobuf import require_upb
from hh_data.ingest.browsers import Browsers
from hh_data.ingest.http_server import Front, public_server
from hh_data.ingest.internal import internal_app
from hh_data.ingest.metrics import Counts
from hh_data.ingest.otlp_grpc import OtlpGrpc, grpc_listening
from hh_data.ingest.otlp_http import OtlpHttp
from hh_data.ingest.proxy import Proxy, open_proxy
from hh_data.ingest.rest import Rest
from hh_data.ingest.settings import IngestPorts, IngestSettings
from hh_data.ingest.write_path import WritePath, open_write_path
from hh_runtime.access import Access
from hh_runtime.http import listening
from hh_runtime.metrics import exposed
from hh_runtime.net import Address
from hh_runtime.public_http import PublicServer


class Ingest:
    """Listens from the moment it is open; ``run`` must be running for anybody to be answered."""

    def __init__(
        self, path: WritePath, http: Address, grpc_address: Address, listeners: AsyncExitStack
    ) -> None:
        self.path = path
        self.http = http
        """Where OTLP/HTTP and REST are really served (port 0 picks one)."""
        self.grpc = grpc_address
        self._listeners = listeners

    async def run(self, stopping: asyncio.Event) -> None:
        """A ``hh_runtime.serve.Service``: until ``stopping`` is set, then stop accepting, answer
        what is in flight, seal, ship, and return."""
        drained = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.path.run(drained))
            await stopping.wait()
            await self._listeners.aclose()
            self.path.admission.close()
            drained.set()


@asynccontextmanager
async def open_ingest(
    ports: IngestPorts, settings: IngestSettings, *, registry: CollectorRegistry = REGISTRY
) -> AsyncIterator[Ingest]:
    """Everything ingest needs, listening. Raises ``ConfigError`` (``PortTakenError``), or what the
    journal raises."""
    require_upb()
    access = Access(settings.keys, awaited=settings.keys_awaited)
    path = await open_write_path(ports, settings)
    counts = Counts()
    async with AsyncExitStack() as listeners:
        proxy = await listeners.enter_async_context(open_proxy(settings.api, access))
        front = _front(path, access, settings, counts, proxy)
        server = public_server(front, settings.max_strangers)
        listeners.enter_context(_exposed(path, counts, server, registry))
        inside = listening(
            internal_app(path.positions, access, counts), settings.internal, drain_seconds=1.0
        )
        await listeners.enter_async_context(inside)
        outside = listening(
            server,
            settings.http,
            drain_seconds=settings.drain_seconds,
            tls=_http_tls(settings),
        )
        http = await listeners.enter_async_context(outside)
        service = OtlpGrpc(
            path.receiver, path.admission, access, settings.grpc_limits, counts, settings.refused
        )
        calls = grpc_listening(
            service,
            settings.grpc,
            max_bytes=settings.max_grpc_bytes,
            drain_seconds=settings.drain_seconds,
            tls=_grpc_tls(settings),
        )
        yield Ingest(path, http, await listeners.enter_async_context(calls), listeners)


def _front(
    path: WritePath, access: Access, settings: IngestSettings, counts: Counts, proxy: Proxy
) -> Front:
    writes = RestWrites(
        name_key=settings.name_key,
        now_ms=lambda: time.time_ns() // 1_000_000,
        new_id=uuid4,
        max_events=settings.max_events,
    )
    limits = settings.http_limits
    return Front(
        OtlpHttp(path.receiver, path.admission, access, limits, counts, settings.refused),
        Rest(writes, path.receiver, path.admission, access, settings.rest_limits, counts),
        proxy,
        Browsers(settings.origins),
    )


def _exposed(
    path: WritePath, counts: Counts, server: PublicServer, registry: CollectorRegistry
) -> AbstractContextManager[None]:
    totals = {
        "http_answers": counts.http,
        "grpc_answers": counts.grpc,
        "rest_answers": counts.rest,
        "spans": counts.spans,
        "log_records": counts.log_records,
        "data_points": counts.data_points,
        "body_bytes": counts.body_bytes,
    }
    levels = {
        "in_flight_bytes": lambda: path.admission.bytes,
        "in_flight_requests": lambda: path.admission.requests,
        "refused": lambda: path.admission.refused,
        "malformed_requests": lambda: server.malformed,
        "turned_away_connections": lambda: server.turned_away,
        "journal_only_segments": lambda: path.ship.waiting,
        "untold_segments": lambda: path.ship.untold,
        "pending_segments": lambda: len(path.positions),
    }
    return exposed("hh_ingest", totals, levels, registry=registry)


def _http_tls(settings: IngestSettings) -> ssl.SSLContext | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError("[listen] tls_certificate and tls_key cannot be read") from error
    return context


def _grpc_tls(settings: IngestSettings) -> grpc.ServerCredentials | None:
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    try:
        pair = (settings.tls_key.read_bytes(), settings.tls_certificate.read_bytes())
    except OSError as error:
        raise ConfigError("[listen] tls_certificate and tls_key cannot be read") from error
    return grpc.ssl_server_credentials([pair])
