"""Options that many commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from hh_cli.embedded.layout import Layout

DataDir = Annotated[
    Path,
    typer.Option("--data-dir", envvar="HH_DATA_DIR", help="Folder of the platform.", metavar="DIR"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for tools.")]


def shown_dir(layout: Layout) -> str:
    """The folder as a person would type it."""
    relative = os.path.relpath(layout.base)
    return str(layout.base) if relative.startswith("..") else relative
