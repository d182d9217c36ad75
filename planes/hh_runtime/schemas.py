"""The published schemas (OpenAPI, protobuf): ``schema/`` of a checkout, packaged in the wheel."""

from functools import cache
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_PLACES = (_HERE / "schema", _HERE.parents[1] / "schema")


@cache
def schema_bytes(name: str) -> bytes:
    """The file ``name``. Raises ``FileNotFoundError`` if this release has none of that name."""
    for place in _PLACES:
        if (place / name).is_file():
            return (place / name).read_bytes()
    raise FileNotFoundError(f"schema/{name}")
