"""The telemetry record on the wire: what leaves a data plane, and what a control plane takes."""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from telemetry_rows import DP_ID, PROJECT, SEGMENT, event_rows, telemetry_rows

from hh_core.domain.identity import derived_session
from hh_core.domain.telemetry import (
    MAX_RECEIVED_MS,
    MAX_TIME_NS,
    Crossing,
    Crossings,
    crossing,
    hashed_name,
)
from hh_core.errors import RejectedError
from hh_core.wire import telemetry as wire
from hh_core.wire.telemetry_check import check

KEY = b"k" * 32
OTHER = UUID(int=99)


def test_names_cross_as_they_are_or_as_a_keyed_hash() -> None:
    events = event_rows(3, event_name=["chat", "Tell me about <Jane Doe>!", ""])

    sent = wire.telemetry(events, KEY)

    names = sent.column("event_name").to_pylist()
    assert names[0] == "chat"
    assert names[1].startswith("h:")
    assert names[2] == ""
    assert wire.telemetry(events, b"x" * 32).column("event_name")[1].as_py() != names[1]


def test_what_is_not_on_the_list_stays_behind() -> None:
    events = event_rows(
        2,
        event_type=["model", "surprise"],
        status=["ok", "strange"],
        usage=[{"prompt_tokens": 3, "my secret": 1}, {"total_tokens": 1 << 60}],
        cost=[Decimal("0.5"), Decimal(10**13)],
        promoted=[{"a": "b"}, {}],
    )

    sent = wire.telemetry(events, KEY)

    assert sent.schema.names == wire.SCHEMA.names
    assert sent.column("event_type").to_pylist() == ["model", "tool"]
    assert sent.column("status").to_pylist() == ["ok", "unset"]
    assert sent.column("usage").to_pylist() == [[("prompt_tokens", 3)], []]
    assert sent.column("cost").to_pylist() == [Decimal("0.5"), None]
    assert sent.column("promoted").to_pylist() == [[], []]


def test_a_strict_project_lets_no_name_cross_as_it_is() -> None:
    events = event_rows(2, event_name=["chat", ""], project_id=[PROJECT.bytes, OTHER.bytes])

    one = wire.telemetry(events, KEY, Crossings({PROJECT.bytes: Crossing(is_strict=True)}))
    everywhere = wire.telemetry(events, KEY, Crossings(is_strict=True))

    model = events.column("model").to_pylist()
    assert one.column("event_name")[0].as_py() == hashed_name(KEY, "chat")
    assert one.column("model").to_pylist() == [hashed_name(KEY, model[0]), model[1]]
    assert everywhere.column("model").to_pylist() == [hashed_name(KEY, text) for text in model]
    assert everywhere.column("event_name").to_pylist()[1] == ""


def test_what_a_project_promotes_crosses_as_a_name_or_a_hash_and_nothing_else() -> None:
    attributes = {"metadata.tier": "gold", "metadata.mail": "a@b.example!", "metadata.other": "x"}
    events = event_rows(
        2, attributes=[attributes, attributes], project_id=[PROJECT.bytes, OTHER.bytes]
    )
    rule = Crossing(promoted=("metadata.tier", "metadata.mail"))

    sent = wire.telemetry(events, KEY, Crossings({PROJECT.bytes: rule}))

    assert sent.column("promoted").to_pylist() == [
        [("metadata.tier", "gold"), ("metadata.mail", hashed_name(KEY, "a@b.example!"))],
        [],
    ]
    checked = check(wire.encode(sent), dp_id=DP_ID, segment=SEGMENT, projects=[PROJECT, OTHER])
    assert checked.refusals == []


def test_nothing_is_promoted_that_the_operator_did_not_allow() -> None:
    asked = ["metadata.tier", "metadata.mail", "inputs.question", "outputs", "user.id", "é"]

    def promoted(*rules: str) -> tuple[str, ...]:
        return crossing(asked, rules, is_strict=False).promoted

    assert promoted() == ()
    assert promoted("metadata.tier", "inputs.question", "outputs", "inputs.*") == ("metadata.tier",)
    assert promoted("metadata.*") == ("metadata.mail", "metadata.tier")
    assert promoted("metadata*", "*", "user") == ()
    assert len(crossing((f"m.{n}" for n in range(99)), ["m.*"], is_strict=False).promoted) == 32


def test_what_the_data_plane_encodes_the_control_plane_takes() -> None:
    sent = wire.telemetry(event_rows(50, event_name=["a b", "ü", "c"] * 16 + ["", "x" * 65]), KEY)

    checked = check(wire.encode(sent), dp_id=DP_ID, segment=SEGMENT, projects=[PROJECT])

    assert checked.refusals == []
    assert checked.batch.equals(sent)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"event_type": "prompt: tell me"}, "event_type.kind"),
        ({"status": "a secret"}, "status.kind"),
        ({"event_name": "call +49 30 1234"}, "event_name.pattern"),
        ({"model": "m" * 65}, "model.pattern"),
        ({"provider": "a\nb"}, "provider.pattern"),
        ({"service": "sérvice"}, "service.pattern"),
        ({"error_class": "Error: no such user"}, ""),
        ({"error_class": "Error: no such user!"}, "error_class.pattern"),
        ({"usage": {"my prompt": 1}}, "usage.kind"),
        ({"usage": {"prompt_tokens": 1 << 50}}, "usage.kind"),
        ({"promoted": {"user": "jane"}}, ""),
        ({"promoted": {"user": "jane!"}}, "promoted.pattern"),
        ({"promoted": {"what?": "jane"}}, "promoted.pattern"),
        ({"promoted": {f"k{n}": "v" for n in range(33)}}, "promoted.count"),
        ({"cost": Decimal(10**13)}, "cost.range"),
        ({"segment": "01JD3Q0ZK4T8Y6W2M5N7P9R1S4-0001"}, "segment.name"),
        ({"dp_id": "somebody-else"}, "dp_id.foreign"),
        ({"project_id": UUID(int=7).bytes}, "project_id.foreign"),
        ({"project_id": bytes(16)}, "project_id.nil"),
        ({"event_id": bytes(16)}, "event_id.nil"),
        ({"is_deleted": 2}, "is_deleted.flag"),
        ({"received_ms": 1 << 50}, "received_ms.range"),
        ({"received_ms": MAX_RECEIVED_MS}, ""),
        ({"start_ns": -(1 << 63)}, "start_ns.range"),
        ({"start_ns": -1}, "start_ns.range"),
        ({"start_ns": MAX_TIME_NS}, ""),
        ({"start_ns": MAX_TIME_NS + 1}, "start_ns.range"),
        ({"start_ns": (1 << 63) - 1}, "start_ns.range"),
        ({"duration_ns": -1}, "duration_ns.range"),
        ({"duration_ns": (1 << 63) - 1}, "duration_ns.range"),
        ({"version": (1 << 128) - 1}, "version.range"),
        ({"version": MAX_RECEIVED_MS << 80}, ""),
        ({"version": MAX_RECEIVED_MS + 1 << 80}, "version.range"),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused_alone_and_named(
    changes: dict[str, Any], code: str
) -> None:
    rows = telemetry_rows(3, **{name: [..., value, ...] for name, value in changes.items()})

    checked = check(wire.encode(rows), dp_id=DP_ID, segment=SEGMENT, projects=[PROJECT])

    assert checked.refusals == ([(1, code)] if code else [])
    assert checked.batch.num_rows == (2 if code else 3)
    assert checked.total == 3


def test_a_kind_of_tokens_may_be_told_once_in_a_row() -> None:
    rows = telemetry_rows(2)
    index = rows.schema.get_field_index("usage")
    twice = pa.array(
        [[("total_tokens", 1)], [("total_tokens", 1)] * 2], rows.schema.field(index).type
    )
    doubled = pa.RecordBatch.from_arrays(
        [twice if at == index else array for at, array in enumerate(rows.columns)],
        schema=rows.schema,
    )

    checked = check(wire.encode(doubled), dp_id=DP_ID, segment=SEGMENT)

    assert checked.refusals == [(1, "usage.kind")]


def test_a_null_is_refused_where_there_is_none() -> None:
    rows = telemetry_rows(2)
    index = rows.schema.get_field_index("model")
    holed = pa.RecordBatch.from_arrays(
        [
            pa.array(["m", None]) if position == index else array
            for position, array in enumerate(rows.columns)
        ],
        schema=rows.schema,
    )

    checked = check(wire.encode(holed), dp_id=DP_ID, segment=SEGMENT)

    assert checked.refusals == [(1, "model.null")]


def _renamed(rows: pa.RecordBatch) -> bytes:
    return wire.encode(rows.rename_columns(["prompt", *rows.schema.names[1:]]))


def _with_more(rows: pa.RecordBatch) -> bytes:
    return wire.encode(rows.append_column("prompt", pa.array(["x"] * rows.num_rows)))


def _annotated(rows: pa.RecordBatch) -> bytes:
    return wire.encode(rows.replace_schema_metadata({"prompt": "tell me"}))


def _twice(rows: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_batch(rows)
        writer.write_batch(rows)
    return bytes(sink.getvalue())


def _compressed(rows: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, rows.schema, options=options) as writer:
        writer.write_batch(rows)
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    "render",
    [
        _renamed,
        _with_more,
        _annotated,
        _twice,
        _compressed,
        lambda rows: b"",
        lambda rows: b"no arrow at all",
        lambda rows: wire.encode(rows)[:-200],
    ],
)
def test_anything_but_one_batch_of_the_columns_is_refused_whole(
    render: Callable[[pa.RecordBatch], bytes],
) -> None:
    with pytest.raises(RejectedError):
        check(render(telemetry_rows(100)), dp_id=DP_ID, segment=SEGMENT)


def test_a_stream_is_cut_into_parts_that_together_are_all_rows() -> None:
    rows = telemetry_rows(25)

    parts, total = wire.slices(wire.encode(rows), 10)

    assert total == 25
    assert [(first, count) for first, count, _ in parts] == [(0, 10), (10, 10), (20, 5)]
    assert wire.concat([wire.decode(render()) for _, _, render in parts]).equals(rows)


def test_traces_are_linked_to_what_they_claim_or_to_a_session_of_their_own() -> None:
    claim = UUID(int=9)
    rows = telemetry_rows(
        3,
        trace_id=[b"a" * 16, b"a" * 16, b"b" * 16],
        session_key=[claim.bytes, claim.bytes, bytes(16)],
        start_ns=[3_600_000_000_001, 7_200_000_000_001, 5],
    )

    links = {row["trace_id"]: row for row in wire.links(rows, 7).to_pylist()}

    assert links[b"a" * 16]["session_key"] == claim.bytes
    assert links[b"a" * 16]["min_hour"] == 3_600_000_000_000
    assert links[b"a" * 16]["max_hour"] == 7_200_000_000_000
    assert links[b"a" * 16]["is_derived"] == 0
    assert links[b"b" * 16]["session_key"] == derived_session(PROJECT, b"b" * 16).bytes
    assert links[b"b" * 16]["is_derived"] == 1
    assert {(row["min_mark"], row["max_mark"]) for row in links.values()} == {(7, 7)}


@given(starts=st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1, max_size=5))
@example(starts=[-(1 << 63)])
@example(starts=[(1 << 63) - 1])
def test_no_start_that_a_row_can_hold_breaks_the_links(starts: list[int]) -> None:
    rows = telemetry_rows(len(starts), start_ns=starts)

    for link in wire.links(rows, 7).to_pylist():
        assert -(1 << 63) <= link["min_hour"] <= link["max_hour"] <= max(starts)


def test_encoding_costs_by_name_and_not_by_row() -> None:
    events = event_rows(20_000)
    best = min(_seconds(lambda: wire.telemetry(events, KEY)) for _ in range(5))

    assert best / 20_000 < 2e-6


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
