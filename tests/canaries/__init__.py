"""Canaries: texts that must not be found somewhere, and the search for them in every encoding.

All canaries of one test share a random mark, so one search finds any of them (PROMISES 4.4, 7). LZ4
and Snappy copy what they have not seen before as it is, so a random mark stands there raw.
"""

import base64
import gzip
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow
import zstandard

_MAX_FRAME = 64 << 20
_GZIP, _ZSTD = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"


@dataclass(slots=True)
class Canaries:
    """Makes canaries (``canaries("inputs")``) and finds them again, whatever they went through."""

    mark: str = field(default_factory=lambda: "cnry" + secrets.token_hex(12))
    planted: list[str] = field(default_factory=list)

    def __call__(self, where: str) -> str:
        self.planted.append(where)
        return f"{self.mark}-{len(self.planted):04d}-{where}"

    def found_in(self, data: bytes) -> list[str]:
        """The encodings in which a canary stands in ``data``, or in a compressed frame of it."""
        found = {name for name, form in self.forms() if form in data}
        for kind, frame in _frames(data):
            found |= {f"{name} in {kind}" for name, form in self.forms() if form in frame}
        return sorted(found)

    def forms(self) -> Iterator[tuple[str, bytes]]:
        raw = self.mark.encode()
        yield "raw", raw
        yield "reversed", raw[::-1]
        yield "hex", raw.hex().encode()
        yield "HEX", raw.hex().upper().encode()
        yield "utf-16-le", self.mark.encode("utf-16-le")
        yield "utf-16-be", self.mark.encode("utf-16-be")
        yield "reversed utf-16", self.mark[::-1].encode("utf-16-le")
        for offset in range(3):
            yield f"base64+{offset}", _base64_core(raw, offset)


def encodings(text: str) -> dict[str, bytes]:
    """``text`` in each encoding that ``found_in`` must see through: the positive control."""
    raw = text.encode()
    return {
        "raw": raw,
        "hex": raw.hex().encode(),
        "base64+0": base64.b64encode(raw),
        "base64+1": base64.b64encode(b"x" + raw),
        "base64+2": base64.b64encode(b"xy" + raw),
        "utf-16-le": text.encode("utf-16-le"),
        "reversed": raw[::-1],
        "raw in gzip": b"before" + gzip.compress(raw) + b"after",
        "raw in zstd": b"before" + zstandard.compress(raw) + b"after",
        "raw of lz4": b"before" + pyarrow.Codec("lz4").compress(raw, asbytes=True) + b"after",
    }


def _base64_core(raw: bytes, offset: int) -> bytes:
    """The part of the base64 form that does not depend on what stands before and after."""
    encoded = base64.b64encode(b"\0" * offset + raw)
    return encoded[(offset * 8 + 5) // 6 : len(raw + b"\0" * offset) * 8 // 6 - 1]


def _frames(data: bytes) -> Iterator[tuple[str, bytes]]:
    for kind, magic in (("gzip", _GZIP), ("zstd", _ZSTD)):
        at = data.find(magic)
        while at >= 0:
            yield kind, _opened(kind, data[at : at + _MAX_FRAME])
            at = data.find(magic, at + 1)


def _opened(kind: str, frame: bytes) -> bytes:
    """What the frame holds; empty where the magic stood there by accident."""
    try:
        if kind == "gzip":
            return zlib.decompressobj(wbits=31).decompress(frame, _MAX_FRAME)
        return zstandard.ZstdDecompressor().decompressobj().decompress(frame)
    except (zlib.error, zstandard.ZstdError):
        return b""
