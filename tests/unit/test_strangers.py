"""Bounds for callers of the intake's port who have not proved who they are."""

from contextlib import ExitStack

import pytest

from hh_control.strangers import Strangers, address_of
from hh_core.errors import QuotaError


def test_one_address_that_holds_its_calls_open_shuts_nobody_else_out() -> None:
    strangers = Strangers(clock=lambda: 0.0)
    with ExitStack() as held:
        refused = 0
        for _ in range(60):
            try:
                held.enter_context(strangers.call("192.0.2.1"))
            except QuotaError:
                refused += 1
        for other in range(7):
            held.enter_context(strangers.call(f"192.0.2.{10 + other}"))

        assert refused == 52


def test_calls_that_are_over_make_room_again() -> None:
    strangers = Strangers(clock=lambda: 0.0)
    for _ in range(60):
        with strangers.call("192.0.2.1"):
            pass
    with pytest.raises(QuotaError), strangers.call("192.0.2.1"):
        raise AssertionError("its calls are used up")


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("ipv4:192.0.2.1:5000", "192.0.2.1"),
        ("ipv6:[2001:db8:1:2:3:4:5:6]:5000", "2001:db8:1:2::"),
        ("ipv6:%5B2001:db8:1:2:9::1%5D:5000", "2001:db8:1:2::"),
        ("ipv6:[::ffff:192.0.2.1]:5000", "192.0.2.1"),
        ("unix:/run/socket", "unix:/run/socket"),
        ("", ""),
    ],
)
def test_a_host_is_one_address_however_many_it_has(peer: str, address: str) -> None:
    assert address_of(peer) == address
