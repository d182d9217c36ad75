"""The one table from errors to HTTP and gRPC, and their bodies in each encoding (PROMISES 3.4)."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass

import grpc
import orjson
from aiohttp import web
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status

from hh_core.domain.segments import ContentType
from hh_core.errors import (
    ConflictError,
    HHError,
    NotFoundError,
    OverloadedError,
    QuotaError,
    RejectedError,
    UnavailableError,
)
from hh_core.wire.otlp import Checked
from hh_data.ingest.signals import Signal
from hh_runtime.denials import ForbiddenError, UnauthenticatedError

log = logging.getLogger(__name__)

PROTOBUF_TYPE = "application/x-protobuf"
JSON_TYPE = "application/json"
_REJECTED = {
    408: ("too_slow", grpc.StatusCode.DEADLINE_EXCEEDED),
    400: ("bad_request", grpc.StatusCode.INVALID_ARGUMENT),
    404: ("not_found", grpc.StatusCode.NOT_FOUND),
    405: ("method_not_allowed", grpc.StatusCode.UNIMPLEMENTED),
    413: ("too_large", grpc.StatusCode.RESOURCE_EXHAUSTED),
    415: ("unsupported_media_type", grpc.StatusCode.INVALID_ARGUMENT),
    422: ("unprocessable", grpc.StatusCode.INVALID_ARGUMENT),
}
_MAX_MESSAGE = 1_000
"""Characters of a message: an answer stays far below 4 MiB."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as a client sees it on any transport."""

    http: int
    grpc: grpc.StatusCode
    code: str
    message: str
    retry_after: float | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        if self.http == 401:
            return {"WWW-Authenticate": "Bearer"}
        if self.http == 405:
            return {"Allow": "POST"}
        if self.retry_after is not None:
            return {"Retry-After": str(max(1, math.ceil(self.retry_after)))}
        return {}

    def status(self) -> Status:
        """With ``BadRequest`` for what can never be decoded, ``RetryInfo`` for what may be sent
        again: a RESOURCE_EXHAUSTED without it tells clients not to retry."""
        status = Status(code=self.grpc.value[0], message=self.message)
        if self.retry_after is not None:
            delay = Duration()
            delay.FromNanoseconds(int(self.retry_after * 1e9))
            status.details.add().Pack(RetryInfo(retry_delay=delay))
        elif self.http == 400:
            violation = BadRequest.FieldViolation(description=self.message)
            status.details.add().Pack(BadRequest(field_violations=[violation]))
        return status


def refusal_of(error: BaseException) -> Refusal:
    """Never a 500: nothing of a request that fails was acknowledged, so it may be sent again."""
    message = str(error)[:_MAX_MESSAGE]
    match error:
        case UnauthenticatedError():
            return Refusal(401, grpc.StatusCode.UNAUTHENTICATED, "unauthenticated", message)
        case ForbiddenError():
            return Refusal(403, grpc.StatusCode.PERMISSION_DENIED, "forbidden", message)
        case RejectedError():
            name, code = _REJECTED.get(error.code, _REJECTED[400])
            return Refusal(error.code, code, name, message)
        case NotFoundError():
            return Refusal(404, grpc.StatusCode.NOT_FOUND, "not_found", message)
        case ConflictError():
            return Refusal(409, grpc.StatusCode.ABORTED, "conflict", message)
        case QuotaError():
            code = grpc.StatusCode.RESOURCE_EXHAUSTED
            return Refusal(429, code, "quota_reached", message, error.retry_after)
        case OverloadedError():
            return _unavailable(message, error.retry_after)
        case UnavailableError():
            return _unavailable(message)
        case HHError():
            log.error("a request failed: %s", type(error).__name__, exc_info=error)
        case _:
            log.error("a request failed unexpectedly: %s", type(error).__name__, exc_info=error)
    return _unavailable("the data plane failed to answer; try again")


def _unavailable(message: str, retry_after: float = 1.0) -> Refusal:
    return Refusal(503, grpc.StatusCode.UNAVAILABLE, "unavailable", message, retry_after)


def json_answer(body: object, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, content_type=JSON_TYPE)


def rest_refusal(refusal: Refusal) -> web.Response:
    """What REST clients surface: ``message`` and ``errorCode`` (contract A2)."""
    body = {"message": refusal.message, "errorCode": refusal.code}
    return web.Response(
        body=orjson.dumps(body),
        status=refusal.http,
        content_type=JSON_TYPE,
        headers=refusal.headers,
    )


def otlp_refusal(refusal: Refusal, content_type: ContentType) -> web.Response:
    """A ``google.rpc.Status`` in the request's encoding."""
    body, kind = _encoded(refusal.status(), content_type)
    return web.Response(body=body, status=refusal.http, content_type=kind, headers=refusal.headers)


def otlp_answer(signal: Signal, checked: Checked, content_type: ContentType) -> web.Response:
    if content_type is ContentType.JSON and not checked.problem:
        return web.Response(body=b'{"partialSuccess":{}}', content_type=JSON_TYPE)
    body, kind = _encoded(signal.answer(checked), content_type)
    return web.Response(body=body, content_type=kind)


def _encoded(message: Message, content_type: ContentType) -> tuple[bytes, str]:
    if content_type is ContentType.JSON:
        return orjson.dumps(MessageToDict(message)), JSON_TYPE
    return message.SerializeToString(), PROTOBUF_TYPE
