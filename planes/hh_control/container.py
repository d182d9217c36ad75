"""Which object of the control plane gets which. Ports come in open; lifetimes are elsewhere."""

import secrets
import time

from dependency_injector import containers, providers

from hh_control.api import ControlApi
from hh_control.config import ControlPlaneConfig, WriterConfig
from hh_control.controller import ControllerServicer
from hh_control.identity import Identities
from hh_control.intake import TelemetryServicer
from hh_control.key_ring import KeyRing
from hh_core.ports.analytics import Analytics
from hh_core.ports.queue import Queue
from hh_core.ports.records import Records
from hh_core.usecases.audit import Audit
from hh_core.usecases.configuration import Desired
from hh_core.usecases.data_planes import DataPlanes
from hh_core.usecases.intake import Intake
from hh_core.usecases.receipts import Receipts
from hh_core.usecases.recount import Recount
from hh_core.usecases.redrive import Redrive
from hh_core.usecases.rollups import RollUps
from hh_core.usecases.write import Store, WriteLimits, Writer
from hh_runtime.keys import KeyDirectory
from hh_runtime.signing import verify


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _limits(config: WriterConfig) -> WriteLimits:
    return WriteLimits(
        batch_rows=config.batch_rows,
        batch_seconds=config.batch_seconds,
        max_in_flight=config.max_in_flight,
        longest_pause=config.longest_pause_seconds,
    )


class ControlPlane(containers.DeclarativeContainer):
    """A process that runs some of the services needs only the ports of those."""

    config: providers.Dependency[ControlPlaneConfig] = providers.Dependency(
        instance_of=ControlPlaneConfig
    )
    queue: providers.Dependency[Queue] = providers.Dependency()
    analytics: providers.Dependency[Analytics] = providers.Dependency()
    records: providers.Dependency[Records] = providers.Dependency()

    keys = providers.Singleton(KeyDirectory, config.provided.keys)
    ring = providers.Singleton(KeyRing, config.provided.trust.folder)
    audit = providers.Singleton(Audit, records, now_ms=providers.Object(_now_ms))
    data_planes = providers.Singleton(
        DataPlanes,
        records,
        ring.provided.fingerprint,
        audit=audit,
        verify=providers.Object(verify),
        now_ms=providers.Object(_now_ms),
        random=providers.Object(secrets.token_bytes),
    )
    identities = providers.Singleton(Identities, data_planes, ring)
    desired = providers.Singleton(
        Desired, records, ring.provided.published, now_ms=providers.Object(_now_ms)
    )
    controller = providers.Singleton(ControllerServicer, data_planes, identities, desired, ring)

    intake = providers.Singleton(Intake, queue, records, now_ms=providers.Object(_now_ms))
    servicer = providers.Singleton(TelemetryServicer, intake, identities)

    recount = providers.Singleton(Recount, analytics, has_content=False)
    roll_ups = providers.Singleton(RollUps, analytics, recount)
    store = providers.Singleton(Store, analytics, roll_ups)
    limits = providers.Singleton(_limits, config.provided.writer)
    writer = providers.Singleton(Writer, queue, records, store, limits=limits)
    redrive = providers.Singleton(Redrive, records, store)
    receipts = providers.Singleton(Receipts, records, now_ms=providers.Object(_now_ms))

    api = providers.Singleton(
        ControlApi, analytics, records, redrive, keys, name=config.provided.name
    )
