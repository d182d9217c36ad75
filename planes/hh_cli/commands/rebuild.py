"""``hh rebuild --from-raw``: an index is a function of the raw segments, so it can be made anew."""

from pathlib import Path
from typing import Annotated

import typer

from hh_cli.embedded.layout import DEFAULT_DATA_DIR, Layout
from hh_cli.options import DataDir


def register(app: typer.Typer) -> None:
    app.command()(rebuild)


def rebuild(
    from_raw: Annotated[
        bool, typer.Option("--from-raw", help="From the raw segments: the only way there is.")
    ] = False,
    data_dir: DataDir = Path(DEFAULT_DATA_DIR),
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Of a data plane that runs elsewhere."),
    ] = None,
) -> None:
    """Fill the data plane's index from the raw segments.

    It may run beside the platform. Break it off when you like, and begin it anew.
    """
    from hh_cli.embedded.start import endpoints
    from hh_cli.rebuilding import Watched, begin_frugally, rebuilding
    from hh_core.errors import ConfigError

    if not from_raw:
        raise ConfigError("say what to rebuild from: hh rebuild --from-raw")
    begin_frugally()
    layout = Layout.of(data_dir)
    if config is None:
        endpoints(layout)  # its engines must run
        config = layout.config("data", "dispatch")
    with Watched() as watched:
        rebuilt = rebuilding(config, watched.show)
    watched.sum_up(rebuilt)
    if rebuilt.refused:
        raise typer.Exit(1)
