"""Fill a data folder: secrets that stay, configuration files that are written anew each time."""

import hashlib
import json
import os
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID, uuid4

from hh_cli.embedded.configs import control_config, data_config
from hh_cli.embedded.layout import PLANES, Layout, Ports
from hh_cli.embedded.state import write_private
from hh_core.errors import ConfigError

FORMAT_VERSION = 1
ENGINES = ("clickhouse", "nats", "postgres")
SCOPES = ("ingest", "read", "admin")

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who uses the embedded platform: one project with one key."""

    version: int
    org_id: str
    workspace_id: str
    project_id: str
    project_name: str
    key_id: str
    api_key: str
    dp_id: str


def prepare(layout: Layout, ports: Ports) -> Credentials:
    """Make everything that is missing, and write this release's configuration files.

    Raises ``ConfigError`` if the folder cannot be used or belongs to a newer release.
    """
    try:
        for plane in PLANES:
            for folder in ("secrets", "logs"):
                (layout.plane(plane) / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        credentials = _credentials(layout)
        _secrets(layout)
        _directories(layout, credentials)
        for name in ("ingest", "dispatch", "api"):
            text = data_config(layout, ports, name, dp_id=UUID(credentials.dp_id))
            write_private(layout.config("data", name), text)
        write_private(layout.config("control", "control"), control_config(layout, ports))
    except OSError as error:
        raise ConfigError(f"cannot prepare {layout.base}: {error.strerror or error}") from error
    return credentials


def read_credentials(layout: Layout) -> Credentials | None:
    """What an earlier ``prepare`` made; None if there is nothing."""
    try:
        document = json.loads(layout.credentials.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ConfigError(f"{layout.credentials} is damaged; restore it, or purge") from error
    if document.get("version") != FORMAT_VERSION:
        raise ConfigError(f"{layout.base} was made by a newer release of the platform")
    return Credentials(**document)


def new_api_key() -> str:
    """256 random bits and a checksum, in the shape that clients know."""
    body = _base62(int.from_bytes(secrets.token_bytes(32), "big"), 43)
    checksum = int.from_bytes(hashlib.sha256(body.encode()).digest()[:4], "big")
    return f"hh_{body}{_base62(checksum, 6)}"


def _credentials(layout: Layout) -> Credentials:
    known = read_credentials(layout)
    if known is not None:
        return known
    fresh = Credentials(
        version=FORMAT_VERSION,
        org_id=str(uuid4()),
        workspace_id=str(uuid4()),
        project_id=str(uuid4()),
        project_name="default",
        key_id=str(uuid4()),
        api_key=new_api_key(),
        dp_id=str(uuid4()),
    )
    write_private(layout.credentials, json.dumps(asdict(fresh), indent=1) + "\n")
    return fresh


def _secrets(layout: Layout) -> None:
    """Passwords that never leave the plane that made them, and the one token both know."""
    for plane in PLANES:
        for engine in ENGINES:
            _once(layout.secret(plane, f"{engine}.password"), secrets.token_urlsafe(32))
    token = secrets.token_urlsafe(32)
    _once(layout.secret("data", "intake.token"), token)
    shared = layout.secret("data", "intake.token").read_text()
    write_private(layout.secret("control", "intake.token"), shared)
    name_key = layout.plane("data") / "name.key"
    if not name_key.exists():
        _write_bytes(name_key, secrets.token_bytes(32))


def _directories(layout: Layout, credentials: Credentials) -> None:
    """The files by which the planes know keys and each other, until they enrol."""
    key = {
        "digest": hashlib.sha256(credentials.api_key.encode()).hexdigest(),
        "key_id": credentials.key_id,
        "project_id": credentials.project_id,
        "project_name": credentials.project_name,
        "org_id": credentials.org_id,
        "workspace_id": credentials.workspace_id,
        "scopes": SCOPES,
        "expires_ms": None,
    }
    directory = json.dumps({"version": FORMAT_VERSION, "keys": [key]}, indent=1) + "\n"
    for plane in PLANES:
        write_private(layout.plane(plane) / "keys.json", directory)
    token = layout.secret("control", "intake.token").read_text()
    identity = {
        "dp_id": credentials.dp_id,
        "token_digest": hashlib.sha256(token.encode()).hexdigest(),
        "projects": [credentials.project_id],
        "enrolled_ms": int(time.time() * 1000),
    }
    planes = json.dumps({"version": FORMAT_VERSION, "data_planes": [identity]}, indent=1) + "\n"
    write_private(layout.plane("control") / "data-planes.json", planes)


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


def _base62(number: int, length: int) -> str:
    letters = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        letters.append(_ALPHABET[digit])
    return "".join(reversed(letters))
