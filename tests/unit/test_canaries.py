"""The search for canaries sees through every encoding that it claims to."""

import pytest
from canaries import Canaries, encodings


@pytest.mark.parametrize("encoding", sorted(encodings("x")))
def test_a_planted_canary_is_found(encoding: str) -> None:
    canaries = Canaries()

    hidden = encodings(canaries("inputs"))[encoding]

    found = canaries.found_in(b"\0\1noise" + hidden + b"more")

    assert encoding.removesuffix(" of lz4") in found


def test_another_runs_canary_is_not_ours() -> None:
    assert Canaries().found_in(encodings(Canaries()("inputs"))["raw"]) == []
