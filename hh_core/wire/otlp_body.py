"""Bodies of OTLP requests: limits, and decompression that never builds more than it may."""

from dataclasses import dataclass

from isal import isal_zlib
from isal.igzip_lib import IsalError

from hh_core.domain.segments import Encoding
from hh_core.errors import RejectedError

GZIP_WINDOW = 31
RATIO_FREE_BYTES = 1 << 20
"""Below this size any ratio is harmless: short repetitive bodies compress well."""
_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds at the door (PROMISES 3.6). They hold after decompression too."""

    max_bytes: int = 64 << 20
    max_ratio: int = 200
    """Decompressed over compressed size, above 1 MiB."""
    max_spans: int = 50_000
    """Of log records and data points too."""
    max_nesting: int = 32
    """Levels of AnyValue: 1 is a plain attribute, 2 an element of its array."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a request holds."""

    items: int
    """All its spans, log records or data points, the rejected ones too."""
    rejected: int
    """Those that are skipped for good."""
    size: int
    """Bytes after decompression."""
    problem: str = ""
    """What is wrong with the rejected ones; of a request in which none is, a warning."""


UNLIMITED = Limits(max_bytes=1 << 31, max_ratio=1 << 20, max_spans=1 << 31, max_nesting=100)
"""For records that were checked when they came: a limit lowered since must not hide them."""


def decompress(body: bytes, encoding: Encoding, limits: Limits) -> bytes:
    """The plain bytes. Raises ``RejectedError``: 413 over a limit, 400 for anything but one whole
    gzip member. At most one step (1 MiB) beyond the limit is ever held."""
    if len(body) > limits.max_bytes:
        raise too_large(limits.max_bytes)
    if encoding is Encoding.IDENTITY:
        return body
    try:
        return _gunzip(body, limits)
    except IsalError as error:  # type: ignore[misc]  # its stub declares an instance
        raise RejectedError("the gzip body is damaged; send it again") from error


def plain_size(body: bytes, encoding: Encoding) -> int:
    """What ``body`` says it is after decompression; ``decompress`` holds it to that."""
    if encoding is Encoding.IDENTITY:
        return len(body)
    return int.from_bytes(body[-4:], "little")


def too_large(max_bytes: int) -> RejectedError:
    return RejectedError(
        f"the request is larger than {max_bytes} bytes after decompression; send smaller batches",
        code=413,
    )


def _gunzip(body: bytes, limits: Limits) -> bytes:
    told = plain_size(body, Encoding.GZIP)
    allowed = min(limits.max_bytes, max(RATIO_FREE_BYTES, limits.max_ratio * len(body)))
    stream = isal_zlib.decompressobj(wbits=GZIP_WINDOW)
    parts: list[bytes] = []
    size, left = 0, body
    while not stream.eof:
        part = stream.decompress(left, _STEP)
        left = stream.unconsumed_tail
        size += len(part)
        parts.append(part)
        if size > allowed:
            raise _too_dense(limits, allowed)
        if size > told:
            raise RejectedError("the gzip body is damaged; send it again")
        if not part and not left and not stream.eof:
            raise RejectedError("the gzip body ends too early; send it again")
    if stream.unused_data:
        raise RejectedError("bytes follow the gzip body; send exactly one gzip member")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_dense(limits: Limits, allowed: int) -> RejectedError:
    if allowed == limits.max_bytes:
        return too_large(limits.max_bytes)
    return RejectedError(
        f"the gzip body expands more than {limits.max_ratio} times; send smaller batches", code=413
    )
