"""What an error means to an HTTP client: a status, a code and a sentence, always as JSON."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

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
)
from hh_runtime.denials import ForbiddenError, UnauthenticatedError

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_STATUS: tuple[tuple[type[HHError], int, str], ...] = (
    (UnauthenticatedError, 401, "unauthenticated"),
    (ForbiddenError, 403, "forbidden"),
    (NotFoundError, 404, "not_found"),
    (ConflictError, 409, "conflict"),
    (TooWideError, 422, "too_wide"),
    (QuotaError, 429, "quota_exceeded"),
    (OverloadedError, 503, "overloaded"),
)

_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
    ),
}
_NO_PAGE = "default-src 'none'; frame-ancestors 'none'"


def answered(
    body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        content_type="application/json",
        headers=headers,
    )


def refused(status: int, code: str, message: str, **headers: str) -> web.Response:
    body = {"success": False, "message": message, "errorCode": code}
    return answered(body, status=status, headers=headers)


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error as JSON, and give every answer its security headers."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        response = _of_http(request, error)
    except HHError as error:
        response = _of_error(error)
    except Exception:
        log.exception("a request failed")
        response = refused(503, "unavailable", "something failed here; nothing was changed")
    response.headers.update(_SECURITY)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("Content-Security-Policy", _NO_PAGE)
    return response


def _of_error(error: HHError) -> web.Response:
    if isinstance(error, RejectedError):
        response = refused(error.code, "invalid_request", str(error))
        if error.code == 408:
            response.force_close()
        return response
    for kind, status, code in _STATUS:
        if isinstance(error, kind):
            response = refused(status, code, str(error))
            if isinstance(error, QuotaError | OverloadedError):
                response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
            if status == 401:
                response.headers["WWW-Authenticate"] = "Bearer"
            return response
    log.warning("a backend is away: %s", error)
    return refused(503, "unavailable", "a backend is away; try again", **{"Retry-After": "1"})


def _of_http(request: web.Request, error: web.HTTPException) -> web.Response:
    match error.status:
        case 404:
            return refused(404, "not_found", "there is no such route; see /openapi.json")
        case 405:
            allowed = error.headers.get("Allow", "")
            message = f"{request.method} is not for this route; use {allowed}"
            return refused(405, "method_not_allowed", message, Allow=allowed)
        case 413:
            return refused(413, "too_large", "the body is larger than this API takes")
        case _:
            return refused(error.status, "http_error", error.reason)
