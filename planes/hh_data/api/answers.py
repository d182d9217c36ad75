"""What the use cases answer, as clients read it."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from hh_core.usecases.field_values import FieldValues
from hh_core.usecases.histogram import Histogram
from hh_core.usecases.page import Page


def events_answer(page: Page, *, live: bool) -> Mapping[str, Any]:
    events = [orjson.Fragment(event) for event in page.encoded]
    count = page.count if page.is_counted else None
    answer: dict[str, Any] = {"events": events, "count": count, "totalEvents": count}
    answer["next_cursor"] = page.next_cursor
    if live:
        answer["since"] = page.since
    if page.has_more_changes:
        answer["more"] = True
    if page.incomplete:
        answer |= {
            "incomplete": True,
            "scanned_until": page.stopped_at,
            "message": (
                f"stopped at the limit {page.stopped_by} after reading {page.scanned} events, "
                "newest first; count holds what was found until then: narrow by dateRange or by an "
                "indexed field such as event_type"
            ),
        }
    if page.warnings:
        answer["warnings"] = page.warnings
    return answer


def histogram_answer(found: Histogram) -> Mapping[str, Any]:
    buckets = [
        {"start": bucket.start_ms, "count": bucket.count, "errors": bucket.errors}
        for bucket in found.buckets
    ]
    return {
        "buckets": buckets,
        "bucket_ms": found.width_ms,
        "count": sum(bucket.count for bucket in found.buckets),
        "errors": sum(bucket.errors for bucket in found.buckets),
        **_ignored(found.ignored),
    }


def values_answer(field: str, found: FieldValues) -> Mapping[str, Any]:
    return {
        "field": field,
        "values": [{"value": value, "count": count} for value, count in found.values],
        "sampled": found.is_sampled,
        **_ignored(found.ignored),
        **({"warnings": found.warnings} if found.warnings else {}),
    }


def _ignored(fields: Sequence[str]) -> Mapping[str, Any]:
    if not fields:
        return {}
    named = ", ".join(dict.fromkeys(fields))
    message = f"filters on {named} were left out: only content can answer them"
    return {"ignored": list(dict.fromkeys(fields)), "message": message}
