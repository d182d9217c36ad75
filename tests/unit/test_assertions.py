"""Assertions of data planes, to any process of the control plane and after any restart."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import pytest
from trust_house import ORG, TrustHouse, trust_house

from hh_control.identity import Identities
from hh_core.usecases.data_planes import ASSERTIONS, NotProvedError
from hh_data.cluster_identity import ClusterIdentity
from hh_runtime.signing import read_private_key


def run(folder: Path, test: Callable[[TrustHouse, Callable[[], str]], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(20), trust_house(folder) as house:
            created = await house.planes.create("operator", ORG, "eu")
            dp_id: UUID = created.dp_id
            identity = ClusterIdentity(dp_id, folder / "identity")
            request = identity.enrolment(created.one_time_token)
            await house.planes.enrol(
                request.dp_id, request.one_time_token, request.public_key, request.proof
            )
            key = read_private_key(folder / "identity" / "key.enrol.pem")
            assert key is not None
            await test(house, lambda: identity.assertion(key, house.ring.issuer, now=house.clock()))

    asyncio.run(within())


def another_process(house: TrustHouse) -> Identities:
    return Identities(house.planes, house.ring, clock=house.clock)


def test_an_assertion_that_was_used_is_void_at_every_process_of_the_control_plane(
    tmp_path: Path,
) -> None:
    async def test(house: TrustHouse, assertion: Callable[[], str]) -> None:
        used = assertion()
        await house.identities.exchange(used)
        with pytest.raises(NotProvedError):
            await another_process(house).exchange(used)
        await another_process(house).exchange(assertion())

    run(tmp_path, test)


def test_of_one_assertion_shown_twice_at_once_one_counts(tmp_path: Path) -> None:
    async def test(house: TrustHouse, assertion: Callable[[], str]) -> None:
        stolen = assertion()
        shown = [another_process(house).exchange(stolen) for _ in range(4)]
        outcomes = await asyncio.gather(*shown, return_exceptions=True)

        refused = [each for each in outcomes if isinstance(each, NotProvedError)]
        assert len(refused) == 3

    run(tmp_path, test)


def test_assertions_are_forgotten_once_their_time_makes_them_void(tmp_path: Path) -> None:
    async def test(house: TrustHouse, assertion: Callable[[], str]) -> None:
        for _ in range(5):
            await house.identities.exchange(assertion())
            house.clock.ahead += 3600
        async with house.records.begin() as unit:
            assert len(await unit.find(ASSERTIONS)) == 1

    run(tmp_path, test)
