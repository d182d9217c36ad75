"""However the stream is cut, repeated, reordered and restarted: a data plane converges to what its
control plane wants, and older never overwrites newer.

Signatures are a stand-in here (a hash that only we make), so that thousands of steps take seconds;
``tests/integration/test_controllers.py`` has the real ones.
"""

import hashlib
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hh_core.errors import RejectedError, UnavailableError
from hh_core.usecases.attend import Attend
from hh_core.usecases.configuration import difference
from hh_core.usecases.follow import Chain, Follow, kept_chain, trusted_chain
from hh_core.wire.configuration import Items, checked_items, digest_of, key_id_of, signed_bytes
from hh_core.wire.pb.controller_pb2 import (
    Applied,
    Configuration,
    Down,
    EnrolResponse,
    Item,
    Key,
    Signed,
    SigningKey,
)
from hh_runtime.signing import new_private_key, public_bytes

DP, ISSUER = str(UUID(int=7)), "hh-issuer"
PUBLIC = [public_bytes(new_private_key()) for _ in range(12)]
T = TypeVar("T")


def fake_signature(public_key: bytes, message: bytes) -> bytes:
    return hashlib.sha256(b"ours" + public_key + message).digest()


def fake_verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    return signature == fake_signature(public_key, message)


@dataclass
class FakeSigner:
    """A control plane's chain of keys."""

    issuer: str = ISSUER
    links: list[Signed] = field(default_factory=list)
    publics: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rotate()

    def rotate(self) -> None:
        public = PUBLIC[len(self.publics)]
        body = SigningKey(number=len(self.publics) + 1, public_key=public).SerializeToString()
        by = self.publics[-1] if self.publics else public
        self.links.append(signed_by(by, "SigningKey", body))
        self.publics.append(public)

    def sign(self, kind: str, body: bytes) -> Signed:
        return signed_by(self.publics[-1], kind, body)


def signed_by(public: bytes, kind: str, body: bytes) -> Signed:
    signature = fake_signature(public, signed_bytes(kind, body))
    return Signed(body=body, key_id=key_id_of(public), signature=signature)


def item(number: int, generation: int) -> Item:
    return Item(
        key=Key(
            key_id=str(UUID(int=number)),
            digest=hashlib.sha256(bytes([generation % 256])).digest(),
            kind="data_plane",
            org_id=str(UUID(int=1)),
        )
    )


@dataclass
class Disk:
    """A store whose next save may fail before it happens, or crash after it."""

    kept_trust: bytes | None = None
    kept: bytes | None = None
    fails: str = ""

    def trust(self) -> bytes | None:
        return self.kept_trust

    def save_trust(self, data: bytes) -> None:
        self._fail("before")
        self.kept_trust = data
        self._fail("after")

    def configuration(self) -> bytes | None:
        return self.kept

    def save_configuration(self, data: bytes, configuration: Configuration) -> None:
        self._fail("before")
        self.kept = data
        self._fail("after")

    def _fail(self, when: str) -> None:
        if self.fails == when:
            self.fails = ""
            raise UnavailableError("the disk")


@dataclass
class World:
    """What the control plane wants, with the clock and the last version it gave."""

    items: dict[str, Item] = field(default_factory=dict)
    epoch_: int = 0
    last: int = 0
    now: int = 1_000_000_000

    async def epoch(self) -> str:
        return str(self.epoch_)

    async def __call__(self, dp_id: str) -> Items:
        assert dp_id == DP
        return checked_items(self.items.values())

    async def next_version(self, dp_id: str, *, above: int) -> int:
        self.last = max(self.now, self.last + 1, above + 1)
        return self.last


def now(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise AssertionError("it waits")


class Following(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.signer = FakeSigner()
        self.backup: tuple[dict[str, Item], int] = ({}, 0)
        self.disk = Disk(
            kept_trust=EnrolResponse(issuer=ISSUER, key_chain=self.signer.links).SerializeToString()
        )
        self.follow = self.followed()
        self.attend: Attend | None = None
        self.wire = bytearray()
        self.arrived = bytearray()
        self.history: list[bytes] = []
        self.signed: dict[int, set[bytes]] = {}
        self.highest = 0
        self.generation = 0

    def followed(self) -> Follow:
        assert self.disk.kept_trust is not None
        return Follow(DP, kept_chain(self.disk.kept_trust, fake_verify), self.disk)

    @rule(number=st.integers(0, 5))
    def something_changes(self, number: int) -> None:
        self.generation += 1
        fresh = item(number, self.generation)
        self.world.items[f"key/{fresh.key.key_id}"] = fresh
        self.world.epoch_ += 1

    @rule(number=st.integers(0, 5))
    def something_goes(self, number: int) -> None:
        self.world.items.pop(f"key/{UUID(int=number)}", None)
        self.world.epoch_ += 1

    @precondition(lambda self: len(self.signer.publics) < len(PUBLIC))
    @rule()
    def the_signing_key_is_rotated(self) -> None:
        self.signer.rotate()

    @rule(ms=st.integers(1, 70_000))
    def time_goes_by(self, ms: int) -> None:
        self.world.now += ms

    @rule(ms=st.integers(1, 10_000_000))
    def the_clock_is_set_back(self, ms: int) -> None:
        self.world.now = max(1, self.world.now - ms)

    @rule(number=st.integers(0, 5))
    def a_change_goes_all_the_way(self, number: int) -> None:
        self.something_changes(number)
        if self.attend is None:
            self.connect()
        self.the_control_plane_says_what_it_has_to()
        self.some_bytes_arrive(len(self.wire) or 1)

    @rule()
    def a_backup_is_made(self) -> None:
        self.backup = dict(self.world.items), self.world.last

    @rule()
    def the_control_plane_is_restored_from_it(self) -> None:
        self.cut()
        self.world.items, self.world.last = dict(self.backup[0]), self.backup[1]
        self.world.epoch_ += 1

    @rule()
    def connect(self) -> None:
        self.cut()
        self.attend = Attend(
            self.follow.hello("1.0"),
            wanted=self.world,
            signer=lambda: self.signer,
            next_version=self.world.next_version,
            now_ms=lambda: self.world.now,
        )

    @precondition(lambda self: self.attend is not None)
    @rule()
    def the_control_plane_says_what_it_has_to(self) -> None:
        assert self.attend is not None
        for down in now(self.attend.messages()):
            if down.HasField("configuration"):
                body = Configuration.FromString(down.configuration.body)
                self.signed.setdefault(body.version, set()).add(body.digest)
            data = down.SerializeToString()
            self.history.append(data)
            self.wire += len(data).to_bytes(4, "big") + data

    @rule(size=st.integers(1, 2_000))
    def some_bytes_arrive(self, size: int) -> None:
        self.arrived += self.wire[:size]
        del self.wire[:size]
        while len(self.arrived) >= 4:
            length = int.from_bytes(self.arrived[:4], "big")
            if len(self.arrived) < 4 + length:
                return
            data = bytes(self.arrived[4 : 4 + length])
            del self.arrived[: 4 + length]
            self.hear(data)

    @precondition(lambda self: self.history)
    @rule(data=st.data())
    def an_earlier_message_comes_again(self, data: st.DataObject) -> None:
        self.hear(data.draw(st.sampled_from(self.history)))

    @rule()
    def cut(self) -> None:
        self.attend = None
        self.wire.clear()
        self.arrived.clear()

    @rule()
    def the_data_plane_restarts(self) -> None:
        self.cut()
        self.follow = self.followed()

    @rule(when=st.sampled_from(["before", "after"]))
    def the_next_save_fails(self, when: str) -> None:
        self.disk.fails = when

    def hear(self, data: bytes) -> None:
        down = Down.FromString(data)
        try:
            if down.HasField("signing_key"):
                code = self.follow.signing_key(down.signing_key)
                answer = Applied(refused=code) if code else None
            else:
                answer = self.follow.configuration(down.configuration)
        except UnavailableError:  # a crash: what is on the disk counts
            self.the_data_plane_restarts()
            return
        if answer is not None and not answer.refused:
            assert self.disk.kept is not None
            assert Configuration.FromString(self.disk.kept).version == answer.configuration_version
        if answer is not None and self.attend is not None:
            self.attend.applied(answer)

    @invariant()
    def older_never_overwrites_newer(self) -> None:
        assert self.follow.version >= self.highest
        self.highest = self.follow.version

    @invariant()
    def what_is_in_force_was_signed_whole(self) -> None:
        if self.follow.version:
            assert digest_of(self.follow.items) in self.signed[self.follow.version]

    @invariant()
    def a_restart_finds_the_same(self) -> None:
        again = self.followed()
        assert (again.version, again.items) == (self.follow.version, self.follow.items)

    def teardown(self) -> None:
        """When everything is healed, both agree after a few looks."""
        self.disk.fails = ""
        if self.attend is None:
            self.connect()
        for _ in range(5):
            self.world.now += 61_000
            self.the_control_plane_says_what_it_has_to()
            self.some_bytes_arrive(len(self.wire) or 1)
        assert self.follow.items == self.world.items
        assert self.follow.version > 0 or not self.world.items


TestFollowing = Following.TestCase
TestFollowing.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def followed(signer: FakeSigner, disk: Disk | None = None) -> Follow:
    chain = trusted_chain(
        EnrolResponse(issuer=ISSUER, key_chain=signer.links[:1]),
        key_id_of(signer.publics[0]),
        fake_verify,
    )
    return Follow(DP, chain, disk or Disk())


def snapshot(items: Items, version: int = 5, **changes: Any) -> bytes:
    configuration = difference(*(DP, ISSUER, None, items), version=version, base=0, ms=version)
    for name, value in changes.items():
        setattr(configuration, name, value)
    data: bytes = configuration.SerializeToString()
    return data


ITEMS = checked_items([item(1, 1), item(2, 2)])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"dp_id": str(UUID(int=8))}, "dp_id"),
        ({"issuer": "hh-other"}, "issuer"),
        ({"after": 3}, "gap"),
        ({"digest": bytes(32)}, "digest"),
        ({"digest": b""}, "digest"),
        ({"version": 1 << 60}, "malformed"),
    ],
)
def test_what_is_not_for_this_data_plane_changes_nothing(
    changes: dict[str, Any], code: str
) -> None:
    signer = FakeSigner()
    follow = followed(signer)

    answer = follow.configuration(signer.sign("Configuration", snapshot(ITEMS, **changes)))

    assert (answer.refused, follow.version, follow.items) == (code, 0, {})


def test_a_signature_in_another_domain_or_by_an_older_key_counts_for_nothing() -> None:
    signer = FakeSigner()
    follow = followed(signer)
    body = snapshot(ITEMS)
    old = signer.sign("Configuration", body)
    signer.rotate()

    assert follow.configuration(signer.sign("SigningKey", body)).refused == "signature"
    assert follow.configuration(signer.sign("Configuration", body)).refused == "signature"
    assert follow.signing_key(signer.links[1]) == ""
    assert follow.configuration(old).refused == "signature"
    assert follow.configuration(signer.sign("Configuration", body)).refused == ""


def test_two_missed_links_are_followed_in_their_order_only() -> None:
    signer = FakeSigner()
    follow = followed(signer)
    signer.rotate()
    signer.rotate()

    assert follow.signing_key(signer.links[2]) == "signing_key"
    assert [follow.signing_key(link) for link in signer.links] == ["", "", ""]


def test_a_link_by_a_stranger_is_not_followed() -> None:
    signer, stranger = FakeSigner(), FakeSigner()
    follow = followed(signer)
    body = SigningKey(number=2, public_key=PUBLIC[5]).SerializeToString()

    assert follow.signing_key(signed_by(PUBLIC[5], "SigningKey", body)) == "signing_key"
    stranger.rotate()
    with pytest.raises(RejectedError):
        trusted_chain(
            EnrolResponse(issuer=ISSUER, key_chain=stranger.links),
            key_id_of(PUBLIC[7]),
            fake_verify,
        )


def test_a_damaged_store_is_no_store() -> None:
    signer = FakeSigner()
    disk = Disk()
    followed(signer, disk).configuration(signer.sign("Configuration", snapshot(ITEMS)))
    assert followed(signer, disk).version == 5
    assert disk.kept is not None

    disk.kept = disk.kept[:-1] + bytes([disk.kept[-1] ^ 1])

    assert followed(signer, disk).version == 0


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_that_are_signed_by_nobody_change_nothing(data: bytes) -> None:
    follow = followed(FakeSigner())

    follow.signing_key(Signed(body=data))

    assert follow.configuration(Signed(body=data, key_id="x")).refused == "signature"


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_that_the_right_key_signs_are_refused_or_a_configuration(data: bytes) -> None:
    signer = FakeSigner()
    follow = followed(signer)

    answer = follow.configuration(signer.sign("Configuration", data))

    assert follow.version == 0
    assert answer.refused or Configuration.FromString(data).version == 0


def test_a_chain_survives_its_file() -> None:
    signer = FakeSigner()
    chain = Chain(ISSUER, signer.links, fake_verify)

    assert kept_chain(chain.serialized(), fake_verify).newest == chain.newest
    with pytest.raises(RejectedError):
        kept_chain(b"", fake_verify)
