"""One stream to a data plane: everything at first, differences then, everything after a refusal."""

import asyncio
import itertools
from collections.abc import Sequence
from uuid import UUID

from hh_core.usecases.attend import Attend
from hh_core.wire.configuration import FORMAT_VERSION, Items, digest_of
from hh_core.wire.pb.controller_pb2 import (
    Applied,
    Configuration,
    Down,
    Hello,
    Item,
    Revocation,
    Signed,
)

DP = str(UUID(int=1))


class World:
    """What is wanted, a signer that signs nothing, and a clock."""

    issuer = "hh-test"
    links: Sequence[Signed] = ()

    def __init__(self) -> None:
        self.items: Items = {}
        self.changes = 0
        self.now = 1_000_000
        self.version = 0

    def want(self, *subjects: int) -> None:
        self.changes += 1
        names = [f"user/{UUID(int=number)}" for number in subjects]
        self.items = {
            f"revocation/{name}": Item(revocation=Revocation(subject=name)) for name in names
        }

    def sign(self, kind: str, body: bytes) -> Signed:
        assert kind == "Configuration"
        return Signed(body=body)

    async def epoch(self) -> str:
        return str(self.changes)

    async def __call__(self, dp_id: str) -> Items:
        assert dp_id == DP
        return self.items

    async def next_version(self, dp_id: str, *, above: int) -> int:
        assert dp_id == DP
        self.version = max(self.version, above) + 1
        return self.version

    def attend(self, version: int = 0, digest: bytes = b"") -> Attend:
        hello = Hello(
            format_version=FORMAT_VERSION,
            dp_id=DP,
            release="1",
            configuration_version=version,
            configuration_digest=digest,
        )
        return Attend(
            hello,
            wanted=self,
            signer=lambda: self,
            next_version=self.next_version,
            now_ms=lambda: self.now,
        )


def sent(messages: Sequence[Down]) -> Configuration | None:
    if not messages:
        return None
    (message,) = messages
    return Configuration.FromString(message.configuration.body)


def said(attend: Attend) -> Configuration | None:
    return sent(asyncio.run(attend.messages()))


def test_everything_comes_first_and_differences_after_that() -> None:
    world = World()
    world.want(1, 2)
    attend = world.attend()

    first = said(attend)
    assert first is not None
    assert (first.after, len(first.items)) == (0, 2)
    attend.applied(Applied(configuration_version=first.version))
    assert said(attend) is None
    world.want(2, 3)
    second = said(attend)
    assert second is not None

    assert (second.after, len(second.items), len(second.gone)) == (first.version, 1, 1)
    assert second.version > first.version


def test_after_a_refusal_everything_comes_again_above_what_is_there() -> None:
    world = World()
    world.want(1, 2)
    attend = world.attend()
    first = said(attend)
    assert first is not None
    attend.applied(Applied(configuration_version=first.version))
    world.want(1, 2, 3)
    delta = said(attend)
    assert delta is not None

    attend.applied(Applied(configuration_version=first.version + 7, refused="gap"))
    world.now += 120_000
    again = said(attend)

    assert again is not None
    assert (again.after, len(again.items)) == (0, 3)
    assert again.version > first.version + 7


def test_who_refuses_again_and_again_is_asked_ever_more_rarely() -> None:
    world = World()
    world.want(1)
    attend = world.attend()
    assert said(attend) is not None
    asked = []

    for _ in range(2_000):
        world.now += 1_000
        attend_said = said(attend)
        if attend_said is not None:
            asked.append(world.now)
            attend.applied(Applied(refused="signature"))
        elif not asked:
            attend.applied(Applied(refused="signature"))

    gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert gaps == sorted(gaps)
    assert 30_000 <= gaps[-1] <= 120_000


def test_a_data_plane_that_has_all_gets_nothing_and_differences_from_then_on() -> None:
    world = World()
    world.want(1)
    attend = world.attend(version=41, digest=digest_of(world.items))

    assert said(attend) is None
    assert attend.is_current
    world.want(1, 2)
    delta = said(attend)

    assert delta is not None
    assert (delta.after, len(delta.items)) == (41, 1)
    assert delta.version > 41
