"""Laws of identity: ids are functions of what was sent, versions are a total order."""

from uuid import UUID

from hypothesis import assume, given
from hypothesis import strategies as st

from hh_core.domain.identity import (
    Version,
    derived_event,
    derived_session,
    keyed_uuid,
    name_key,
    parse_uuid,
    rest_span,
    span_event_id,
    uuid8,
)

projects = st.uuids()
traces = st.binary(min_size=16, max_size=16)
spans = st.binary(min_size=8, max_size=8)
keys = st.binary(min_size=32, max_size=32)
versions = st.builds(
    Version,
    st.integers(0, 2**48 - 1),
    st.integers(0, 2**16 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
)


@given(versions, versions)
def test_versions_order_as_their_numbers_do(one: Version, other: Version) -> None:
    assert (one < other) == (int(one) < int(other))
    assert Version.parse(int(one)) == one
    assert int(one) < 1 << 128


@given(st.lists(st.binary(max_size=9), max_size=4), st.lists(st.binary(max_size=9), max_size=4))
def test_parts_do_not_run_into_each_other(one: list[bytes], other: list[bytes]) -> None:
    assume(one != other)

    assert uuid8(*one) != uuid8(*other)


@given(st.lists(st.binary(max_size=9), max_size=4), keys)
def test_every_made_id_is_a_uuid_of_version_8(parts: list[bytes], key: bytes) -> None:
    for made in (uuid8(*parts), keyed_uuid(key, *parts)):
        assert (made.version, made.variant) == (8, "specified in RFC 4122")


@given(projects, traces, spans, st.uuids())
def test_a_claimed_uuid_is_the_event_id_whatever_its_case(
    project: UUID, trace: bytes, span: bytes, claimed: UUID
) -> None:
    assert span_event_id(project, trace, span, str(claimed).upper()) == claimed


@given(projects, projects, traces, spans, st.text(max_size=40))
def test_without_a_uuid_the_id_depends_on_the_project(
    one: UUID, other: UUID, trace: bytes, span: bytes, claimed: str
) -> None:
    assume(one != other)
    assume(parse_uuid(claimed) is None)

    first = span_event_id(one, trace, span, claimed)

    assert first == span_event_id(one, trace, span, None)
    assert first != span_event_id(other, trace, span, claimed)


@given(projects, keys, keys, st.text(max_size=80))
def test_a_chosen_name_tells_nothing_without_the_key(
    project: UUID, key: bytes, guess: bytes, name: str
) -> None:
    assume(key != guess)
    assume(parse_uuid(name) is None)

    assert name_key(key, project, name) == name_key(key, project, name)
    assert name_key(key, project, name) != name_key(guess, project, name)


@given(projects, traces, traces)
def test_each_trace_has_a_derived_session_of_its_own(
    project: UUID, one: bytes, other: bytes
) -> None:
    assert (derived_session(project, one) == derived_session(project, other)) == (one == other)


@given(st.uuids())
def test_a_rest_event_has_a_span_id_of_eight_bytes(event: UUID) -> None:
    assert len(rest_span(event)) == 8


@given(projects, traces, spans)
def test_the_event_of_a_span_is_made_of_its_parts_as_all_ids_are(
    project: UUID, trace: bytes, span: bytes
) -> None:
    expected = uuid8(b"event", project.bytes, trace, span)

    assert derived_event(project.bytes, trace, span) == expected.bytes
