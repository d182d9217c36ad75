"""Which processes an embedded platform consists of, and how each is started."""

import sys
from collections.abc import Iterator

from hh_cli.embedded.layout import PLANES, Layout, Ports
from hh_cli.embedded.probes import accepts, http_tcp, http_unix
from hh_cli.embedded.process import Spec

PYTHON = (sys.executable, "-X", "utf8")
ENGINE, PLANE, DOOR = 0, 1, 2
"""Stages, stopped in reverse: the door closes first, engines last."""


def specs(layout: Layout, ports: Ports, *, dispatchers: int) -> list[Spec]:
    """Every process, in the order in which it is started."""
    return [
        *(spec for plane in PLANES for spec in _engines(layout, ports, plane)),
        *_planes(layout, dispatchers),
    ]


def _engines(layout: Layout, ports: Ports, plane: str) -> Iterator[Spec]:
    asked = {
        "clickhouse": (ports.clickhouse(plane), http_tcp(ports.clickhouse(plane), "/ping")),
        "postgres": (ports.postgres(plane), accepts(ports.postgres(plane))),
        "nats": (ports.nats(plane), accepts(ports.nats(plane))),
    }
    modules = {
        "clickhouse": "hh_clickhouse.engine",
        "postgres": "hh_postgres.server",
        "nats": "hh_nats.server",
    }
    for engine, (port, probe) in asked.items():
        name = f"{plane}.{engine}"
        arguments = (
            *("--path", str(layout.plane(plane) / engine)),
            *("--listen", f"127.0.0.1:{port}"),
            *("--user", "hh"),
            *("--password-file", str(layout.secret(plane, f"{engine}.password"))),
        )
        yield Spec(
            name,
            (*PYTHON, "-m", modules[engine], *arguments),
            probe,
            layout.log(name),
            stage=ENGINE,
        )


def _planes(layout: Layout, dispatchers: int) -> Iterator[Spec]:
    yield _plane(layout, "control.api", "hh_control", "control", PLANE)
    for number in range(1, dispatchers + 1):
        name = "data.dispatch" if number == 1 else f"data.dispatch-{number}"
        yield _plane(layout, name, "hh_data", "dispatch", PLANE, "--set", f"process={name}")
    yield _plane(layout, "data.api", "hh_data", "api", PLANE)
    yield _plane(layout, "data.ingest", "hh_data", "ingest", DOOR)


def _plane(
    layout: Layout, name: str, module: str, config: str, stage: int, *arguments: str
) -> Spec:
    plane = name.partition(".")[0]
    file = str(layout.config(plane, config))
    return Spec(
        name,
        (*PYTHON, "-m", module, file, *arguments),
        http_unix(layout.socket(name)),
        layout.log(name),
        stage=stage,
    )
