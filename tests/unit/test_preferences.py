"""``Prefer: wait=N``: how a client says how long it is prepared to wait (RFC 7240)."""

import pytest

from hh_data.api.preferences import wait_seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["wait=0"], 0),
        (["wait=10"], 10),
        (["Wait = 3"], 3),
        (['wait="2"'], 2),
        (["respond-async, wait=1"], 1),
        (["wait=1;foo=bar, wait=9"], 1),
        (["respond-async", "wait=4"], 4),
        (['foo="a, wait=7"; bar, wait=5'], 5),
        ([f"wait={10**30}"], 100_000_000),
    ],
)
def test_the_first_wait_counts_wherever_it_stands(headers: list[str], seconds: int) -> None:
    assert wait_seconds(headers) == seconds


@pytest.mark.parametrize(
    "header",
    [
        *("", "wait", "wait=", "wait=-1", "wait=1.5", "wait=soon", 'wait="1', "await=1"),
        *("return=minimal", 'foo="wait=1', "wait=\u0661", "wait, wait=1", '"\\', ",,,"),
    ],
)
def test_what_cannot_be_read_is_passed_over(header: str) -> None:
    assert wait_seconds([header]) is None
