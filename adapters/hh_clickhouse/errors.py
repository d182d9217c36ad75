"""ClickHouse's errors in the house's words (A8)."""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError

from hh_core.errors import (
    DeniedError,
    OverloadedError,
    RejectedError,
    TooWideError,
    UnavailableError,
)

_OVERLOADED = frozenset(
    (
        159,  # TIMEOUT_EXCEEDED
        160,  # TOO_SLOW
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        241,  # MEMORY_LIMIT_EXCEEDED
        252,  # TOO_MANY_PARTS
        290,  # LIMIT_EXCEEDED
        439,  # CANNOT_SCHEDULE_TASK
    )
)
_TOO_WIDE = {
    158: "max_query_rows",  # TOO_MANY_ROWS
    191: "max_query_bytes",  # SET_SIZE_LIMIT_EXCEEDED
    307: "max_query_rows",  # TOO_MANY_BYTES
    396: "max_result_rows",  # TOO_MANY_ROWS_OR_BYTES
}
"""Limits that the same query never passes, by the setting that is in its way."""
_DENIED = frozenset((192, 193, 194, 497, 516))
_REJECTED = frozenset(
    (
        6,  # CANNOT_PARSE_TEXT
        16,  # NO_SUCH_COLUMN_IN_TABLE
        26,  # CANNOT_PARSE_QUOTED_STRING
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        33,  # CANNOT_READ_ALL_DATA
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        43,  # ILLEGAL_TYPE_OF_ARGUMENT
        47,  # UNKNOWN_IDENTIFIER
        53,  # TYPE_MISMATCH
        69,  # ARGUMENT_OUT_OF_BOUND
        70,  # CANNOT_CONVERT_TYPE
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        131,  # TOO_LARGE_STRING_SIZE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        386,  # NO_COMMON_TYPE
        407,  # DECIMAL_OVERFLOW
        469,  # VIOLATED_CONSTRAINT
    )
)


@contextmanager
def driver_errors() -> Iterator[None]:
    """Say what an error of the driver means to the caller, keeping it as the cause."""
    try:
        yield
    except ClickHouseError as error:
        raise _translated(error) from error
    except pa.ArrowInvalid as error:
        raise UnavailableError("ClickHouse's answer broke off, or is none") from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise UnavailableError(f"ClickHouse cannot be reached: {type(error).__name__}") from error


def _translated(error: ClickHouseError) -> Exception:
    code = getattr(error, "code", None)
    name = getattr(error, "name", None) or "no code"
    if code in _TOO_WIDE:
        return TooWideError(
            f"the query reaches over more than it may ({name}): narrow it by dateRange, or let the "
            f"operator raise {_TOO_WIDE[code]}"
        )
    if code in _OVERLOADED:
        return OverloadedError(f"ClickHouse refuses: over a limit ({name})")
    if code in _DENIED:
        return DeniedError(f"ClickHouse refused the credentials ({name})")
    if code in _REJECTED:
        return RejectedError(f"ClickHouse can never take this ({name})", code=422)
    return UnavailableError(f"ClickHouse failed ({name})")
