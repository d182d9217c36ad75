"""``hh events``, ``event``, ``trace``, ``boundary``, ``demo``: what the platform knows."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hh_cli.embedded.layout import DEFAULT_DATA_DIR, Layout
from hh_cli.options import DataDir, Json

_DEFAULT = Path(DEFAULT_DATA_DIR)

boundary_app = typer.Typer(help="What crosses from a data plane to its control plane.")


def register(app: typer.Typer) -> None:
    for command in (events, event, cost, trace, demo):
        app.command()(command)
    boundary_app.command("show")(boundary_show)
    app.add_typer(boundary_app, name="boundary", no_args_is_help=True)


def events(
    data_dir: DataDir = _DEFAULT,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000)] = 20,
    page: Annotated[int, typer.Option(min=1)] = 1,
    event_type: Annotated[
        str | None, typer.Option("--type", help="session, model, tool or chain.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Event name contains this.")] = None,
    session: Annotated[
        str | None, typer.Option(help="Of this session; its id or how it begins.")
    ] = None,
    errors: Annotated[bool, typer.Option("--errors", help="Only events with an error.")] = False,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=VALUE", help="Such as user_properties.user_id=mara; may repeat."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the newest events."""
    from hh_cli.listing import filters, print_events
    from hh_cli.lookup import session_id
    from hh_cli.screen import print_json

    client = _data_client(data_dir)
    session = session and session_id(client, session)
    given = filters(
        event_type=event_type, name=name, session=session, errors=errors, where=where or []
    )
    body = {"filters": given, "limit": limit, "page": page}
    answer = client.post("/v1/events/search", body)
    if as_json:
        print_json(answer)
    else:
        print_events(answer)


def event(
    event: Annotated[str, typer.Argument(metavar="ID", help="Event id, or how it begins.")],
    data_dir: DataDir = _DEFAULT,
    as_json: Json = False,
) -> None:
    """Show one event with its content: prompt, answer, settings, metadata."""
    from urllib.parse import quote

    from hh_cli.event import print_event
    from hh_cli.lookup import event_id
    from hh_cli.screen import print_json

    client = _data_client(data_dir)
    answer = client.get(f"/v1/events/{quote(event_id(client, event), safe='')}")
    if as_json:
        print_json(answer)
    else:
        print_event(answer["event"])


def cost(
    event: Annotated[
        str | None,
        typer.Argument(
            metavar="EVENT",
            help="Event id, or how it begins; the newest call of a model by default.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = _DEFAULT,
    as_json: Json = False,
) -> None:
    """Show what an event costs and how that follows from its tokens and the price book."""
    from urllib.parse import quote

    from hh_cli.cost import print_cost
    from hh_cli.lookup import event_id, newest_model_event
    from hh_cli.screen import print_json

    client = _data_client(data_dir)
    found = newest_model_event(client) if event is None else event_id(client, event)
    answer = client.get(f"/v1/events/{quote(found, safe='')}/cost")
    if as_json:
        print_json(answer)
    else:
        print_cost(answer)


def trace(
    session: Annotated[
        str | None,
        typer.Argument(
            help="Session id, or how it begins; the newest by default.", show_default=False
        ),
    ] = None,
    data_dir: DataDir = _DEFAULT,
    as_json: Json = False,
) -> None:
    """Show a session as a tree."""
    from hh_cli.screen import print_json
    from hh_cli.trace import print_session, read_session

    client = _data_client(data_dir)
    if as_json:
        print_json(read_session(client, session))
    else:
        print_session(client, session)


def demo(
    data_dir: DataDir = _DEFAULT,
    serve: Annotated[
        bool, typer.Option("--serve", help="Only serve the demo's model, for programs of yours.")
    ] = False,
) -> None:
    """Let a small support agent send real traces: no key, no internet."""
    from hh_cli.demo.command import run_demo, serve_model

    if serve:
        serve_model()
    else:
        run_demo(Layout.of(data_dir))


def boundary_show(as_json: Json = False) -> None:
    """Show every column that crosses to the control plane, and what never does."""
    from rich.table import Table

    from hh_cli.screen import out, print_json, styled
    from hh_control.boundary import boundary

    document = boundary()
    if as_json:
        print_json(document)
        return
    table = Table(title=document["direction"], title_justify="left", show_lines=False)
    for column in ("column", "type", "rule", "example"):
        table.add_column(column, overflow="fold")
    for column in document["columns"]:
        table.add_row(
            styled(column["name"], "cyan"),
            styled(column["type"]),
            styled(column["rule"]),
            styled(column["example"], "dim"),
        )
    out.print(table)
    out.print("never crosses: " + ", ".join(document["never"]), style="bold")


def _data_client(data_dir: Path) -> Any:
    """With the key in the environment, else the folder's own; the host of a data plane alone has
    none of its own."""
    import os

    from hh_cli.client import Client
    from hh_cli.embedded.start import endpoints
    from hh_core.errors import ConfigError

    found = endpoints(Layout.of(data_dir))
    if not found.data_url:
        raise ConfigError("this host has no data plane; content is read where it is kept")
    key = os.environ.get("HH_API_KEY", "") or found.api_key
    if not key:
        raise ConfigError("set HH_API_KEY to the key of a project; its control plane made it")
    return Client(found.data_url, key)
