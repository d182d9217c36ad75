"""The OTLP receiver on real sockets, with stock exporters and by hand (PROMISES 3, SECURITY A)."""

import gzip
import http.client
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import Parse
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from ingest_house import HEADERS, KEY, OTHER_KEY, PROJECT, READ_KEY, House, serving, stored_records
from ingest_house.asking import Answer, ask, details, export, rpc_status, status_of
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter

from hh_core.domain.segments import ContentType, Encoding
from hh_core.wire.otlp import Limits

PROTOBUF = "application/x-protobuf"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serving(tmp_path_factory.mktemp("door")) as running:
        yield running


def request_of(spans: int = 1, text: str = "hello") -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for number in range(spans):
        span = scope.spans.add(name=f"s{number}", trace_id=bytes.fromhex(TRACE))
        span.span_id = (number + 1).to_bytes(8, "big")
        span.attributes.add(key="text").value.string_value = text
    return request


BODY = request_of().SerializeToString()
JSON_BODY = json.dumps(
    {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": TRACE, "spanId": SPAN}]}]}]}
).encode()


def post(
    house: House,
    body: Any = BODY,
    kind: str | None = PROTOBUF,
    *,
    path: str = "/v1/traces",
    **more: Any,
) -> Answer:
    return ask(house, path, body, kind, **more)


# ---- stock exporters ---------------------------------------------------------------------------


def exporters(house: House) -> dict[str, SpanExporter]:
    def http(path: str, compression: Compression) -> HttpExporter:
        return HttpExporter(
            endpoint=house.url + path, headers=HEADERS, compression=compression, timeout=10
        )

    def grpc_(compression: grpc.Compression) -> GrpcExporter:
        headers = {"authorization": f"Bearer {KEY}"}
        return GrpcExporter(
            endpoint=house.grpc, insecure=True, headers=headers, compression=compression
        )

    return {
        "http": http("/v1/traces", Compression.NoCompression),
        "http gzip": http("/opentelemetry/v1/traces", Compression.Gzip),
        "grpc": grpc_(grpc.Compression.NoCompression),
        "grpc gzip": grpc_(grpc.Compression.Gzip),
    }


def test_stock_exporters_of_every_transport_deliver_the_same_span(tmp_path: Path) -> None:
    with serving(tmp_path) as house:
        for name, exporter in exporters(house).items():
            provider = TracerProvider()
            provider.add_span_processor(SimpleSpanProcessor(exporter))
            with provider.get_tracer("t").start_as_current_span(name) as span:
                span.set_attributes({"text": "ä", "n": 1, "f": 0.5, "b": True, "l": ["a", "b"]})
                span.add_event("e", {"k": "v"})
            provider.shutdown()
        spans = house.spans()

    assert sorted(span.name for span in spans) == sorted(["http", "http gzip", "grpc", "grpc gzip"])
    for span in spans:
        assert span.attributes == {"text": "ä", "n": 1, "f": 0.5, "b": True, "l": ["a", "b"]}
        assert span.events[0].attributes == {"k": "v"}
        assert span.origin.scope_name == "t"


def test_a_body_is_kept_byte_for_byte_as_it_came(tmp_path: Path) -> None:
    packed = gzip.compress(BODY, 3)
    with serving(tmp_path) as house:
        answers = [
            post(house, BODY),
            post(house, JSON_BODY, "application/json; charset=utf-8"),
            post(house, packed, headers={"Content-Encoding": "gzip"}),
        ]
        records = house.records()

    assert [status for status, _, _ in answers] == [200] * 3
    assert [record.body for record in records] == [BODY, JSON_BODY, packed]
    assert [record.header.content_type for record in records] == [
        ContentType.PROTOBUF,
        ContentType.JSON,
        ContentType.PROTOBUF,
    ]
    assert records[2].header.encoding is Encoding.GZIP
    assert {record.header.project for record in records} == {PROJECT}


# ---- answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/traces", "/opentelemetry/v1/traces", "/v1/traces?x=1"])
def test_success_is_a_200_in_the_encoding_of_the_request(house: House, path: str) -> None:
    status, headers, body = post(house, path=path)
    assert (status, headers["Content-Type"]) == (200, PROTOBUF)
    assert not ExportTraceServiceResponse.FromString(body).HasField("partial_success")

    status, headers, body = post(house, JSON_BODY, "application/json", path=path)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(body) == {"partialSuccess": {}}


@pytest.mark.parametrize(("body", "kind"), [(b"", PROTOBUF), (b"{}", "application/json")])
def test_an_empty_request_is_a_200(house: House, body: bytes, kind: str) -> None:
    assert post(house, body, kind)[0] == 200


def test_bad_spans_are_counted_and_the_others_stored(tmp_path: Path) -> None:
    request = request_of(5)
    scope = request.resource_spans[0].scope_spans[0]
    scope.spans[1].trace_id = bytes(16)
    scope.spans[3].span_id = b"short"

    with serving(tmp_path) as house:
        _, _, body = post(house, request.SerializeToString())
        _, _, text = post(house, JSON_BODY.replace(SPAN.encode(), b"zz"), "application/json")
        names = [span.name for span in house.spans()]

    partial = ExportTraceServiceResponse.FromString(body).partial_success
    assert partial.rejected_spans == 2
    assert "span_id" in partial.error_message
    assert json.loads(text)["partialSuccess"]["rejectedSpans"] == "1"
    assert names == ["s0", "s2", "s4"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"body": b"\xff\xff"}, 400),
        ({"body": b"{", "kind": "application/json"}, 400),
        ({"method": "GET", "body": None}, 405),
        ({"method": "PUT"}, 405),
        ({"kind": "text/plain"}, 415),
        ({"kind": None}, 415),
        ({"headers": {"Content-Encoding": "zstd"}}, 415),
        ({"headers": {"Content-Encoding": "deflate"}}, 415),
        ({"headers": {"Content-Encoding": "gzip, gzip"}}, 415),
        ({"headers": {"Content-Encoding": "gzip"}}, 400),
        ({"headers": {"Authorization": "Bearer nobody"}}, 401),
        ({"headers": {"Authorization": KEY}}, 401),
        ({"headers": {"Authorization": f"Bearer {READ_KEY}"}}, 403),
        ({"path": "/v1/metrics"}, 404),
    ],
)
def test_every_refusal_is_a_status_in_the_encoding_of_the_request(
    house: House, given: dict[str, Any], expected: int
) -> None:
    answer = post(house, **given)

    assert answer[0] == expected
    is_protobuf = given.get("kind", PROTOBUF) == PROTOBUF
    assert answer[1]["Content-Type"] == (PROTOBUF if is_protobuf else "application/json")
    status = status_of(answer)
    assert status.code > 0
    assert status.message
    assert bool(details(status, BadRequest)) == (expected == 400)
    assert not details(status, RetryInfo)
    if expected == 405:
        assert answer[1]["Allow"] == "POST"


def test_a_gzip_bomb_is_a_413_without_an_invitation_to_retry(house: House) -> None:
    bomb = gzip.compress(bytes(256 << 20), 9)

    answer = post(house, bomb, headers={"Content-Encoding": "gzip"})

    assert answer[0] == 413
    assert "Retry-After" not in answer[1]
    assert status_of(answer).code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert not details(status_of(answer), RetryInfo)


def test_a_span_bomb_is_a_413(house: House) -> None:
    scope_spans = b"\x12\x00" * (1 << 21)
    bomb = _message(0x0A, _message(0x12, scope_spans))

    assert post(house, gzip.compress(bomb), headers={"Content-Encoding": "gzip"})[0] == 413
    assert post(house)[0] == 200


def test_deep_nesting_is_a_400_and_never_a_500(house: House) -> None:
    deep = b'{"a":' * 5_000 + b"1" + b"}" * 5_000

    assert post(house, deep, "application/json")[0] == 400
    assert post(house, b"\x0a\x80" * 5_000)[0] == 400


def _message(tag: int, data: bytes) -> bytes:
    size, out = len(data), bytearray((tag,))
    while size > 127:
        out.append(size & 127 | 128)
        size >>= 7
    return bytes(out) + bytes((size,)) + data


# ---- limits, slowness, framing -----------------------------------------------------------------


def test_limits_hold_for_chunked_bodies_and_for_a_length_that_lies(tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(10_000):
            yield b"x" * 65_536

    with serving(tmp_path, http_limits=Limits(max_bytes=1 << 20)) as house:
        assert post(house, b"x" * ((1 << 20) + 1))[0] == 413
        try:
            status = post(house, chunks(), encode_chunked=True)[0]
        except (BrokenPipeError, ConnectionResetError):
            status = 413  # cut while we were still sending
        assert status == 413
        assert house.ingest.path.admission.bytes == 0
        assert post(house, iter([BODY[:5], BODY[5:]]), encode_chunked=True)[0] == 200


def raw(house: House, data: bytes, *, wait: float = 5.0) -> bytes:
    """What the server says to these bytes until it closes, or until ``wait`` is over."""
    address = house.ingest.http
    with socket.create_connection((address.host, address.port), timeout=wait) as connection:
        connection.sendall(data)
        out = b""
        try:
            while part := connection.recv(65_536):
                out += part
        except (TimeoutError, ConnectionResetError):
            pass
        return out


def head(*lines: str, auth: str = KEY) -> bytes:
    fixed = ["POST /v1/traces HTTP/1.1", "Host: x", f"Content-Type: {PROTOBUF}"]
    return "\r\n".join([*fixed, f"Authorization: Bearer {auth}", *lines, "", ""]).encode()


def test_a_bad_key_is_refused_before_the_body_is_read(house: House) -> None:
    start = time.monotonic()
    answer = raw(house, head(f"Content-Length: {64 << 20}", auth="nobody"))

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert time.monotonic() - start < 3  # and not after the time that a body may take


def test_a_client_that_asks_first_is_invited_only_with_a_good_key(house: House) -> None:
    lines = (f"Content-Length: {len(BODY)}", "Expect: 100-continue")
    invited = raw(house, head(*lines) + BODY, wait=1.0)
    refused = raw(house, head(*lines, auth="nobody"), wait=3.0)

    assert invited.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    assert refused.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize(
    "request_bytes",
    [
        head("Content-Length: 4", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
        head("Content-Length: 4", "Content-Length: 5") + b"xxxxx",
        head("Content-Length: -4"),
        b"POST /v1/traces HTTP/1.1\nHost: x\n\n",
        b"POST @evil/v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        head("Transfer-Encoding: chunked") + b"zz\r\nxx\r\n0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    ],
)
def test_ambiguous_framing_is_refused(house: House, request_bytes: bytes) -> None:
    answer = raw(house, request_bytes, wait=2.0)

    assert answer == b"" or b" 400 " in answer.split(b"\r\n")[0]


def test_a_connection_that_says_nothing_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hh_runtime.public_http.HEADER_SECONDS", 0.3)
    monkeypatch.setattr("hh_data.ingest.bodies.BODY_SECONDS", 0.5)
    with serving(tmp_path) as house:
        for sent in (b"", b"POST /v1/traces HTTP/1.1\r\nHost:"):
            start = time.monotonic()
            assert raw(house, sent) == b""
            assert time.monotonic() - start < 2
        assert b" 408 " in raw(house, head("Content-Length: 100") + b"x", wait=3).split(b"\r\n")[0]
        connection = http.client.HTTPConnection("127.0.0.1", house.ingest.http.port)
        for _ in range(3):  # idle between requests is not slow
            connection.request("POST", "/v1/traces", BODY, {**HEADERS, "Content-Type": PROTOBUF})
            assert connection.getresponse().read() == b""
            time.sleep(0.4)
        connection.close()


def test_a_body_that_stalls_is_a_408_and_one_that_flows_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hh_data.ingest.bodies.STALL_SECONDS", 0.4)
    start = head(f"Content-Length: {1 << 20}") + bytes(500_000)
    with serving(tmp_path) as house:
        begun = time.monotonic()
        assert b" 408 " in raw(house, start).split(b"\r\n")[0]
        assert time.monotonic() - begun < 3
        address = house.ingest.http
        with socket.create_connection((address.host, address.port)) as connection:
            connection.sendall(head(f"Content-Length: {8 * 40_000}"))
            for _ in range(8):
                connection.sendall(b"\xff" * 40_000)
                time.sleep(0.2)
            assert b" 400 " in connection.recv(65_536).split(b"\r\n")[0]


def test_one_project_that_holds_its_share_gets_429_and_the_others_are_served(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, max_in_flight_bytes=1 << 20) as house, ExitStack() as held:
        address = house.ingest.http
        for _ in range(2):
            connection = socket.create_connection((address.host, address.port))
            held.enter_context(connection)
            connection.sendall(head("Content-Length: 260000") + bytes(250_000))
        time.sleep(0.5)
        assert house.ingest.path.admission.bytes == 500_000
        body = request_of(text="x" * 50_000).SerializeToString()
        full = post(house, body)
        text = post(house, json.dumps({"x": "y" * 50_000}), "application/json")
        with grpc.insecure_channel(house.grpc) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                export(channel, body)
            assert export(channel, body, OTHER_KEY) == b""
        other = post(house, body, headers={"Authorization": f"Bearer {OTHER_KEY}"})

    assert (full[0], text[0], other[0]) == (429, 429, 200)
    assert int(full[1]["Retry-After"]) >= 1
    assert details(status_of(full), RetryInfo)
    assert json.loads(text[2])["details"][0]["retryDelay"] == "1s"
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert details(rpc_status(caught.value), RetryInfo)


def test_a_large_body_that_is_small_when_packed_does_not_hold_up_the_others(house: House) -> None:
    span = f'{{"traceId":"{TRACE}","spanId":"{SPAN}","attributes":['
    item = '{"key":"a","value":{"intValue":%d}}'
    digits = Random(0)  # a few, so that it packs well, but no better than it may
    values = [[digits.randrange(10) for _ in range(6)] + [1] * 54 for _ in range(9_000)]
    spans = ",".join(span + ",".join(item % value for value in each) + "]}" for each in values)
    packed = gzip.compress(
        f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{spans}]}}]}}]}}'.encode()
    )
    assert len(packed) < 256 << 10
    given = {"Content-Encoding": "gzip"}
    with ThreadPoolExecutor(1) as pool:
        large = pool.submit(post, house, packed, "application/json", headers=given)
        waits = []
        while not large.done():
            begun = time.monotonic()
            assert post(house, path="/healthz", method="GET", body=None)[0] == 200
            waits.append(time.monotonic() - begun)

    assert large.result()[0] in (200, 413)
    assert len(waits) > 3


@pytest.mark.parametrize(
    "lines",
    [
        f"Authorization : Bearer {KEY}-secret",
        f"Authorization: Bearer {KEY}-secret\x01",
        f"X-Long: {KEY}-secret" + "x" * 9_000,
    ],
)
@pytest.mark.parametrize("target", ["/v1/traces", f"/events?key={KEY}-secret"])
def test_a_malformed_request_is_neither_echoed_nor_logged(
    house: House, lines: str, target: str, caplog: pytest.LogCaptureFixture
) -> None:
    sent = f"POST {target} HTTP/1.1\r\nHost: x\r\n{lines}\r\nContent-Length: 0\r\n\r\n"
    with caplog.at_level("DEBUG"):
        answer = raw(house, sent.encode())

    first, _, body = answer.partition(b"\r\n\r\n")
    assert b" 400 " in first.split(b"\r\n")[0]
    assert b"application/json" in first
    assert Parse(body, Status(), ignore_unknown_fields=True).code == 3
    assert json.loads(body)["errorCode"] == "bad_request"
    assert b"secret" not in answer
    assert "secret" not in caplog.text


def test_a_url_that_is_too_long_is_neither_echoed_nor_logged(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    answer = raw(house, f"GET /secret{'x' * 20_000} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    assert b" 400 " in answer.split(b"\r\n")[0]
    assert b"secret" not in answer
    assert "secret" not in caplog.text


def test_one_address_may_not_open_any_number_of_connections_without_a_key(tmp_path: Path) -> None:
    with serving(tmp_path, max_strangers=5) as house, ExitStack() as held:
        address = house.ingest.http

        def another(sent: bytes) -> socket.socket:
            connection = socket.create_connection((address.host, address.port), timeout=5)
            held.enter_context(connection)
            connection.sendall(sent)
            return connection

        for _ in range(10):  # who shows a good key is no stranger
            another(head(f"Content-Length: {len(BODY)}") + BODY).recv(65_536)
        strangers = [another(b"GET / HT") for _ in range(5)]
        refused = another(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").recv(65_536)
        strangers[0].close()
        time.sleep(0.2)
        taken = another(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").recv(65_536)

    assert refused.startswith(b"HTTP/1.1 429 ")
    assert b"Retry-After" in refused
    assert taken.startswith(b"HTTP/1.1 200 ")


def test_slow_clients_do_not_slow_the_others(house: House) -> None:
    def median() -> float:
        latencies = []
        for _ in range(21):
            start = time.monotonic()
            assert post(house)[0] == 200
            latencies.append(time.monotonic() - start)
        return sorted(latencies)[10]

    address = house.ingest.http
    alone = median()
    slow = [socket.create_connection((address.host, address.port)) for _ in range(300)]
    try:
        for connection in slow:
            connection.sendall(head("Content-Length: 1000") + b"x")
        beside = median()
    finally:
        for connection in slow:
            connection.close()

    assert beside < 5 * alone + 0.1


def test_a_client_that_leaves_early_leaves_no_half_of_anything(tmp_path: Path) -> None:
    with serving(tmp_path) as house:
        for cut in (0, 10, len(BODY) - 1):
            with socket.create_connection(("127.0.0.1", house.ingest.http.port)) as connection:
                connection.sendall(head(f"Content-Length: {len(BODY)}") + BODY[:cut])
        time.sleep(0.2)
        assert house.records() == []
        assert house.ingest.path.admission.bytes == 0


def test_64_parallel_exports_on_kept_connections(house: House) -> None:
    def many(number: int) -> list[int]:
        connection = http.client.HTTPConnection("127.0.0.1", house.ingest.http.port, timeout=30)
        statuses = []
        for _ in range(10):
            headers = {**HEADERS, "Content-Type": PROTOBUF, "Accept-Encoding": "gzip"}
            connection.request("POST", "/v1/traces", BODY, headers)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()
        return statuses

    with ThreadPoolExecutor(64) as pool:
        assert {status for found in pool.map(many, range(64)) for status in found} == {200}


def test_overload_is_a_503_that_says_when_to_return(tmp_path: Path) -> None:
    with serving(tmp_path, max_in_flight_bytes=10) as house:
        answer = post(house)
        text = post(house, JSON_BODY, "application/json")
        with grpc.insecure_channel(house.grpc) as channel, pytest.raises(grpc.RpcError) as caught:
            export(channel, BODY)

    assert answer[0] == text[0] == 503
    assert int(answer[1]["Retry-After"]) >= 1
    assert details(status_of(answer), RetryInfo)[0].retry_delay.seconds == 1
    assert json.loads(text[2])["details"][0]["retryDelay"] == "1s"
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert details(rpc_status(caught.value), RetryInfo)


def test_what_was_answered_is_there_after_the_process_has_stopped(tmp_path: Path) -> None:
    with serving(tmp_path) as house:
        for number in range(5):
            assert post(house, request_of(text=str(number)).SerializeToString())[0] == 200

    assert len(stored_records(tmp_path)) == 5
