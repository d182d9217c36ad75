"""``hh reprice``: what history costs by the prices of now, and let it cost that."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from hh_cli.embedded.layout import DEFAULT_DATA_DIR, Layout
from hh_cli.options import DataDir, Json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hh_core.usecases.reprice import Difference


def register(app: typer.Typer) -> None:
    app.command()(reprice)


def reprice(
    project: Annotated[UUID | None, typer.Option(help="Of this project; all by default.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Events that started on this day (UTC) or later."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Of this model, as events name it.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Let it be so.")] = False,
    data_dir: DataDir = Path(DEFAULT_DATA_DIR),
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Of a data plane that runs elsewhere."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what stored events cost by the price book as it is now; change it with --apply."""
    import asyncio
    from datetime import UTC

    from hh_cli.embedded.start import endpoints
    from hh_cli.screen import err, print_json
    from hh_data.config import DataPlaneConfig
    from hh_data.upkeep import reprice as reprice_index
    from hh_runtime.config import load

    layout = Layout.of(data_dir)
    if config is None:
        endpoints(layout)  # its engines must run
        config = layout.config("data", "dispatch")
    settings = load(config, DataPlaneConfig)
    since_ns = int(since.replace(tzinfo=UTC).timestamp()) * 10**9 if since else 0
    with err.status("pricing"):
        asked = {"project": project, "since_ns": since_ns, "model": model}
        found = asyncio.run(reprice_index(settings, apply=apply, **asked))  # type: ignore[arg-type]  # as named
    if as_json:
        print_json({"applied": apply, "models": _documents(found)})
    else:
        _print(found, applied=apply)


def _documents(found: "Mapping[tuple[str, str], Difference]") -> list[dict[str, Any]]:
    return [
        {
            "provider": provider,
            "model": model,
            "events": difference.events,
            "changed": difference.changed,
            "usd_before": str(difference.before),
            "usd_after": str(difference.after),
            "unknown_before": difference.unknown_before,
            "unknown_after": difference.unknown_after,
        }
        for (provider, model), difference in sorted(found.items())
    ]


def _print(found: "Mapping[tuple[str, str], Difference]", *, applied: bool) -> None:
    from rich.table import Table

    from hh_cli.screen import out, styled

    table = Table("provider", "model", "events", "changed", "before", "after", "unknown", box=None)
    for column in table.columns[2:]:
        column.justify = "right"
    for (provider, model), each in sorted(found.items()):
        table.add_row(
            styled(provider),
            styled(model),
            f"{each.events:,}",
            f"{each.changed:,}",
            f"${each.before.normalize():f}",
            f"${each.after.normalize():f}",
            f"{each.unknown_before:,} → {each.unknown_after:,}",
        )
    out.print(table)
    changed = sum(each.changed for each in found.values())
    if applied:
        out.print(f"events that cost otherwise now: {changed:,}")
    elif changed:
        out.print(f"events that would cost otherwise: {changed:,}; say --apply to let them")
    else:
        out.print("nothing would change")
