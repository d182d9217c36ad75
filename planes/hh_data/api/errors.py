"""Every error as JSON ``{"message", "errorCode"}``, with the status that DESIGN 6 names."""

import json
import logging
import math
from collections.abc import Awaitable, Callable, Mapping

import orjson
from aiohttp import web

from hh_core.errors import (
    ConflictError,
    HHError,
    NotFoundError,
    OverloadedError,
    QuotaError,
    RejectedError,
    TooWideError,
    UnavailableError,
)
from hh_core.usecases.freshness import NotYetError
from hh_runtime.denials import ForbiddenError, UnauthenticatedError

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "unprocessable",
    429: "quota_reached",
    503: "unavailable",
}

NOT_FOUND = "there is no such event or session, or this API key cannot see it"
NOT_YET = NOT_FOUND + "; what was written last is not readable yet: ask again"
NO_ROUTE = "there is no such route; GET /docs lists those there are"


def json_answer(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=json_bytes(body),
        status=status,
        content_type="application/json",
        headers=headers,
    )


def json_bytes(body: object) -> bytes:
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:  # nested deeper than it goes, or a number beyond 64 bits
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def error_answer(
    status: int, message: str, headers: Mapping[str, str] | None = None, **more: bool
) -> web.Response:
    body = {"message": message, "errorCode": _CODES.get(status, "error"), **more}
    return json_answer(body, status, headers)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The outermost middleware. No message carries a value of the request or of an event."""
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        return error_answer(413, "the body is larger than this API takes; send a smaller one")
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return error_answer(404, NO_ROUTE)
    except web.HTTPException as error:
        return error_answer(error.status, error.reason.lower())
    except HHError as error:
        return _answer_to(error)
    except Exception:
        log.exception("a request failed: %s %s", request.method, _route(request))
        return _retry("the data plane failed to answer; try again", 1.0)


def _answer_to(error: HHError) -> web.Response:
    match error:
        case UnauthenticatedError():
            return error_answer(401, str(error), {"WWW-Authenticate": "Bearer"})
        case ForbiddenError():
            return error_answer(403, str(error))
        case NotYetError():
            return error_answer(404, NOT_YET, _after(1.0), behind=True)
        case NotFoundError():
            return error_answer(404, NOT_FOUND)
        case RejectedError() | TooWideError():
            return error_answer(error.code, str(error))
        case ConflictError():
            return error_answer(409, str(error))
        case QuotaError():
            return error_answer(429, str(error), _after(error.retry_after))
        case OverloadedError():
            return _retry("the data plane is busy; try again later", error.retry_after)
        case UnavailableError():
            return _retry("a backend of the data plane is away; try again", 1.0)
        case _:
            log.error("a request failed", exc_info=error)
            return _retry("the data plane failed to answer; try again", 1.0)


def _retry(message: str, seconds: float) -> web.Response:
    return error_answer(503, message, _after(seconds))


def _after(seconds: float) -> Mapping[str, str]:
    return {"Retry-After": str(max(1, math.ceil(seconds)))}


def _route(request: web.Request) -> str:
    """The pattern that matched, never the path itself: ids are the client's."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "no route"
