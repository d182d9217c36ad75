"""Rows for tests: of a data plane's index, and as they cross."""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pyarrow as pa

from hh_core.domain.identity import Version, span_event_id
from hh_core.ports.analytics import Relation
from hh_core.wire import columns
from hh_core.wire.telemetry import one_batch

PROJECT = UUID("5f0c0a86-6a53-4c2e-9ad3-0f6d1c8f2b11")
DP_ID = "dp-1"
SEGMENT = "01JD3Q0ZK4T8Y6W2M5N7P9R1S3-0001"
START_NS = (time.time_ns() // 3_600_000_000_000 - 1) * 3_600_000_000_000
"""A full hour: recent, because rows expire."""


def telemetry_rows(count: int, **given: Sequence[Any]) -> pa.RecordBatch:
    """``count`` telemetry records; ``given`` columns, where ``...`` stands for the usual value."""
    return _batch(count, given, telemetry=True)


def event_rows(count: int, **given: Sequence[Any]) -> pa.RecordBatch:
    """The same as a data plane's index has them."""
    return _batch(count, given, telemetry=False)


def _batch(count: int, given: dict[str, Sequence[Any]], *, telemetry: bool) -> pa.RecordBatch:
    form = columns.schema(Relation.EVENTS, telemetry=telemetry)
    rows = [_row(number) for number in range(count)]
    values = {
        name: [
            row[name] if name not in given or given[name][index] is ... else given[name][index]
            for index, row in enumerate(rows)
        ]
        for name in form.names
    }
    return one_batch(
        columns.decode(
            Relation.EVENTS,
            columns.encode(Relation.EVENTS, values, telemetry=telemetry),
            telemetry=telemetry,
        )
    )


def _row(number: int) -> dict[str, Any]:
    trace, span = (number // 10 + 1).to_bytes(16, "big"), (number + 1).to_bytes(8, "big")
    received = START_NS // 1_000_000 + 1000
    return {
        "project_id": PROJECT,
        "event_id": span_event_id(PROJECT, trace, span, None),
        "trace_id": trace,
        "span_id": span,
        "parent_span_id": bytes(8),
        "session_key": UUID(int=0),
        "call_key": UUID(int=0),
        "version": int(Version(received, 1, 1, number)),
        "is_deleted": 0,
        "event_type": "model",
        "event_name": "openai.chat",
        "model": "gpt-4o-mini",
        "provider": "openai",
        "service": "support agent",
        "status": "ok",
        "error_class": "",
        "start_ns": START_NS + number * 1_000_000,
        "duration_ns": 5_000_000,
        "received_ms": received,
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        "cost": None,
        "promoted": {},
        "segment": SEGMENT,
        "dp_id": DP_ID,
        "record": 8,
        "ordinal": number,
        "record_kind": 1,
        "session_id": "",
        "parent_event_id": UUID(int=0),
        "attributes": {},
        "time_suspect": 0,
        "truncated": 0,
    }
