"""A real nats-server with JetStream."""

import secrets
import shutil
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import SecretStr

from hh_nats.connection import NatsConfig
from hh_nats.server import NatsServer, command
from servers.process import Server, free_ports, scratch_folder


@dataclass(frozen=True, slots=True)
class RunningNats:
    server: Server
    settings: NatsServer

    def config(self, **options: object) -> NatsConfig:
        """Settings with a prefix that no other test has."""
        return NatsConfig.model_validate(
            {
                "servers": (f"nats://127.0.0.1:{self.settings.port}",),
                "user": self.settings.user,
                "password": SecretStr(self.settings.password),
                "prefix": f"t{uuid.uuid4().hex[:12]}-",
                **options,
            }
        )

    def lose_everything(self) -> None:
        """Kill it, wipe its store, start it again."""
        self.server.kill()
        shutil.rmtree(self.settings.store_dir)
        self.settings.store_dir.mkdir()
        self.server.start()


@cache
def nats_server() -> RunningNats:
    """The one that tests share."""
    return start_nats(scratch_folder("nats"))


def start_nats(folder: Path) -> RunningNats:
    """One of your own, to kill and to wipe."""
    (port,) = free_ports(1)
    settings = NatsServer(
        port=port,
        store_dir=folder / "store",
        user="hh",
        password=secrets.token_hex(16),
        max_store_bytes=1 << 40,  # each test reserves streams of its own
    )
    settings.prepare(folder / "nats.conf")
    server = Server(command(folder / "nats.conf"), port, folder / "log")
    server.start()
    return RunningNats(server, settings)
