"""The channel to the control plane: always dialled from here, in the clear on this machine only."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import grpc
import grpc.aio

from hh_core.errors import (
    ConfigError,
    DeniedError,
    OverloadedError,
    RejectedError,
    UnavailableError,
)
from hh_core.wire.configuration import MAX_DOWN_BYTES
from hh_runtime.net import is_loopback

_MAX_METADATA_BYTES = 8 << 10
_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_DOWN_BYTES),
    ("grpc.max_send_message_length", 4 << 20),
    ("grpc.max_metadata_size", _MAX_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", _MAX_METADATA_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.service_config_disable_resolution", 1),
]
_NO_PROXY = ("grpc.enable_http_proxy", 0)
"""For what goes in the clear: a proxy that the environment names is another machine."""
_MEANING: dict[grpc.StatusCode, type[DeniedError] | type[RejectedError]] = {
    grpc.StatusCode.UNAUTHENTICATED: DeniedError,
    grpc.StatusCode.PERMISSION_DENIED: DeniedError,
    grpc.StatusCode.INVALID_ARGUMENT: RejectedError,
}
_REMEDY = {
    grpc.StatusCode.PERMISSION_DENIED: (
        ": it has shut this data plane out, or does not know it; let it in anew there with "
        "hh admin data-plane enrol"
    ),
}


@asynccontextmanager
async def open_channel(target: str, tls_ca: Path | None) -> AsyncIterator[grpc.aio.Channel]:
    """A channel that dials when it is used, and again whenever the connection is lost.

    Anywhere but on this machine with TLS, checked against ``tls_ca`` or, if there is none, against
    the system's authorities.
    """
    if tls_ca is None and is_loopback(target):
        channel = grpc.aio.insecure_channel(target, options=[*_OPTIONS, _NO_PROXY])
    else:
        credentials = grpc.ssl_channel_credentials(root_certificates=_authorities(tls_ca))
        channel = grpc.aio.secure_channel(target, credentials, options=_OPTIONS)
    try:
        yield channel
    finally:
        await channel.close()


@contextmanager
def call_errors() -> Iterator[None]:
    """Say what a gRPC status means here. The other side's text is its code only: a hostile control
    plane must not write our logs."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        code = error.code()
        message = f"the control plane answered {code.name}{_REMEDY.get(code, '')}"
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
            raise OverloadedError(message) from error
        raise _MEANING.get(code, UnavailableError)(message) from error


def is_unauthenticated(error: BaseException) -> bool:
    """Whether a new cluster token may help."""
    cause = error.__cause__
    if not isinstance(cause, grpc.aio.AioRpcError):
        return False
    return bool(cause.code() is grpc.StatusCode.UNAUTHENTICATED)


def _authorities(tls_ca: Path | None) -> bytes | None:
    try:
        return tls_ca.read_bytes() if tls_ca else None
    except OSError as error:
        raise ConfigError(f"control.tls_ca: {tls_ca}: {error.strerror}") from error
