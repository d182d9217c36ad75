"""The API's own description, from ``schema/`` in the source tree or as the wheel carries it."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

_NAME = "control.openapi.json"


@cache
def openapi() -> dict[str, Any]:
    packed = files("hh_runtime") / "schema" / _NAME
    if packed.is_file():
        data = packed.read_bytes()
    else:
        data = (Path(__file__).parents[2] / "schema" / _NAME).read_bytes()
    document: dict[str, Any] = orjson.loads(data)
    return document
