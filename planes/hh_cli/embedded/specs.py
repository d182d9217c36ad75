"""Which processes an embedded platform consists of, and how each is started."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from hh_cli.embedded.layout import PLANES, Layout, Ports
from hh_cli.embedded.probes import accepts, http_tcp, http_unix
from hh_cli.embedded.process import Spec

PYTHON = (sys.executable, "-X", "utf8")
USER = "hh"
ENGINE, PLANE, DOOR = 0, 1, 2
"""Stages, stopped in reverse: the door closes first, engines last."""


def specs(
    layout: Layout, ports: Ports, *, dispatchers: int, planes: Sequence[str] = PLANES
) -> list[Spec]:
    """Every process of these planes, slow starters first."""
    engines = (_clickhouse, _postgres, _nats)
    return [
        *(engine(layout, ports, plane) for engine in engines for plane in planes),
        *(_control(layout) if "control" in planes else ()),
        *(_data(layout, dispatchers) if "data" in planes else ()),
    ]


def _clickhouse(layout: Layout, ports: Ports, plane: str) -> Spec:
    port = ports.clickhouse(plane)
    argv = (
        *(*PYTHON, "-m", "hh_clickhouse.engine"),
        *("--path", str(layout.plane(plane) / "clickhouse")),
        *("--listen", f"127.0.0.1:{port}"),
        *("--user", USER),
        *("--password-file", str(layout.secret(plane, "clickhouse.password"))),
    )
    name = f"{plane}.clickhouse"
    return Spec(name, _fixed(argv), http_tcp(port, "/ping"), layout.log(name), stage=ENGINE)


def _postgres(layout: Layout, ports: Ports, plane: str) -> Spec:
    port = ports.postgres(plane)

    def command() -> Sequence[str]:
        from hh_postgres import server

        data = layout.plane(plane) / "postgres"
        server.prepare(data, layout.secret(plane, "postgres.password"))
        return server.command(data, port)

    name = f"{plane}.postgres"
    return Spec(
        name, command, accepts(port), layout.log(name), stop_signal=signal.SIGINT, stage=ENGINE
    )


def _nats(layout: Layout, ports: Ports, plane: str) -> Spec:
    port = ports.nats(plane)

    def command() -> Sequence[str]:
        from hh_nats import server

        password = layout.secret(plane, "nats.password").read_text().strip()
        store = layout.plane(plane) / "nats"
        config_file = layout.plane(plane) / "secrets" / "nats.conf"
        server.NatsServer(port, store, USER, password).prepare(config_file)
        return server.command(config_file)

    name = f"{plane}.nats"
    return Spec(name, command, accepts(port), layout.log(name), stage=ENGINE)


def _control(layout: Layout) -> Iterator[Spec]:
    yield _plane(layout, "control.api", "hh_control", "control", PLANE)


def _data(layout: Layout, dispatchers: int) -> Iterator[Spec]:
    for number in range(1, dispatchers + 1):
        name = "data.dispatch" if number == 1 else f"data.dispatch-{number}"
        yield _plane(layout, name, "hh_data", "dispatch", PLANE, "--set", f"process={name}")
    yield replace(_plane(layout, "data.api", "hh_data", "api", PLANE), needs_founding=True)
    yield _plane(layout, "data.ingest", "hh_data", "ingest", DOOR)


def _plane(
    layout: Layout, name: str, module: str, config: str, stage: int, *arguments: str
) -> Spec:
    plane = name.partition(".")[0]
    argv = (*PYTHON, "-m", module, str(layout.config(plane, config)), *arguments)
    return Spec(name, _fixed(argv), http_unix(layout.socket(name)), layout.log(name), stage=stage)


def _fixed(argv: Sequence[str]) -> Callable[[], Sequence[str]]:
    return lambda: argv
