"""Keys have the shapes that clients check, and tell their kind and their typos."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hh_core.domain.api_keys import (
    ALPHABET,
    RANDOM_BYTES,
    KeyKind,
    digest_of,
    is_well_formed,
    kind_of,
    new_key,
    shown,
)

TAIL = r"[A-Za-z0-9]{24}_[A-Za-z0-9_-]{64}"
SHAPES = {
    KeyKind.PROJECT: r"hh_[A-Za-z0-9]{49}",
    KeyKind.READ_ONLY: r"hh_ro_[A-Za-z0-9]{49}",
    KeyKind.INGESTION: f"hh_ingst_{TAIL}",
    KeyKind.DATA_PLANE: f"hh_fgdp_{TAIL}",
    KeyKind.CONTROL_PLANE: f"hh_fgcp_{TAIL}",
}
"""Contract A1."""

kinds = st.sampled_from(KeyKind)
randoms = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)


@given(kinds, randoms)
def test_a_key_has_the_shape_of_its_kind_and_names_it(kind: KeyKind, random: bytes) -> None:
    key = new_key(kind, random)

    assert re.fullmatch(SHAPES[kind], key)
    assert kind_of(key) is kind
    assert is_well_formed(key)


@given(kinds, randoms, st.data())
def test_a_mistyped_key_is_found(kind: KeyKind, random: bytes, data: st.DataObject) -> None:
    key = new_key(kind, random)
    place = data.draw(st.integers(3, len(key) - 1))
    other = data.draw(st.sampled_from(ALPHABET).filter(lambda letter: letter != key[place]))

    assert not is_well_formed(key[:place] + other + key[place + 1 :])


@given(kinds, randoms, randoms)
def test_different_randomness_gives_different_keys(kind: KeyKind, one: bytes, other: bytes) -> None:
    """All of 32 bytes counts: the least that any kind carries."""
    if one[-32:] != other[-32:]:
        assert digest_of(new_key(kind, one)) != digest_of(new_key(kind, other))


def test_too_little_randomness_is_refused() -> None:
    with pytest.raises(ValueError, match="64 random bytes"):
        new_key(KeyKind.PROJECT, b"short")


def test_what_is_shown_of_a_key_tells_its_kind_and_its_end_only() -> None:
    key = new_key(KeyKind.INGESTION, bytes(range(64)))

    assert shown(key) == f"hh_ingst_…{key[-4:]}"


def test_a_key_of_another_maker_has_a_digest_and_perhaps_no_kind() -> None:
    assert kind_of("sk-something") is None
    assert kind_of("hh_theirs") is KeyKind.PROJECT
    assert len(digest_of("sk-\udcff")) == 64
