"""Large answers, compressed as the client asks (RFC 9110, 12.5.3), and revisions that it knows
(RFC 9110, 13.1.2)."""

import asyncio
from collections.abc import Collection, Mapping

import zstandard
from aiohttp import hdrs, web
from isal import isal_zlib

from hh_data.api.errors import json_bytes

_GZIP = 31
"""The window of zlib that means a gzip header."""
_LEVEL = 1
"""Of both: an answer is read once, soon."""
_SMALL = 4 << 10
"""Bytes below which nobody gains by compressing."""


async def coded_json(
    request: web.Request, body: object, headers: Mapping[str, str]
) -> web.Response:
    """``body`` as JSON, in zstd or gzip if the request accepts one. Written in a thread."""
    coding = _coding(request.headers.getall(hdrs.ACCEPT_ENCODING, ()))
    data, coded = await asyncio.to_thread(_coded, body, coding)
    sent: dict[str, str] = {hdrs.VARY: hdrs.ACCEPT_ENCODING, **headers}
    if coded:
        sent[hdrs.CONTENT_ENCODING] = coding
    return web.Response(body=data, content_type="application/json", headers=sent)


def etag(revision: str) -> str:
    """Weak: compressed in two ways it is the same revision."""
    return f'W/"{revision}"'


def known_revisions(request: web.Request) -> Collection[str]:
    """Those that ``If-None-Match`` names."""
    named = ",".join(request.headers.getall(hdrs.IF_NONE_MATCH, ())).split(",")
    return {one.strip().removeprefix("W/").strip('"') for one in named} - {""}


def _coding(accepted: Collection[str]) -> str:
    """The best of those that we write; empty for none. What has the weight 0 is refused."""
    names = set()
    for one in ",".join(accepted).lower().split(","):
        name, _, weight = one.partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            names.add(name.strip())
    return next((name for name in ("zstd", "gzip") if name in names), "")


def _coded(body: object, coding: str) -> tuple[bytes, bool]:
    """The JSON of ``body``, and whether it is compressed."""
    data = json_bytes(body)
    if len(data) < _SMALL or not coding:
        return data, False
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=_LEVEL).compress(data), True
    return isal_zlib.compress(data, _LEVEL, _GZIP), True
