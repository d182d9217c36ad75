"""Make a project with its first key, by the operator's hand."""

from dataclasses import dataclass

from hh_cli.admin.founding import project_administrator
from hh_cli.admin.office import Office
from hh_cli.admin.people import (
    administrator_of,
    make_place,
    new_place,
    the_data_plane,
    the_organisation,
    the_workspace,
)
from hh_core.domain.api_keys import KeyKind
from hh_core.domain.scopes import Scope
from hh_core.usecases.api_keys import Wanted


@dataclass(frozen=True, slots=True)
class Made:
    project: Scope
    api_key: str
    """Shown once."""


async def add(
    at: Office, name: str, data_plane: str, *, organisation: str | None, workspace: str | None
) -> Made:
    """Administered by who administers its workspace. Raises ``NotFoundError``."""
    org = (await the_organisation(at, organisation)).scope
    parent = (await the_workspace(at, org.org, workspace)).scope
    dp_id = await the_data_plane(at, org.org, data_plane)
    founder = await administrator_of(at, parent)
    project = new_place(parent)
    await make_place(at, project, name, founder, data_plane_id=str(dp_id))
    maker = project_administrator(founder, project)
    wanted = Wanted(kind=KeyKind.PROJECT, name="first")
    key, _ = await at.keys.create(maker, project, wanted)
    return Made(project, key)
