"""Telemetry over the real engines: relay, gRPC, NATS, PostgreSQL, ClickHouse; and their faults."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientSession
from servers.clickhouse import RunningClickhouse, start_clickhouse
from servers.nats import RunningNats, start_nats
from servers.postgres import postgres_server
from servers.process import free_ports
from telemetry_rows import PROJECT, telemetry_rows
from trust_house import ORG, WORKSPACE

from hh_control.config import ControlPlaneConfig
from hh_control.key_ring import KeyRing
from hh_control.plane import composed
from hh_core.domain.api_keys import KeyKind
from hh_core.domain.authority import Person
from hh_core.domain.policy import permissions
from hh_core.domain.scopes import Level, Role, Scope
from hh_core.domain.segments import relay_key, segment_name
from hh_core.ports.records import Records
from hh_core.registry import open_port
from hh_core.usecases.api_keys import ApiKeys, Wanted
from hh_core.usecases.audit import Audit
from hh_core.usecases.data_planes import DataPlanes
from hh_core.usecases.relay import Relay, RelayLimits
from hh_core.wire.telemetry import encode
from hh_data.cluster_identity import ClusterIdentity, enrol
from hh_data.config import ControlConfig
from hh_data.control_channel import open_channel
from hh_data.name_key import now_ms
from hh_data.relay_link import open_relay_client
from hh_memory.objects import ADAPTER as OBJECTS
from hh_memory.objects import MemoryObjects, ObjectsConfig
from hh_memory.records import ADAPTER as RECORDS
from hh_memory.records import RecordsConfig
from hh_runtime.signing import verify

KEY = "hh_key"
DP = UUID("9b2f7c52-6f0e-4a5e-9d5a-6f2f0d5e7a10")
ROWS = 200
LIMITS = RelayLimits(poll_seconds=0.05, resend_seconds=1.0, longest_pause=0.5, lease_seconds=2.0)

pytestmark = pytest.mark.timeout(180)


@dataclass
class House:
    """A control plane's engines and files; the plane itself is started by each test."""

    config: ControlPlaneConfig
    nats: RunningNats
    clickhouse: RunningClickhouse
    objects: MemoryObjects
    relay: Relay
    control: ControlConfig

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The plane, from open ports to a drained exit."""
        stopping = asyncio.Event()
        async with composed(self.config) as composition, asyncio.TaskGroup() as tasks:
            for service in composition.services.values():
                tasks.create_task(service(stopping))
            await self._enrolled()
            yield
            stopping.set()

    async def _enrolled(self) -> None:
        """The data plane is known from the first start on."""
        identity = ClusterIdentity(DP, self.control.identity)
        if identity.key() is not None or self.config.records is None or self.config.trust is None:
            return
        ring = KeyRing(self.config.trust.folder)
        async with open_port("records", self.config.records.model_dump()) as records:
            planes = DataPlanes(
                records,
                ring.fingerprint,
                audit=Audit(records, now_ms=now_ms),
                verify=verify,
                now_ms=now_ms,
                random=secrets.token_bytes,
            )
            created = await planes.create("operator", ORG, "eu", DP)
            project = {
                "org_id": str(ORG),
                "workspace_id": str(WORKSPACE),
                "name": "a project",
                "data_plane_id": str(DP),
                "state": "active",
            }
            async with records.begin() as unit:
                await unit.put("projects", str(PROJECT), project)
            await _keep_key(records)
        async with open_channel(self.control.intake, None) as channel:
            await enrol(identity, channel, created.one_time_token)

    async def spool(self, number: int) -> None:
        """A segment of its own, the same whenever it is spooled."""
        segment = segment_name(1_764_000_000_000 + number, number, 1)
        rows = telemetry_rows(
            ROWS,
            segment=[segment] * ROWS,
            dp_id=[str(DP)] * ROWS,
            event_id=[UUID(int=number << 32 | row + 1).bytes for row in range(ROWS)],
            trace_id=[(number << 32 | row // 10 + 1).to_bytes(16, "big") for row in range(ROWS)],
        )
        await self.objects.put(relay_key(segment), encode(rows))
        self.relay.spooled(1)

    async def relayed(self) -> None:
        """Wait until nothing is spooled."""
        while await self.objects.list("relay/"):  # noqa: ASYNC110  # a store tells nobody
            await asyncio.sleep(0.05)

    async def measured(self) -> dict[str, Any]:
        body = {
            "measures": [
                {"function": "count", "name": "events"},
                {"function": "sum", "column": "usage", "name": "usage"},
                {"function": "uniq", "column": "trace_id", "name": "traces"},
            ]
        }
        async with self._client() as client:
            async with client.post("/v1/analytics/query", json=body) as answer:
                assert answer.status == 200, await answer.text()
                (row,) = (await answer.json())["rows"]
            async with client.get("/v1/analytics/sessions?limit=1000") as answer:
                sessions = (await answer.json())["sessions"]
            async with client.get("/v1/dead-letters") as answer:
                letters = (await answer.json())["dead_letters"]
        return {
            **row,
            "in_sessions": sum(session["num_events"] for session in sessions),
            "sessions": len(sessions),
            "letters": len(letters),
        }

    def _client(self) -> ClientSession:
        headers = {"Authorization": f"Bearer {KEY}"}
        return ClientSession(f"http://{self.config.listen.http}", headers=headers)


def expected(segments: int) -> dict[str, Any]:
    rows = segments * ROWS
    usage = {"prompt_tokens": 10 * rows, "completion_tokens": 5 * rows, "total_tokens": 15 * rows}
    return {
        "events": rows,
        "usage": usage,
        "traces": rows // 10,
        "in_sessions": rows,
        "sessions": rows // 10,
        "letters": 0,
    }


async def _keep_key(records: Records) -> None:
    keys = ApiKeys(
        records,
        Audit(records, now_ms=now_ms),
        now_ms=now_ms,
        random=secrets.token_bytes,
        new_id=uuid4,
    )
    maker = Person(uuid4(), uuid4(), {PROJECT: frozenset({Role.PROJECT_ADMIN})})
    wanted = Wanted(
        kind=KeyKind.CONTROL_PLANE,
        name="the test",
        permissions=permissions(Level.PROJECT, KeyKind.CONTROL_PLANE),
        expires_ms=now_ms() + 86_400_000,
    )
    await keys.keep(maker, Scope(ORG, WORKSPACE, PROJECT), wanted, KEY)


def _config(folder: Path, nats: RunningNats, clickhouse: RunningClickhouse) -> ControlPlaneConfig:
    http, intake = free_ports(2)
    return ControlPlaneConfig.model_validate(
        {
            "services": ["api", "intake", "writer"],
            "trust": {"folder": folder / "trust"},
            "drain_seconds": 5,
            "listen": {"http": f"127.0.0.1:{http}", "intake": f"127.0.0.1:{intake}"},
            "writer": {"longest_pause_seconds": 1.0},
            "queue": {"adapter": "nats", **nats.config().model_dump()},
            "records": {"adapter": "postgres", **postgres_server().config().model_dump()},
            "analytics": {
                "adapter": "clickhouse",
                **clickhouse.config(plane="control").model_dump(),
            },
        }
    )


@asynccontextmanager
async def house(
    config: ControlPlaneConfig, nats: RunningNats, clickhouse: RunningClickhouse
) -> AsyncIterator[House]:
    folder = config.trust.folder.parent if config.trust else Path()
    control = ControlConfig(intake=str(config.listen.intake), identity=folder / "identity")
    stopping = asyncio.Event()
    async with AsyncExitStack() as stack:
        objects = await stack.enter_async_context(OBJECTS.open(ObjectsConfig()))
        records = await stack.enter_async_context(RECORDS.open(RecordsConfig()))
        link = await stack.enter_async_context(open_relay_client(control, DP))
        relay = Relay(objects, records, link, dp_id=str(DP), process="test", limits=LIMITS)
        running = asyncio.create_task(relay.run(stopping))
        yield House(config, nats, clickhouse, objects, relay, control)
        stopping.set()
        await running


def run(folder: Path, test: Callable[[House], Awaitable[None]]) -> None:
    for name in ("nats", "clickhouse"):
        (folder / name).mkdir()
    nats, clickhouse = start_nats(folder / "nats"), start_clickhouse(folder / "clickhouse")
    try:
        config = _config(folder, nats, clickhouse)

        async def in_house() -> None:
            async with asyncio.timeout(150), house(config, nats, clickhouse) as ready:
                await test(ready)

        asyncio.run(in_house())
    finally:
        nats.server.stop()
        clickhouse.server.stop()


def test_rows_sent_again_and_again_across_restarts_are_there_once(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        for _ in range(3):
            async with house.running():
                for _ in range(3):
                    for number in range(4):
                        await house.spool(number)
                    await house.relayed()
                assert await house.measured() == expected(4)

    run(tmp_path, test)


def test_an_index_that_dies_and_a_queue_that_is_wiped_lose_nothing(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        async with house.running():
            await house.spool(0)
            await house.relayed()

            await asyncio.to_thread(house.clickhouse.server.kill)
            for number in range(1, 4):
                await house.spool(number)
            await asyncio.sleep(2.0)
            assert len(await house.objects.list("relay/")) == 3
            await asyncio.to_thread(house.nats.lose_everything)
            await asyncio.to_thread(house.clickhouse.server.start)
            await house.relayed()

            assert await house.measured() == expected(4)

    run(tmp_path, test)


def test_a_control_plane_that_comes_back_gets_all_that_was_spooled(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        for number in range(6):
            await house.spool(number)
        await asyncio.sleep(1.0)
        assert house.relay.backlog == 6

        async with house.running():
            await house.relayed()
            assert await house.measured() == expected(6)

    run(tmp_path, test)
