"""``hh admin``: the operator's hand on a control plane, on its own host and past its API.

Passwords and tokens are made here or typed, never given as an option: others can read a command
line. They go to standard output once; what explains them goes to standard error.
"""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from hh_cli.embedded.layout import DEFAULT_DATA_DIR, Layout
from hh_cli.options import DataDir, Json
from hh_core.errors import ConfigError

if TYPE_CHECKING:
    from uuid import UUID

    from hh_cli.admin.office import Office

T = TypeVar("T")

_DATA_DIR = Path(DEFAULT_DATA_DIR)
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Of a control plane that `hh up` did not start."),
]
Organisation = Annotated[
    str | None, typer.Option("--organisation", metavar="NAME", help="Needed if there are several.")
]
AskPassword = Annotated[
    bool, typer.Option("--ask-password", help="Type the password instead of getting a random one.")
]
Email = Annotated[str, typer.Argument(metavar="EMAIL")]
Name = Annotated[str, typer.Argument(metavar="NAME")]
Named = Annotated[str, typer.Argument(metavar="DATA-PLANE", help="Its name or id.")]

app = typer.Typer(help="Run a control plane: people, projects, data planes.", no_args_is_help=True)
user_app = typer.Typer(help="People who can sign in.", no_args_is_help=True)
key_app = typer.Typer(help="The control plane's own signing keys.", no_args_is_help=True)
plane_app = typer.Typer(help="Data planes that this control plane knows.", no_args_is_help=True)
project_app = typer.Typer(help="Projects and their first keys.", no_args_is_help=True)
for name, group in {
    "user": user_app,
    "key": key_app,
    "data-plane": plane_app,
    "project": project_app,
}.items():
    app.add_typer(group, name=name)


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="admin")


@app.command()
def certificate(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Host names and addresses of the plane.")
    ],
    folder: Annotated[Path, typer.Option(metavar="DIR", help="Where to write.")] = Path(),
) -> None:
    """Make a certificate for a plane's door, and the authority that others check it by."""
    from hh_cli.admin.certificate import issue

    for path in issue(folder, names):
        _say(str(path))


@app.command()
def init(
    email: Annotated[str, typer.Option(prompt=True, help="Of the first administrator.")],
    organisation: Annotated[str, typer.Option(prompt=True, help="Its name.")],
    ask_password: AskPassword = False,
    data_dir: DataDir = _DATA_DIR,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make the first organisation and its administrator."""
    from hh_cli.admin.founding import initialise

    password = _password(ask_password)
    org, user = _at(data_dir, config, lambda at: initialise(at, email, password, organisation))
    _told(as_json, organisation_id=str(org.org), email=user.email, **_shown(ask_password, password))


@user_app.command("add")
def add_user(
    email: Email,
    role: Annotated[str, typer.Option(help="org.admin or org.member.")] = "org.member",
    organisation: Organisation = None,
    ask_password: AskPassword = False,
    data_dir: DataDir = _DATA_DIR,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Let somebody sign in, as a member of an organisation."""
    from hh_cli.admin.people import add_person, join, the_organisation
    from hh_core.domain.scopes import Role

    if role not in (Role.ORG_ADMIN, Role.ORG_MEMBER):
        raise ConfigError(f"--role: {Role.ORG_ADMIN} or {Role.ORG_MEMBER}")
    password = _password(ask_password)

    async def work(at: "Office") -> None:
        org = await the_organisation(at, organisation)
        await join(at, await add_person(at, email, password), org.scope, [Role(role)])

    _at(data_dir, config, work)
    _told(as_json, email=email, **_shown(ask_password, password))


@user_app.command("reset-password")
def reset(
    email: Email,
    ask_password: AskPassword = False,
    data_dir: DataDir = _DATA_DIR,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Give somebody a new password; all his sessions end."""
    from hh_cli.admin.people import reset_password

    password = _password(ask_password)
    _at(data_dir, config, lambda at: reset_password(at, email, password))
    _told(as_json, email=email, **_shown(ask_password, password))


@user_app.command("list")
def list_users(data_dir: DataDir = _DATA_DIR, config: Config = None, as_json: Json = False) -> None:
    """List everybody who is known."""
    from hh_cli.admin.people import list_people

    people = _at(data_dir, config, list_people)
    rows = [
        {
            "email": each.email,
            "name": each.name,
            "user_id": str(each.user_id),
            "can_sign_in": each.password is not None,
        }
        for each in people
    ]
    _listed("users", rows, as_json)


@key_app.command()
def rotate(
    which: Annotated[str, typer.Argument(metavar="token|configuration")],
    data_dir: DataDir = _DATA_DIR,
    config: Config = None,
) -> None:
    """Replace the key that signs people's tokens, or the one that signs configurations.

    Nobody is refused meanwhile: the old key counts until all that it signed has expired.
    """
    from hh_cli.admin.office import control_config, key_ring

    ring = key_ring(control_config(_config(data_dir, config)))
    turns = {"token": ring.rotate_token_key, "configuration": ring.rotate_configuration_key}
    if which not in turns:
        raise ConfigError(f"{which}: is no signing key; name token or configuration")
    _say(f"the new {which} key is {turns[which]()}")


@plane_app.command("add")
def add_plane(
    name: Name,
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Where data planes dial this control plane."),
    ] = None,
    ca: Annotated[
        str | None, typer.Option(metavar="FILE", help="As the data plane's host will call it.")
    ] = None,
    organisation: Organisation = None,
    data_dir: DataDir = _DATA_DIR,
    config: Config = None,
) -> None:
    """Make a data plane known, and print what its configuration file must say."""
    from hh_cli.admin.people import the_organisation
    from hh_core.usecases.audit import OPERATOR

    path = _config(data_dir, config)

    async def work(at: "Office") -> tuple[str, str]:
        org = await the_organisation(at, organisation)
        made = await at.planes.create(OPERATOR, org.scope.org, name)
        return str(made.dp_id), made.one_time_token

    where = _dialled(path, address)
    dp_id, token = _at(data_dir, config, work)
    _invitation(name, dp_id, where, ca, token)


@plane_app.command()
def enrol(
    plane: Named,
    address: Annotated[str | None, typer.Option(metavar="HOST:PORT")] = None,
    ca: Annotated[str | None, typer.Option(metavar="FILE")] = None,
    organisation: Organisation = None,
    data_dir: DataDir = _DATA_DIR,
    config: Config = None,
) -> None:
    """Let a known data plane in again: it lost its key, its token expired, or it was revoked."""
    from hh_core.usecases.audit import OPERATOR

    where = _dialled(_config(data_dir, config), address)
    found = _on_plane(
        data_dir,
        config,
        organisation,
        plane,
        lambda at, org, dp_id: at.planes.let_in(OPERATOR, org, dp_id),
    )
    _invitation(plane, found[0], where, ca, found[1])


@plane_app.command()
def drain(
    plane: Named,
    undo: Annotated[bool, typer.Option("--undo", help="Let it take in again.")] = False,
    organisation: Organisation = None,
    data_dir: DataDir = _DATA_DIR,
    config: Config = None,
) -> None:
    """Let a data plane take nothing new in; it goes on reading and relaying."""
    from hh_core.usecases.audit import OPERATOR

    _on_plane(
        data_dir,
        config,
        organisation,
        plane,
        lambda at, org, dp_id: (at.planes.undrain if undo else at.planes.drain)(
            OPERATOR, org, dp_id
        ),
    )
    _say(f"{plane} {'takes in again' if undo else 'takes nothing new in'}, within seconds")


@plane_app.command()
def revoke(
    plane: Named,
    organisation: Organisation = None,
    data_dir: DataDir = _DATA_DIR,
    config: Config = None,
) -> None:
    """Shut a data plane out: none of its keys and tokens counts any more."""
    from hh_core.usecases.audit import OPERATOR

    _on_plane(
        data_dir,
        config,
        organisation,
        plane,
        lambda at, org, dp_id: at.planes.revoke(OPERATOR, org, dp_id),
    )
    _say(f"{plane} is shut out")
    _hint("its own door lets in whom it knew until max_offline: stop it there, if you can")


@plane_app.command("list")
def list_planes(
    organisation: Organisation = None,
    data_dir: DataDir = _DATA_DIR,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List data planes, and when each was heard of last."""
    from hh_cli.admin.people import the_organisation

    async def work(at: "Office") -> list[dict[str, object]]:
        org = await the_organisation(at, organisation)
        return [
            {
                "name": view.name,
                "dp_id": view.dp_id,
                "state": view.state,
                "enrolled": view.is_enrolled,
                "seen_ms": view.health.get("seen_ms"),
                "backlog_segments": view.health.get("backlog_segments"),
            }
            for view in await at.planes.list(org.scope.org)
        ]

    _listed("data_planes", _at(data_dir, config, work), as_json)


@project_app.command("add")
def add_project(
    name: Name,
    data_plane: Annotated[str, typer.Option(metavar="NAME", help="Where its content is kept.")],
    organisation: Organisation = None,
    workspace: Annotated[str | None, typer.Option(metavar="NAME")] = None,
    data_dir: DataDir = _DATA_DIR,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make a project, and print its first key."""
    from hh_cli.admin.projects import add

    made = _at(
        data_dir,
        config,
        lambda at: add(at, name, data_plane, organisation=organisation, workspace=workspace),
    )
    if as_json:
        _told(True, project_id=str(made.project.id), api_key=made.api_key)
    else:
        _hint(f"project {made.project.id}; its key is shown this once:")
        _say(made.api_key)


@project_app.command("list")
def list_all_projects(
    data_dir: DataDir = _DATA_DIR, config: Config = None, as_json: Json = False
) -> None:
    """List projects and the data planes that keep their content."""
    from hh_cli.admin.people import list_projects

    rows = [
        {
            "name": each.value["name"],
            "project_id": str(each.scope.id),
            "data_plane_id": each.value["data_plane_id"],
        }
        for each in _at(data_dir, config, list_projects)
    ]
    _listed("projects", rows, as_json)


def _on_plane(
    data_dir: Path,
    config: Path | None,
    organisation: str | None,
    plane: str,
    work: "Callable[[Office, UUID, UUID], Awaitable[T]]",
) -> tuple[str, T]:
    from hh_cli.admin.people import the_data_plane, the_organisation

    async def on_it(at: "Office") -> tuple[str, T]:
        org = (await the_organisation(at, organisation)).scope.org
        dp_id = await the_data_plane(at, org, plane)
        return str(dp_id), await work(at, org, dp_id)

    return _at(data_dir, config, on_it)


def _at(data_dir: Path, config: Path | None, work: "Callable[[Office], Awaitable[T]]") -> T:
    from hh_cli.admin.office import worked

    return worked(_config(data_dir, config), work)


def _config(data_dir: Path, config: Path | None) -> Path:
    """Raises ``NotRunningError`` for a folder whose control plane does not run."""
    if config is not None:
        return config
    from hh_cli.embedded.start import endpoints

    layout = Layout.of(data_dir)
    if not endpoints(layout).control_url:
        raise ConfigError(f"{layout.base} holds no control plane; go to its host, or use --config")
    return layout.config("control", "control")


def _dialled(path: Path, address: str | None) -> str:
    """Where data planes dial: what is asked for, else where the intake listens."""
    from hh_cli.admin.office import control_config

    if address is not None:
        return address
    intake = control_config(path).listen.intake
    if intake.host in ("0.0.0.0", "::"):
        raise ConfigError("say where data planes dial this control plane: --address HOST:PORT")
    return str(intake)


def _invitation(name: str, dp_id: str, address: str, ca: str | None, token: str) -> None:
    from hh_cli.admin.invitation import invitation

    _hint("this is shown once, and lets one data plane in within 24 hours")
    sys.stdout.write(invitation(name, dp_id, address, ca, token))


def _password(ask: bool) -> str:
    from hh_cli.embedded.credentials import random_password

    if not ask:
        return random_password()
    given: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return given


def _shown(asked: bool, password: str) -> dict[str, str]:
    return {} if asked else {"password": password}


def _told(as_json: bool, **values: str) -> None:
    from hh_cli.screen import print_json

    if as_json:
        print_json(values)
        return
    for key, value in values.items():
        _say(f"{key.replace('_', ' '):<16} {value}")


def _listed(what: str, rows: list[dict[str, object]], as_json: bool) -> None:
    from rich.table import Table

    from hh_cli.screen import out, print_json, styled

    if as_json:
        print_json({what: rows})
        return
    if not rows:
        out.print("none")
        return
    headings = (column.removesuffix("_ms").replace("_", " ") for column in rows[0])
    table = Table(*headings)
    for row in rows:
        table.add_row(*(styled(_cell(column, value)) for column, value in row.items()))
    out.print(table)


def _cell(column: str, value: object) -> str:
    from time import time

    from hh_cli.screen import seconds

    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if column.endswith("_ms") and isinstance(value, int | float):
        return f"{seconds(max(0.0, time() * 1000 - value))} ago"
    return str(value)


def _say(text: str) -> None:
    from hh_cli.screen import out, visible

    out.print(visible(text), markup=False, soft_wrap=True)


def _hint(text: str) -> None:
    from hh_cli.screen import err, visible

    err.print(visible(text), markup=False, soft_wrap=True)
