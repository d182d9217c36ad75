"""Rights that end while a body is still on its way: what counts is what holds when it is there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from hh_control.answers import given
from hh_control.bodies import read_fields
from hh_control.routing import Call, Presented, Route, application
from hh_core.domain.authority import Person
from hh_core.domain.scopes import Level, Role, Scope
from hh_runtime.denials import UnauthenticatedError

PROJECT = Scope(uuid4(), uuid4(), uuid4())
PATH = f"/v1/projects/{PROJECT.id}/keys"


class Door:
    """Somebody signed in as the project's administrator, until a test says otherwise."""

    def __init__(self) -> None:
        self.roles = {PROJECT.id: frozenset({Role.PROJECT_ADMIN})}
        self.is_signed_in = True
        self.asked = asyncio.Event()
        self.done: list[str] = []

    async def authentication(self, request: web.Request) -> Presented:
        assert request.path == PATH
        self.asked.set()
        if not self.is_signed_in:
            raise UnauthenticatedError("the session is over; sign in")
        return Presented(Person(uuid4(), uuid4(), dict(self.roles)))

    async def find(self, _: Level, id_: UUID) -> Scope | None:
        return PROJECT if id_ == PROJECT.id else None

    async def handle(self, call: Call) -> web.Response:
        fields = await read_fields(call.request, "name")
        self.done.append(fields.text("name", most=9))
        return given(None)

    def app(self) -> web.Application:
        route = Route("POST", "/v1/projects/{project_id}/keys", "create_project_key", self.handle)
        return application([route], self.authentication, self)


def status(test: Callable[[Door], None]) -> tuple[int, list[str]]:
    """Of a request whose body comes once ``test`` has changed what the caller may do."""

    async def asked() -> tuple[int, list[str]]:
        door = Door()

        async def body() -> AsyncIterator[bytes]:
            yield b"{"
            await door.asked.wait()
            test(door)
            yield b'"name": "mine"}'

        headers = {"Content-Type": "application/json"}
        async with (
            asyncio.timeout(20),
            TestClient[Any, Any](TestServer(door.app())) as client,
            client.post(PATH, data=body(), headers=headers) as answer,
        ):
            return answer.status, door.done

    return asyncio.run(asked())


def test_a_body_that_comes_while_the_rights_hold_is_acted_upon() -> None:
    assert status(lambda _: None) == (200, ["mine"])


def test_whoever_is_signed_out_while_his_body_is_on_its_way_changes_nothing() -> None:
    def sign_out(door: Door) -> None:
        door.is_signed_in = False

    assert status(sign_out) == (401, [])


def test_whoever_is_removed_while_his_body_is_on_its_way_changes_nothing() -> None:
    assert status(lambda door: door.roles.clear()) == (404, [])
