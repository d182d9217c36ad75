"""What one data folder is: both planes or one of them, and where other hosts reach it.

Chosen by the first ``hh up`` and kept in ``host.json``, so that the next one needs no options.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from uuid import UUID

from hh_cli.embedded.layout import PLANES, Layout
from hh_cli.embedded.state import write_private
from hh_core.domain.origins import is_origin
from hh_core.errors import ConfigError

BOTH = "both"
FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Host:
    plane: str = BOTH
    """``both``, ``control`` or ``data``."""
    public: str = ""
    """The host name or address on which others are served; empty: nobody but this machine."""
    certificate: str = ""
    """PEM file of the certificate for ``public``, with its chain."""
    certificate_key: str = ""
    dp_id: str = ""
    """Of a data plane alone: the name that its control plane gave it."""
    intake: str = ""
    """Of a data plane alone: ``host:port`` of its control plane."""
    origin: str = ""
    """Where people open the web application, if not at this machine's loopback."""

    @property
    def planes(self) -> tuple[str, ...]:
        return PLANES if self.plane == BOTH else (self.plane,)

    @property
    def has_control(self) -> bool:
        return "control" in self.planes

    @property
    def has_data(self) -> bool:
        return "data" in self.planes


@dataclass(frozen=True, slots=True)
class Invitation:
    """What ``hh admin data-plane add`` printed for a data plane."""

    dp_id: UUID
    intake: str
    enrolment_token: str
    tls_ca: str
    """PEM text; empty: the system's authorities."""


def read_host(layout: Layout) -> Host | None:
    """None for a folder that no ``hh up`` of this release has used."""
    try:
        document = json.loads(layout.host.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ConfigError(f"{layout.host} is damaged; restore it, or purge") from error
    if document.pop("version", None) != FORMAT_VERSION:
        raise ConfigError(f"{layout.base} was made by a newer release of the platform")
    return Host(**{name: document[name] for name in _NAMES if name in document})


def write_host(layout: Layout, host: Host) -> None:
    layout.base.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(layout.host, json.dumps({"version": FORMAT_VERSION, **asdict(host)}, indent=1))


def settle(layout: Layout, asked: Mapping[str, str | None], join: Path | None) -> Host:
    """Take what is ``asked`` for this time and what stands from before, and keep it.

    Raises ``ConfigError`` for what cannot be: another plane than before, a door to other hosts
    without a certificate, a data plane that was never invited.
    """
    known = read_host(layout)
    if known is None and layout.credentials.exists():
        known = Host()  # made by the release before: both planes
    plane = asked.get("plane")
    if known is not None and plane not in (None, known.plane):
        raise ConfigError(
            f"{layout.base} holds {_spoken(known.plane)}; use another --data-dir for {plane}"
        )
    given = {name: value for name, value in asked.items() if value is not None}
    host = replace(known or Host(), **given)
    if join is not None:
        host = _joined(layout, host, join)
    _require_sound(host)
    write_host(layout, host)
    return host


def read_invitation(path: Path) -> Invitation:
    """Raises ``ConfigError`` for a file that is none."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        control = document["control"]
        ca = control.get("tls_ca", "")
        return Invitation(
            UUID(document["dp_id"]),
            str(control["intake"]),
            str(control["enrolment_token"]),
            (path.absolute().parent / ca).read_text() if ca else "",
        )
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"{path}: not what `hh admin data-plane add` printed ({type(error).__name__})"
        raise ConfigError(message) from error


def _joined(layout: Layout, host: Host, join: Path) -> Host:
    if host.plane != "data":
        raise ConfigError("--join is for a data plane alone: hh up --plane data --join FILE")
    invitation = read_invitation(join)
    if host.dp_id not in ("", str(invitation.dp_id)):
        raise ConfigError(
            f"{layout.base} holds the data plane {host.dp_id}; {join} is for another one:"
            " use another --data-dir"
        )
    (layout.plane("data") / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(layout.enrolment_token, invitation.enrolment_token)
    if invitation.tls_ca:
        write_private(layout.control_ca, invitation.tls_ca)
    else:
        layout.control_ca.unlink(missing_ok=True)
    return replace(host, dp_id=str(invitation.dp_id), intake=invitation.intake)


def _require_sound(host: Host) -> None:
    if bool(host.certificate) != bool(host.certificate_key):
        raise ConfigError("--certificate and --certificate-key go together")
    if host.public and not host.certificate:
        raise ConfigError(
            "--public needs --certificate and --certificate-key: keys and tokens never cross a"
            " network in the clear; hh admin certificate makes both"
        )
    for file in filter(None, (host.certificate, host.certificate_key)):
        if not Path(file).is_file():
            raise ConfigError(f"{file}: no such file")
    if host.origin and not is_origin(host.origin):
        raise ConfigError("--origin is a scheme, a host and a port, such as https://traces.example")
    if host.plane == BOTH and host.public:
        raise ConfigError("--public is for --plane control or --plane data; both stay on loopback")
    if host.plane == "data" and not host.dp_id:
        raise ConfigError(
            "a data plane alone needs its control plane: hh up --plane data --join FILE, where"
            " FILE is what `hh admin data-plane add NAME` printed there"
        )


def _spoken(plane: str) -> str:
    return "both planes" if plane == BOTH else f"a {plane} plane"


_NAMES = tuple(field.name for field in fields(Host))
