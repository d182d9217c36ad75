"""``hh dlq``: rows that the control plane's index refused, kept whole with their reason."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hh_cli.embedded.layout import DEFAULT_DATA_DIR, Layout
from hh_cli.options import DataDir, Json

_DEFAULT = Path(DEFAULT_DATA_DIR)

app = typer.Typer(help="Dead letters of the control plane.", no_args_is_help=True)


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="dlq")


@app.command("list")
def list_letters(
    data_dir: DataDir = _DEFAULT,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000)] = 100,
    after: Annotated[str | None, typer.Option(help="Id of the last letter seen.")] = None,
    as_json: Json = False,
) -> None:
    """List dead letters."""
    from rich.table import Table

    from hh_cli.screen import out, print_json, styled

    answer = _client(data_dir).get("/v1/dead-letters", limit=limit, after=after)
    if as_json:
        print_json(answer)
        return
    letters = answer["dead_letters"]
    if not letters:
        out.print("no dead letters")
        return
    columns = list(letters[0])
    table = Table(*columns)
    for letter in letters:
        table.add_row(*(styled(letter.get(column, ""), limit=80) for column in columns))
    out.print(table)


@app.command()
def show(
    letter: Annotated[str, typer.Argument(metavar="ID")], data_dir: DataDir = _DEFAULT
) -> None:
    """Print one dead letter, row and reason, as JSON."""
    from urllib.parse import quote

    from hh_cli.screen import print_json

    print_json(_client(data_dir).get(f"/v1/dead-letters/{quote(letter, safe='')}"))


@app.command()
def redrive(
    letters: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="All by default.")
    ] = None,
    data_dir: DataDir = _DEFAULT,
) -> None:
    """Try dead letters again, after what refused them was repaired."""
    from hh_cli.screen import out

    body = {"ids": letters or None}
    answer = _client(data_dir).post("/v1/dead-letters/redrive", body)
    counts = ", ".join(f"{answer[key]} {key}" for key in ("restored", "failed", "unknown"))
    out.print(counts)
    if answer["failed"]:
        raise typer.Exit(1)


def _client(data_dir: Path) -> Any:
    from hh_cli.client import Client
    from hh_cli.embedded.start import endpoints

    found = endpoints(Layout.of(data_dir))
    return Client(found.control_url, found.api_key)
