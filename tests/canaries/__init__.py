"""Canaries: texts that must not be found somewhere, and the search for them in every encoding.

All canaries of one test share a random mark, so one search finds any of them (PROMISES 4.4, 7).
What cannot carry a mark, as a password hash or a token, is looked for by itself (``Search``). LZ4
and Snappy copy what they have not seen before as it is, so what is random stands there raw.
"""

import base64
import contextlib
import gzip
import secrets
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow
import zstandard

_MAX_FRAME = 64 << 20
_MAGIC = {"gzip": b"\x1f\x8b\x08", "zstd": b"\x28\xb5\x2f\xfd", "lz4": b"\x04\x22\x4d\x18"}
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Search:
    """Looks for several things at once; ``sought`` says by which name each is reported."""

    def __init__(self, sought: Mapping[str, bytes]) -> None:
        self._forms = {name: dict(_forms(raw)) for name, raw in sought.items()}

    def found_in(self, data: bytes) -> dict[str, list[str]]:
        """Of each thing that stands in ``data``, or in a compressed frame of it, the encodings."""
        found: dict[str, list[str]] = {}
        for suffix, part in (
            ("", data),
            *((f" in {kind}", frame) for kind, frame in _frames(data)),
        ):
            for name, forms in self._forms.items():
                found.setdefault(name, []).extend(
                    encoding + suffix for encoding, form in forms.items() if form in part
                )
        return {name: sorted(set(encodings)) for name, encodings in found.items() if encodings}


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
        return Search({"": self.mark.encode()}).found_in(data).get("", [])


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
        "raw in lz4": b"before" + pyarrow.Codec("lz4").compress(raw * 9, asbytes=True) + b"after",
        "raw of lz4": b"before" + pyarrow.Codec("lz4").compress(raw, asbytes=True) + b"after",
    }


def _forms(raw: bytes) -> Iterator[tuple[str, bytes]]:
    text = raw.decode("latin-1")
    yield "raw", raw
    yield "reversed", raw[::-1]
    yield "hex", raw.hex().encode()
    yield "HEX", raw.hex().upper().encode()
    yield "utf-16-le", text.encode("utf-16-le")
    yield "utf-16-be", text.encode("utf-16-be")
    yield "reversed utf-16", text[::-1].encode("utf-16-le")
    for offset in range(3):
        core = _base64_core(raw, offset)
        yield f"base64+{offset}", core
        yield f"base64url+{offset}", core.translate(_URL_SAFE)


def _base64_core(raw: bytes, offset: int) -> bytes:
    """The part of the base64 form that does not depend on what stands before and after."""
    encoded = base64.b64encode(b"\0" * offset + raw)
    return encoded[(offset * 8 + 5) // 6 : len(raw + b"\0" * offset) * 8 // 6 - 1]


def _frames(data: bytes) -> Iterator[tuple[str, bytes]]:
    for kind, magic in _MAGIC.items():
        at = data.find(magic)
        while at >= 0:
            yield kind, _opened(kind, data[at : at + _MAX_FRAME])
            at = data.find(magic, at + 1)


def _opened(kind: str, frame: bytes) -> bytes:
    """What the frame holds; empty where the magic stood there by accident."""
    try:
        if kind == "gzip":
            return zlib.decompressobj(wbits=31).decompress(frame, _MAX_FRAME)
        if kind == "lz4":
            return b"".join(_lz4(frame))
        return zstandard.ZstdDecompressor().decompressobj().decompress(frame)
    except (zlib.error, zstandard.ZstdError):
        return b""


def _lz4(frame: bytes) -> Iterator[bytes]:
    """Byte by byte, because the frame's end shows only when what follows makes no sense."""
    stream = pyarrow.CompressedInputStream(pyarrow.BufferReader(frame), "lz4")
    with contextlib.suppress(OSError):
        while part := stream.read(1):
            yield part
