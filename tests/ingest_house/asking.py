"""Requests by hand to the door of a house, and the answers to them."""

import http.client
from typing import Any

import grpc
from google.protobuf.json_format import Parse
from google.rpc.status_pb2 import Status

from ingest_house import HEADERS, KEY, House

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
"""The method that takes spans over gRPC."""


def ask(
    house: House,
    path: str,
    body: Any,
    kind: str | None,
    *,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Answer:
    """On a connection of its own, with the house's API key; ``kind`` is the content type."""
    address = house.ingest.http
    connection = http.client.HTTPConnection(address.host, address.port, timeout=20)
    given = {**HEADERS, **({"Content-Type": kind} if kind else {}), **(headers or {})}
    try:
        connection.request(method, path, body, given, **more)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def status_of(answer: Answer) -> Status:
    """The ``google.rpc.Status`` of a refusal, in the encoding that it says."""
    _, headers, body = answer
    if headers["Content-Type"].startswith("application/json"):
        return Parse(body, Status())
    return Status.FromString(body)


def details(status: Status, kind: type[Any]) -> list[Any]:
    """Those of one kind."""
    found = []
    for detail in status.details:
        message = kind()
        if detail.Unpack(message):
            found.append(message)
    return found


def export(channel: grpc.Channel, body: bytes, key: str | None = KEY) -> bytes:
    """Send spans over gRPC. Raises ``grpc.RpcError`` for a refusal."""
    metadata = [("authorization", f"Bearer {key}")] if key else []
    answer: bytes = channel.unary_unary(EXPORT)(body, metadata=metadata, timeout=20)
    return answer


def rpc_status(error: Any) -> Status:
    """The ``google.rpc.Status`` of a refusal over gRPC."""
    trailing = dict(error.trailing_metadata())
    return Status.FromString(trailing["grpc-status-details-bin"])
