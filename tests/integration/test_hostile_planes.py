"""A control plane that answers everything hostile, and data planes that lie about who they are."""

import asyncio
import contextlib
import json
import logging
import os
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import grpc.aio
import pytest
from trust_house import (
    ORG,
    DataPlaneHouse,
    TrustHouse,
    enrolled,
    in_house,
    rows_of,
    until,
)

from hh_control.controller import SERVICE
from hh_core.errors import DeniedError, RejectedError
from hh_core.usecases.configuration import difference
from hh_core.wire.configuration import checked_items
from hh_core.wire.pb.controller_pb2 import (
    Configuration,
    Current,
    Down,
    EnrolRequest,
    EnrolResponse,
    Health,
    Hello,
    Item,
    Key,
    KeyRotated,
    Project,
    RotateKey,
    Signed,
    SigningKey,
    TokenKey,
    TokenRequest,
    TokenResponse,
    Up,
    Welcome,
)
from hh_core.wire.pb.controller_pb2 import DataPlane as DataPlaneItem
from hh_data.cluster_identity import ClusterIdentity, ClusterTokens, enrol
from hh_data.control_channel import open_channel
from hh_data.relay_link import open_relay_client
from hh_runtime.signing import new_private_key, public_bytes

pytestmark = pytest.mark.timeout(90)

CANARY = "canary-7f3a91"


class HostileControlPlane:
    """Speaks the protocol on a port of its own and says what the test tells it to."""

    def __init__(self, down: list[bytes], *, endless: bool = False) -> None:
        self.down = down
        self.endless = endless
        self.heard: list[Up] = []
        self.streams = 0
        self.port = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = grpc.aio.server(options=[("grpc.max_send_message_length", 64 << 20)])
        handlers = {
            "Token": grpc.unary_unary_rpc_method_handler(
                self.token, response_serializer=TokenResponse.SerializeToString
            ),
            "Attend": grpc.stream_stream_rpc_method_handler(self.attend),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        self.port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            yield
        finally:
            await server.stop(0)

    async def token(self, _: bytes, __: Any) -> TokenResponse:
        return TokenResponse(token="a.b.c", expires_in_s=1 << 30)

    async def attend(self, _: Any, context: Any) -> None:
        self.streams += 1
        self.heard.append(Up.FromString(await context.read()))
        for data in self.down:
            await context.write(data)
        while self.endless:
            await context.write(self.down[-1])
        while (data := await context.read()) is not grpc.aio.EOF:
            self.heard.append(Up.FromString(data))


@asynccontextmanager
async def canary_listener() -> AsyncIterator[tuple[str, list[object]]]:
    """A URL, and who has dialled it."""
    heard: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            try:
                while True:
                    heard.append(listener.accept())
            except OSError:
                return

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/{CANARY}", heard
        listener.shutdown(socket.SHUT_RDWR)


def down(**fields: Any) -> bytes:
    data: bytes = Down(**fields).SerializeToString()
    return data


def key_item(**changes: Any) -> Item:
    fields = {
        "key_id": str(uuid4()),
        "digest": os.urandom(32),
        "kind": "data_plane",
        "org_id": str(ORG),
        **changes,
    }
    return Item(key=Key(**fields))


def project_item(**changes: Any) -> Item:
    ids = {name: str(uuid4()) for name in ("project_id", "org_id", "workspace_id")}
    return Item(project=Project(**{**ids, "name": "a project", **changes}))


def hostile_items(url: str) -> list[Item]:
    """Each of these must refuse the configuration that it is in."""
    code = f"__import__('urllib.request').request.urlopen('{url}')"
    other = public_bytes(new_private_key())
    unknown = Item.FromString(b"\x9a\x06\x04evil")  # field 99
    smuggled = Item(key=Key.FromString(key_item().key.SerializeToString() + b"\x9a\x06\x04evil"))
    return [
        key_item(key_id=url),
        key_item(key_id=code),
        key_item(key_id="../../../etc/passwd"),
        key_item(org_id=url),
        key_item(kind="control_plane"),
        key_item(kind="root"),
        key_item(digest=b"short"),
        key_item(digest=bytes(4096)),
        key_item(permissions=[url]),
        key_item(permissions=["project.receive_traces"] * 1000),
        key_item(expires_ms=1 << 63),
        key_item(creator_id=code),
        project_item(project_id=url),
        project_item(name="x" * 10_000),
        project_item(name="\x1b[2Jname"),
        project_item(name=""),
        project_item(promoted=[url + "?q=" + "x" * 200]),
        project_item(promoted=[f"k{number}" for number in range(1000)]),
        project_item(retention_days=1 << 31),
        Item(token_key=TokenKey(kid=url, public_key=other)),
        Item(token_key=TokenKey(kid="0" * 64, public_key=other)),
        Item(token_key=TokenKey(kid="0" * 64, public_key=url.encode())),
        Item(data_plane=DataPlaneItem(name=code * 10)),
        unknown,
        smuggled,
        Item(),
    ]


async def settled(house: TrustHouse) -> tuple[DataPlaneHouse, UUID, dict[str, Any]]:
    """A data plane with a good configuration, whose controller does not run."""
    plane, project = await enrolled(house)
    async with plane.running():
        await plane.has(lambda it: len(it.key_ids()) == 1)
    return plane, project, plane.document()


def in_force(document: dict[str, Any]) -> dict[str, Any]:
    times = ("heard_ms", "fresh_until_ms")
    return {name: value for name, value in document.items() if name not in times}


def test_nothing_hostile_is_applied_or_fetched_and_the_data_plane_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def test(house: TrustHouse) -> None:
        plane, _, before = await settled(house)
        version = before["configuration_version"]
        dp_id, issuer = str(plane.dp_id), house.ring.issuer
        signer, stranger = house.ring.configuration(), new_private_key()
        items = checked_items([key_item()])

        def configured(**changes: Any) -> Configuration:
            made = difference(*(dp_id, issuer, None, items), version=version + 1000, base=0, ms=1)
            for name, value in changes.items():
                setattr(made, name, value)
            return made

        def signed(made: Configuration, kind: str = "Configuration") -> bytes:
            return down(configuration=signer.sign(kind, made.SerializeToString()))

        async with canary_listener() as (url, heard):
            good = signer.sign("Configuration", configured().SerializeToString())
            forged = Signed(body=good.body, key_id=good.key_id, signature=os.urandom(70))
            unsigned = Signed(body=good.body)
            link = SigningKey(number=2, public_key=public_bytes(stranger)).SerializeToString()
            messages = [
                down(welcome=Welcome(issuer=issuer, now_ms=1 << 63, health_seconds=0)),
                down(configuration=forged),
                down(configuration=unsigned),
                down(configuration=Signed(body=b"\xff" * 100, key_id=url, signature=url.encode())),
                down(signing_key=Signed(body=link, key_id=good.key_id, signature=b"forged")),
                down(signing_key=Signed(body=url.encode(), key_id=url)),
                signed(configured(), "SigningKey"),
                signed(configured(dp_id=str(uuid4()))),
                signed(configured(dp_id=url)),
                signed(configured(issuer=url)),
                signed(configured(version=version)),
                signed(configured(version=1)),
                signed(configured(version=1 << 62)),
                signed(configured(after=version - 1)),
                signed(configured(digest=os.urandom(32))),
                down(key_rotated=KeyRotated(public_key=public_bytes(stranger))),
                down(key_rotated=KeyRotated(public_key=url.encode())),
                down(current=Current(configuration_version=1 << 63)),
                Down().SerializeToString(),
                b"\x9a\x06\x04evil",
                b"\xff\xff\xff" + CANARY.encode(),
                b"",
            ]
            for item in hostile_items(url):
                made = configured(digest=b"")
                made.items.append(item)
                messages.append(signed(made))
            hostile = HostileControlPlane(messages)
            async with hostile.serving():
                plane.token, plane.port = None, hostile.port
                async with plane.running() as controller:
                    items = len(hostile_items(url))  # they come last
                    await until(lambda: controller.counts["refused.item"] >= items)
                    await until(lambda: any(up.HasField("health") for up in hostile.heard))
                    assert in_force(plane.document()) == in_force(before)
                    assert hostile.streams == 1
                    assert controller.counts["applied"] == 0
            assert heard == []
        assert controller.counts["refused.item"] == len(hostile_items(""))
        said = b"".join(up.SerializeToString() for up in hostile.heard)
        assert CANARY.encode() not in said

    in_house(tmp_path, test)
    assert CANARY not in caplog.text


@pytest.mark.parametrize("sort", ["giant", "endless", "silent items", "wrong issuer"])
def test_too_much_of_anything_ends_the_stream_only(tmp_path: Path, sort: str) -> None:
    async def test(house: TrustHouse) -> None:
        plane, project, before = await settled(house)
        dp_id, issuer = str(plane.dp_id), house.ring.issuer
        signer = house.ring.configuration()
        many = [key_item() for _ in range(50_001)] if sort == "silent items" else []
        made = Configuration(dp_id=dp_id, issuer=issuer, version=1 << 50, items=many)
        messages = {
            "giant": down(configuration=Signed(body=bytes(40 << 20))),
            "endless": b"\x9a\x06\x04evil",
            "silent items": down(
                configuration=signer.sign("Configuration", made.SerializeToString())
            ),
            "wrong issuer": down(welcome=Welcome(issuer="hh-another")),
        }
        hostile = HostileControlPlane([messages[sort]], endless=sort == "endless")
        port = plane.port
        async with hostile.serving():
            plane.token, plane.port = None, hostile.port
            async with plane.running() as controller:
                if sort == "silent items":
                    await until(lambda: controller.counts["refused.item"] > 0)
                else:
                    await until(lambda: hostile.streams >= 2)
                assert in_force(plane.document()) == in_force(before)
        plane.port = port
        key_id, _ = await house.key(project)
        async with plane.running():
            await plane.has(lambda it: str(key_id) in it.key_ids())

    in_house(tmp_path, test)


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.OK,
    ],
)
def test_any_status_is_survived_and_its_text_gets_nowhere(
    tmp_path: Path, code: grpc.StatusCode, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    class Refusing(HostileControlPlane):
        async def attend(self, _: Any, context: Any) -> None:
            self.streams += 1
            context.set_code(code)
            context.set_details(f"Location: http://127.0.0.1:1/{CANARY}")
            context.set_trailing_metadata((("location", f"http://127.0.0.1:1/{CANARY}"),))

    async def test(house: TrustHouse) -> None:
        plane, _, before = await settled(house)
        hostile = Refusing([])
        async with hostile.serving():
            plane.token, plane.port = None, hostile.port
            async with plane.running():
                await until(lambda: hostile.streams >= 3)
        assert in_force(plane.document()) == in_force(before)

    in_house(tmp_path, test)
    assert CANARY not in caplog.text


def test_whoever_answers_the_enrolment_must_hold_the_key_that_the_token_names(
    tmp_path: Path,
) -> None:
    async def test(house: TrustHouse) -> None:
        created = await house.planes.create("operator", ORG, "eu")
        token = created.one_time_token[:-64] + "0" * 64  # of somebody else's control plane
        plane = house.data_plane(created.dp_id, token)
        control = plane.config()
        identity = ClusterIdentity(created.dp_id, control.identity)
        async with open_channel(control.intake, None) as channel:
            with pytest.raises(DeniedError):
                await enrol(identity, channel, token)
        assert identity.key() is None
        chain = house.ring.configuration().links
        answer = EnrolResponse(issuer=house.ring.issuer, key_chain=chain)
        with pytest.raises(RejectedError):
            identity.enrolled(token, answer)
        assert identity.trust() is None

    in_house(tmp_path, test)


async def calling(house: TrustHouse, test: Callable[[grpc.aio.Channel], Awaitable[None]]) -> None:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{house.port}") as channel:
        await test(channel)


async def status(call: Awaitable[Any]) -> grpc.StatusCode:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def test_a_one_time_token_counts_once_for_one_data_plane_and_for_a_day(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        created = await house.planes.create("operator", ORG, "eu")
        other = await house.planes.create("operator", ORG, "us")
        folder = tmp_path / "identity"
        identity = ClusterIdentity(created.dp_id, folder)
        thief = ClusterIdentity(created.dp_id, tmp_path / "thief")
        alien = ClusterIdentity(other.dp_id, tmp_path / "alien")

        async def with_channel(channel: grpc.aio.Channel) -> None:
            call = channel.unary_unary(
                f"/{SERVICE}/Enrol", request_serializer=EnrolRequest.SerializeToString
            )
            token = created.one_time_token
            request = identity.enrolment(token)
            unproved = EnrolRequest.FromString(request.SerializeToString())
            unproved.proof = thief.enrolment(token).proof
            unauthenticated = grpc.StatusCode.UNAUTHENTICATED

            assert await status(call(alien.enrolment(token))) is unauthenticated
            assert await status(call(unproved)) is unauthenticated
            house.clock.ahead += 25 * 3600
            assert await status(call(request)) is unauthenticated
            house.clock.ahead -= 25 * 3600
            assert await status(call(request)) is grpc.StatusCode.OK
            assert await status(call(request)) is grpc.StatusCode.OK  # its answer was lost
            assert await status(call(thief.enrolment(token))) is unauthenticated
            await house.planes.revoke("operator", ORG, created.dp_id)
            assert await status(call(request)) is unauthenticated

        await calling(house, with_channel)

    in_house(tmp_path, test)


def test_an_assertion_counts_once_and_for_its_own_data_plane_only(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        plane, _, _ = await settled(house)
        other, _, _ = await settled(house)
        identity = ClusterIdentity(plane.dp_id, plane.identity)
        key = identity.key()
        assert key is not None
        impostor = ClusterIdentity(other.dp_id, plane.identity)  # says another name
        issuer, now = house.ring.issuer, house.clock()

        async def with_channel(channel: grpc.aio.Channel) -> None:
            call = channel.unary_unary(
                f"/{SERVICE}/Token", request_serializer=TokenRequest.SerializeToString
            )

            async def asked(assertion: str) -> grpc.StatusCode:
                return await status(call(TokenRequest(assertion=assertion)))

            good = identity.assertion(key, issuer, now=now)
            assert await asked(good) is grpc.StatusCode.OK
            for bad in (
                good,
                impostor.assertion(key, issuer, now=now),
                identity.assertion(new_private_key(), issuer, now=now),
                identity.assertion(key, "hh-another", now=now),
                identity.assertion(key, issuer, now=now - 120),
                identity.assertion(key, issuer, now=now + 120),
                "",
                "a.b.c",
                CANARY,
            ):
                assert await asked(bad) is grpc.StatusCode.UNAUTHENTICATED

        await calling(house, with_channel)

    in_house(tmp_path, test)


def test_a_stolen_token_is_void_after_the_data_plane_is_revoked_and_let_in_anew(
    tmp_path: Path,
) -> None:
    async def test(house: TrustHouse) -> None:
        plane, project, _ = await settled(house)
        identity = ClusterIdentity(plane.dp_id, plane.identity)
        async with open_channel(f"127.0.0.1:{house.port}", None) as channel:
            stolen = await ClusterTokens(identity, channel).token()
        await house.planes.revoke("operator", ORG, plane.dp_id)
        plane.token = await house.planes.let_in("operator", ORG, plane.dp_id)
        async with plane.running() as controller:
            await until(lambda: controller.counts["enrolled"] == 1)
            house.clock.ahead += 6
            async with open_relay_client(plane.config(), plane.dp_id) as link:
                await link.append(rows_of(plane.dp_id, project))

            async def with_channel(channel: grpc.aio.Channel) -> None:
                metadata = (("authorization", f"Bearer {stolen}"),)
                append = channel.unary_unary("/hh.telemetry.v1.Telemetry/Append")
                body = rows_of(plane.dp_id, project).SerializeToString()
                refused = await status(append(body, metadata=metadata))
                assert refused is grpc.StatusCode.UNAUTHENTICATED

            await calling(house, with_channel)

    in_house(tmp_path, test)


def test_a_data_plane_says_hello_in_its_own_name_only(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        plane, _, _ = await settled(house)
        other, _, before = await settled(house)
        identity = ClusterIdentity(plane.dp_id, plane.identity)
        fresh = new_private_key()
        good = Hello(format_version=1, dp_id=str(plane.dp_id), release="1")
        lies = [
            (Up(hello=Hello(format_version=1, dp_id=str(other.dp_id), release="1")), "DENIED"),
            (Up(hello=Hello(format_version=9, dp_id=str(plane.dp_id), release="1")), "ARGUMENT"),
            (Up(hello=Hello(format_version=1, dp_id=str(plane.dp_id), release=CANARY * 9)), "ARG"),
            (Up(health=Health()), "ARGUMENT"),
            (Up(), "ARGUMENT"),
        ]
        later = [
            (Up(health=Health(release="x" * 100)), "ARGUMENT"),
            (Up(health=Health(release="1", unready=["prompt: " + CANARY])), "ARGUMENT"),
            (Up(health=Health(release="1", public_url=f"javascript:{CANARY}")), "ARGUMENT"),
            (Up(health=Health(release="1", public_url=f"https://x.example;{CANARY}")), "ARGUMENT"),
            (Up(rotate_key=RotateKey(public_key=public_bytes(fresh))), "UNAUTHENTICATED"),
            (Up(), "ARGUMENT"),
        ]
        async with open_channel(f"127.0.0.1:{house.port}", None) as channel:
            token = await ClusterTokens(identity, channel).token()
            attend = channel.stream_stream(
                f"/{SERVICE}/Attend", request_serializer=Up.SerializeToString
            )

            async def said(*ups: Up) -> str:
                call = attend(metadata=(("authorization", f"Bearer {token}"),))
                with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
                    for up in ups:
                        await call.write(up)
                    while await call.read() is not grpc.aio.EOF:
                        pass
                return str((await call.code()).name)

            for up, code in lies:
                assert code in await said(up)
            for up, code in later:
                assert code in await said(Up(hello=good), up)
            flood = [Up(health=Health(release="1"))] * 300
            ended = await said(Up(hello=good), *flood)
            assert ended in ("RESOURCE_EXHAUSTED", "INTERNAL")  # reset before its status arrived
        async with house.records.begin() as unit:
            kept = await unit.get("data-plane-health", [str(plane.dp_id), str(other.dp_id)])
        assert CANARY not in json.dumps([dict(record.value) for record in kept])
        assert in_force(other.document()) == in_force(before)

    in_house(tmp_path, test)


def test_a_stream_of_a_stranger_is_turned_away_and_calls_are_bounded(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        async def with_channel(channel: grpc.aio.Channel) -> None:
            attend = channel.stream_stream(f"/{SERVICE}/Attend")
            for token in ("", "x", "a.b.c"):
                call = attend(metadata=(("authorization", f"Bearer {token}"),))
                assert await call.code() is grpc.StatusCode.UNAUTHENTICATED
            call = channel.unary_unary(f"/{SERVICE}/Token")
            assert await status(call(bytes(100_000))) is grpc.StatusCode.RESOURCE_EXHAUSTED
            codes = [await status(call(b"")) for _ in range(100)]
            assert grpc.StatusCode.RESOURCE_EXHAUSTED in codes

        await calling(house, with_channel)

    in_house(tmp_path, test)
