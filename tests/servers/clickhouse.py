"""ClickHouse's engine behind its HTTP interface."""

import secrets
import sys
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import SecretStr

from hh_clickhouse.analytics import ClickhouseConfig
from servers.process import Server, free_ports, scratch_folder


@dataclass(frozen=True, slots=True)
class RunningClickhouse:
    server: Server
    password: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def config(self, **options: object) -> ClickhouseConfig:
        """Settings with a database that no other test has."""
        fresh = {"plane": "data", "database": f"t{uuid.uuid4().hex}", **options}
        return ClickhouseConfig(
            url=self.url,
            user="hh",
            password=SecretStr(self.password),
            **fresh,  # type: ignore[arg-type]  # checked by the model
        )


@cache
def clickhouse_server() -> RunningClickhouse:
    """The one that tests share."""
    return start_clickhouse(scratch_folder("clickhouse"))


def start_clickhouse(folder: Path, *options: str) -> RunningClickhouse:
    """One of your own, to kill. ``options`` go to the engine's command line."""
    (port,) = free_ports(1)
    password, file = secrets.token_hex(16), folder / "password"
    file.write_text(password)
    argv = [
        *(sys.executable, "-m", "hh_clickhouse.engine"),
        *("--path", str(folder / "data"), "--listen", f"127.0.0.1:{port}"),
        *("--user", "hh", "--password-file", str(file)),
        *("--memory-mib", "1500", *options),
    ]
    server = Server(argv, port, folder / "log")
    server.start()
    return RunningClickhouse(server, password)
