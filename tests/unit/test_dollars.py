"""Costs as people read them."""

import pytest

from hh_cli.trace import dollars


@pytest.mark.parametrize(
    ("cost", "shown"),
    [
        (12.0, "$12"),
        (0.000524, "$0.000524"),
        (0.0010317, "$0.001032"),
        (1e-6, "$0.000001"),
        (2.6e-7, "$0.00000026"),
        (1e-12, "$0.000000000001"),
    ],
)
def test_a_cost_is_never_rounded_to_nothing(cost: float, shown: str) -> None:
    assert dollars(cost) == shown
