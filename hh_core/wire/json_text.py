"""JSON that clients sent, parsed within bounds: many small parts cost far more than their bytes."""

from typing import Any

import orjson

from hh_core.errors import RejectedError

WHOLE_BYTES = 4 << 20
"""Up to this size a text is parsed whatever it holds: at worst some 120 MiB of objects."""
_BRACE, _BRACKET, _COMMA = 240, 64, 70
"""Bytes that an object, an array and a member cost in memory, at most."""


def parse(text: bytes, max_memory: int) -> Any:
    """Raises ``RejectedError``: 413 for what may take more than ``max_memory`` bytes as objects,
    before any is built; 400 for what is no JSON: NaN, infinities, lone surrogates too."""
    if len(text) > WHOLE_BYTES:
        objects = _BRACE * text.count(b"{") + _BRACKET * text.count(b"[")
        if len(text) + objects + _COMMA * text.count(b",") > max_memory:
            message = "the request has too many small parts; send smaller batches"
            raise RejectedError(message, code=413)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RejectedError(f"the body is not JSON: {error.msg} at byte {error.pos}") from error
