"""A control plane's API over memory ports, with people in it: what tests of it share."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import argon2
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from dependency_injector import providers

from hh_control.authentication import csrf_token
from hh_control.config import ControlPlaneConfig, TrustConfig
from hh_control.container import ControlPlane
from hh_control.passwords import Argon2Passwords
from hh_control.routing import Route
from hh_control.web_build import WebBuild
from hh_core.domain.api_keys import KeyKind
from hh_core.domain.authority import Person
from hh_core.domain.scopes import Role, Scope
from hh_core.usecases.api_keys import Wanted
from hh_core.usecases.configuration import PublicTokenKey
from hh_core.usecases.redrive import Redrive
from hh_core.usecases.rollups import RollUps
from hh_core.usecases.user_sessions import SessionKind
from hh_core.usecases.write import Store
from hh_memory.analytics import ADAPTER as ANALYTICS
from hh_memory.records import ADAPTER as RECORDS
from hh_memory.records import MemoryRecords, RecordsConfig
from hh_runtime.tokens import TokenKey

WEB = "web"
"""Below a test's folder: the web application's build, if there is to be one."""
PASSWORD = "correct horse battery"
START_MS = 1_764_000_000_000


class TokenKeysOfTests:
    """A key ring of one key."""

    issuer = "hh-of-tests"

    def __init__(self) -> None:
        self.key = TokenKey("the-key", generate_private_key(SECP256R1()))

    def signing(self) -> TokenKey:
        return self.key

    def verifying(self) -> Mapping[str, EllipticCurvePublicKey]:
        return {self.key.kid: self.key.private.public_key()}

    def fingerprint(self) -> str:
        return "f" * 64

    def published(self) -> Sequence[PublicTokenKey]:
        return ()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]
    cookies: Mapping[str, Any]

    @property
    def data(self) -> Any:
        assert self.status == 200, self.body
        return self.body["data"]


@dataclass
class Browser:
    """Somebody at the API, with what he holds."""

    house: "ControlHouse"
    cookie: str | None = None
    csrf: str | None = None
    bearer: str | None = None
    address: str | None = None

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {"Content-Type": "application/json", **headers}
        if self.cookie is not None:
            sent["Cookie"] = f"hh_session={self.cookie}"
        if self.csrf is not None:
            sent["X-CSRF-Token"] = self.csrf
        if self.bearer is not None:
            sent["Authorization"] = f"Bearer {self.bearer}"
        data = None if body is None else json.dumps(body).encode()
        client = self.house.client
        async with client.request(method, path, data=data, headers=sent) as answer:
            text = await answer.text()
            self.house.heard.append(text)
            content = json.loads(text) if answer.content_type == "application/json" else text
            return Answer(answer.status, content, dict(answer.headers), dict(answer.cookies))

    async def get(self, path: str) -> Answer:
        return await self("GET", path)

    async def post(self, path: str, body: Any = None) -> Answer:
        return await self("POST", path, body)


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key of a project, whose text the test knows."""

    key: str
    project: UUID
    kind: KeyKind
    permissions: frozenset[str] = frozenset()


@dataclass
class ControlHouse:
    plane: ControlPlane
    records: MemoryRecords
    keys: TokenKeysOfTests
    store: Store
    now_ms: int = START_MS
    client: TestClient[Any, Any] = field(init=False)
    heard: list[str] = field(default_factory=list)
    """Every answer's body."""

    def routes(self) -> list[Route]:
        return [route for routes in self.plane.routes() for route in routes]

    def anybody(self) -> Browser:
        return Browser(self)

    def with_bearer(self, bearer: str) -> Browser:
        return Browser(self, bearer=bearer)

    async def onboarded(self, email: str, password: str = PASSWORD, name: str = "") -> UUID:
        """Somebody with a password, and without any role."""
        people, passwords = self.plane.people(), self.plane.passwords()
        async with self.records.begin() as unit:
            user = await people.invited(unit, email)
        hash_ = await passwords.hash(password)
        async with self.records.begin() as unit:
            await people.set_password(unit, user, hash_, name=name)
        return user.user_id

    async def browser(self, email: str, password: str = PASSWORD) -> Browser:
        """Signed in by cookie."""
        answer = await self.anybody().post("/v1/sign-in", {"email": email, "password": password})
        cookie = answer.cookies["hh_session"].value
        return Browser(self, cookie=cookie, csrf=answer.data["csrf_token"])

    async def browser_of(self, user_id: UUID) -> Browser:
        """Signed in without a word to the door."""
        async with self.records.begin() as unit:
            opened = self.plane.sessions().open(
                unit, user_id, SessionKind.COOKIE, address="", agent=""
            )
            _, secret = await opened
        return Browser(self, cookie=secret.text(), csrf=csrf_token(secret.text()))

    async def program(self, email: str, password: str = PASSWORD) -> tuple[Browser, str]:
        """Signed in by tokens; and its refresh token."""
        body = {"email": email, "password": password, "kind": "tokens"}
        data = (await self.anybody().post("/v1/sign-in", body)).data
        return Browser(self, bearer=data["access_token"]), data["refresh_token"]

    async def organisation(self, admin: UUID) -> "Tenant":
        """With a data plane, a workspace and a project, made by ``admin``."""
        made = self.plane.organisations()
        person = Person(admin, uuid4())
        org = (await made.create(person, {"name": "Org", "description": ""})).scope
        data_plane = await self.data_plane(person, org.id)
        fields = {"name": "Name", "description": ""}
        workspace = (await made.create_workspace(person, org.id, fields)).scope
        project = (await made.create_project(person, workspace, fields, None)).scope
        return Tenant(org, workspace, project, data_plane)

    async def data_plane(self, maker: Person, org: UUID) -> str:
        return str((await self.plane.data_planes().create(maker, org, "eu")).dp_id)

    async def make(self, made: MadeKey) -> None:
        """Its project comes into being with it."""
        root = Scope(UUID(int=1), UUID(int=2), made.project)
        ids = {"org_id": str(root.org), "workspace_id": str(root.workspace)}
        async with self.records.begin() as unit:
            await unit.put("projects", str(root.id), {**ids, "state": "active", "name": "made"})
        maker = Person(uuid4(), uuid4(), {root.id: frozenset({Role.PROJECT_ADMIN})})
        expires = self.now_ms + 365 * 86_400_000 if made.kind.is_fine_grained else None
        wanted = Wanted(
            kind=made.kind, name="made", permissions=made.permissions, expires_ms=expires
        )
        await self.plane.api_keys().keep(maker, root, wanted, made.key)

    async def dump(self) -> dict[tuple[str, str], Any]:
        return {key: record.value for key, record in self.records.backend.table.items()}

    async def kind(self, kind: str) -> dict[str, Any]:
        async with self.records.begin() as unit:
            return {record.key: record.value for record in await unit.find(kind)}


@dataclass(frozen=True, slots=True)
class Tenant:
    org: Scope
    workspace: Scope
    project: Scope
    data_plane: str


@asynccontextmanager
async def control_house(
    folder: Path, keys: Sequence[MadeKey] = (), *, name: str = "test"
) -> AsyncIterator[ControlHouse]:
    async with AsyncExitStack() as stack:
        records = await stack.enter_async_context(RECORDS.open(RecordsConfig()))
        config = ANALYTICS.config.model_validate({"plane": "control"})
        index = await stack.enter_async_context(ANALYTICS.open(config))
        plane = ControlPlane(
            config=ControlPlaneConfig(
                name=name,
                services=("api",),
                trust=TrustConfig(folder=folder / "trust"),
            ),
            analytics=index,
            records=records,
        )
        token_keys = TokenKeysOfTests()
        quick = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        plane.key_ring.override(token_keys)
        plane.web_build.override(providers.Singleton(WebBuild, folder / WEB))
        plane.passwords.override(Argon2Passwords(quick))
        store = Store(index, RollUps(index, plane.recount()))
        house = ControlHouse(plane, records, token_keys, store)
        plane.now_ms.override(providers.Object(lambda: house.now_ms))
        plane.clock.override(providers.Object(lambda: house.now_ms / 1000))
        plane.redrive.override(Redrive(records, store, now_ms=lambda: house.now_ms))
        server = TestServer(plane.api().application())
        client = TestClient(server, cookie_jar=DummyCookieJar())
        house.client = await stack.enter_async_context(client)
        for made in keys:
            await house.make(made)
        yield house


def run(
    folder: Path,
    test: Callable[[ControlHouse], Awaitable[None]],
    keys: Sequence[MadeKey] = (),
) -> None:
    async def in_house() -> None:
        async with asyncio.timeout(60), control_house(folder, keys) as house:
            await test(house)

    asyncio.run(in_house())
