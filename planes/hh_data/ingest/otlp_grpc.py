"""OTLP/gRPC: a service for each signal, on raw bytes, so that a body is journalled as it came."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import grpc

from hh_core.domain.segments import ContentType, Encoding, RecordKind
from hh_core.errors import ConfigError, RejectedError
from hh_core.usecases.admission import Admission
from hh_core.usecases.receive import Receiver, Writer
from hh_core.wire.otlp import Checked, Limits
from hh_data.ingest import bodies
from hh_data.ingest.answers import refusal_of
from hh_data.ingest.metrics import Counts
from hh_data.ingest.signals import SIGNALS, Signal
from hh_runtime.access import PROJECT_HEADER, Access
from hh_runtime.net import Address, require_free

_RULES = {signal.kind: signal.operations[f"/v1/{signal.name}"] for signal in SIGNALS}


class OtlpGrpc:
    def __init__(
        self,
        receiver: Receiver,
        admission: Admission,
        access: Access,
        limits: Limits,
        counts: Counts,
        refused: frozenset[RecordKind] = frozenset(),
    ) -> None:
        """``refused``: signals that this data plane does not take."""
        self._receiver = receiver
        self._admission = admission
        self._access = access
        self._limits = limits
        self._counts = counts
        self._refused = refused

    async def export(self, signal: Signal, _: AsyncIterator[bytes], context: Any) -> bytes:
        """Unary for the client; here a stream, so that the key is checked before the body is
        read."""
        if signal.kind in self._refused:
            await self._refuse(context, signal)
        try:
            checked = await self._taken(signal, context)
        except Exception as error:
            await self._abort(context, error)
        self._counts.grpc["OK"] += 1
        return signal.answer(checked).SerializeToString()

    async def _taken(self, signal: Signal, context: Any) -> Checked:
        metadata = dict(context.invocation_metadata())
        principal = self._access.permit_write(
            metadata.get("authorization"), _RULES[signal.kind], metadata.get(PROJECT_HEADER.lower())
        )
        with self._admission.admit(0, principal.project) as ticket:
            body = await _message(context)
            ticket.reserve(len(body))
            ticket.arrived()
            start = time.perf_counter()
            writer = Writer(principal.project, principal.key_id)
            checked = await self._receiver.otlp(
                signal.kind, writer, body, ContentType.PROTOBUF, Encoding.IDENTITY, self._limits
            )
        spent = time.perf_counter() - start
        self._counts.acknowledged("grpc", signal.items, checked, len(body), spent)
        return checked

    async def _refuse(self, context: Any, signal: Signal) -> NoReturn:
        code = grpc.StatusCode.UNIMPLEMENTED
        self._counts.grpc[code.name] += 1
        await context.abort(code, signal.refusal)
        raise AssertionError("abort raises")

    async def _abort(self, context: Any, error: Exception) -> NoReturn:
        refusal = refusal_of(error)
        self._counts.grpc[refusal.grpc.name] += 1
        details = ("grpc-status-details-bin", refusal.status().SerializeToString())
        await context.abort(refusal.grpc, refusal.message, (details,))
        raise AssertionError("abort raises")


def _exporting(
    service: OtlpGrpc, signal: Signal
) -> Callable[[AsyncIterator[bytes], Any], Awaitable[bytes]]:
    async def export(request: AsyncIterator[bytes], context: Any) -> bytes:
        return await service.export(signal, request, context)

    return export  # grpcio looks for a coroutine function, which a partial is not


async def _message(context: Any) -> bytes:
    """The call's one message. Raises ``RejectedError`` if none comes in time."""
    try:
        async with asyncio.timeout(bodies.BODY_SECONDS):
            message = await context.read()
    except TimeoutError as error:
        raise RejectedError(
            "the message did not arrive in time; send it faster", code=408
        ) from error
    if message is grpc.aio.EOF:
        raise RejectedError("the call has no message; send one")
    return bytes(message)


@asynccontextmanager
async def grpc_listening(
    service: OtlpGrpc,
    address: Address,
    *,
    max_bytes: int,
    drain_seconds: float,
    tls: grpc.ServerCredentials | None = None,
) -> AsyncIterator[Address]:
    """Serve while the block runs; what is in flight is answered on the way out.

    Gives the address really bound. Raises ``PortTakenError``.
    """
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", max_bytes),
            ("grpc.max_metadata_size", 16 << 10),
            ("grpc.so_reuseport", 0),
            ("grpc.keepalive_time_ms", 75_000),
        ]
    )
    server.add_generic_rpc_handlers(
        [
            grpc.method_handlers_generic_handler(
                signal.service,
                {"Export": grpc.stream_unary_rpc_method_handler(_exporting(service, signal))},
            )
            for signal in SIGNALS
        ]
    )
    if address.port:
        require_free(address)
    host = f"[{address.host}]" if ":" in address.host else address.host
    target = f"{host}:{address.port}"
    try:
        port = server.add_secure_port(target, tls) if tls else server.add_insecure_port(target)
    except RuntimeError as error:
        raise ConfigError(f"cannot listen on {address}") from error
    await server.start()
    try:
        yield Address(address.host, port)
    finally:
        await server.stop(drain_seconds)
