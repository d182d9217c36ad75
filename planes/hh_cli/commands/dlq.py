"""``hh dlq``: rows that an index refused, kept with their reason until they are redriven."""

from pathlib import Path
from typing import Annotated

import typer

from hh_cli.embedded.layout import DEFAULT_DATA_DIR
from hh_cli.options import DataDir, Json

_DEFAULT = Path(DEFAULT_DATA_DIR)

app = typer.Typer(help="Dead letters of both planes.", no_args_is_help=True)


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="dlq")


@app.command("list")
def list_letters(
    data_dir: DataDir = _DEFAULT,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000)] = 100,
    as_json: Json = False,
) -> None:
    """List dead letters."""
    from rich.table import Table

    from hh_cli.letters import Letters
    from hh_cli.screen import out, print_json, styled

    letters = Letters(data_dir).list(limit=limit)
    if as_json:
        print_json({"dead_letters": letters})
        return
    if not letters:
        out.print("no dead letters")
        return
    columns = ("plane", "id", "attempts", "reason")
    table = Table(*columns)
    for letter in letters:
        table.add_row(*(styled(letter.get(column, ""), limit=80) for column in columns))
    out.print(table)


@app.command()
def show(
    letter: Annotated[str, typer.Argument(metavar="ID")], data_dir: DataDir = _DEFAULT
) -> None:
    """Print one dead letter with its reason, as JSON."""
    from hh_cli.letters import Letters
    from hh_cli.screen import print_json

    print_json(Letters(data_dir).show(letter))


@app.command()
def redrive(
    letters: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="All by default.")
    ] = None,
    data_dir: DataDir = _DEFAULT,
) -> None:
    """Try dead letters again, after what refused them was repaired."""
    from hh_cli.letters import Letters
    from hh_cli.screen import out

    counts = Letters(data_dir).redrive(letters or [])
    out.print(
        f"control plane: {counts['restored']} restored, {counts['failed']} failed, "
        f"{counts['unknown']} unknown; data plane: {counts['segments']} segments dispatched again"
    )
    if counts["failed"]:
        raise typer.Exit(1)
