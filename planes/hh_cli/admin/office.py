"""The use cases of a control plane, opened from its configuration file: no server in between."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from hh_control.config import ControlPlaneConfig
from hh_control.key_ring import KeyRing
from hh_control.passwords import Argon2Passwords
from hh_core.errors import ConfigError
from hh_core.ports.records import Records
from hh_core.registry import open_port
from hh_core.usecases.api_keys import ApiKeys
from hh_core.usecases.audit import Audit
from hh_core.usecases.data_planes import DataPlanes
from hh_core.usecases.memberships import Memberships
from hh_core.usecases.people import People
from hh_core.usecases.places import Places
from hh_core.usecases.revocations import Revocations
from hh_core.usecases.user_sessions import UserSessions
from hh_runtime.config import load
from hh_runtime.signing import verify

OPEN_SECONDS = 30.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Office:
    """Everything that a control plane keeps about people and data planes."""

    records: Records
    ring: KeyRing
    audit: Audit
    people: People
    passwords: Argon2Passwords
    memberships: Memberships
    places: Places
    sessions: UserSessions
    planes: DataPlanes
    keys: ApiKeys


def office(records: Records, ring: KeyRing, now_ms: Callable[[], int] | None = None) -> Office:
    clock = now_ms or _now_ms
    audit = Audit(records, now_ms=clock)
    memberships = Memberships(records, now_ms=clock)
    sessions = UserSessions(
        records, audit, Revocations(now_ms=clock), now_ms=clock, random=secrets.token_bytes
    )
    return Office(
        records=records,
        ring=ring,
        audit=audit,
        people=People(now_ms=clock),
        passwords=Argon2Passwords(),
        memberships=memberships,
        places=Places(records, memberships, audit, now_ms=clock),
        sessions=sessions,
        planes=DataPlanes(
            records,
            ring.fingerprint,
            audit=audit,
            verify=verify,
            now_ms=clock,
            random=secrets.token_bytes,
        ),
        keys=ApiKeys(records, audit, now_ms=clock, random=secrets.token_bytes, new_id=uuid4),
    )


def control_config(path: Path) -> ControlPlaneConfig:
    """Raises ``ConfigError``, also for a file without what is needed here."""
    config = load(path, ControlPlaneConfig)
    if config.records is None or config.trust is None:
        raise ConfigError(f"{path}: [records] and [trust] are needed")
    return config


def key_ring(config: ControlPlaneConfig) -> KeyRing:
    assert config.trust is not None
    return KeyRing(config.trust.folder)


@asynccontextmanager
async def opened(config: ControlPlaneConfig) -> AsyncIterator[Office]:
    """Raises ``UnavailableError`` if the database does not answer."""
    assert config.records is not None
    async with open_port("records", config.records.model_dump()) as records:
        async with asyncio.timeout(OPEN_SECONDS):
            await records.ping()
        yield office(records, key_ring(config))


def worked(path: Path, work: Callable[[Office], Awaitable[T]]) -> T:
    """The answer of ``work`` at the control plane of this configuration file."""

    async def run() -> T:
        async with opened(control_config(path)) as opened_office:
            return await work(opened_office)

    return asyncio.run(run())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
