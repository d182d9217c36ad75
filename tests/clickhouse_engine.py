"""One ClickHouse engine for the tests of a process; each test gets a database of its own."""

import secrets
import sys
import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from servers.process import Server, free_ports, scratch_folder

_LONG_AGO_DAYS = 20_000
"""Some receive times in tests are fixed: their rows must not expire meanwhile."""


def fresh_index() -> Mapping[str, Any]:
    """The ``[analytics]`` table of an empty data plane's index."""
    database = f"t{uuid.uuid4().hex[:12]}"
    more = {"database": database, "plane": "data", "retention_days": _LONG_AGO_DAYS}
    return {**_engine(), **more}


@cache
def _engine() -> Mapping[str, Any]:
    folder = scratch_folder("read")
    password = secrets.token_hex(16)
    (folder / "password").write_text(password)
    (port,) = free_ports(1)
    argv = [sys.executable, "-m", "hh_clickhouse.engine", "--path", str(folder / "data")]
    argv += ["--listen", f"127.0.0.1:{port}", "--password-file", str(folder / "password")]
    server = Server([*argv, "--memory-mib", "1024"], port, folder / "log")
    server.start()
    return {"adapter": "clickhouse", "url": f"http://127.0.0.1:{port}", "password": password}
