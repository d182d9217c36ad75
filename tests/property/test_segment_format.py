"""Laws of the segment format: what was written is read, and bad bytes cost only themselves."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hh_core.domain.segments import (
    ContentType,
    Encoding,
    RecordHeader,
    RecordKind,
    SegmentRecord,
    segment_created_ms,
    segment_name,
)
from hh_core.wire.segment import (
    RECORD_HEADER_SIZE,
    Damage,
    Located,
    encode_record,
    file_header,
    read_record,
    read_segment,
    record_size,
    sound_length,
)

NAME = segment_name(1_795_132_800_000, 7, 3)

uuids = st.binary(min_size=16, max_size=16).map(lambda raw: UUID(bytes=raw))
headers = st.builds(
    RecordHeader,
    st.sampled_from(RecordKind),
    st.sampled_from(ContentType),
    st.sampled_from(Encoding),
    uuids,
    uuids,
    st.integers(0, 2**16 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**48 - 1),
)
records = st.builds(SegmentRecord, headers, st.binary(max_size=200))
segments = st.lists(records, max_size=8)


def _segment(content: list[SegmentRecord], name: str = NAME) -> bytes:
    return file_header(3) + b"".join(encode_record(record, name) for record in content)


def _found(data: bytes) -> list[SegmentRecord]:
    return [item.record for item in read_segment(data, NAME) if isinstance(item, Located)]


@given(segments)
def test_what_was_written_is_read(content: list[SegmentRecord]) -> None:
    assert _found(_segment(content)) == content


@given(segments)
def test_a_record_is_found_again_by_its_offset(content: list[SegmentRecord]) -> None:
    data = _segment(content)

    for item in read_segment(data, NAME):
        assert isinstance(item, Located)
        tail = data[item.offset :]
        assert read_record(tail, NAME) == item.record
        assert record_size(tail[:RECORD_HEADER_SIZE], NAME) == RECORD_HEADER_SIZE + len(
            item.record.body
        )


@given(segments.filter(bool), st.data())
def test_a_cut_segment_keeps_every_whole_record(
    content: list[SegmentRecord], data: st.DataObject
) -> None:
    whole = _segment(content)
    cut = data.draw(st.integers(0, len(whole)))

    kept = _found(whole[:cut])

    assert kept == content[: len(kept)]
    assert sound_length(whole[:cut], NAME) <= cut
    ends = [len(_segment(content[: n + 1])) for n in range(len(content))]
    assert len(kept) == sum(end <= cut for end in ends)


@given(segments.filter(bool), st.data())
def test_a_flipped_bit_costs_one_record_only(
    content: list[SegmentRecord], data: st.DataObject
) -> None:
    whole = bytearray(_segment(content))
    position = data.draw(st.integers(8, len(whole) - 1))
    whole[position] ^= 1 << data.draw(st.integers(0, 7))

    found = list(read_segment(bytes(whole), NAME))
    kept = [item.record for item in found if isinstance(item, Located)]

    assert sum(isinstance(item, Damage) for item in found) == 1
    assert len(kept) == len(content) - 1
    assert all(record in content for record in kept)


@given(headers, headers)
def test_a_body_cannot_smuggle_in_a_record_of_another_segment(
    outer: RecordHeader, forged: RecordHeader
) -> None:
    foreign = segment_name(1_795_132_800_000, 8, 3)
    body = encode_record(SegmentRecord(forged, b"forged"), foreign)
    whole = bytearray(_segment([SegmentRecord(outer, body)]))
    whole[8] ^= 1  # the outer header is damaged, so the reader looks for the next one

    assert _found(bytes(whole)) == []


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**80 - 1), st.integers(0, 2**16 - 1))
def test_segment_names_tell_and_sort_by_age(created: int, random: int, node: int) -> None:
    name = segment_name(created, random, node)

    assert segment_created_ms(name) == created
    assert name < segment_name(created + 1, 0, 0)
