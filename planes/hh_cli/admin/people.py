"""People and places, by the operator's hand."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from hh_cli.admin.office import Office
from hh_core.domain.scopes import Level, Role, Scope
from hh_core.errors import ConflictError, NotFoundError, RejectedError
from hh_core.ports.records import Record
from hh_core.usecases.audit import OPERATOR
from hh_core.usecases.organisations import PROJECT_DEFAULTS
from hh_core.usecases.people import USERS, User, checked_email, checked_password
from hh_core.usecases.places import KINDS, Place

_PAGE = 500


async def add_person(at: Office, email: str, password: str) -> User:
    """Somebody who can sign in. Raises ``ConflictError`` for an address that somebody has."""
    email = checked_email(email)
    hash_ = await at.passwords.hash(checked_password(password, email))
    async with at.records.begin() as unit:
        user = await at.people.invited(unit, email)
        if user.password is not None:
            raise ConflictError(f"{email} is known; hh admin user reset-password {email}")
        user = await at.people.set_password(unit, user, hash_)
        await at.audit.note(unit, OPERATOR, "add_user", f"user/{user.user_id}", None)
    return user


async def reset_password(at: Office, email: str, password: str) -> None:
    """All sessions of the person end. Raises ``NotFoundError``."""
    async with at.records.begin() as unit:
        user = await at.people.by_email(unit, checked_email(email))
    if user is None:
        raise NotFoundError(f"nobody has the address {email}; hh admin user list")
    hash_ = await at.passwords.hash(checked_password(password, user.email))
    async with at.records.begin() as unit:
        await at.people.set_password(unit, user, hash_)
        await at.sessions.end_others(unit, "change_password", user.user_id, None)
        await at.audit.note(unit, OPERATOR, "change_password", f"user/{user.user_id}", None)


async def list_people(at: Office) -> Sequence[User]:
    async with at.records.begin() as unit:
        found: list[Record] = []
        while page := await unit.find(USERS, after=found[-1].key if found else "", limit=_PAGE):
            found += page
        known = [await at.people.get(unit, UUID(record.key)) for record in found]
    return sorted(known, key=lambda user: user.email)


async def join(at: Office, user: User, scope: Scope, roles: Sequence[Role]) -> None:
    async with at.records.begin() as unit:
        known = await at.memberships.find(unit, scope, user.user_id)
        member = await at.memberships.put(unit, scope, user.user_id, roles, "active", known)
        before = None if known is None else known.told()
        subject = f"member/{scope.id}/{user.user_id}"
        await at.audit.note(unit, OPERATOR, "add_member", subject, scope, before, member.told())


async def make_place(at: Office, scope: Scope, name: str, founder: UUID, **fields: object) -> None:
    """Unless it is there already. ``founder`` becomes its administrator."""
    defaults = PROJECT_DEFAULTS if scope.level is Level.PROJECT else {"description": ""}
    action = f"create_{scope.level.name.lower()}"
    async with at.records.begin() as unit:
        if not await unit.get(KINDS[scope.level], [str(scope.id)]):
            value = {**defaults, "name": name, **fields}
            await at.places.create(unit, OPERATOR, action, scope, value, founder=founder)


async def the_organisation(at: Office, named: str | None) -> Place:
    """The only one, or that of this name or id. Raises ``NotFoundError``, ``RejectedError``."""
    return _chosen(await _places(at, Level.ORGANISATION), named, "organisation", "hh admin init")


async def the_workspace(at: Office, org: UUID, named: str | None) -> Place:
    places = await at.places.children(Level.WORKSPACE, org, limit=_PAGE)
    return _chosen(places, named, "workspace", "make one through the API")


async def list_projects(at: Office) -> Sequence[Place]:
    return await _places(at, Level.PROJECT)


async def administrator_of(at: Office, scope: Scope) -> UUID:
    """One who administers ``scope``."""
    async with at.records.begin() as unit:
        members = await at.memberships.page(unit, scope)
    for member in members:
        if member.is_admin:
            return member.user_id
    raise NotFoundError("it has no administrator")


async def the_data_plane(at: Office, org: UUID, named: str) -> UUID:
    """By its id or its name. Raises ``NotFoundError``, and ``RejectedError`` for several."""
    found = [view for view in await at.planes.list(org) if named in (view.dp_id, view.name)]
    if not found:
        raise NotFoundError(f"no data plane is called {named!r}; hh admin data-plane list")
    if len(found) > 1:
        raise RejectedError(f"several data planes are called {named!r}; use the id")
    return UUID(found[0].dp_id)


async def _places(at: Office, level: Level) -> Sequence[Place]:
    async with at.records.begin() as unit:
        found: list[Record] = []
        while page := await unit.find(
            KINDS[level], after=found[-1].key if found else "", limit=_PAGE
        ):
            found += page
    scopes = [await at.places.find(level, UUID(record.key)) for record in found]
    return [await at.places.get(scope) for scope in scopes if scope is not None]


def _chosen(places: Sequence[Place], named: str | None, what: str, remedy: str) -> Place:
    if named is not None:
        places = [each for each in places if named in (str(each.scope.id), each.value["name"])]
    if not places:
        wanted = f" called {named!r}" if named else ""
        raise NotFoundError(f"there is no {what}{wanted}; {remedy}")
    if len(places) > 1:
        raise RejectedError(f"there are several; name one: --{what} NAME or its id")
    return places[0]


def new_place(parent: Scope | None = None) -> Scope:
    """A scope of random id, in ``parent``."""
    match parent:
        case None:
            return Scope(uuid4())
        case Scope(org, None, None):
            return Scope(org, uuid4())
        case Scope(org, workspace, _):
            return Scope(org, workspace, uuid4())
