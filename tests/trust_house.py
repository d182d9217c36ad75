"""A control plane's side of trust over records in memory, and data planes that dial it."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from pydantic import SecretStr
from telemetry_rows import SEGMENT, telemetry_rows

from hh_control.controller import ControllerServicer
from hh_control.identity import Identities
from hh_control.intake import TelemetryServicer, listening_intake
from hh_control.key_ring import KeyRing
from hh_core.domain.api_keys import KeyKind, digest_of, new_key
from hh_core.usecases.audit import Audit
from hh_core.usecases.changes import changed
from hh_core.usecases.configuration import API_KEYS, MEMBERS, PROJECTS, REVOCATIONS, Desired
from hh_core.usecases.data_planes import DataPlanes
from hh_core.usecases.intake import Intake
from hh_core.wire.pb.controller_pb2 import KeyUse
from hh_core.wire.pb.telemetry_pb2 import AppendRequest, Batch
from hh_core.wire.telemetry import digest, encode
from hh_data.config import ControlConfig
from hh_data.controller import Controller
from hh_memory.queue import ADAPTER as QUEUE
from hh_memory.queue import MemoryQueue, QueueConfig
from hh_memory.records import ADAPTER as RECORDS
from hh_memory.records import MemoryRecords, RecordsConfig
from hh_runtime.net import Address
from hh_runtime.signing import verify

ORG, WORKSPACE = UUID(int=1), UUID(int=2)


class Clock:
    """Ours to set; moves with the real one otherwise."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead

    def ms(self) -> int:
        return int(self() * 1000)


@dataclass
class TrustHouse:
    folder: Path
    records: MemoryRecords
    queue: MemoryQueue
    clock: Clock
    ring: KeyRing
    planes: DataPlanes
    identities: Identities
    uses: list[tuple[str, Sequence[KeyUse]]] = field(default_factory=list)
    port: int = 0

    @asynccontextmanager
    async def serving(self, **tls: Path) -> AsyncIterator[None]:
        """The control plane's port; the same again after a pause."""

        async def note(dp_id: str, uses: Sequence[KeyUse]) -> None:
            self.uses.append((dp_id, uses))

        desired = Desired(self.records, self.ring.published, now_ms=self.clock.ms)
        controller = ControllerServicer(
            self.planes,
            self.identities,
            desired,
            self.ring,
            note_uses=note,
            look_seconds=0.05,
            clock=self.clock,
        )
        intake = Intake(self.queue, self.records, now_ms=self.clock.ms)
        telemetry = TelemetryServicer(intake, self.identities)
        address = Address("127.0.0.1", self.port)
        async with listening_intake(
            telemetry, controller, address=address, drain_seconds=0.0, **tls
        ) as port:
            self.port = port
            yield

    async def project(self, dp_id: UUID, project: UUID | None = None, **fields: Any) -> UUID:
        project_id = project or uuid4()
        value = {
            "org_id": str(ORG),
            "workspace_id": str(WORKSPACE),
            "name": "a project",
            "data_plane_id": str(dp_id),
            "retention_days": 7,
            "promoted": ["app.version"],
            "strict_names": False,
            "state": "active",
            **fields,
        }
        await self.put(PROJECTS, str(project_id), value)
        return project_id

    async def key(self, project: UUID | None, **fields: Any) -> tuple[UUID, str]:
        """Its id and the key itself."""
        kind = KeyKind(fields.get("kind", "project"))
        key_id, key = uuid4(), new_key(kind, secrets.token_bytes(64))
        value = {
            "digest": digest_of(key),
            "kind": kind.value,
            "org_id": str(ORG),
            "workspace_id": str(WORKSPACE),
            "project_id": str(project) if project else None,
            "permissions": [],
            "expires_ms": None,
            "state": "active",
            **fields,
        }
        await self.put(API_KEYS, str(key_id), value)
        return key_id, key

    async def member(self, project: UUID, user: UUID, *roles: str) -> None:
        value = {"roles": list(roles), "state": "active"}
        await self.put(MEMBERS, f"{project}/{user}", value)

    async def revocation(self, subject: str, **fields: Any) -> None:
        await self.put(REVOCATIONS, subject, {"issued_before_ms": self.clock.ms(), **fields})

    async def put(self, kind: str, key: str, value: dict[str, Any]) -> None:
        async with self.records.begin() as unit:
            await unit.put(kind, key, value)
            await changed(unit)

    def data_plane(
        self, dp_id: UUID, token: str | None = None, *, host: str = "127.0.0.1", **settings: Any
    ) -> "DataPlaneHouse":
        folder = self.folder / str(dp_id)
        return DataPlaneHouse(folder, dp_id, self.port, token, settings, host)


@dataclass
class DataPlaneHouse:
    """A data plane's folder and settings; ``running`` is its controller."""

    folder: Path
    dp_id: UUID
    port: int
    token: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    host: str = "127.0.0.1"

    @property
    def access(self) -> Path:
        return self.folder / "access.json"

    @property
    def identity(self) -> Path:
        return self.folder / "identity"

    def config(self) -> ControlConfig:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return ControlConfig(
            intake=f"{self.host}:{self.port}",
            identity=self.identity,
            enrolment_token=SecretStr(self.token) if self.token else None,
            **{"health_seconds": 0.1, **self.settings},
        )

    def controller(self, **parts: Any) -> Controller:
        return Controller(self.config(), self.dp_id, self.access, longest_pause=0.5, **parts)

    @asynccontextmanager
    async def running(self, **parts: Any) -> AsyncIterator[Controller]:
        stopping = asyncio.Event()
        controller = self.controller(**parts)
        task = asyncio.create_task(controller.run(stopping))
        try:
            yield controller
        finally:
            stopping.set()
            await task

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.access.read_bytes())
        return document

    def key_ids(self) -> set[str]:
        return {key["key_id"] for key in self.document()["keys"]} if self.access.exists() else set()

    async def has(self, holds: Callable[["DataPlaneHouse"], bool]) -> None:
        """Wait until the access document is there and ``holds``."""
        await until(lambda: self.access.exists() and holds(self))


async def until(holds: Callable[[], bool], *, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110  # a file tells nobody
            await asyncio.sleep(0.02)


@asynccontextmanager
async def trust_house(folder: Path) -> AsyncIterator[TrustHouse]:
    async with AsyncExitStack() as stack:
        queue = await stack.enter_async_context(QUEUE.open(QueueConfig()))
        records = await stack.enter_async_context(RECORDS.open(RecordsConfig()))
        clock = Clock()
        ring = KeyRing(folder / "trust", now_ms=clock.ms)
        planes = DataPlanes(
            records,
            ring.fingerprint,
            audit=Audit(records, now_ms=clock.ms),
            verify=verify,
            now_ms=clock.ms,
            random=secrets.token_bytes,
        )
        identities = Identities(planes, ring, clock=clock)
        yield TrustHouse(folder, records, queue, clock, ring, planes, identities)


def in_house(folder: Path, test: Callable[[TrustHouse], Awaitable[None]], **tls: Path) -> None:
    """Run ``test`` while the control plane serves."""

    async def run() -> None:
        async with asyncio.timeout(60), trust_house(folder) as house, house.serving(**tls):
            await test(house)

    asyncio.run(run())


async def enrolled(house: TrustHouse, **settings: Any) -> tuple[DataPlaneHouse, UUID]:
    """A new data plane with one project and one key, not running yet."""
    created = await house.planes.create("operator", ORG, "eu")
    project = await house.project(created.dp_id)
    await house.key(project)
    return house.data_plane(created.dp_id, created.one_time_token, **settings), project


def rows_of(dp_id: UUID, project: UUID) -> AppendRequest:
    rows = encode(telemetry_rows(2, dp_id=[str(dp_id)] * 2, project_id=[project] * 2))
    batch = Batch(segment=SEGMENT, digest=digest(rows), rows=2, total_rows=2, attempt=1, arrow=rows)
    return AppendRequest(format_version=1, dp_id=str(dp_id), batches=[batch])
