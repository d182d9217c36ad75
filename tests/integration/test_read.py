"""Reading over the real index: the ClickHouse engine."""

import asyncio
import secrets
import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

import pytest
from read_house import ReadHouse, read_house
from read_scenarios import SCENARIOS
from servers.process import Server, free_ports, scratch_folder

from hh_core.usecases.read import ReadLimits

_LONG_AGO_DAYS = 20_000
"""The scenarios' receive times are fixed: rows must not expire under the test."""


@cache
def engine() -> Mapping[str, Any]:
    """One engine for all tests of this module."""
    folder = scratch_folder("read")
    password = secrets.token_hex(16)
    (folder / "password").write_text(password)
    (port,) = free_ports(1)
    argv = [sys.executable, "-m", "hh_clickhouse.engine", "--path", str(folder / "data")]
    argv += ["--listen", f"127.0.0.1:{port}", "--password-file", str(folder / "password")]
    server = Server([*argv, "--memory-mib", "1024"], port, folder / "log")
    server.start()
    return {"adapter": "clickhouse", "url": f"http://127.0.0.1:{port}", "password": password}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_reading(scenario: Callable[[ReadHouse], Awaitable[None]]) -> None:
    database = f"t{uuid.uuid4().hex[:12]}"
    table = {**engine(), "database": database, "plane": "data", "retention_days": _LONG_AGO_DAYS}
    limits = ReadLimits(scan_limit=20) if "stops" in scenario.__name__ else ReadLimits()

    async def main() -> None:
        async with read_house(table, limits=limits) as house:
            await scenario(house)

    asyncio.run(main())
