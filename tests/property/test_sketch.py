"""Laws of sketches: what holds a phrase is never left out, whatever stands around it."""

import asyncio
from collections.abc import Sequence
from random import Random
from string import ascii_lowercase
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from isal import isal_zlib
from raw_segments import OTHER, PROJECT, record

from hh_core.domain.segments import RAW, Encoding, SegmentRecord
from hh_core.errors import RejectedError
from hh_core.usecases.segments_source import PACKS
from hh_core.usecases.sketches import Sketched, Sketches, sketch_key
from hh_core.wire import sketch_writer
from hh_core.wire.pack import encode_pack
from hh_core.wire.sketch import rows_of
from hh_core.wire.sketch_writer import rows_in, sketch_of
from hh_memory.objects import ObjectsConfig, open_objects
from hh_memory.records import RecordsConfig, open_records

KEY = f"{RAW}{PROJECT}/2026-01-02/first"
words = st.sampled_from(
    ["a", "an", "the", "quick", "fox", "jumped", "é", "\N{SNOWMAN}x", '"', "12"]
)
texts = st.lists(words, max_size=60).map(lambda some: " ".join(some).encode())


@st.composite
def with_phrase(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A text, and a part of it."""
    text = draw(texts)
    first = draw(st.integers(0, len(text)))
    return text, text[first : draw(st.integers(first, len(text)))]


@given(with_phrase(), st.sampled_from([1, 7, 4096, 1 << 17]))
def test_a_text_has_all_rows_of_whatever_it_holds(both: tuple[bytes, bytes], rows: int) -> None:
    text, phrase = both

    assert set(rows_of(phrase, rows)) <= {int(row) for row in rows_in(text, rows)}


def _encoded(body: bytes, encoding: Encoding) -> SegmentRecord:
    packed = isal_zlib.compress(body, 1, 31) if encoding is Encoding.GZIP else body
    return record(packed, encoding=encoding)


async def _look(data: bytes, *phrases: bytes) -> Sketched:
    async with open_objects(ObjectsConfig()) as objects, open_records(RecordsConfig()) as records:
        await objects.put(sketch_key(KEY), data)
        async with records.begin() as unit:
            await unit.merge(PACKS, {KEY: {"sketch": "made", "size": 1}})
        return await Sketches(objects, records).look(PROJECT, phrases)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(texts, st.sampled_from(list(Encoding))), min_size=1, max_size=12),
    st.lists(with_phrase(), min_size=1, max_size=2),
    st.integers(0, 11),
    st.sampled_from([40, 300, 1 << 18]),
)
def test_no_record_that_holds_all_phrases_is_left_out(
    others: Sequence[tuple[bytes, Encoding]],
    both: Sequence[tuple[bytes, bytes]],
    place: int,
    piece: int,
) -> None:
    held = _encoded(b"|".join(text for text, _ in both), Encoding.GZIP)
    found = [_encoded(*other) for other in others]
    found.insert(place, held)
    pack = encode_pack(PROJECT, {"s1": enumerate(found[:3]), "s2": enumerate(found[3:])})
    with patch.object(sketch_writer, "_PIECE", piece), patch.object(sketch_writer, "SHARE", 4.0):
        sketched = asyncio.run(_look(sketch_of(pack), *(phrase for _, phrase in both)))

    at = found.index(held)
    assert sketched.may_hold("s1" if at < 3 else "s2", at if at < 3 else at - 3)
    assert sketched.may_hold("a segment that is in no pack", 0)


def _prose(seed: int) -> bytes:
    letters = Random(seed).choices(ascii_lowercase + "     ", k=6_000)
    return "".join(letters).encode()


def _pack() -> bytes:
    bodies = [_encoded(_prose(n), Encoding.GZIP) for n in range(40)]
    return encode_pack(PROJECT, {"s": enumerate(bodies)})


def test_nearly_all_records_that_do_not_hold_a_phrase_are_left_out() -> None:
    text = _prose(7)
    at = text.index(b" ", 50) - 5
    sketched = asyncio.run(_look(sketch_of(_pack()), text[at : at + 40]))

    assert ("s", 7) in sketched.left
    assert len(sketched.left) <= 8  # those of its column


def test_a_sketch_is_no_larger_than_its_share_of_the_pack() -> None:
    pack = _pack()

    assert len(sketch_of(pack)) <= 1.05 * sketch_writer.SHARE * len(pack) + 1000


@pytest.mark.parametrize(
    "body",
    [b"no gzip at all", b'{"said": "is\\u0020number"}'],
    ids=["damaged", "escaped"],
)
def test_what_nobody_can_read_there_is_never_left_out(body: bytes) -> None:
    encoding = Encoding.IDENTITY if body.startswith(b"{") else Encoding.GZIP
    bodies = [_encoded(_prose(n), Encoding.GZIP) for n in range(40)]
    pack = encode_pack(PROJECT, {"s": enumerate([*bodies, record(body, encoding=encoding)])})

    sketched = asyncio.run(_look(sketch_of(pack), b"never said of any number of words"))

    assert ("s", 40) in sketched.left
    assert len(sketched.left) < 20


@pytest.mark.parametrize("at", [0, 9, 25, 60, -1])
def test_a_damaged_sketch_says_nothing(at: int) -> None:
    phrase = _prose(7)[100:140]
    data = bytearray(sketch_of(_pack()))
    if at < 0:  # a page that is asked for
        data = data[:-20_000]
    else:
        data[at] ^= 1

    sketched = asyncio.run(_look(bytes(data), phrase))

    assert sketched.packs == {} or at < 0
    assert sketched.may_hold("s", 7)


def test_a_sketch_of_another_project_says_nothing() -> None:
    pack = encode_pack(OTHER, {"s": [(0, record(_prose(1), project=OTHER))]})

    assert asyncio.run(_look(sketch_of(pack), b"word never said")).packs == {}


def test_what_is_no_pack_has_no_sketch() -> None:
    with pytest.raises(RejectedError):
        sketch_of(b"something else")
