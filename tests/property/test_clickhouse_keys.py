"""The keys of a batch are those of its ids, and an id is derived or chosen as the domain says."""

from uuid import UUID

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from hh_clickhouse.keys import chosen, event_key, event_keys, trace_key, trace_keys
from hh_core.domain.identity import derived_event, span_event_id

ids = st.binary(min_size=16, max_size=16)
spans = st.binary(min_size=8, max_size=8)


@st.composite
def events(draw: st.DrawFn) -> tuple[bytes, bytes, bytes, bytes]:
    """A span and an event id: derived from it, but perhaps for one bit, or any."""
    project, trace, span = draw(ids), draw(ids), draw(spans)
    derived = int.from_bytes(derived_event(project, trace, span), "big")
    near = derived ^ (1 << draw(st.integers(0, 127)))
    event = draw(st.sampled_from([derived, derived, near]).map(lambda n: n.to_bytes(16, "big")))
    return project, draw(st.sampled_from([event, event, draw(ids)])), trace, span


@settings(deadline=None)  # the first call loads much of Arrow
@given(st.lists(events(), min_size=1, max_size=8), st.integers(0, 3), st.integers(1, 3))
def test_an_id_is_chosen_unless_it_is_that_of_its_span(
    rows: list[tuple[bytes, bytes, bytes, bytes]], skipped: int, pieces: int
) -> None:
    names = ("project_id", "event_id", "trace_id", "span_id")
    widths = (16, 16, 16, 8)
    whole = pa.table(
        [
            pa.array(cells, pa.binary(width))
            for cells, width in zip(zip(*rows, strict=True), widths, strict=True)
        ],
        names=names,
    )
    table = pa.concat_tables([whole] * pieces).slice(skipped)
    kept = (rows * pieces)[skipped:]

    assert chosen(table).to_pylist() == [
        event != span_event_id(UUID(bytes=project), trace, span, None).bytes
        for project, event, trace, span in kept
    ]
    assert event_keys(table.column("event_id")).to_pylist() == [event_key(r[1]) for r in kept]
    assert trace_keys(table.column("trace_id")).to_pylist() == [trace_key(r[2]) for r in kept]
    assert all(event_key(r[1]) < 1 << 63 <= trace_key(r[2]) for r in kept)
