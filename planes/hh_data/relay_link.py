"""The data plane's way to its control plane: one gRPC channel, always dialled from here."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_address

import grpc
import grpc.aio

from hh_core.errors import DeniedError, OverloadedError, RejectedError, UnavailableError
from hh_core.usecases.relay import Link
from hh_core.wire.pb.telemetry_pb2 import AppendRequest, AppendResponse
from hh_data.config import ControlConfig

_APPEND = "/hh.telemetry.v1.Telemetry/Append"
_MAX_MESSAGE_BYTES = 4 << 20
_DEADLINE_SECONDS = 20.0
_OPTIONS = [
    ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.keepalive_time_ms", 30_000),
]

_MEANING: dict[grpc.StatusCode, type[DeniedError] | type[RejectedError]] = {
    grpc.StatusCode.UNAUTHENTICATED: DeniedError,
    grpc.StatusCode.PERMISSION_DENIED: DeniedError,
    grpc.StatusCode.INVALID_ARGUMENT: RejectedError,
}


class GrpcLink:
    def __init__(self, channel: grpc.aio.Channel, token: str) -> None:
        self._append = channel.unary_unary(
            _APPEND,
            request_serializer=AppendRequest.SerializeToString,
            response_deserializer=AppendResponse.FromString,
        )
        self._metadata = (("authorization", f"Bearer {token}"),)

    async def append(self, request: AppendRequest) -> AppendResponse:
        with _call_errors():
            answer: AppendResponse = await self._append(
                request, metadata=self._metadata, timeout=_DEADLINE_SECONDS
            )
        return answer


@asynccontextmanager
async def open_relay_client(control: ControlConfig) -> AsyncIterator[Link]:
    """A link that dials when it is used, and again whenever the connection is lost.

    In the clear to this machine only; anywhere else with TLS, checked against ``tls_ca`` or, if
    there is none, against the system's authorities.
    """
    if control.tls_ca is None and _is_loopback(control.intake):
        channel = grpc.aio.insecure_channel(control.intake, options=_OPTIONS)
    else:
        roots = control.tls_ca.read_bytes() if control.tls_ca else None
        credentials = grpc.ssl_channel_credentials(root_certificates=roots)
        channel = grpc.aio.secure_channel(control.intake, credentials, options=_OPTIONS)
    try:
        yield GrpcLink(channel, control.token.get_secret_value())
    finally:
        await channel.close()


def _is_loopback(target: str) -> bool:
    host = target.rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def _call_errors() -> Iterator[None]:
    """Say what a gRPC status means to the relay. The other side's text is its code only: a
    hostile control plane must not write our logs."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        code = error.code()
        message = f"the control plane's intake answered {code.name}"
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
            raise OverloadedError(message) from error
        raise _MEANING.get(code, UnavailableError)(message) from error
