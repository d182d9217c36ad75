"""Errors are named for what the caller should do next, not for who raised them."""


class HHError(Exception):
    """Base of every error this platform raises on purpose."""


class ConfigError(HHError):
    """The operator must change the configuration. The process exits with status 78."""


class PortError(HHError):
    """Base of all that may cross a port. Adapters raise only subclasses, ``from`` the driver's."""


class UnavailableError(PortError):
    """The backend cannot be reached, or did not answer in time. Retry with backoff (503)."""


class OverloadedError(UnavailableError):
    """Ours: the backend asks for less. Slow down, retry after ``retry_after`` seconds (503)."""

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QuotaError(PortError):
    """The caller's own limit is reached. Retry after ``retry_after`` seconds (429)."""

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RejectedError(PortError):
    """The same input will always fail. Never retry; dead-letter it.

    ``code`` says which way it is wrong: 400 malformed, 405 method, 413 too large, 415 media
    type, 422 meaning. The message names the field and the remedy, never the value.
    """

    def __init__(self, message: str, *, code: int = 400) -> None:
        super().__init__(message)
        self.code = code


class TooWideError(PortError):
    """The question reaches over more than one may: waiting does not help. Ask a narrower one, or
    let the operator raise the limit (422). The message names both."""

    code = 422


class DeniedError(PortError):
    """Our credentials at a backend do not allow this. Never retry; tell the operator (503)."""


class NotFoundError(PortError):
    """The named thing does not exist, or belongs to somebody else (404)."""


class ConflictError(PortError):
    """Somebody else changed it first. Read again, then decide again (409)."""


class ClosedError(PortError):
    """Used after its ``async with`` block ended: a bug in the caller."""


def kind_and_place(error: BaseException) -> str:
    """What an unexpected error is and where in our code it came up, for a log.

    Never its message: that may hold what a client sent.
    """
    place = ""
    step = error.__traceback__
    while step is not None:
        module = str(step.tb_frame.f_globals.get("__name__", ""))
        if module.startswith("hh_"):
            place = f" at {module}:{step.tb_lineno}"
        step = step.tb_next
    return type(error).__name__ + place
