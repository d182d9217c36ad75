"""What the engine's HTTP side does with a request that it does not run."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import cast

from aiohttp.test_utils import TestClient, TestServer

from hh_clickhouse.engine.pool import Pool
from hh_clickhouse.engine.server import Limits, Server

NO_POOL = cast(Pool, None)
"""A statement that is refused never reaches one."""


def data_files() -> int:
    links = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            links.append(os.readlink(link))
    return sum("memfd:insert" in link for link in links)


def test_the_data_of_a_refused_insert_is_not_kept() -> None:
    async def insert() -> tuple[int, str]:
        server = Server(NO_POOL, "hh", "secret", Limits(waiting=0))
        async with TestClient(TestServer(server.app())) as client:
            answer = await client.post(
                "/?query=INSERT INTO t FORMAT TSV",
                data=b"1\n" * 100_000,
                headers={"X-ClickHouse-User": "hh", "X-ClickHouse-Key": "secret"},
            )
            return answer.status, answer.headers["X-ClickHouse-Exception-Code"]

    before = data_files()

    assert asyncio.run(insert()) == (503, "202")
    assert data_files() == before
