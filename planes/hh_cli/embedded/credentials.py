"""Who uses an embedded platform of both planes: one administrator, one project, two keys.

All ids and secrets are chosen before anything runs, so that a first start that was cut off goes on
where it stopped, and a folder of an earlier release keeps its project and its key.
"""

import json
import secrets
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from hh_cli.embedded.layout import Layout
from hh_cli.embedded.state import write_private
from hh_core.domain.api_keys import RANDOM_BYTES, KeyKind, new_key
from hh_core.errors import ConfigError

FORMAT_VERSION = 2
ADMIN_EMAIL = "admin@localhost"
_PASSWORD_BYTES = 18


@dataclass(frozen=True, slots=True)
class Credentials:
    version: int
    org_id: str
    workspace_id: str
    project_id: str
    project_name: str
    key_id: str
    api_key: str
    dp_id: str
    admin_email: str
    admin_password: str
    """As it was first; whoever changes it, changes it elsewhere."""
    control_key_id: str
    control_key: str
    """With it ``hh`` asks the control plane."""
    founded: bool = False
    """Whether the control plane knows all this."""


def read_credentials(layout: Layout) -> Credentials | None:
    """What stands in the folder; None if there is nothing, or only what an earlier release made.

    Raises ``ConfigError`` for a file that is damaged, or of a newer release.
    """
    document = _document(layout)
    if document is None or document["version"] < FORMAT_VERSION:
        return None
    try:
        return Credentials(**document)
    except TypeError as error:
        raise _damaged(layout) from error


def make_credentials(layout: Layout) -> Credentials:
    """What stands in the folder, or new ones; those of an earlier release are carried over."""
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
        api_key=random_key(KeyKind.PROJECT),
        dp_id=str(uuid4()),
        admin_email=ADMIN_EMAIL,
        admin_password=random_password(),
        control_key_id=str(uuid4()),
        control_key=random_key(KeyKind.CONTROL_PLANE),
    )
    earlier = _document(layout)
    if earlier is not None:
        fresh = _carried_over(layout, fresh, earlier)
    write_credentials(layout, fresh)
    return fresh


def write_credentials(layout: Layout, credentials: Credentials) -> None:
    write_private(layout.credentials, json.dumps(asdict(credentials), indent=1) + "\n")


def random_key(kind: KeyKind) -> str:
    return new_key(kind, secrets.token_bytes(RANDOM_BYTES))


def random_password() -> str:
    """144 random bits in characters that can be typed."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def _carried_over(layout: Layout, fresh: Credentials, earlier: dict[str, Any]) -> Credentials:
    kept = ("org_id", "workspace_id", "project_id", "project_name", "key_id", "api_key", "dp_id")
    try:
        document = asdict(fresh) | {name: str(earlier[name]) for name in kept}
        return Credentials(**document)
    except KeyError as error:
        raise _damaged(layout) from error


def _document(layout: Layout) -> dict[str, Any] | None:
    try:
        document = json.loads(layout.credentials.read_text())
        version = document["version"]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(layout) from error
    if not isinstance(version, int) or not 1 <= version <= FORMAT_VERSION:
        raise ConfigError(f"{layout.base} was made by a newer release of the platform")
    return dict(document)


def _damaged(layout: Layout) -> ConfigError:
    return ConfigError(f"{layout.credentials} is damaged; restore it, or purge")
