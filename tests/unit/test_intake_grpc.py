"""The intake over real gRPC: who may speak, for whom, and what a caller is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from telemetry_rows import PROJECT, SEGMENT, telemetry_rows
from trust_house import ORG, DataPlaneHouse, TrustHouse, in_house

from hh_core.errors import (
    DeniedError,
    OverloadedError,
    RejectedError,
    UnavailableError,
)
from hh_core.ports.queue import EVENTS
from hh_core.wire.pb.telemetry_pb2 import AppendRequest, Batch
from hh_core.wire.telemetry import digest, encode
from hh_data.cluster_identity import ClusterIdentity, ClusterTokens, enrol
from hh_data.config import ControlConfig
from hh_data.control_channel import open_channel
from hh_data.relay_link import open_relay_client
from hh_memory.queue import MemoryQueue

DP = UUID("9b2f7c52-6f0e-4a5e-9d5a-6f2f0d5e7a10")


class Served:
    """A control plane with one data plane, which is enrolled and has one project."""

    def __init__(self, house: TrustHouse, plane: DataPlaneHouse) -> None:
        self.house = house
        self.plane = plane
        self.token = ""

    @property
    def port(self) -> int:
        return self.house.port

    @property
    def queue(self) -> MemoryQueue:
        return self.house.queue

    async def enrol(self, **tls: Path) -> None:
        control = self.plane.config()
        identity = ClusterIdentity(DP, control.identity)
        async with open_channel(control.intake, tls.get("certificate")) as channel:
            if self.plane.token:
                await enrol(identity, channel, self.plane.token)
            self.token = await ClusterTokens(identity, channel).token()

    async def append(self, request: AppendRequest) -> Any:
        async with open_relay_client(self.plane.config(), DP) as link:
            return await link.append(request)

    async def queued(self) -> int:
        async with self.queue.subscribe(EVENTS, group="test") as source:
            return len(await source.fetch(100, wait=0.0))


def run(path: Path, test: Callable[[Served], Awaitable[None]], **tls: Path) -> None:
    async def in_service(house: TrustHouse) -> None:
        created = await house.planes.create("operator", ORG, "eu", DP)
        await house.project(DP, PROJECT)
        plane = house.data_plane(
            DP, created.one_time_token, host="localhost" if tls else "127.0.0.1"
        )
        service = Served(house, plane)
        await service.enrol(**tls)
        await test(service)

    in_house(path, in_service, **tls)


def request(sender: str = str(DP), **columns: Any) -> AppendRequest:
    rows = encode(telemetry_rows(2, **{"dp_id": [str(DP)] * 2, **columns}))
    batch = Batch(segment=SEGMENT, digest=digest(rows), rows=2, total_rows=2, attempt=1, arrow=rows)
    return AppendRequest(format_version=1, dp_id=sender, batches=[batch])


def test_a_data_plane_appends_for_itself(tmp_path: Path) -> None:
    async def test(service: Served) -> None:
        answer = await service.append(request())

        assert [(part.rows, part.refused_rows) for part in answer.accepted] == [(2, 0)]
        assert await service.queued() == 1

    run(tmp_path, test)


@pytest.mark.parametrize("token", ["", "another token", "a.b.c"])
def test_a_token_that_nobody_has_is_denied(tmp_path: Path, token: str) -> None:
    async def test(service: Served) -> None:
        async with raw_call(service, token) as call, asyncio.timeout(5):
            assert await call.code() is grpc.StatusCode.UNAUTHENTICATED

    run(tmp_path, test)


def test_a_stolen_token_appends_for_its_own_data_plane_only(tmp_path: Path) -> None:
    async def test(service: Served) -> None:
        other = await service.house.planes.create("operator", ORG, "us")
        with pytest.raises(DeniedError, match="PERMISSION_DENIED"):
            await service.append(request(str(other.dp_id)))
        assert await service.queued() == 0

        answer = await service.append(request(dp_id=[str(other.dp_id)] * 2))

        codes = [refusal.code for refusal in answer.accepted[0].refusals]
        assert codes == ["dp_id.foreign"] * 2

    run(tmp_path, test)


def test_rows_of_a_project_that_is_not_the_data_planes_are_refused(tmp_path: Path) -> None:
    async def test(service: Served) -> None:
        answer = await service.append(
            request(project_id=[UUID(int=1), PROJECT])  # the second is its own
        )

        codes = [(refusal.row, refusal.code) for refusal in answer.accepted[0].refusals]
        assert codes == [(0, "project_id.foreign")]

    run(tmp_path, test)


def test_a_row_that_would_overflow_later_is_refused_alone(tmp_path: Path) -> None:
    async def test(service: Served) -> None:
        answer = await service.append(request(start_ns=[-(1 << 63), ...]))

        codes = [(refusal.row, refusal.code) for refusal in answer.accepted[0].refusals]
        assert codes == [(0, "start_ns.range")]

    run(tmp_path, test)


def test_the_caller_is_told_what_to_do_next(tmp_path: Path) -> None:
    async def test(service: Served) -> None:
        with pytest.raises(RejectedError, match="INVALID_ARGUMENT"):
            await service.append(AppendRequest(format_version=99, dp_id=str(DP)))
        with service.queue.outage(), pytest.raises(UnavailableError, match="UNAVAILABLE"):
            await service.append(request())
        too_large = request()
        too_large.batches[0].arrow = bytes(5 << 20)
        with pytest.raises(OverloadedError):
            await service.append(too_large)

    run(tmp_path, test)


@asynccontextmanager
async def raw_call(
    service: Served, token: str | None = None, **metadata: str
) -> AsyncIterator["grpc.aio.StreamUnaryCall[bytes, bytes]"]:
    """An Append whose message the test writes, or does not, as bytes."""
    shown = service.token if token is None else token
    sent = (("authorization", f"Bearer {shown}"), *metadata.items())
    async with grpc.aio.insecure_channel(f"127.0.0.1:{service.port}") as channel:
        yield channel.stream_unary("/hh.telemetry.v1.Telemetry/Append")(metadata=sent)


def test_a_stranger_is_turned_away_before_anything_is_read(tmp_path: Path) -> None:
    async def test(service: Served) -> None:
        async with raw_call(service, "a stranger") as call, asyncio.timeout(5):
            assert await call.code() is grpc.StatusCode.UNAUTHENTICATED  # nothing was sent

    run(tmp_path, test)


def test_metadata_is_bounded(tmp_path: Path) -> None:
    async def test(service: Served) -> None:
        async with raw_call(service, x="x" * 10_000) as call, asyncio.timeout(5):
            assert await call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    run(tmp_path, test)


def test_a_data_plane_that_dawdles_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hh_control.intake.BODY_SECONDS", 0.2)

    async def test(service: Served) -> None:
        async with raw_call(service) as call, asyncio.timeout(5):
            assert await call.code() is grpc.StatusCode.DEADLINE_EXCEEDED

    run(tmp_path, test)


@pytest.mark.parametrize("messages", [[], [b"\xff\xff"]])
def test_a_call_without_a_request_is_malformed(tmp_path: Path, messages: list[bytes]) -> None:
    async def test(service: Served) -> None:
        async with raw_call(service) as call, asyncio.timeout(5):
            for message in messages:
                await call.write(message)
            await call.done_writing()
            assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT

    run(tmp_path, test)


def test_a_request_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    async def test(service: Served) -> None:
        channel = grpc.aio.insecure_channel(
            f"127.0.0.1:{service.port}", compression=grpc.Compression.Gzip
        )
        async with channel:
            append = channel.unary_unary("/hh.telemetry.v1.Telemetry/Append")
            metadata = (("authorization", f"Bearer {service.token}"),)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await append(bytes(8 << 20), metadata=metadata)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    run(tmp_path, test)


def test_a_control_plane_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    async def test(service: Served) -> None:
        service.plane.port = 1
        with pytest.raises(UnavailableError):
            await service.append(request())

    run(tmp_path, test)


def test_who_has_not_enrolled_waits(tmp_path: Path) -> None:
    async def test() -> None:
        control = ControlConfig(intake="127.0.0.1:1", identity=tmp_path / "identity")
        async with open_relay_client(control, DP) as link:
            with pytest.raises(UnavailableError, match="not enrolled"):
                await link.append(request())

    asyncio.run(test())


def test_between_machines_the_link_is_tls_and_checks_who_answers(tmp_path: Path) -> None:
    authority, key = self_signed(tmp_path, "localhost")
    stranger, _ = self_signed(tmp_path, "localhost")

    async def test(service: Served) -> None:
        for tls_ca, error in (
            (authority, None),
            (stranger, UnavailableError),
            (None, UnavailableError),
        ):
            service.plane.settings["tls_ca"] = tls_ca
            with pytest.raises(error) if error else nullcontext():
                await service.append(request())

    run(tmp_path, test, certificate=authority, key=key)


def self_signed(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate and its key, good for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{certificate.serial_number}.crt", folder / f"{certificate.serial_number}.key"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


def test_an_answer_that_is_lost_after_the_rows_were_queued_stores_them_once(
    tmp_path: Path,
) -> None:
    async def test(service: Served) -> None:
        for _ in range(10):
            await service.append(request())

        assert await service.queued() == 1

    run(tmp_path, test)
