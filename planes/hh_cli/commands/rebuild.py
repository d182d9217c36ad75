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
    """Fill the data plane's index from the raw segments. It may run beside the platform."""
    import asyncio

    from hh_cli.embedded.start import endpoints
    from hh_cli.screen import err, out
    from hh_core.errors import ConfigError
    from hh_core.usecases.rebuild import Rebuilt
    from hh_data.config import DataPlaneConfig
    from hh_data.upkeep import rebuild as rebuild_index
    from hh_runtime.config import load

    if not from_raw:
        raise ConfigError("say what to rebuild from: hh rebuild --from-raw")
    layout = Layout.of(data_dir)
    if config is None:
        endpoints(layout)  # its engines must run
        config = layout.config("data", "dispatch")
    settings = load(config, DataPlaneConfig)
    with err.status("rebuilding the index") as status:

        def progress(rebuilt: Rebuilt) -> None:
            status.update(f"{rebuilt.segments} segments, {rebuilt.rows} rows")

        rebuilt = asyncio.run(rebuild_index(settings, progress=progress))
    out.print(
        f"{rebuilt.rows} rows from {rebuilt.segments} segments; "
        f"{rebuilt.refused} refused, {rebuilt.corrupt} corrupt records"
    )
    if rebuilt.refused:
        raise typer.Exit(1)
