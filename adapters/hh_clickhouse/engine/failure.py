"""ClickHouse's errors as its HTTP interface tells them: a code, a status, a text."""

import re
from dataclasses import dataclass

_CODE = re.compile(r"Code: (\d+)\.")

_STATUS = {
    60: 404,  # UNKNOWN_TABLE
    81: 404,  # UNKNOWN_DATABASE
    46: 404,  # UNKNOWN_FUNCTION
    159: 408,  # TIMEOUT_EXCEEDED
    48: 501,  # NOT_IMPLEMENTED
    202: 503,  # TOO_MANY_SIMULTANEOUS_QUERIES
    439: 503,  # CANNOT_SCHEDULE_TASK
    516: 403,  # AUTHENTICATION_FAILED
    307: 413,  # TOO_MANY_BYTES
}
_BAD_REQUEST = frozenset(
    (6, 16, 26, 27, 33, 36, 38, 41, 43, 44, 47, 53, 62, 70, 72, 117, 115, 130, 131, 179, 349, 456)
)
"""Syntax, types, columns, settings, data that cannot be read: the request is wrong."""

AUTHENTICATION_FAILED = 516
TOO_MANY_BYTES = 307
TOO_MANY_SIMULTANEOUS_QUERIES = 202
BAD_ARGUMENTS = 36


@dataclass(frozen=True, slots=True)
class EngineError(Exception):
    code: int
    text: str

    @property
    def status(self) -> int:
        return _STATUS.get(self.code) or (400 if self.code in _BAD_REQUEST else 500)


def from_engine(text: str) -> EngineError:
    """Read the code out of the engine's text; 1001 (STD_EXCEPTION) where there is none."""
    found = _CODE.search(text)
    return EngineError(int(found.group(1)) if found else 1001, text)
