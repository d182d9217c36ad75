"""The configuration files of an embedded platform: the same that an operator writes by hand."""

import json
from typing import Any
from uuid import UUID

from hh_cli.embedded.host import Host
from hh_cli.embedded.layout import Layout, Ports
from hh_data.config import NEEDS

DRAIN_SECONDS = 10.0
_OWN_NAMES = ("127.0.0.1", "localhost")
"""As whom this machine's browsers may know it."""


def data_config(layout: Layout, ports: Ports, service: str, host: Host, *, dp_id: UUID) -> str:
    """The file of one process of the data plane."""
    plane = layout.plane("data")
    document: dict[str, Any] = {
        "name": "embedded",
        "process": f"data.{service}",
        "services": ["api", "controller"] if service == "api" else [service],
        "runtime": str(layout.runtime),
        "drain_seconds": DRAIN_SECONDS,
        "dp_id": str(dp_id),
        "keys": str(layout.access),
        "name_key": str(plane / "name.key"),
        "listen": {
            "http": _listen(host, ports.data_http),
            "grpc": _listen(host, ports.data_grpc),
            "origins": _origins(host, ports),
            **_certificate(host),
            **_public_url(host, ports),
        },
    }
    tables = {
        "objects": {"adapter": "local", "path": str(plane / "objects")},
        "journal": {"adapter": "local", "path": str(plane / "journal")},
        **_engines(layout, ports, "data"),
    }
    document |= {port: tables[port] for port in NEEDS[service]}
    document["control"] = _control(layout, ports, host, service)
    return to_toml(document)


def _control(layout: Layout, ports: Ports, host: Host, service: str) -> dict[str, Any]:
    """Whom the data plane dials: the control plane beside it, or the one that it has joined."""
    table = {
        "intake": host.intake or f"127.0.0.1:{ports.intake}",
        "identity": str(layout.identity),
    }
    if layout.control_ca.exists():
        table["tls_ca"] = str(layout.control_ca)
    if service == "api":
        table["enrolment_token"] = f"${{file:{layout.enrolment_token}}}"
    return table


def control_config(layout: Layout, ports: Ports, host: Host) -> str:
    """The file of the control plane's one process. Its API stays on loopback: what ends TLS for
    people stands before it."""
    tls = _certificate(host)
    return to_toml(
        {
            "name": "embedded",
            "process": "control.api",
            "services": ["intake", "writer", "api"],
            "runtime": str(layout.runtime),
            "drain_seconds": DRAIN_SECONDS,
            "trust": {"folder": str(layout.trust)},
            "listen": {
                "http": f"127.0.0.1:{ports.control_http}",
                "intake": _listen(host, ports.intake),
                **tls,
            },
            **_engines(layout, ports, "control"),
        }
    )


def _listen(host: Host, port: int) -> str:
    name = host.public or "127.0.0.1"
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _public_url(host: Host, ports: Ports) -> dict[str, str]:
    """Where browsers reach the data plane, if they do. An IPv6 address is none that the content
    policy of a page can name."""
    if ":" in host.public or not (host.public or host.has_control):
        return {}
    scheme = "https" if host.certificate else "http"
    return {"public_url": f"{scheme}://{_listen(host, ports.data_http).lower()}"}


def _origins(host: Host, ports: Ports) -> list[str]:
    """Whose pages may ask the data plane."""
    own = [f"http://{name}:{ports.control_http}" for name in _OWN_NAMES]
    return [*own, host.origin] if host.origin else own


def _certificate(host: Host) -> dict[str, str]:
    if not host.certificate:
        return {}
    return {"tls_certificate": host.certificate, "tls_key": host.certificate_key}


def _engines(layout: Layout, ports: Ports, plane: str) -> dict[str, Any]:
    def password(engine: str) -> str:
        return f"${{file:{layout.secret(plane, f'{engine}.password')}}}"

    return {
        "queue": {
            "adapter": "nats",
            "servers": [f"nats://127.0.0.1:{ports.nats(plane)}"],
            "user": "hh",
            "password": password("nats"),
        },
        "analytics": {
            "adapter": "clickhouse",
            "plane": plane,
            "url": f"http://127.0.0.1:{ports.clickhouse(plane)}",
            "user": "hh",
            "password": password("clickhouse"),
        },
        "records": {
            "adapter": "postgres",
            "host": "127.0.0.1",
            "port": ports.postgres(plane),
            "user": "hh",
            "password": password("postgres"),
        },
    }


def to_toml(document: dict[str, Any]) -> str:
    """TOML of plain values and one level of tables. JSON's text and numbers are valid TOML."""
    lines = ["# written by `hh up`; changes are lost at the next start", ""]
    tables = {key: value for key, value in document.items() if isinstance(value, dict)}
    lines += [f"{key} = {_value(value)}" for key, value in document.items() if key not in tables]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {_value(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
