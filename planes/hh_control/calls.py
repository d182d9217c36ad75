"""What the servicers of the intake's port share: reading one message, and refusing."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from hh_control.identity import Identified, Identities
from hh_core.errors import (
    ConflictError,
    OverloadedError,
    PortError,
    QuotaError,
    RejectedError,
    kind_and_place,
)
from hh_core.usecases.data_planes import NotProvedError

log = logging.getLogger(__name__)

Context = Any
"""The stubs of gRPC know only of unary calls."""
MessageT = TypeVar("MessageT", bound=Message)


class RefusedError(Exception):
    """Ends a call with this status. The message is ours, never the caller's."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


async def abort(context: Context, code: grpc.StatusCode, message: str) -> NoReturn:
    await context.abort(code, message)
    raise AssertionError("abort always raises")


@asynccontextmanager
async def refusing(context: Context) -> AsyncIterator[None]:
    """Turns errors into statuses: codes, never content."""
    code, message = grpc.StatusCode.UNAVAILABLE, "cannot do this now; send again"
    try:
        yield
        return
    except RefusedError as error:
        code, message = error.code, str(error)
    except NotProvedError as error:
        code, message = grpc.StatusCode.UNAUTHENTICATED, str(error)
    except RejectedError as error:
        code, message = grpc.StatusCode.INVALID_ARGUMENT, str(error)
    except (OverloadedError, QuotaError) as error:
        code, message = grpc.StatusCode.RESOURCE_EXHAUSTED, str(error)
    except ConflictError:
        code, message = grpc.StatusCode.UNAVAILABLE, "somebody else was first; send again"
    except PortError as error:
        log.warning("a call of a data plane fails: %s", error)
    except Exception as error:
        if isinstance(error, grpc.aio.AbortError | grpc.aio.BaseError):
            raise
        log.error("a call of a data plane failed: %s", kind_and_place(error))
    await abort(context, code, message)


async def require_data_plane(context: Context, identities: Identities) -> Identified:
    """Who calls. Raises ``RefusedError`` before anything of the call is read."""
    metadata = dict(context.invocation_metadata() or ())
    caller = await identities.identify(metadata.get("authorization"))
    if caller is None:
        raise RefusedError(
            grpc.StatusCode.UNAUTHENTICATED, "no cluster token that counts; get a new one"
        )
    require_let_in(caller)
    return caller


def require_let_in(caller: Identified) -> None:
    if not caller.is_let_in:
        raise RefusedError(
            grpc.StatusCode.PERMISSION_DENIED, "this data plane is revoked or unknown"
        )


async def read_bytes(context: Context, *, seconds: float, most: int) -> bytes | None:
    """The call's next message, not yet parsed; None at its end."""
    try:
        async with asyncio.timeout(seconds):
            message = await context.read()
    except TimeoutError:
        raise RefusedError(
            grpc.StatusCode.DEADLINE_EXCEEDED, "the message did not arrive in time; send it faster"
        ) from None
    if message is grpc.aio.EOF:
        return None
    if len(message) > most:
        raise RefusedError(grpc.StatusCode.RESOURCE_EXHAUSTED, "the message is too large")
    return bytes(message)


async def read(
    context: Context, kind: type[MessageT], *, seconds: float, most: int
) -> MessageT | None:
    """The call's next message; None at its end."""
    data = await read_bytes(context, seconds=seconds, most=most)
    return None if data is None else parsed(kind, data)


def parsed(kind: type[MessageT], data: bytes) -> MessageT:
    try:
        return kind.FromString(data)
    except DecodeError:
        message = f"not the message {kind.DESCRIPTOR.name}"
        raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, message) from None


async def read_one(
    context: Context, kind: type[MessageT], *, seconds: float, most: int
) -> MessageT:
    """The call's one message."""
    message = await read(context, kind, seconds=seconds, most=most)
    if message is None:
        raise RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "the call has no message")
    return message
