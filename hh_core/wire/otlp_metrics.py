"""OTLP metrics: only checked. Where they are kept, it is as they came: nobody here asks for them.

As ``otlp`` for traces, with the same limits; ``max_spans`` bounds the data points.
"""

from collections.abc import Iterator
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from hh_core.domain.segments import ContentType, Encoding
from hh_core.errors import RejectedError
from hh_core.wire.json_text import parse
from hh_core.wire.otlp_body import Checked, Limits, decompress
from hh_core.wire.otlp_json_values import BadValueError, list_of, object_of
from hh_core.wire.otlp_protobuf import deepest, malformed, too_deep, too_many
from hh_core.wire.otlp_scan import count_messages

_KINDS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")


def check(body: bytes, content_type: ContentType, encoding: Encoding, limits: Limits) -> Checked:
    """Raises ``RejectedError``: 400 malformed, 413 over a limit. No data point is rejected alone;
    of JSON only the frame is looked at."""
    plain = decompress(body, encoding, limits)
    if content_type is ContentType.JSON:
        try:
            points = sum(_of_json(object_of(parse(plain, 3 * limits.max_bytes), "the body")))
        except BadValueError as error:
            raise RejectedError(str(error)) from error
    else:
        points = sum(_of_protobuf(plain, limits))
    if points > limits.max_spans:
        raise too_many(limits, "data points")
    return Checked(points, 0, len(plain))


def _of_json(document: dict[str, Any]) -> Iterator[int]:
    for resource in list_of(document.get("resourceMetrics"), "resourceMetrics"):
        outer = object_of(resource, "resourceMetrics")
        for scope in list_of(outer.get("scopeMetrics"), "scopeMetrics"):
            inner = object_of(scope, "scopeMetrics")
            for item in list_of(inner.get("metrics"), "metrics"):
                metric = object_of(item, "metrics")
                for kind in _KINDS:
                    points = object_of(metric.get(kind), kind).get("dataPoints")
                    yield len(list_of(points, "dataPoints"))


def _of_protobuf(plain: bytes, limits: Limits) -> Iterator[int]:
    name = ExportMetricsServiceRequest.DESCRIPTOR.name
    count_messages(name, plain, 4 * limits.max_spans)
    try:
        request = ExportMetricsServiceRequest.FromString(plain)
    except DecodeError as error:
        raise malformed(name) from error
    if deepest(request) > limits.max_nesting:
        raise too_deep(limits)
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for _, points in metric.ListFields():
                    yield len(getattr(points, "data_points", ()))
