"""A real PostgreSQL."""

import asyncio
import secrets
import signal
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
from pydantic import SecretStr

from hh_postgres.connection import PostgresConfig
from hh_postgres.server import DATABASE, USER, command, prepare
from servers.process import Server, free_ports, scratch_folder

_READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RunningPostgres:
    server: Server
    password: str

    def config(self, **options: object) -> PostgresConfig:
        """Settings with a database that no other test has."""
        name = f"t{uuid.uuid4().hex}"
        with ThreadPoolExecutor(1) as thread:  # a loop may be running here
            thread.submit(asyncio.run, self._create(name)).result()
        return PostgresConfig.model_validate(
            {
                "port": self.server.port,
                "database": name,
                "user": USER,
                "password": SecretStr(self.password),
                **options,
            }
        )

    def start(self) -> None:
        """Return when it takes connections: it listens while it is still recovering."""
        self.server.start()
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            try:
                with ThreadPoolExecutor(1) as thread:
                    return thread.submit(asyncio.run, self._ping()).result()
            except (OSError, asyncpg.PostgresError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    async def _ping(self) -> None:
        await (await self._connect()).close()

    async def _connect(self) -> Any:
        return await asyncpg.connect(
            host="127.0.0.1",
            port=self.server.port,
            user=USER,
            password=self.password,
            database=DATABASE,
        )

    async def _create(self, name: str) -> None:
        connection = await self._connect()
        try:
            await connection.execute(f'create database "{name}"')
        finally:
            await connection.close()


@cache
def postgres_server() -> RunningPostgres:
    """The one that tests share."""
    return start_postgres(scratch_folder("postgres"))


def start_postgres(folder: Path) -> RunningPostgres:
    """One of your own, to kill."""
    password = secrets.token_hex(16)
    password_file = folder / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    prepare(folder / "data", password_file)
    (port,) = free_ports(1)
    server = Server(command(folder / "data", port), port, folder / "log", stop=signal.SIGINT)
    running = RunningPostgres(server, password)
    running.start()
    return running
