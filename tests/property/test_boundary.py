"""The boundary as a law: whatever an event's content says, none of it leaves the data plane."""

import base64
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from telemetry_rows import DP_ID, PROJECT, SEGMENT, event_rows

from hh_core.domain.telemetry import EVENT_TYPES, STATUSES, USAGE_KINDS, is_safe_name
from hh_core.wire import telemetry as wire
from hh_core.wire.telemetry_check import check

KEY = bytes(range(32))
patient = settings(deadline=None)  # Arrow takes its time when it is used first
CANARY = "c4n4ry<{}>"
"""Not a name by the pattern: what a client chose as a name may cross, and says so."""

canaries = st.uuids().map(lambda number: CANARY.format(number.hex))
texts = st.one_of(canaries, canaries.map(lambda text: text + "\n" * 70), st.text(max_size=80))
names = st.one_of(texts, st.sampled_from(["", "chat", "gpt-4o-mini", "a/b:c@d"]))
counts = st.dictionaries(
    st.one_of(texts, st.sampled_from(sorted(USAGE_KINDS))), st.integers(0, 2**64 - 1), max_size=3
)
costs = st.none() | st.decimals(-(10**14), 10**14, places=6)
rows = st.fixed_dictionaries(
    {
        **dict.fromkeys(("event_name", "model", "provider", "service", "error_class"), names),
        **dict.fromkeys(("event_type", "status"), texts),
        "usage": counts,
        "cost": costs,
        "promoted": st.dictionaries(texts, texts, max_size=2),
        "session_id": texts,
        "attributes": st.dictionaries(texts, texts, max_size=3),
    }
)


def _events(batch: list[dict[str, Any]]) -> Any:
    return event_rows(
        len(batch), **{name: [row[name] for row in batch] for name in (batch[0] if batch else {})}
    )


def _forms(text: str) -> set[bytes]:
    raw = text.encode()
    shifted = [base64.b64encode(b"\0" * shift + raw)[4:-4] for shift in range(3)]
    return {raw, raw.hex().encode(), text.encode("utf-16-le"), *shifted}


@patient
@given(st.lists(rows, min_size=1, max_size=4))
def test_no_text_of_a_client_crosses_unless_it_is_a_name(batch: list[dict[str, Any]]) -> None:
    sent = wire.encode(wire.telemetry(_events(batch), KEY))

    for row in batch:
        values = [row["event_type"], row["status"], row["session_id"]]
        values += [row[name] for name in wire.NAMES]
        for column in ("usage", "promoted", "attributes"):
            values += [*row[column], *map(str, row[column].values())]
        for text in values:
            if CANARY[:6] in text:
                assert not any(form in sent for form in _forms(text))


@patient
@given(st.lists(rows, min_size=1, max_size=4))
def test_every_text_that_crosses_is_a_name_an_enumeration_or_ours(
    batch: list[dict[str, Any]],
) -> None:
    for row in wire.telemetry(_events(batch), KEY).to_pylist():
        assert row["event_type"] in EVENT_TYPES
        assert row["status"] in STATUSES
        assert all(kind in USAGE_KINDS for kind, _ in row["usage"])
        assert row["promoted"] == []
        assert (row["segment"], row["dp_id"]) == (SEGMENT, DP_ID)
        assert all(row[name] == "" or is_safe_name(row[name]) for name in wire.NAMES)


@patient
@given(st.lists(rows, min_size=1, max_size=4))
def test_the_control_plane_takes_all_that_an_honest_data_plane_sends(
    batch: list[dict[str, Any]],
) -> None:
    sent = wire.telemetry(_events(batch), KEY)

    checked = check(wire.encode(sent), dp_id=DP_ID, segment=SEGMENT, projects=[PROJECT])

    assert checked.refusals == []


@patient
@given(st.lists(rows, min_size=1, max_size=4), st.integers(0, 3))
def test_a_data_plane_that_lies_gets_no_content_past_the_intake(
    batch: list[dict[str, Any]], which: int
) -> None:
    events = _events(batch)
    kept = [events.column(name) for name in wire.SCHEMA.names]
    raw = type(events).from_arrays(kept, schema=wire.SCHEMA)

    stored = wire.encode(check(wire.encode(raw), dp_id=DP_ID, segment=SEGMENT).batch)

    text = batch[which % len(batch)]["event_name"]
    assert CANARY[:6] not in text or text.encode() not in stored


def test_a_name_does_cross() -> None:
    """The positive control: the search above would find a canary that is there."""
    sent = wire.encode(wire.telemetry(event_rows(1, event_name=["c4n4ry-control"]), KEY))

    assert any(form in sent for form in _forms("c4n4ry-control"))
