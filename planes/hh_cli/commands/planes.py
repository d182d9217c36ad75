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
    suite: Annotated[
        str, typer.Argument(metavar="PORT|mapper", help="queue, objects, journal, … or mapper")
    ],
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Of a port: holds [PORT].")
    ] = None,
    corpus: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Of mappers: *.pb with *.expect.json, or a .tar.xz."),
    ] = None,
    mapper: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this one; may come again.")
    ] = None,
    errata: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Expectations that are wrong (TOML).")
    ] = None,
    bar: Annotated[
        float, typer.Option(metavar="PERCENT", help="Fewer facts that are right fail.")
    ] = 100.0,
    faults: Annotated[
        int,
        typer.Option(metavar="NUMBER", help="More events out of shape or attributes nowhere fail."),
    ] = 0,
    matrix: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the table of instrumentors there.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell every mistake.")] = False,
) -> None:
    """Prove that an adapter keeps the promises of its port, or what mappers make of a corpus."""
    from hh_cli.checking import run_conformance
    from hh_cli.mapper_conformance import run_mappers

    if suite == "mapper":
        if corpus is None:
            raise typer.BadParameter("is needed for mappers", param_hint="--corpus")
        chosen = frozenset(mapper or ())
        code = run_mappers(
            corpus,
            chosen=chosen,
            errata=errata,
            bar=bar,
            faults=faults,
            page=matrix,
            verbose=verbose,
        )
        raise typer.Exit(code)
    if config is None:
        raise typer.BadParameter("is needed for a port", param_hint="--config")
    raise typer.Exit(run_conformance(suite, config))


def version() -> None:
    """Print the version of the platform."""
    from importlib.metadata import version as installed

    from hh_cli.screen import out

    out.print(f"hh-platform {installed('hh-platform')}")
