"""What a request brings. The data of an INSERT goes, piece by piece as it comes, to the file from
which the engine reads it: whole, and compressed beside it, some would be tens of megabytes."""

import os
import sys
import tempfile
import zlib
from collections.abc import AsyncIterable
from typing import IO


class TooLargeError(Exception):
    """More bytes than a request may bring, compressed or not."""


class Decoder:
    """Takes the ``Content-Encoding`` off a body, piece by piece. Each method raises ``ValueError``
    for what cannot be decoded, and ``TooLargeError``."""

    def __init__(self, encoding: str, limit: int) -> None:
        if encoding not in ("", "identity", "gzip"):
            raise ValueError(f"Content-Encoding {encoding[:20]!r} is not supported; gzip is")
        self._unzip = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        self._left = limit
        self._left_to_come = limit  # what decompresses to nothing would else come for ever

    def decode(self, piece: bytes) -> bytes:
        self._left_to_come -= len(piece)
        plain = piece
        if self._unzip is not None:
            try:
                plain = self._unzip.decompress(piece, self._left + 1)
            except zlib.error as error:
                raise ValueError(str(error)) from error
        self._left -= len(plain)
        if min(self._left, self._left_to_come) < 0:
            raise TooLargeError
        return plain

    def finish(self) -> None:
        """There are no more pieces."""
        if self._unzip is not None and not self._unzip.eof:
            raise ValueError("the gzip body is cut short")


class DataFile:
    """A file of this process alone, in memory where the system can (``settings.INSERT_FILES``).

    It is gone when it is closed, or when nobody refers to it.
    """

    def __init__(self) -> None:
        self._file: IO[bytes]
        if sys.platform.startswith("linux"):
            self._file = os.fdopen(os.memfd_create("insert"), "wb")
            self.path = f"/proc/self/fd/{self._file.fileno()}"
        else:
            self._file = tempfile.NamedTemporaryFile()  # noqa: SIM115 (closed by ``close``)
            self.path = self._file.name
        self.size = 0

    def write(self, data: bytes) -> None:
        self.size += self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


async def decoded_file(pieces: AsyncIterable[bytes], decoder: Decoder) -> DataFile:
    """All ``pieces``, decoded, in a file. Raises as ``Decoder`` does."""
    file = DataFile()
    try:
        async for piece in pieces:
            file.write(decoder.decode(piece))
        decoder.finish()
        file.flush()
    except BaseException:
        file.close()
        raise
    return file
