"""Fill a data folder: secrets that stay, configuration files that are written anew each time."""

import os
import secrets
from pathlib import Path
from uuid import UUID

from hh_cli.embedded.configs import control_config, data_config
from hh_cli.embedded.credentials import Credentials, make_credentials
from hh_cli.embedded.host import BOTH, Host
from hh_cli.embedded.layout import Layout, Ports
from hh_cli.embedded.state import write_private
from hh_core.errors import ConfigError

ENGINES = ("clickhouse", "nats", "postgres")
_GONE = ("data-planes.json", "keys.json", "secrets/intake.token")
"""What earlier releases kept at the control plane."""


def prepare(layout: Layout, ports: Ports, host: Host | None = None) -> Credentials | None:
    """Make everything that is missing, and write this release's configuration files.

    Gives the credentials of a platform of both planes. Raises ``ConfigError`` if the folder cannot
    be used or belongs to a newer release.
    """
    host = host or Host()
    try:
        return _prepared(layout, ports, host)
    except OSError as error:
        raise ConfigError(f"cannot prepare {layout.base}: {error.strerror or error}") from error


def _prepared(layout: Layout, ports: Ports, host: Host) -> Credentials | None:
    for plane in host.planes:
        for folder in ("secrets", "logs"):
            (layout.plane(plane) / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        for engine in ENGINES:
            _once(layout.secret(plane, f"{engine}.password"), secrets.token_urlsafe(32))
    credentials = make_credentials(layout) if host.plane == BOTH else None
    if host.has_control:
        _forget_earlier(layout)
        write_private(layout.config("control", "control"), control_config(layout, ports, host))
    if host.has_data:
        dp_id = UUID(credentials.dp_id if credentials else host.dp_id)
        _data(layout, ports, host, dp_id)
    return credentials


def _data(layout: Layout, ports: Ports, host: Host, dp_id: UUID) -> None:
    name_key = layout.plane("data") / "name.key"
    if not name_key.exists():
        _write_bytes(name_key, secrets.token_bytes(32))
    for name in ("ingest", "dispatch", "api"):
        text = data_config(layout, ports, name, host, dp_id=dp_id)
        write_private(layout.config("data", name), text)


def _forget_earlier(layout: Layout) -> None:
    """The token that both planes shared, and who had it: data planes have keys of their own."""
    layout.secret("data", "intake.token").unlink(missing_ok=True)
    for name in _GONE:
        (layout.plane("control") / name).unlink(missing_ok=True)


def _once(path: Path, text: str) -> None:
    if not path.exists():
        write_private(path, text)


def _write_bytes(path: Path, data: bytes) -> None:
    fresh = path.with_name(f".{path.name}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
