"""The key that makes ids which clients chose into UUIDs, and the plane's clock."""

import time
from pathlib import Path

from hh_core.errors import ConfigError

NAME_KEY_BYTES = 32


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def read_name_key(path: Path) -> bytes:
    """Raises ``ConfigError`` unless the file holds 32 bytes."""
    try:
        key = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"name_key: {path}: {error.strerror}") from error
    if len(key) != NAME_KEY_BYTES:
        raise ConfigError(f"name_key: {path} must hold {NAME_KEY_BYTES} random bytes")
    return key
