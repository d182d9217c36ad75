"""What the engine takes in of a request's body, piece by piece."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hh_clickhouse.engine.body import DataFile, Decoder, TooLargeError, decoded_file

LIMIT = 10_000


def arrived(pieces: Sequence[bytes], encoding: str = "identity", limit: int = LIMIT) -> DataFile:
    async def come() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return asyncio.run(decoded_file(come(), Decoder(encoding, limit)))


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(st.binary(max_size=LIMIT), st.integers(1, 999), st.sampled_from(["", "identity", "gzip"]))
def test_the_file_holds_what_was_sent_in_whatever_pieces(
    data: bytes, size: int, encoding: str
) -> None:
    file = arrived(cut(gzip.compress(data) if encoding == "gzip" else data, size), encoding)

    try:
        assert Path(file.path).read_bytes() == data
        assert file.size == len(data)
    finally:
        file.close()


@pytest.mark.parametrize(
    ("pieces", "encoding", "error"),
    [
        (cut(b"x" * (LIMIT + 1), 100), "identity", TooLargeError),
        (cut(gzip.compress(b"x" * (LIMIT + 1)), 5), "gzip", TooLargeError),
        ([gzip.compress(b"")] * LIMIT, "gzip", TooLargeError),
        (cut(gzip.compress(b"x" * 100)[:-1], 5), "gzip", ValueError),
        ([b"not compressed"], "gzip", ValueError),
    ],
)
def test_what_is_too_large_or_broken_leaves_no_file(
    pieces: Sequence[bytes], encoding: str, error: type[Exception]
) -> None:
    before = psutil.Process().num_fds()

    with pytest.raises(error):
        arrived(pieces, encoding)

    assert psutil.Process().num_fds() == before


def test_an_unknown_encoding_names_the_one_that_is_supported() -> None:
    with pytest.raises(ValueError, match="'br' is not supported; gzip is"):
        Decoder("br", LIMIT)
