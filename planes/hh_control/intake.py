"""The gRPC side of the intake: data planes call ``hh.telemetry.v1.Telemetry/Append``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import grpc
import grpc.aio

from hh_control.calls import Context, RefusedError, read_one, refusing, require_data_plane
from hh_control.identity import Identities
from hh_core.usecases.intake import Intake
from hh_core.wire.configuration import MAX_DOWN_BYTES
from hh_core.wire.pb.telemetry_pb2 import AppendRequest, AppendResponse
from hh_runtime.net import Address, require_free

SERVICE = "hh.telemetry.v1.Telemetry"
MAX_MESSAGE_BYTES = 4 << 20
MAX_METADATA_BYTES = 8 << 10
BODY_SECONDS = 60.0
_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_DOWN_BYTES),
    ("grpc.max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
    ("grpc.so_reuseport", 0),
]


class TelemetryServicer:
    """Proves who calls, then reads and hands over to the use case. Answers codes, never content."""

    def __init__(self, intake: Intake, identities: Identities) -> None:
        self._intake = intake
        self._identities = identities

    async def append(self, _: AsyncIterator[bytes], context: Context) -> AppendResponse:
        """Unary for the client; here a stream of bytes, so that the token is checked before the
        request is read, and the request before it is parsed."""
        async with refusing(context):
            caller = await require_data_plane(context, self._identities)
            request = await read_one(
                context, AppendRequest, seconds=BODY_SECONDS, most=MAX_MESSAGE_BYTES
            )
            if request.dp_id != caller.dp_id:
                message = "the token is not of the data plane that the request names"
                raise RefusedError(grpc.StatusCode.PERMISSION_DENIED, message)
            projects = caller.standing.projects if caller.standing else frozenset()
            return await self._intake(caller.dp_id, request, projects=projects)
        raise AssertionError("a refused call does not come here")

    def handler(self) -> grpc.GenericRpcHandler:
        append = grpc.stream_unary_rpc_method_handler(
            self.append, response_serializer=AppendResponse.SerializeToString
        )
        return grpc.method_handlers_generic_handler(SERVICE, {"Append": append})


class Servicer(Protocol):
    def handler(self) -> grpc.GenericRpcHandler: ...


@asynccontextmanager
async def listening_intake(
    *servicers: Servicer,
    address: Address,
    certificate: Path | None = None,
    key: Path | None = None,
    drain_seconds: float = 5.0,
) -> AsyncIterator[int]:
    """Serve data planes while the block runs; gives the port. Raises ``PortTakenError``."""
    require_free(address)
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers(tuple(each.handler() for each in servicers))
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
