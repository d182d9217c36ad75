"""Where everything of an embedded platform stands: folders, files and ports."""

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hh_runtime.net import SOCKETS, free_folder

DEFAULT_DATA_DIR = ".hh"
DEFAULT_PORT_BASE = 8470

PLANES = ("control", "data")


@dataclass(frozen=True)
class Layout:
    """The platform of one data folder. ``base`` is absolute."""

    base: Path

    @classmethod
    def of(cls, data_dir: str | Path) -> "Layout":
        return cls(Path(os.path.realpath(data_dir)))

    @cached_property
    def runtime(self) -> Path:
        """A short, private folder for Unix sockets: a data folder's path may be too long for
        them."""
        digest = hashlib.sha256(os.fsencode(self.base)).hexdigest()[:10]
        return free_folder(SOCKETS / f"hh-{os.getuid()}-{digest}")

    @property
    def endpoints(self) -> Path:
        return self.base / "endpoints.json"

    @property
    def state(self) -> Path:
        """What the supervisor says about itself and its processes."""
        return self.base / "state.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor for as long as it lives."""
        return self.base / "lock"

    @property
    def credentials(self) -> Path:
        """The project's id and key and the administrator's password in clear: the one place where
        they can be read again."""
        return self.base / "credentials.json"

    @property
    def host(self) -> Path:
        """Which planes this folder holds, and where others reach them."""
        return self.base / "host.json"

    @property
    def trust(self) -> Path:
        """The control plane's private keys."""
        return self.base / "control" / "trust"

    @property
    def identity(self) -> Path:
        """The data plane's private key, and whom it trusts."""
        return self.base / "data" / "identity"

    @property
    def access(self) -> Path:
        """Who may use the data plane; written by its controller."""
        return self.base / "data" / "keys.json"

    @property
    def enrolment_token(self) -> Path:
        return self.secret("data", "enrolment.token")

    @property
    def control_ca(self) -> Path:
        """Authorities that the control plane's certificate must chain to."""
        return self.base / "data" / "control-ca.pem"

    @property
    def supervisor_log(self) -> Path:
        return self.base / "supervisor.log"

    def plane(self, plane: str) -> Path:
        return self.base / plane

    def secret(self, plane: str, name: str) -> Path:
        return self.base / plane / "secrets" / name

    def config(self, plane: str, name: str) -> Path:
        return self.base / plane / f"{name}.toml"

    def log(self, process: str) -> Path:
        """``data.ingest`` writes ``data/logs/ingest.log``."""
        if process == "supervisor":
            return self.supervisor_log
        plane, _, name = process.partition(".")
        return self.base / plane / "logs" / f"{name}.log"

    def socket(self, process: str) -> Path:
        """Where a process serves /healthz, /readyz and /metrics."""
        return self.runtime / f"{process}.sock"


@dataclass(frozen=True, slots=True)
class Ports:
    """The ten TCP ports of a platform, N to N+9, all on loopback."""

    base: int

    @property
    def control_http(self) -> int:
        return self.base

    @property
    def data_http(self) -> int:
        return self.base + 1

    @property
    def data_grpc(self) -> int:
        return self.base + 2

    @property
    def intake(self) -> int:
        return self.base + 3

    def clickhouse(self, plane: str) -> int:
        return self.base + 4 + (plane == "control")

    def nats(self, plane: str) -> int:
        return self.base + 6 + (plane == "control")

    def postgres(self, plane: str) -> int:
        return self.base + 8 + (plane == "control")

    @property
    def all(self) -> range:
        return range(self.base, self.base + 10)
