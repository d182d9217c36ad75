"""How long dispatch rests between batches."""

import pytest

from hh_core.usecases.dispatch import DispatchLimits

_LIMITS = DispatchLimits(longest_rest=1.0, period=2.0)


@pytest.mark.parametrize(
    ("spent", "rest"),
    [
        pytest.param(0.1, 0.5, id="in proportion"),
        pytest.param(0.3, 1.0, id="no longer than the longest"),
        pytest.param(1.4, 0.6, id="until the period is over"),
        pytest.param(2.5, 0.0, id="not at all once it is over"),
    ],
)
def test_rest_after_a_batch(spent: float, rest: float) -> None:
    assert _LIMITS.rest(spent) == pytest.approx(rest)


def test_batches_of_a_steady_load_do_not_grow_with_what_each_takes() -> None:
    periods = [spent + _LIMITS.rest(spent) for spent in (1.0, 1.5, 1.9)]
    assert periods == pytest.approx([2.0, 2.0, 2.0])
