"""``hh data``, ``control``, ``check``, ``conformance``, ``version``: a process from its file."""

from pathlib import Path
from typing import Annotated

import typer

File = Annotated[Path, typer.Argument(metavar="FILE", help="TOML configuration file.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="TABLE.KEY=VALUE", help="For a human at a terminal."),
]


def register(app: typer.Typer) -> None:
    for command in (data, control, check, conformance, version):
        app.command()(command)


def data(file: File, overrides: Overrides = None) -> None:
    """Run the services of a data plane that FILE lists, until told to stop."""
    from hh_data.plane import main

    raise typer.Exit(main(file, overrides=overrides or ()))


def control(file: File, overrides: Overrides = None) -> None:
    """Run the services of a control plane that FILE lists, until told to stop."""
    from hh_control.plane import main

    raise typer.Exit(main(file, overrides=overrides or ()))


def check(
    file: File,
    overrides: Overrides = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the backends.")] = False,
) -> None:
    """Resolve a configuration file, ask every backend, print the plan; report all mistakes."""
    from hh_cli.checking import check_file

    raise typer.Exit(check_file(file, overrides or (), offline=offline))


def conformance(
    port: Annotated[str, typer.Argument(metavar="PORT", help="queue, objects, journal, …")],
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="Holds [PORT].")],
) -> None:
    """Prove that an adapter keeps the promises of its port."""
    from hh_cli.checking import run_conformance

    raise typer.Exit(run_conformance(port, config))


def version() -> None:
    """Print the version of the platform."""
    from importlib.metadata import version as installed

    from hh_cli.screen import out

    out.print(f"hh-platform {installed('hh-platform')}")
