"""Requests that real clients sent, as they were recorded, ready to be sent again.

Keys are redacted in them; a protobuf body was recorded as OTLP/JSON and is encoded again here.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_FOLDER = Path(__file__).parent
_IDS = ("traceId", "spanId", "parentSpanId")

WHOLE = ("trace_json", "trace_async", "trace_protobuf", "sessions", "distributed", "instrumentors")
"""Scenarios whose every request this release answers."""
OTHERS = ("evaluate", "generated_ops", "rest_clients")


@dataclass(frozen=True, slots=True)
class Captured:
    """One request. ``data`` is the body as it went over the wire; None for none."""

    number: int
    method: str
    path: str
    target: str
    """Path and query."""
    headers: dict[str, str]
    data: bytes | None
    body: Any
    """The body as it was recorded."""
    answered: Any
    """What the recorder's stand-in answered: ids that later requests refer to."""


def captured(scenario: str) -> Iterator[Captured]:
    """The requests of a scenario in order, without their keys."""
    (path,) = _FOLDER.glob(f"{scenario}-*.json")
    for request in json.loads(path.read_text())["requests"]:
        query = urlencode([tuple(pair) for pair in request["query"]])
        headers = {k: v for k, v in request["headers"].items() if k != "authorization"}
        yield Captured(
            request["n"],
            request["method"],
            request["path"],
            request["path"] + (f"?{query}" if query else ""),
            headers,
            _encoded(request),
            request["body"],
            request["answered"]["body"],
        )


def _encoded(request: Any) -> bytes | None:
    body = request["body"]
    if body is None:
        return None
    if not str(request["body_encoding"]).startswith("otlp-protobuf"):
        return json.dumps(body).encode()
    message = json_format.ParseDict(_with_base64_ids(body), ExportTraceServiceRequest())
    return bytes(message.SerializeToString())


def _with_base64_ids(value: Any) -> Any:
    """protobuf's own JSON mapping wants bytes as base64, OTLP/JSON shows ids as hex."""
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(item)).decode()
        if key in _IDS and isinstance(item, str)
        else _with_base64_ids(item)
        for key, item in value.items()
        if not (key in _IDS and item is None)
    }
