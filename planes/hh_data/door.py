"""Which object of ingest gets which. Ports come in open; lifetimes are elsewhere."""

from dependency_injector import containers, providers

from hh_core.ports.journal import Journal
from hh_core.ports.objects import Objects
from hh_core.ports.queue import Queue
from hh_core.ports.records import Records
from hh_core.usecases.commit import Window
from hh_core.usecases.durability import Bounds
from hh_core.wire.otlp import Limits
from hh_data.config import DataPlaneConfig
from hh_data.ingest.service import open_ingest
from hh_data.ingest.settings import IngestPorts, IngestSettings
from hh_data.name_key import read_name_key


def _ingest_settings(config: DataPlaneConfig, name_key: bytes) -> IngestSettings:
    limits, ingest = config.limits, config.ingest
    return IngestSettings(
        http=config.listen.http,
        grpc=config.listen.grpc,
        api=config.api_address(),
        internal=config.internal_address(),
        keys=config.keys,
        keys_awaited=config.control is not None,
        name_key=name_key,
        node=config.node,
        durability=config.durability(),
        http_limits=Limits(
            limits.max_http_bytes, limits.max_ratio, limits.max_spans, limits.max_nesting
        ),
        max_grpc_bytes=limits.max_grpc_bytes,
        max_events=limits.max_events,
        max_in_flight_requests=limits.max_in_flight_requests,
        max_in_flight_bytes=limits.max_in_flight_bytes,
        project_share=limits.project_share,
        max_strangers=limits.max_connections_per_address,
        window=Window(seconds=ingest.commit_ms / 1000, bytes=ingest.commit_bytes),
        bounds=Bounds(segment_bytes=ingest.segment_bytes, segment_ms=ingest.segment_ms),
        max_pending_bytes=ingest.max_pending_bytes,
        drain_seconds=config.drain_seconds,
        tls_certificate=config.listen.tls_certificate,
        tls_key=config.listen.tls_key,
        refused=config.otlp.refused(),
        origins=config.listen.origins,
    )


class Door(containers.DeclarativeContainer):
    """What takes in and acknowledges."""

    config: providers.Dependency[DataPlaneConfig] = providers.Dependency(
        instance_of=DataPlaneConfig
    )
    queue: providers.Dependency[Queue] = providers.Dependency()
    objects: providers.Dependency[Objects] = providers.Dependency()
    journal: providers.Dependency[Journal] = providers.Dependency()
    records: providers.Dependency[Records] = providers.Dependency()

    name_key = providers.Singleton(read_name_key, config.provided.name_key)
    ingest_settings = providers.Singleton(_ingest_settings, config, name_key)
    ingest_ports = providers.Singleton(
        IngestPorts, journal=journal, objects=objects, queue=queue, records=records
    )
    open_ingest = providers.Factory(open_ingest, ingest_ports, ingest_settings)
