"""Laws of the pack format: what goes in comes out, under its own address; damage is noticed."""

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_segments import OTHER, PROJECT, name, record, segment

from hh_core.domain.segments import SegmentRecord
from hh_core.errors import RejectedError
from hh_core.wire.pack import (
    BLOCK_BYTES,
    FOOTER_SIZE,
    PackWriter,
    decode_index,
    encode_pack,
    index_range,
    read_pack,
)

bodies = st.lists(st.binary(max_size=2000), min_size=1, max_size=8)
packs = st.dictionaries(st.integers(0, 2**40).map(name), bodies, min_size=1, max_size=4)


def laid_out(contents: dict[str, list[bytes]]) -> dict[str, list[tuple[int, SegmentRecord]]]:
    bundle = {}
    for called, items in contents.items():
        records = [record(body, sequence=number) for number, body in enumerate(items)]
        _, offsets = segment(called, records)
        bundle[called] = list(zip(offsets, records, strict=True))
    return bundle


@settings(max_examples=60, deadline=None)
@given(packs)
def test_every_record_keeps_its_address_and_its_bytes(contents: dict[str, list[bytes]]) -> None:
    bundle = laid_out(contents)

    found = read_pack(encode_pack(PROJECT, bundle))

    assert found == [(called, at, item) for called in sorted(bundle) for at, item in bundle[called]]


@settings(max_examples=30, deadline=None)
@given(packs)
def test_equal_records_give_equal_packs(contents: dict[str, list[bytes]]) -> None:
    bundle = laid_out(contents)
    reversed_ = dict(reversed(bundle.items()))

    assert encode_pack(PROJECT, bundle) == encode_pack(PROJECT, reversed_)


@settings(max_examples=80, deadline=None)
@given(packs, st.data())
def test_any_damaged_byte_is_noticed_or_harmless(
    contents: dict[str, list[bytes]], data: st.DataObject
) -> None:
    bundle = laid_out(contents)
    whole = encode_pack(PROJECT, bundle)
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :]

    try:
        found = read_pack(damaged)
    except RejectedError:
        return
    assert found == read_pack(whole)


def test_records_stand_in_blocks_and_a_large_one_in_a_block_of_its_own() -> None:
    called = name(1)
    bodies = [b"a" * 1000] * 600 + [b"b" * (2 * BLOCK_BYTES)] + [b"c"]
    whole = encode_pack(PROJECT, laid_out({called: bodies}))
    footer = whole[-FOOTER_SIZE:]
    start, end = index_range(footer)

    index = decode_index(whole[start:end], footer)

    assert [block.raw > BLOCK_BYTES for block in index.blocks] == [False, False, False, True, False]
    assert len(whole) < 20_000
    assert zstandard.get_frame_parameters(whole[8:]).content_size == index.blocks[0].raw


def test_a_record_of_another_project_is_refused() -> None:
    with pytest.raises(RejectedError, match="another project"):
        PackWriter(PROJECT).add(name(1), 8, record(b"x", project=OTHER))


@pytest.mark.parametrize("data", [b"", b"HHPK", b"x" * 100])
def test_what_is_no_pack_is_refused(data: bytes) -> None:
    with pytest.raises(RejectedError):
        read_pack(data)
