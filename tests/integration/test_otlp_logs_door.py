"""OTLP logs and metrics at the door, on real sockets: the rules of traces (PROMISES 3)."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from ingest_house import HEADERS, KEY, READ_KEY, House, serving
from ingest_house.asking import Answer, ask, status_of
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import LogRecordExporter, SimpleLogRecordProcessor

from hh_core.domain.segments import ContentType, Encoding, RecordKind
from hh_core.wire import otlp_logs
from hh_data.ingest.signals import LOGS, METRICS

PROTOBUF, JSON = "application/x-protobuf", "application/json"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ANYTHING: frozenset[RecordKind] = frozenset()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serving(tmp_path_factory.mktemp("door")) as running:
        yield running


def logs_of(count: int = 1) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    scope = request.resource_logs.add().scope_logs.add()
    for number in range(count):
        record = scope.log_records.add(trace_id=bytes.fromhex(TRACE), event_name=f"e{number}")
        record.span_id = bytes.fromhex(SPAN)
        record.body.string_value = "hello"
    return request


def metrics_of(count: int = 2) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="m", unit="1")
    for number in range(count):
        metric.sum.data_points.add(as_int=number).attributes.add(key="k").value.string_value = "v"
    return request


BODY = logs_of().SerializeToString()
JSON_BODY = json.dumps(
    {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"traceId": TRACE, "spanId": SPAN}]}]}]}
).encode()


def post(
    house: House,
    body: bytes | None = BODY,
    kind: str = PROTOBUF,
    *,
    path: str = "/v1/logs",
    **more: Any,
) -> Answer:
    return ask(house, path, body, kind, **more)


def call(house: House, service: str, body: bytes, key: str = KEY) -> bytes:
    with grpc.insecure_channel(house.grpc) as channel:
        export = channel.unary_unary(f"/{service}/Export")
        answer: bytes = export(body, metadata=[("authorization", f"Bearer {key}")], timeout=20)
        return answer


def exporters(house: House) -> dict[str, LogRecordExporter]:
    def http_(path: str, compression: Compression) -> HttpExporter:
        return HttpExporter(endpoint=house.url + path, headers=HEADERS, compression=compression)

    def grpc_(compression: grpc.Compression) -> GrpcExporter:
        headers = {"authorization": f"Bearer {KEY}"}
        return GrpcExporter(
            endpoint=house.grpc, insecure=True, headers=headers, compression=compression
        )

    return {
        "http": http_("/v1/logs", Compression.NoCompression),
        "http gzip": http_("/opentelemetry/v1/logs", Compression.Gzip),
        "grpc": grpc_(grpc.Compression.NoCompression),
        "grpc gzip": grpc_(grpc.Compression.Gzip),
    }


def test_stock_exporters_of_every_transport_deliver_the_same_record(tmp_path: Path) -> None:
    with serving(tmp_path) as house:
        for exporter in exporters(house).values():
            provider = LoggerProvider()
            provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
            provider.get_logger("t").emit(
                timestamp=1,
                observed_timestamp=2,
                severity_number=SeverityNumber.INFO,
                body={"role": "user", "parts": [{"text": "ä"}, 1, 0.5, True]},
                attributes={"n": 1},
                event_name="gen_ai.user.message",
            )
            provider.shutdown()
        records = [record for record in house.records() if record.header.kind is RecordKind.LOGS]

    found = [log for record in records for _, log in otlp_logs.decode(record)]
    assert len(found) == 4
    assert all(repr(log) == repr(found[0]) for log in found)
    assert found[0].body == {"role": "user", "parts": [{"text": "ä"}, 1, 0.5, True]}
    assert (found[0].name, found[0].attributes) == ("gen_ai.user.message", {"n": 1})


def test_a_body_is_kept_byte_for_byte_as_it_came(tmp_path: Path) -> None:
    packed = gzip.compress(BODY, 3)
    with serving(tmp_path, refused=ANYTHING) as house:
        answers = [
            post(house, BODY),
            post(house, JSON_BODY, JSON),
            post(house, packed, headers={"Content-Encoding": "gzip"}),
            post(house, metrics_of().SerializeToString(), path="/v1/metrics"),
        ]
        assert call(house, LOGS.service, BODY) == b""
        assert call(house, METRICS.service, metrics_of().SerializeToString()) == b""
        records = house.records()

    assert [status for status, _, _ in answers] == [200] * 4
    metrics = metrics_of().SerializeToString()
    assert [record.body for record in records] == [BODY, JSON_BODY, packed, metrics, BODY, metrics]
    logs, of_metrics = RecordKind.LOGS, RecordKind.METRICS
    kinds = [record.header.kind for record in records]
    assert kinds == [logs, logs, logs, of_metrics, logs, of_metrics]
    assert records[1].header.content_type is ContentType.JSON
    assert records[2].header.encoding is Encoding.GZIP


@pytest.mark.parametrize("path", ["/v1/logs", "/opentelemetry/v1/logs", "/v1/logs?x=1"])
def test_success_is_a_200_in_the_encoding_of_the_request(house: House, path: str) -> None:
    status, headers, body = post(house, path=path)
    assert (status, headers["Content-Type"]) == (200, PROTOBUF)
    assert not ExportLogsServiceResponse.FromString(body).HasField("partial_success")

    status, headers, body = post(house, JSON_BODY, JSON, path=path)
    assert (status, headers["Content-Type"]) == (200, JSON)
    assert json.loads(body) == {"partialSuccess": {}}


@pytest.mark.parametrize(("body", "kind"), [(b"", PROTOBUF), (b"{}", JSON)])
def test_an_empty_request_is_a_200(house: House, body: bytes, kind: str) -> None:
    assert post(house, body, kind)[0] == 200


def test_records_with_wrong_ids_are_kept_and_the_client_is_told(tmp_path: Path) -> None:
    """The specification has them belong to no span; none is rejected."""
    request = logs_of(4)
    records = request.resource_logs[0].scope_logs[0].log_records
    records[1].trace_id = b"short"
    records[2].trace_id = b""
    records[2].span_id = b""

    with serving(tmp_path) as house:
        _, _, body = post(house, request.SerializeToString())
        _, _, text = post(house, JSON_BODY.replace(SPAN.encode(), b"zz"), JSON)
        stored = [log for record in house.records() for _, log in otlp_logs.decode(record)]

    partial = ExportLogsServiceResponse.FromString(body).partial_success
    assert partial.rejected_log_records == 0
    assert "trace_id" in partial.error_message
    assert "span_id" in json.loads(text)["partialSuccess"]["errorMessage"]
    assert [bool(log.span_id) for log in stored] == [True, False, False, True, False]


@pytest.mark.parametrize("path", ["/v1/logs", "/v1/metrics"])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"body": b"\xff\xff"}, 400),
        ({"body": b"{", "kind": JSON}, 400),
        ({"body": b'{"resourceLogs": 1, "resourceMetrics": 1}', "kind": JSON}, 400),
        ({"method": "GET", "body": None}, 405),
        ({"kind": "text/plain"}, 415),
        ({"headers": {"Content-Encoding": "zstd"}}, 415),
        ({"headers": {"Content-Encoding": "gzip"}}, 400),
        ({"headers": {"Authorization": "Bearer nobody"}}, 401),
        ({"headers": {"Authorization": f"Bearer {READ_KEY}"}}, 403),
    ],
)
def test_every_refusal_is_a_status_in_the_encoding_of_the_request(
    keeping: House, path: str, given: dict[str, Any], expected: int
) -> None:
    answer = post(keeping, path=path, **given)

    assert answer[0] == expected
    is_protobuf = given.get("kind", PROTOBUF) == PROTOBUF
    assert answer[1]["Content-Type"] == (PROTOBUF if is_protobuf else JSON)
    status = status_of(answer)
    assert status.code > 0
    assert status.message
    assert [d for d in status.details if d.Is(RetryInfo.DESCRIPTOR)] == []
    assert any(d.Is(BadRequest.DESCRIPTOR) for d in status.details) == (expected == 400)


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serving(tmp_path_factory.mktemp("keeping"), refused=ANYTHING) as running:
        yield running


def _message(tag: int, data: bytes) -> bytes:
    size, out = len(data), bytearray((tag,))
    while size > 127:
        out.append(size & 127 | 128)
        size >>= 7
    return bytes(out) + bytes((size,)) + data


@pytest.mark.parametrize("path", ["/v1/logs", "/v1/metrics"])
def test_a_bomb_of_small_messages_is_a_413(keeping: House, path: str) -> None:
    points = _message(0x2A, b"\x0a\x00" * (1 << 21))
    inner = points if path == "/v1/metrics" else b""
    items = _message(0x12, inner) if inner else b"\x12\x00" * (1 << 21)
    bomb = _message(0x0A, _message(0x12, items))

    answer = post(keeping, gzip.compress(bomb), path=path, headers={"Content-Encoding": "gzip"})

    assert answer[0] == 413
    assert "Retry-After" not in answer[1]
    assert status_of(answer).code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]


@pytest.mark.parametrize("levels", [31, 33])
def test_a_body_may_nest_as_deep_as_an_attribute(house: House, levels: int) -> None:
    request = logs_of()
    value = request.resource_logs[0].scope_logs[0].log_records[0].body
    for _ in range(levels):
        value = value.array_value.values.add()
    value.int_value = 1
    nested: dict[str, Any] = {"intValue": 1}
    for _ in range(levels):
        nested = {"arrayValue": {"values": [nested]}}
    record = {"traceId": TRACE, "spanId": SPAN, "body": nested}
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()

    expected = 200 if levels < 32 else 400
    assert post(house, request.SerializeToString())[0] == expected
    assert post(house, body, JSON)[0] == expected


def test_metrics_are_refused_politely_unless_the_configuration_keeps_them(house: House) -> None:
    answer = post(house, metrics_of().SerializeToString(), path="/v1/metrics")
    with pytest.raises(grpc.RpcError) as caught:
        call(house, METRICS.service, metrics_of().SerializeToString())

    assert answer[0] == 404
    assert "[otlp] metrics" in status_of(answer).message
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "[otlp] metrics" in str(caught.value.details())


def test_logs_may_be_refused_too(tmp_path: Path) -> None:
    with serving(tmp_path, refused=frozenset((RecordKind.LOGS,))) as house:
        assert post(house)[0] == 404
        with pytest.raises(grpc.RpcError) as caught:
            call(house, LOGS.service, BODY)
        assert house.records() == []

    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize(
    ("body", "key", "code"),
    [
        (BODY, "nobody", grpc.StatusCode.UNAUTHENTICATED),
        (BODY, READ_KEY, grpc.StatusCode.PERMISSION_DENIED),
        (b"\xff\xff", KEY, grpc.StatusCode.INVALID_ARGUMENT),
        (bytes(17 << 20), KEY, grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
)
def test_grpc_refusals(house: House, body: bytes, key: str, code: grpc.StatusCode) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call(house, LOGS.service, body, key)

    assert caught.value.code() is code
    assert "RetryInfo" not in str(caught.value.trailing_metadata())
