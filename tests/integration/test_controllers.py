"""Two controllers over real gRPC: enrolment, configuration, rotation; and 0 false refusals."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from trust_house import ORG, DataPlaneHouse, TrustHouse, enrolled, in_house, rows_of, until

from hh_core.errors import DeniedError
from hh_core.usecases.data_plane_health import DataPlaneUrls
from hh_data.relay_link import open_relay_client

pytestmark = pytest.mark.timeout(90)

ADMIN = "operator"


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_data_plane_enrols_and_gets_what_concerns_it_only(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        plane, project = await enrolled(house)
        user, stranger = uuid4(), uuid4()
        await house.member(project, user, "project.member", "workspace.admin")
        await house.revocation(f"user/{user}", user_id=str(user))
        await house.revocation(f"user/{stranger}", user_id=str(stranger))
        other, other_project = await enrolled(house)
        await house.member(other_project, stranger, "project.admin")
        foreign = await house.project(plane.dp_id, org_id=str(uuid4()))
        await house.key(project, kind="control_plane")
        wide, _ = await house.key(None, kind="data_plane", workspace_id=None)
        gone, _ = await house.key(project, state="revoked")

        async with plane.running():
            await plane.has(lambda it: len(it.document()["keys"]) == 2)

        document = plane.document()
        assert document["dp_id"] == str(plane.dp_id)
        assert document["issuer"] == house.ring.issuer
        assert [each["project_id"] for each in document["projects"]] == [str(project)]
        assert document["members"] == [
            {"project_id": str(project), "user_id": str(user), "roles": ["project.member"]}
        ]
        assert [each["subject"] for each in document["revocations"]] == [f"user/{user}"]
        assert str(wide) in plane.key_ids()
        assert str(gone) not in plane.key_ids()
        text = b"".join(path.read_bytes() for path in files_below(plane.folder))
        for alien in (other.dp_id, other_project, foreign, stranger):
            assert str(alien).encode() not in text

    in_house(tmp_path, test)


def test_everything_that_is_kept_is_the_owners_only(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        plane, _ = await enrolled(house)
        async with plane.running():
            await plane.has(lambda _: True)

        kept = files_below(tmp_path)
        assert {path.name for path in kept} >= {"key.pem", "trust.pb", "configuration.pb"}
        assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}

    in_house(tmp_path, test)


def test_changes_go_down_as_they_happen(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        plane, project = await enrolled(house)
        async with plane.running() as controller:
            await plane.has(lambda it: len(it.key_ids()) == 1)
            key_id, _ = await house.key(project)
            await plane.has(lambda it: str(key_id) in it.key_ids())
            await house.key(project)  # a change that comes as a delta, too
            await house.put("api-keys", str(key_id), {**await value(house, key_id), "state": "x"})
            await plane.has(lambda it: str(key_id) not in it.key_ids())
            await house.planes.drain(ADMIN, ORG, plane.dp_id)
            await plane.has(lambda it: bool(it.document()["draining"]))

            assert not [code for code in controller.counts if code.startswith("refused")]

    in_house(tmp_path, test)


async def value(house: TrustHouse, key_id: UUID) -> dict[str, Any]:
    async with house.records.begin() as unit:
        (found,) = await unit.get("api-keys", [str(key_id)])
    return dict(found.value)


def test_health_and_uses_of_its_own_keys_go_up(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        plane, project = await enrolled(house)
        own, _ = await house.key(project)
        other, other_project = await enrolled(house)
        foreign, _ = await house.key(other_project)

        async def uses() -> dict[UUID, int]:
            return {own: 3_600_000, foreign: 3_600_000}

        async with plane.running(key_uses=uses):
            await until(lambda: bool(house.uses))
            view = await house.planes.get(ORG, plane.dp_id)

        said = {use.key_id for _, uses_ in house.uses for use in uses_}
        assert said == {str(own)}
        assert view.health["release"]
        assert view.health["configuration_version"] > 0
        assert other.dp_id != plane.dp_id

    in_house(tmp_path, test)


def test_where_browsers_reach_it_goes_up_and_is_forgotten_with_it(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        urls = DataPlaneUrls(house.records)
        plane, project = await enrolled(house)
        silent, other = await enrolled(house)

        async def told(url: str | None) -> None:
            async with asyncio.timeout(10):
                while await urls.of(str(plane.dp_id)) != url:  # noqa: ASYNC110  # a record tells nobody
                    await asyncio.sleep(0.05)

        async with silent.running(), plane.running(public_url="https://data.example:4318"):
            await told("https://data.example:4318")
            await silent.has(lambda _: True)
            assert (await house.planes.get(ORG, plane.dp_id)).url == "https://data.example:4318"
            assert await urls.of_projects([project]) == ["https://data.example:4318"]
            assert await urls.of_projects([uuid4(), other]) == []
        async with plane.running(public_url="https://moved.example"):
            await told("https://moved.example")
        async with plane.running():  # it says that browsers reach it no longer
            await told(None)
        async with plane.running(public_url="https://data.example"):
            await told("https://data.example")
            await house.planes.revoke(ADMIN, ORG, plane.dp_id)

        assert await urls.of(str(plane.dp_id)) is None
        assert await urls.of_projects([project]) == []
        assert (await house.planes.get(ORG, plane.dp_id)).url is None

    in_house(tmp_path, test)


def test_a_restart_needs_neither_the_token_nor_the_control_plane(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        plane, _ = await enrolled(house)
        async with plane.running():
            await plane.has(lambda _: True)
        known = plane.key_ids()
        plane.access.unlink()
        plane.token, plane.port = None, 1  # nobody is there

        async with plane.running() as controller:
            await plane.has(lambda it: it.key_ids() == known)
            assert controller.configuration_version > 0

    in_house(tmp_path, test)


async def appending(house: TrustHouse, plane: DataPlaneHouse, project: UUID) -> list[Exception]:
    """Append without a pause until cancelled; what was refused."""
    refused: list[Exception] = []
    async with open_relay_client(plane.config(), plane.dp_id) as link:
        try:
            while True:
                try:
                    await link.append(rows_of(plane.dp_id, project))
                except DeniedError as error:
                    refused.append(error)
                await asyncio.sleep(0.005)
        except asyncio.CancelledError:
            return refused


@pytest.mark.parametrize("what", ["token key", "configuration key", "data plane's key", "all"])
def test_a_rotation_under_traffic_refuses_nothing(tmp_path: Path, what: str) -> None:
    async def test(house: TrustHouse) -> None:
        settings = {"rotate_key_days": 1e-9} if what in ("data plane's key", "all") else {}
        plane, project = await enrolled(house, **settings)
        async with plane.running() as controller:
            await plane.has(lambda _: True)
            traffic = asyncio.create_task(appending(house, plane, project))
            for _ in range(3):
                if what in ("token key", "all"):
                    house.ring.rotate_token_key(publish_seconds=0.3)
                if what in ("configuration key", "all"):
                    house.ring.rotate_configuration_key()
                key_id, _ = await house.key(project)
                await plane.has(lambda it, key=key_id: str(key) in it.key_ids())
                await asyncio.sleep(0.4)
            traffic.cancel()

            assert await traffic == []
            assert (controller.counts["key_rotated"] > 1) == bool(settings)
            assert not [code for code in controller.counts if code.startswith("refused")]
        kids = {key["kid"] for key in plane.document()["token_keys"]}
        assert kids == {key.kid for key in house.ring.published()}

    in_house(tmp_path, test)


def test_a_data_plane_follows_rotations_that_it_missed(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        plane, project = await enrolled(house)
        async with plane.running():
            await plane.has(lambda _: True)
        house.ring.rotate_configuration_key()
        house.ring.rotate_configuration_key()
        key_id, _ = await house.key(project)

        async with plane.running() as controller:
            await plane.has(lambda it: str(key_id) in it.key_ids())
            assert not [code for code in controller.counts if code.startswith("refused")]

    in_house(tmp_path, test)


def test_a_data_plane_enrols_by_an_old_key_that_was_rotated_since(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        plane, _ = await enrolled(house)
        house.ring.rotate_configuration_key()
        async with plane.running():
            await plane.has(lambda _: True)

    in_house(tmp_path, test)


def test_another_token_enrols_anew_and_the_old_key_counts_no_more(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        plane, project = await enrolled(house)
        async with plane.running():
            await plane.has(lambda _: True)
        old = (plane.identity / "key.pem").read_bytes()
        plane.token = await house.planes.let_in(ADMIN, ORG, plane.dp_id)
        async with plane.running() as controller:
            await until(lambda: controller.counts["enrolled"] == 1)
            async with open_relay_client(plane.config(), plane.dp_id) as link:
                await link.append(rows_of(plane.dp_id, project))
        assert (plane.identity / "key.pem").read_bytes() != old

        (plane.identity / "key.pem").write_bytes(old)
        async with open_relay_client(plane.config(), plane.dp_id) as link:
            with pytest.raises(DeniedError, match="UNAUTHENTICATED"):
                await link.append(rows_of(plane.dp_id, project))

    in_house(tmp_path, test)


def test_a_revoked_data_plane_is_shut_out_within_seconds(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        plane, project = await enrolled(house)
        async with plane.running():
            await plane.has(lambda _: True)
            async with open_relay_client(plane.config(), plane.dp_id) as link:
                await link.append(rows_of(plane.dp_id, project))
                await house.planes.revoke(ADMIN, ORG, plane.dp_id)
                house.clock.ahead += 6  # what is cached is five seconds old at most

                with pytest.raises(DeniedError, match="PERMISSION_DENIED"):
                    await link.append(rows_of(plane.dp_id, project))
                version = plane.document()["configuration_version"]
                await house.key(project)
                await asyncio.sleep(0.5)
        assert plane.document()["configuration_version"] == version

    in_house(tmp_path, test)


def test_only_projects_that_are_bound_to_it_are_taken_from_a_data_plane(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        plane, project = await enrolled(house)
        _, foreign = await enrolled(house)
        async with plane.running():
            await plane.has(lambda _: True)
            async with open_relay_client(plane.config(), plane.dp_id) as link:
                own = await link.append(rows_of(plane.dp_id, project))
                alien = await link.append(rows_of(plane.dp_id, foreign))

        assert [part.refused_rows for part in own.accepted] == [0]
        assert [part.refused_rows for part in alien.accepted] == [2]

    in_house(tmp_path, test)


class CuttingLink:
    """A TCP proxy that cuts every connection after so many bytes from the control plane."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.budget = 0
        self.cuts = 0
        self.port = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        yield
        server.close()

    async def _accept(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, forth = await asyncio.open_connection("127.0.0.1", self.target)
        passing = asyncio.gather(self._up(near, forth), self._down(far, back))
        await asyncio.gather(passing, return_exceptions=True)
        for writer in (back, forth):
            writer.close()

    async def _up(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        raise ConnectionError

    async def _down(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        left = self.budget
        while (data := await source.read(65536)) and len(data) < left:
            left -= len(data)
            sink.write(data)
            await sink.drain()
        sink.write(data[:left])
        await sink.drain()
        self.cuts += 1
        raise ConnectionError


def test_a_link_that_is_cut_at_any_byte_delays_a_change_and_spoils_nothing(tmp_path: Path) -> None:
    async def test(house: TrustHouse) -> None:
        plane, project = await enrolled(house)
        link = CuttingLink(house.port)
        async with link.serving():
            plane.port = link.port
            async with plane.running() as controller:
                for budget in (1, 9, 60, 200, 433, 700, 1031, 1500, 2300, 3100):
                    link.budget, cuts = budget, link.cuts
                    await house.key(project)
                    await until(lambda before=cuts: link.cuts > before, seconds=20)
                link.budget = 1 << 30
                key_id, _ = await house.key(project)
                await plane.has(lambda it: str(key_id) in it.key_ids())
                assert not [code for code in controller.counts if code.startswith("refused")]
        assert len(plane.key_ids()) == 12

    in_house(tmp_path, test)
