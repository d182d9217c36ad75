"""The gRPC side of the intake: data planes call ``hh.telemetry.v1.Telemetry/Append``."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from hh_control.identity import DataPlane, DataPlaneTokens
from hh_core.errors import OverloadedError, PortError, RejectedError, kind_and_place
from hh_core.usecases.intake import Intake
from hh_core.wire.pb.telemetry_pb2 import AppendRequest, AppendResponse
from hh_runtime.net import Address, require_free

log = logging.getLogger(__name__)

SERVICE = "hh.telemetry.v1.Telemetry"
MAX_MESSAGE_BYTES = 4 << 20
MAX_METADATA_BYTES = 8 << 10
BODY_SECONDS = 60.0
_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.so_reuseport", 0),
]

# the stubs know only of unary calls
_Context = Any


class TelemetryServicer:
    """Proves who calls, then reads and hands over to the use case. Answers codes, never content."""

    def __init__(self, intake: Intake, tokens: DataPlaneTokens) -> None:
        self._intake = intake
        self._tokens = tokens

    async def append(self, _: AsyncIterator[bytes], context: _Context) -> AppendResponse:
        """Unary for the client; here a stream of bytes, so that the token is checked before the
        request is read, and the request before it is parsed."""
        metadata = dict(context.invocation_metadata() or ())
        plane = self._tokens.identify(metadata.get("authorization"))
        if plane is None:
            await _abort(context, grpc.StatusCode.UNAUTHENTICATED, "no data plane has this token")
        request = await _request(context)
        if request.dp_id != plane.dp_id:
            message = "the token is not of the data plane that the request names"
            await _abort(context, grpc.StatusCode.PERMISSION_DENIED, message)
        return await self._answer(plane, request, context)

    async def _answer(
        self, plane: DataPlane, request: AppendRequest, context: _Context
    ) -> AppendResponse:
        try:
            return await self._intake(plane.dp_id, request, projects=plane.projects)
        except RejectedError as error:
            await _abort(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except OverloadedError as error:
            await _abort(context, grpc.StatusCode.RESOURCE_EXHAUSTED, str(error))
        except PortError as error:
            log.warning("the intake cannot store now: %s", error)
            await _abort(context, grpc.StatusCode.UNAVAILABLE, "cannot store now; send again")
        except Exception as error:
            log.error("the intake failed: %s", kind_and_place(error))
            await _abort(context, grpc.StatusCode.UNAVAILABLE, "cannot store now; send again")

    def handler(self) -> grpc.GenericRpcHandler:
        append = grpc.stream_unary_rpc_method_handler(
            self.append, response_serializer=AppendResponse.SerializeToString
        )
        return grpc.method_handlers_generic_handler(SERVICE, {"Append": append})


async def _request(context: _Context) -> AppendRequest:
    """The call's one message."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            message = await context.read()
    except TimeoutError:
        message = "the request did not arrive in time; send it faster"
        await _abort(context, grpc.StatusCode.DEADLINE_EXCEEDED, message)
    if message is grpc.aio.EOF:
        await _abort(context, grpc.StatusCode.INVALID_ARGUMENT, "the call has no message")
    try:
        return AppendRequest.FromString(message)
    except DecodeError:
        await _abort(context, grpc.StatusCode.INVALID_ARGUMENT, "not an AppendRequest")


@asynccontextmanager
async def listening_intake(
    servicer: TelemetryServicer,
    address: Address,
    *,
    certificate: Path | None = None,
    key: Path | None = None,
    drain_seconds: float = 5.0,
) -> AsyncIterator[int]:
    """Serve data planes while the block runs; gives the port. Raises ``PortTakenError``."""
    require_free(address)
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers((servicer.handler(),))
    if certificate is not None and key is not None:
        port = server.add_secure_port(str(address), _credentials(certificate, key))
    else:
        port = server.add_insecure_port(str(address))
    await server.start()
    try:
        yield port
    finally:
        await server.stop(drain_seconds)


def _credentials(certificate: Path, key: Path) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])


async def _abort(context: _Context, code: grpc.StatusCode, message: str) -> NoReturn:
    await context.abort(code, message)
    raise AssertionError("abort always raises")
