"""What ingest may be told, and what it is told by a configuration file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hh_core.usecases.commit import Window
from hh_core.usecases.durability import Bounds
from hh_core.wire.otlp import Limits
from hh_data.config import DataPlaneConfig
from hh_runtime.net import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    """Sizes in bytes, times in the unit of their names."""

    http: Address
    grpc: Address
    api: Address
    internal: Address
    keys: Path
    name_key: bytes
    node: int = 1
    durability: Literal["disk", "object"] = "disk"
    http_limits: Limits = field(default_factory=Limits)
    max_grpc_bytes: int = 16 << 20
    max_events: int = 1_000
    max_in_flight_requests: int = 512
    max_in_flight_bytes: int = 256 << 20
    window: Window = field(default_factory=Window)
    bounds: Bounds = field(default_factory=Bounds)
    drain_seconds: float = 25.0
    tls_certificate: Path | None = None
    tls_key: Path | None = None

    max_rest_bytes: int = 16 << 20

    @property
    def rest_limits(self) -> Limits:
        http = self.http_limits
        return Limits(self.max_rest_bytes, http.max_ratio, http.max_spans, http.max_nesting)

    @property
    def grpc_limits(self) -> Limits:
        http = self.http_limits
        return Limits(self.max_grpc_bytes, http.max_ratio, http.max_spans, http.max_nesting)


def settings_of(config: DataPlaneConfig, name_key: bytes) -> IngestSettings:
    limits, ingest = config.limits, config.ingest
    return IngestSettings(
        http=config.listen.http,
        grpc=config.listen.grpc,
        api=config.api_address(),
        internal=config.internal_address(),
        keys=config.keys,
        name_key=name_key,
        node=config.node,
        http_limits=Limits(
            limits.max_http_bytes, limits.max_ratio, limits.max_spans, limits.max_nesting
        ),
        max_grpc_bytes=limits.max_grpc_bytes,
        max_events=limits.max_events,
        max_in_flight_requests=limits.max_in_flight_requests,
        max_in_flight_bytes=limits.max_in_flight_bytes,
        window=Window(ingest.commit_ms / 1000, ingest.commit_bytes),
        bounds=Bounds(ingest.segment_bytes, int(ingest.segment_ms)),
        drain_seconds=config.drain_seconds,
        tls_certificate=config.listen.tls_certificate,
        tls_key=config.listen.tls_key,
    )
