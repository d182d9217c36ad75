"""The configuration files of an embedded platform: the same that an operator writes by hand."""

import json
from typing import Any
from uuid import UUID

from hh_cli.embedded.layout import Layout, Ports
from hh_data.config import NEEDS

DRAIN_SECONDS = 10.0


def data_config(layout: Layout, ports: Ports, service: str, *, dp_id: UUID) -> str:
    """The file of one process of the data plane."""
    plane = layout.plane("data")
    document: dict[str, Any] = {
        "name": "embedded",
        "process": f"data.{service}",
        "services": [service],
        "runtime": str(layout.runtime),
        "drain_seconds": DRAIN_SECONDS,
        "dp_id": str(dp_id),
        "keys": str(plane / "keys.json"),
        "name_key": str(plane / "name.key"),
        "listen": {
            "http": f"127.0.0.1:{ports.data_http}",
            "grpc": f"127.0.0.1:{ports.data_grpc}",
        },
    }
    tables = {
        "objects": {"adapter": "local", "path": str(plane / "objects")},
        "journal": {"adapter": "local", "path": str(plane / "journal")},
        **_engines(layout, ports, "data"),
    }
    document |= {port: tables[port] for port in NEEDS[service]}
    if service == "dispatch":
        document["control"] = {
            "intake": f"127.0.0.1:{ports.intake}",
            "token": f"${{file:{layout.secret('data', 'intake.token')}}}",
        }
    return to_toml(document)


def control_config(layout: Layout, ports: Ports) -> str:
    """The file of the control plane's one process."""
    plane = layout.plane("control")
    return to_toml(
        {
            "name": "embedded",
            "process": "control.api",
            "services": ["intake", "writer", "api"],
            "runtime": str(layout.runtime),
            "drain_seconds": DRAIN_SECONDS,
            "keys": str(plane / "keys.json"),
            "data_planes": str(plane / "data-planes.json"),
            "trust": {"folder": str(plane / "trust")},
            "listen": {
                "http": f"127.0.0.1:{ports.control_http}",
                "intake": f"127.0.0.1:{ports.intake}",
            },
            **_engines(layout, ports, "control"),
        }
    )


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
