"""What ingest is made of: settings and ports."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hh_core.domain.segments import RecordKind
from hh_core.ports.journal import Journal
from hh_core.ports.objects import Objects
from hh_core.ports.queue import Queue
from hh_core.ports.records import Records
from hh_core.usecases.commit import Window
from hh_core.usecases.durability import Bounds
from hh_core.usecases.pending_records import MAX_BYTES
from hh_core.wire.otlp import Limits
from hh_runtime.net import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    """Sizes in bytes, times in the unit of their names."""

    http: Address
    grpc: Address
    api: Address
    internal: Address
    keys: Path
    keys_awaited: bool = False
    """The document of ``keys`` may still have to come from a control plane."""
    name_key: bytes
    node: int = 1
    durability: Literal["disk", "object"] = "disk"
    http_limits: Limits = field(default_factory=Limits)
    max_grpc_bytes: int = 16 << 20
    max_events: int = 1_000
    max_in_flight_requests: int = 512
    max_in_flight_bytes: int = 256 << 20
    project_share: float = 0.5
    max_strangers: int = 256
    window: Window = field(default_factory=Window)
    bounds: Bounds = field(default_factory=Bounds)
    max_pending_bytes: int = MAX_BYTES
    drain_seconds: float = 25.0
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    max_rest_bytes: int = 16 << 20
    refused: frozenset[RecordKind] = frozenset((RecordKind.METRICS,))
    """Signals of OTLP that are not taken."""
    origins: Collection[str] = ()
    """Whose pages may ask from a browser."""

    @property
    def rest_limits(self) -> Limits:
        http = self.http_limits
        return Limits(self.max_rest_bytes, http.max_ratio, http.max_spans, http.max_nesting)

    @property
    def grpc_limits(self) -> Limits:
        http = self.http_limits
        return Limits(self.max_grpc_bytes, http.max_ratio, http.max_spans, http.max_nesting)


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestPorts:
    """Open ports. Queue and records may be away: ingest acknowledges without them."""

    journal: Journal
    objects: Objects
    queue: Queue
    records: Records
