"""The key directory: both planes verify keys in the same way (``hh_runtime.keys``)."""

from hh_runtime.keys import (
    INGEST,
    READ,
    ForbiddenError,
    KeyDirectory,
    Principal,
    UnauthenticatedError,
)

__all__ = ["INGEST", "READ", "ForbiddenError", "KeyDirectory", "Principal", "UnauthenticatedError"]
