"""What crosses from a data plane to this control plane, column by column, for people to read."""

from typing import Any

from hh_core.domain.tables import TELEMETRY
from hh_core.domain.telemetry import EVENT_TYPES, MAX_PROMOTED, STATUSES, USAGE_KINDS

NAME_RULE = "as it is if it matches ^[\\w.:/@ -]{1,64}$ (ASCII), else as a keyed hash"
_UUID = "3f8c1f0e-6f5e-8a51-9d1c-2f6f0d5e7a10"

RULES: dict[str, tuple[str, Any]] = {
    "project_id": ("id of the platform", _UUID),
    "event_id": ("the client's UUID, else a hash of project, trace and span id", _UUID),
    "trace_id": ("16 random bytes of the tracer", "4bf92f3577b34da6a3ce929d0e0e4736"),
    "span_id": ("8 random bytes of the tracer", "00f067aa0ba902b7"),
    "parent_span_id": ("8 random bytes of the tracer; zeros for none", "0000000000000000"),
    "session_key": ("the claimed session if it is a UUID, else a keyed hash of it", _UUID),
    "call_key": ("a keyed hash of the provider's response id", _UUID),
    "version": ("when the data plane received it: time, node, counters", "0x1951a…"),
    "is_deleted": ("0 or 1", 0),
    "event_type": (f"one of {', '.join(sorted(EVENT_TYPES))}", "model"),
    "event_name": (NAME_RULE, "openai.chat"),
    "model": (NAME_RULE, "gpt-4o-mini"),
    "provider": (NAME_RULE, "openai"),
    "service": (NAME_RULE, "support-agent"),
    "status": (f"one of {', '.join(sorted(STATUSES))}", "ok"),
    "error_class": (NAME_RULE + "; never the error's text", "RateLimitError"),
    "start_ns": ("a number", 1_764_000_000_000_000_000),
    "duration_ns": ("a number", 812_000_000),
    "received_ms": ("a number", 1_764_000_001_000),
    "usage": (
        f"counts by kind, one of {', '.join(sorted(USAGE_KINDS))}",
        {"prompt_tokens": 312, "completion_tokens": 58},
    ),
    "cost": ("US dollars, as the span itself says or by the price book", 0.00081),
    "promoted": (
        f"at most {MAX_PROMOTED} attributes that the project promotes and the operator of the data "
        "plane allows (`telemetry.promotable`); values as names: " + NAME_RULE,
        {"metadata.tier": "gold"},
    ),
    "segment": ("where the raw record stands in the data plane", "01JD3Q0ZK4T8Y6W2M5N7P9R1S3-0001"),
    "dp_id": ("which data plane", _UUID),
}


def boundary() -> dict[str, Any]:
    """The allow-list as a document: the columns in their order, each with its rule."""
    columns = []
    for column in TELEMETRY:
        rule, example = RULES[column.name]
        columns.append(
            {"name": column.name, "type": column.type.value, "rule": rule, "example": example}
        )
    return {
        "direction": "data plane to control plane; the data plane dials",
        "columns": columns,
        "never": [
            "prompts and completions",
            "tool arguments and results",
            "attribute keys and values, but for those promoted",
            "error texts and stack traces",
            "span events and links",
            "user properties and feedback",
            "custom metadata, but for what is promoted",
            "URLs",
        ],
    }
