"""The first organisation of a control plane: its administrator, and for ``hh up`` all the rest.

``python -m hh_cli.admin.founding DIR`` does what the first start of both planes needs. It can be
cut off anywhere and begun again.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from hh_cli.admin.office import Office, control_config, opened
from hh_cli.admin.people import add_person, make_place
from hh_cli.embedded.credentials import Credentials, read_credentials, write_credentials
from hh_cli.embedded.layout import Layout
from hh_cli.embedded.state import write_private
from hh_cli.errors import reported
from hh_core.domain.api_keys import KeyKind
from hh_core.domain.authority import Person
from hh_core.domain.policy import permissions
from hh_core.domain.scopes import Level, Role, Scope
from hh_core.errors import ConfigError, ConflictError, HHError
from hh_core.usecases.api_keys import API_KEYS, Wanted
from hh_core.usecases.audit import OPERATOR
from hh_core.usecases.people import User
from hh_core.usecases.places import ORGANISATIONS
from hh_runtime.logs import configure_logs

WORKSPACE = "default"
DATA_PLANE = "embedded"
KEY_YEARS = 10
_YEAR_MS = 365 * 86_400_000


async def initialise(at: Office, email: str, password: str, name: str) -> tuple[Scope, User]:
    """The first organisation with one workspace and its administrator. Raises ``ConflictError`` if
    there is an organisation already."""
    async with at.records.begin() as unit:
        if await unit.find(ORGANISATIONS, limit=1):
            raise ConflictError(
                "there is an organisation already; hh admin user list shows who may sign in, and"
                " hh admin user reset-password EMAIL lets somebody in again"
            )
    user = await add_person(at, email, password)
    org = Scope(uuid4())
    await make_place(at, org, name, user.user_id)
    await make_place(at, Scope(org.org, uuid4()), WORKSPACE, user.user_id)
    return org, user


async def found(at: Office, known: Credentials) -> str | None:
    """Let the control plane know what ``known`` says. Gives the one-time token for the data plane;
    None if that is known already and has enrolled."""
    org = Scope(UUID(known.org_id))
    workspace = Scope(org.org, UUID(known.workspace_id))
    project = Scope(org.org, workspace.workspace, UUID(known.project_id))
    user_id = await _administrator(at, known)
    await make_place(at, org, known.project_name, user_id)
    token = await _data_plane(at, org.org, UUID(known.dp_id))
    await make_place(at, workspace, WORKSPACE, user_id)
    await make_place(at, project, known.project_name, user_id, data_plane_id=known.dp_id)
    maker = project_administrator(user_id, project)
    wanted = Wanted(kind=KeyKind.PROJECT, name="first")
    await _key(at, maker, project, wanted, known.api_key, known.key_id)
    await _key(at, maker, project, for_the_cli(), known.control_key, known.control_key_id)
    return token


def project_administrator(user_id: UUID, project: Scope) -> Person:
    """The operator makes keys in the name of an administrator, who is responsible for them."""
    return Person(user_id, UUID(int=0), {project.id: frozenset({Role.PROJECT_ADMIN})})


def for_the_cli() -> Wanted:
    """What ``hh dlq`` and its like may do."""
    return Wanted(
        kind=KeyKind.CONTROL_PLANE,
        name="hh",
        description="the hh command of this machine",
        permissions=permissions(Level.PROJECT, KeyKind.CONTROL_PLANE),
        expires_ms=time.time_ns() // 1_000_000 + KEY_YEARS * _YEAR_MS,
    )


async def _administrator(at: Office, known: Credentials) -> UUID:
    async with at.records.begin() as unit:
        user = await at.people.by_email(unit, known.admin_email)
    if user is None or user.password is None:
        user = await add_person(at, known.admin_email, known.admin_password)
    return user.user_id


async def _data_plane(at: Office, org: UUID, dp_id: UUID) -> str | None:
    try:
        return (await at.planes.create(OPERATOR, org, DATA_PLANE, dp_id)).one_time_token
    except ConflictError:
        if (await at.planes.get(org, dp_id)).is_enrolled:
            return None
        return await at.planes.let_in(OPERATOR, org, dp_id)


async def _key(
    at: Office, maker: Person, root: Scope, wanted: Wanted, key: str, key_id: str
) -> None:
    async with at.records.begin() as unit:
        if await unit.get(API_KEYS, [key_id]):
            return
    await at.keys.keep(maker, root, wanted, key, UUID(key_id))


async def _found_folder(layout: Layout) -> None:
    known = read_credentials(layout)
    if known is None:
        raise ConfigError(f"{layout.credentials}: missing; start the platform by hh up")
    async with opened(control_config(layout.config("control", "control"))) as at:
        token = await found(at, known)
    if token is not None:
        write_private(layout.enrolment_token, token)
    write_credentials(layout, replace(known, founded=True))


def main(arguments: Sequence[str]) -> int:
    """The exit status."""
    configure_logs("founding")
    try:
        asyncio.run(_found_folder(Layout.of(arguments[0])))
    except HHError as error:
        return reported(error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
