"""The OTLP receiver over gRPC, by hand (PROMISES 3)."""

import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from ingest_house import KEY, OTHER_KEY, READ_KEY, House, serving
from ingest_house.asking import EXPORT, details, export, rpc_status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

TRACE = bytes.fromhex("0af7651916cd43dd8448eb211c80319c")
BOMB = 1 << 21
"""Spans."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serving(tmp_path_factory.mktemp("door")) as running:
        yield running


def request_of(spans: int) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in range(1, spans + 1):
        scope.spans.add(trace_id=TRACE, span_id=number.to_bytes(8, "big"))
    return request


BODY = request_of(1).SerializeToString()


def test_grpc_journals_the_message_as_it_came(tmp_path: Path) -> None:
    with serving(tmp_path) as house, grpc.insecure_channel(house.grpc) as channel:
        assert export(channel, BODY) == b""
        partial = request_of(2)
        partial.resource_spans[0].scope_spans[0].spans[0].trace_id = b""
        answer = ExportTraceServiceResponse.FromString(
            export(channel, partial.SerializeToString(), OTHER_KEY)
        )
        bodies = [record.body for record in house.records()]

    assert bodies == [BODY, partial.SerializeToString()]
    assert answer.partial_success.rejected_spans == 1


@pytest.mark.parametrize(
    ("body", "key", "code"),
    [
        (BODY, None, grpc.StatusCode.UNAUTHENTICATED),
        (BODY, "nobody", grpc.StatusCode.UNAUTHENTICATED),
        (BODY, READ_KEY, grpc.StatusCode.PERMISSION_DENIED),
        (b"\xff\xff", KEY, grpc.StatusCode.INVALID_ARGUMENT),
        (bytes(17 << 20), KEY, grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
)
def test_grpc_refusals(house: House, body: bytes, key: str | None, code: grpc.StatusCode) -> None:
    with grpc.insecure_channel(house.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
        export(channel, body, key)

    assert caught.value.code() is code
    assert "RetryInfo" not in str(caught.value.trailing_metadata())


def test_a_call_that_sends_nothing_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hh_data.ingest.bodies.BODY_SECONDS", 0.3)
    silent = threading.Event()

    def nothing() -> Iterator[bytes]:
        silent.wait(20)
        yield from ()

    with serving(tmp_path) as house, grpc.insecure_channel(house.grpc) as channel:
        call = channel.stream_unary(EXPORT)
        metadata = [("authorization", f"Bearer {KEY}")]
        with pytest.raises(grpc.RpcError) as slow:
            call(nothing(), metadata=metadata, timeout=10)
        silent.set()
        with pytest.raises(grpc.RpcError) as empty:
            call(iter([]), metadata=metadata, timeout=10)

    assert slow.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "faster" in slow.value.details()
    assert empty.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_span_bomb_over_grpc_is_exhausted_without_an_invitation_to_retry(house: House) -> None:
    bomb = ExportTraceServiceRequest()
    bomb.resource_spans.add().scope_spans.add().spans.extend([Span()] * BOMB)
    with (
        grpc.insecure_channel(house.grpc, compression=grpc.Compression.Gzip) as channel,
        pytest.raises(grpc.RpcError) as caught,
    ):
        export(channel, bomb.SerializeToString())

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert not details(rpc_status(caught.value), RetryInfo)


def test_64_parallel_calls_on_one_connection(house: House) -> None:
    with grpc.insecure_channel(house.grpc) as channel:
        call = channel.unary_unary(EXPORT)
        metadata = [("authorization", f"Bearer {KEY}")]
        calls = [call.future(BODY, metadata=metadata, timeout=20) for _ in range(64)]

        assert {each.result() for each in calls} == {b""}
